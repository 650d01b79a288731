package orchestrator

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/runs"
	"github.com/hueprint/hueprint/store"
)

var due = store.Firing{ID: "F1", Schedule: "S1", Name: "nightly", By: "anna", Task: store.Task{Experiment: "test", Tags: []string{"night"}}}

func TestAFiringIsCarriedOutRunByRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, "echo", "hub")
		f := o.Carry(t.Context(), due)
		if f.Outcome != store.Carried || f.Reason != "" || len(f.Runs) != 2 || f.Began.IsZero() || !f.Ended.After(f.Began) {
			t.Fatalf("the firing is %+v", f)
		}
		if kept := o.firing(t, "F1"); kept.Outcome != f.Outcome || !slices.Equal(kept.Runs, f.Runs) {
			t.Errorf("kept is %+v", kept)
		}
		for i, id := range f.Runs {
			e, err := o.shelf.Run(t.Context(), id)
			if err != nil || e.Ending != experiments.Complete || e.Schedule != "S1" || e.By != "anna" || e.Attempt != 1 || len(e.Verdicts) != 1 || !e.Restored {
				t.Errorf("entry %d is %+v: %v", i, e, err)
			}
		}
		if !slices.Equal(o.published, f.Runs) || o.Running() != nil {
			t.Errorf("published %v, running %+v", o.published, o.Running())
		}
		if len(o.notices) != 0 {
			t.Errorf("notices %+v", o.notices)
		}
		o.checkTold(t, f.Runs)
	})
}

// checkTold checks the order of what was told of a firing with these runs.
func (o *office) checkTold(t *testing.T, ids []string) {
	t.Helper()
	var story []string
	for _, h := range o.told {
		word := ""
		switch {
		case h.Firing != nil:
			word = fmt.Sprintf("firing %s %d", h.Firing.Outcome, len(h.Firing.Runs))
		case h.Run != nil:
			word = fmt.Sprintf("run %d", slices.Index(ids, h.Run.ID))
		case h.Event != nil:
			word = string(h.Event.Phase)
		default:
			word = string(h.Progress.Phase)
		}
		if len(story) == 0 || story[len(story)-1] != word {
			story = append(story, word)
		}
	}
	run := []string{"locking", "proving", "setting", "settling", "acting", "settling", "stopping", "restoring", "ended"}
	want := slices.Concat([]string{"firing running 0", ""}, run, []string{"firing running 1", "analyzing", "run 0"},
		run, []string{"firing running 2", "analyzing", "run 1", "firing done 2"})
	if !slices.Equal(story, want) {
		t.Errorf("told\n%q, want\n%q", story, want)
	}
}

func TestProgressCountsWhatIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, "echo", "hub")
		id, err := o.Start(t.Context(), "anna", store.Task{Experiment: "test"})
		if err != nil {
			t.Fatal(err)
		}
		p := o.Running()
		length := order(nil).Plan.Duration
		if p == nil || p.Firing != id || p.By != "anna" || p.Run == "" || p.Left < 2*length-time.Second || p.Of != 10 || p.Window != 5*time.Second || !slices.Equal(p.Gateways, []string{"echo"}) {
			t.Fatalf("progress is %+v, the plan takes %v", p, length)
		}
		o.note(func() {
			i := slices.IndexFunc(o.told, func(h Happening) bool { return h.Event != nil && h.Event.Phase == Locking })
			if locking := o.told[i].Progress; locking.Left != 2*length {
				t.Errorf("while it takes the locks: %+v", locking)
			}
		})
		first := p.Run
		time.Sleep(length + 20*time.Second)
		if p = o.Running(); p.Run == first || p.Left > length || !slices.Equal(p.Gateways, []string{"hub"}) {
			t.Errorf("progress of the second run is %+v", p)
		}
		o.idle()
	})
}

func TestOneTaskAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, "echo")
		if err := o.Stop("anna"); !errors.Is(err, ErrIdle) {
			t.Errorf("stop of nothing: %v", err)
		}
		first, err := o.Start(t.Context(), "anna", store.Task{Experiment: "test"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := o.Start(t.Context(), "ben", store.Task{Experiment: "test"}); !errors.Is(err, ErrBusy) || !strings.Contains(err.Error(), "experiment test") {
			t.Errorf("second start: %v", err)
		}
		if f := o.Carry(t.Context(), due); f.Outcome != store.Skipped || !strings.Contains(f.Reason, "busy with experiment test") {
			t.Errorf("a firing meanwhile: %+v", f)
		}
		o.idle()
		if f := o.firing(t, first); f.Outcome != store.Carried || len(f.Runs) != 1 || len(o.shelf.firings) != 1 {
			t.Errorf("%+v of %d firings", f, len(o.shelf.firings))
		}
	})
}

func TestABulbInUseByAnotherProcessIsBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, "echo")
		l, err := runs.Acquire(o.State, runs.LightResource("001788fffe000001", "1"), runs.Holder{PID: 4711, Run: "OTHER", User: "ben"})
		if err != nil {
			t.Fatal(err)
		}
		id, err := o.Start(t.Context(), "anna", store.Task{Experiment: "test"})
		if !errors.Is(err, ErrBusy) || !strings.Contains(err.Error(), "run OTHER (process 4711 of ben)") {
			t.Errorf("start: %v", err)
		}
		if f := o.firing(t, id); f.Outcome != store.Skipped || !strings.Contains(f.Reason, "OTHER") {
			t.Errorf("the firing is %+v", f)
		}
		if err := l.Release(); err != nil {
			t.Fatal(err)
		}
		if f := o.Carry(t.Context(), due); f.Outcome != store.Carried {
			t.Errorf("afterwards: %+v", f)
		}
	})
}

func TestStopPutsTheLightBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, "echo", "hub")
		found := o.bench.light
		o.Retries = func(string) int { return 3 }
		id, err := o.Start(t.Context(), "anna", store.Task{Experiment: "test"})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(47 * time.Second)
		if err := o.Stop("ben"); err != nil || !o.Running().Stopping {
			t.Errorf("stop: %v, %+v", err, o.Running())
		}
		o.idle()
		f := o.firing(t, id)
		if f.Outcome != store.Stopped || f.Reason != "stopped by ben" || len(f.Runs) != 1 || o.bench.light != found {
			t.Errorf("the firing is %+v, the light %+v", f, o.bench.light)
		}
		if e := o.shelf.runs[f.Runs[0]]; e.Ending != experiments.Stopped || !e.Restored || len(e.Verdicts) != 1 {
			t.Errorf("the run is %+v", e)
		}
		if len(o.noticesOf(FailureNotice)) != 0 {
			t.Errorf("notices %+v", o.notices)
		}
		nothingPending(t, o.means)
	})
}

func TestCloseStopsAndRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, "echo")
		found := o.bench.light
		id, err := o.Start(t.Context(), "anna", store.Task{Experiment: "test"})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(40 * time.Second)
		if err := o.Close(t.Context()); err != nil {
			t.Error(err)
		}
		if f := o.firing(t, id); f.Outcome != store.Stopped || o.bench.light != found {
			t.Errorf("%+v, light %+v", f, o.bench.light)
		}
		if _, err := o.Start(t.Context(), "anna", store.Task{}); !errors.Is(err, ErrClosed) {
			t.Errorf("start after the close: %v", err)
		}
	})
}

func TestAFailedRunDoesNotStopTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, "echo", "hub")
		o.tapes["echo"].startErr = errors.New("no such device")
		f := o.Carry(t.Context(), due)
		if f.Outcome != store.Failed || !strings.Contains(f.Reason, "echo: record echo: no such device") || len(f.Runs) != 2 {
			t.Fatalf("the firing is %+v", f)
		}
		if e := o.shelf.runs[f.Runs[1]]; e.Ending != experiments.Complete {
			t.Errorf("the second run is %+v", e)
		}
		if ns := o.noticesOf(FailureNotice); len(ns) != 1 || ns[0].Firing != "F1" || !strings.Contains(ns[0].Title, "nightly") {
			t.Errorf("notices %+v", ns)
		}
	})
}

func TestOnlyWhatFailedIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, "echo", "hub")
		o.Retries = func(schedule string) int { return map[string]int{"S1": 2}[schedule] }
		o.RetryAfter = 3 * time.Minute
		o.tapes["hub"].startErr = errors.New("no such device")
		began := time.Now()
		prepare := o.Prepare
		o.Prepare = func(ctx context.Context, task store.Task) (Job, error) {
			if p := o.Running(); p.Phase == Waiting {
				o.tapes["hub"].startErr = nil
				if !p.Until.Equal(time.Now()) {
					t.Errorf("waited until %v, not %v", time.Now(), p.Until)
				}
			}
			return prepare(ctx, task)
		}
		f := o.Carry(t.Context(), due)
		if f.Outcome != store.Carried || f.Reason != "" || len(f.Runs) != 3 || time.Since(began) < 3*time.Minute {
			t.Fatalf("the firing is %+v after %v", f, time.Since(began))
		}
		for i, want := range []struct {
			gateway string
			attempt int
		}{{"echo", 1}, {"hub", 1}, {"hub", 2}} {
			if e := o.shelf.runs[f.Runs[i]]; e.Gateways[0] != want.gateway || e.Attempt != want.attempt {
				t.Errorf("run %d is %+v", i, e)
			}
		}
	})
}

func TestAttemptsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, "echo")
		o.Retries = func(string) int { return 3 }
		o.RetryAfter, o.RetryMost = time.Minute, 2*time.Minute
		tried := 0
		o.Prepare = func(context.Context, store.Task) (Job, error) {
			tried++
			return Job{}, Away(errors.New("dial tcp: no route to host"))
		}
		began := time.Now()
		f := o.Carry(t.Context(), due)
		if tried != 4 || f.Outcome != store.Failed || f.Reason != "dial tcp: no route to host" || time.Since(began) != 5*time.Minute {
			t.Errorf("%d attempts in %v: %+v", tried, time.Since(began), f)
		}
		tried = 0
		o.Prepare = func(context.Context, store.Task) (Job, error) { tried++; return Job{}, ErrUnknown }
		if f := o.Carry(t.Context(), due); tried != 1 || f.Outcome != store.Failed {
			t.Errorf("%d attempts: %+v", tried, f)
		}
	})
}

func TestADefectIsContained(t *testing.T) {
	for _, where := range []string{"prepare", "publish", "run", "digest", "notify", "retain"} {
		t.Run(where, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := newOffice(t, "echo")
				found := o.bench.light
				o.breakDown(where)
				f := o.Carry(t.Context(), due)
				harmless := where == "notify" || where == "retain"
				if harmless != (f.Outcome == store.Carried) || !harmless && !strings.Contains(f.Reason, "broken") {
					t.Errorf("the firing is %+v", f)
				}
				if o.bench.light != found || o.Running() != nil {
					t.Errorf("light %+v, running %+v", o.bench.light, o.Running())
				}
			})
		})
	}
}

func (o *office) breakDown(where string) {
	switch where {
	case "prepare":
		o.Prepare = func(context.Context, store.Task) (Job, error) { panic("broken") }
	case "publish":
		o.Publish = func(context.Context, *runs.Folder, analysis.Findings, []analysis.Trace) error { panic("broken") }
	case "run":
		o.bench.whenPut = func(put int) {
			if put == 2 {
				panic("broken")
			}
		}
	case "digest":
		o.Digest = func(*runs.Folder) (store.Run, error) { panic("broken") }
	case "notify":
		o.Notify = func(context.Context, Notice) error { panic("broken") }
	case "retain":
		o.Retention = func() store.Retention { panic("broken") }
	}
}

func TestAStopReachesATaskThatWaitsOrPrepares(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, "echo")
		o.Retries = func(string) int { return 1 }
		o.tapes["echo"].startErr = errors.New("no such device")
		time.AfterFunc(30*time.Second, func() { _ = o.Stop("ben") })
		if f := o.Carry(t.Context(), due); f.Outcome != store.Stopped || f.Reason != "stopped by ben" || len(f.Runs) != 1 {
			t.Errorf("while it waits: %+v", f)
		}
		o.Prepare = func(ctx context.Context, _ store.Task) (Job, error) {
			<-ctx.Done()
			return Job{}, context.Cause(ctx)
		}
		time.AfterFunc(time.Second, func() { _ = o.Stop("ben") })
		if _, err := o.Start(t.Context(), "anna", store.Task{}); err == nil || err.Error() != "stopped by ben" || o.Running() != nil {
			t.Errorf("while it prepares: %v", err)
		}
	})
}

func TestABenchThatIsTakenBetweenAttemptsIsAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, "echo")
		o.Retries = func(string) int { return 1 }
		o.tapes["echo"].startErr = errors.New("no such device")
		time.AfterFunc(30*time.Second, func() {
			if _, err := runs.Acquire(o.State, runs.LightResource("001788fffe000001", "1"), runs.Holder{PID: 4711, Run: "OTHER"}); err != nil {
				t.Error(err)
			}
		})
		if f := o.Carry(t.Context(), due); f.Outcome != store.Failed || !strings.Contains(f.Reason, "OTHER") || len(f.Runs) != 1 {
			t.Errorf("the firing is %+v", f)
		}
	})
}

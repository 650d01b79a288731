package orchestrator

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/capture"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/runs"
	"github.com/hueprint/hueprint/store"
)

// shelf is an index and a history in memory.
type shelf struct {
	mu      sync.Mutex
	runs    map[string]store.Run
	firings map[string]store.Firing
}

func newShelf() *shelf {
	return &shelf{runs: map[string]store.Run{}, firings: map[string]store.Firing{}}
}

func (s *shelf) PutRun(_ context.Context, r store.Run) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.runs[r.ID] = r
	return nil
}

func (s *shelf) Run(_ context.Context, id string) (store.Run, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.runs[id]
	if !ok {
		return r, store.ErrNotFound
	}
	return r, nil
}

func (s *shelf) RemoveRun(_ context.Context, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.runs, id)
	return nil
}

func (s *shelf) ListRuns(_ context.Context, q store.RunQuery) (page store.RunPage, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.runs {
		if (q.Experiment == "" || q.Experiment == r.Experiment) && (q.Ending == "" || q.Ending == string(r.Ending)) &&
			(q.Gateway == "" || slices.Contains(r.Gateways, q.Gateway)) {
			page.Runs = append(page.Runs, r)
		}
	}
	slices.SortFunc(page.Runs, func(a, b store.Run) int { return strings.Compare(b.ID, a.ID) })
	return page, nil
}

func (s *shelf) RunFacets(context.Context) (store.Facets, error) { return store.Facets{}, nil }

func (s *shelf) PutFiring(_ context.Context, f store.Firing) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.firings[f.ID] = f
	return nil
}

func (s *shelf) Firing(_ context.Context, id string) (store.Firing, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, ok := s.firings[id]
	if !ok {
		return f, store.ErrNotFound
	}
	return f, nil
}

func (s *shelf) ListFirings(context.Context, store.FiringQuery) (store.FiringPage, error) {
	return store.FiringPage{}, errors.ErrUnsupported
}

func (s *shelf) RunningFirings(context.Context) (fs []store.Firing, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.firings {
		if f.Outcome == store.Running {
			fs = append(fs, f)
		}
	}
	return fs, nil
}

// entryOf is a plain digest: what the tests look at.
func entryOf(f *runs.Folder) (store.Run, error) {
	r, err := f.Run()
	e := store.Run{ID: r.ID, Dir: f.Dir(), Experiment: r.Plan.Experiment.Name, Ending: r.Ending, Ended: r.Ended, Restored: r.Restored,
		Schedule: r.Occasion.Schedule, By: r.Occasion.By, Attempt: r.Occasion.Attempt, Idle: r.Idle}
	for _, g := range r.Gateways {
		e.Gateways = append(e.Gateways, g.Name())
	}
	found, findingsErr := f.Findings()
	if findingsErr == nil {
		for _, v := range found.Verdicts {
			e.Verdicts = append(e.Verdicts, store.RunVerdict{Gateway: v.Gateway, Verdict: v.Verdict})
		}
	}
	return e, err
}

// office is a station over a bench, with everything that it told.
type office struct {
	*Station
	bench *bench
	shelf *shelf
	tapes map[string]*tape
	means Conductor

	mu        sync.Mutex
	told      []Happening
	notices   []Notice
	published []string
}

// newOffice has a station whose task is one run for each of the gateways.
func newOffice(t *testing.T, gateways ...string) *office {
	o := &office{bench: newBench(), shelf: newShelf(), tapes: map[string]*tape{}}
	o.means = newConductor(t, o.bench)
	for _, g := range gateways {
		o.tapes[g] = &tape{}
	}
	o.Station = &Station{Root: o.means.Root, State: o.means.State, Digest: entryOf, Index: o.shelf, Firings: o.shelf,
		Room: func() (int64, error) { return 1 << 40, nil },
		Prepare: func(context.Context, store.Task) (Job, error) {
			job := Job{Conductor: o.means}
			for _, g := range gateways {
				one := order(map[string]capture.Recorder{g: o.tapes[g]})
				one.Registered = analysis.Registered(one.Plan.Experiment)
				job.Orders = append(job.Orders, one)
			}
			return job, nil
		},
		Bridge: func(context.Context, runs.Unrestored) (Conductor, error) { return o.means, nil },
		Publish: func(_ context.Context, f *runs.Folder, _ analysis.Findings, _ []analysis.Trace) error {
			o.note(func() { o.published = append(o.published, f.ID()) })
			return nil
		},
		Notify: func(_ context.Context, n Notice) error {
			o.note(func() { o.notices = append(o.notices, n) })
			return nil
		},
		Tell: func(h Happening) { o.note(func() { o.told = append(o.told, h) }) },
	}
	t.Cleanup(func() {
		if err := o.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return o
}

func (o *office) note(do func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	do()
}

func (o *office) noticesOf(k NoticeKind) (ns []Notice) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, n := range o.notices {
		if n.Kind == k {
			ns = append(ns, n)
		}
	}
	return ns
}

// idle waits until no task goes on.
func (o *office) idle() {
	for o.Running() != nil {
		time.Sleep(time.Second)
	}
	synctest.Wait()
}

func (o *office) firing(t *testing.T, id string) store.Firing {
	t.Helper()
	f, err := o.shelf.Firing(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

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

func TestNothingBeginsOnAFullDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, "echo")
		free := int64(1 << 29)
		o.Room = func() (int64, error) { return free, nil }
		if _, err := o.Start(t.Context(), "anna", store.Task{Experiment: "test"}); !errors.Is(err, ErrRoom) {
			t.Errorf("start: %v", err)
		}
		f := o.Carry(t.Context(), due)
		if f.Outcome != store.Failed || !strings.Contains(f.Reason, "512 MB are free, 1024 MB must be") || o.bench.heard() != 0 {
			t.Errorf("the firing is %+v", f)
		}
		if ns := o.noticesOf(DiskNotice); len(ns) != 1 || len(o.Troubles()) != 1 {
			t.Errorf("notices %+v, troubles %q", ns, o.Troubles())
		}
		free = 1 << 31
		if f := o.Carry(t.Context(), due); f.Outcome != store.Carried || len(o.Troubles()) != 0 {
			t.Errorf("with room again: %+v, %q", f, o.Troubles())
		}
	})
}

func TestOldRunsMakeRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, "echo")
		o.Digest = func(f *runs.Folder) (store.Run, error) {
			e, err := entryOf(f)
			e.Prepared, e.Bytes = e.Ended, 100<<20
			e.Verdicts = []store.RunVerdict{{Gateway: "echo", Verdict: analysis.NotDetected}}
			return e, err
		}
		var made []string
		for range 4 {
			made = append(made, o.Carry(t.Context(), due).Runs...)
		}
		o.Retention = func() store.Retention { return store.Retention{Budget: 150 << 20} }
		made = append(made, o.Carry(t.Context(), due).Runs...)
		folders, err := runs.List(o.Root)
		if err != nil || len(folders) != 2 || folders[0].ID() != made[3] || folders[1].ID() != made[4] || len(o.shelf.runs) != 2 {
			t.Errorf("%d folders, %d entries of %v: %v", len(folders), len(o.shelf.runs), made, err)
		}
		o.Retention = func() store.Retention { return store.Retention{Budget: 50 << 20} }
		for range 2 {
			o.Carry(t.Context(), due)
			if ns := o.noticesOf(DiskNotice); len(ns) != 1 || len(o.Troubles()) != 1 || !strings.Contains(o.Troubles()[0], "50 MB more than the budget of 50 MB") {
				t.Errorf("notices %+v, troubles %q", ns, o.Troubles())
			}
		}
	})
}

func TestAChangeOfVerdictIsToldOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, "echo")
		verdict, ending := analysis.NotDetected, experiments.Complete
		o.Digest = func(f *runs.Folder) (store.Run, error) {
			e, err := entryOf(f)
			e.Ending, e.Verdicts = ending, []store.RunVerdict{{Gateway: "echo", Verdict: verdict}}
			return e, err
		}
		steps := []struct {
			verdict analysis.Conclusion
			ending  experiments.Ending
			told    int
		}{
			{analysis.NotDetected, experiments.Complete, 0}, // the first
			{analysis.NotDetected, experiments.Complete, 0},
			{analysis.Inconclusive, experiments.Aborted, 0}, // tells itself otherwise
			{analysis.CloudVisible, experiments.Complete, 1},
			{analysis.CloudVisible, experiments.Complete, 1},
			{analysis.NotDetected, experiments.Complete, 2},
		}
		for i, step := range steps {
			verdict, ending = step.verdict, step.ending
			time.Sleep(time.Second)
			o.Carry(t.Context(), due)
			if ns := o.noticesOf(VerdictNotice); len(ns) != step.told {
				t.Fatalf("step %d: notices %+v", i, ns)
			}
		}
		if n := o.noticesOf(VerdictNotice)[0]; n.Before != "not-detected" || n.After != "cloud-visible" || n.Gateway != "echo" || n.Previous == "" {
			t.Errorf("the notice is %+v", n)
		}
	})
}

func TestAnIdleTaskRecordsAndTouchesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, "echo")
		g := order(map[string]capture.Recorder{"echo": nil}).Gateways
		o.Prepare = func(_ context.Context, task store.Task) (Job, error) {
			return Job{Conductor: o.means, Idle: []IdleOrder{{Gateways: g, Recorders: map[string]capture.Recorder{"echo": o.tapes["echo"]}, For: task.Idle, Version: "test"}}}, nil
		}
		began := time.Now()
		f := o.Carry(t.Context(), store.Firing{ID: "F2", Task: store.Task{Idle: 2 * time.Hour}})
		if f.Outcome != store.Carried || len(f.Runs) != 1 || time.Since(began) < 2*time.Hour || o.bench.heard() != 0 {
			t.Fatalf("%+v; the bridge heard %d requests", f, o.bench.heard())
		}
		folder, err := runs.Find(o.Root, f.Runs[0])
		if err != nil {
			t.Fatal(err)
		}
		r := facts(t, folder)
		if !r.Idle || r.Ending != experiments.Complete || len(r.Commands) != 0 || !r.Restored || r.Recordings[0].Frames < 7000 || r.Occasion.Firing != "F2" {
			t.Errorf("the run is %+v", r)
		}
		if _, _, err := Analyze(folder, analysis.Options{}); !errors.Is(err, ErrIdleRecording) {
			t.Errorf("analyze: %v", err)
		}
		if err := folder.Verify(); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(folder.ReportPath()); err == nil || len(o.published) != 0 {
			t.Error("an idle recording has a report")
		}
	})
}

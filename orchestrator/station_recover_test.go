package orchestrator

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/capture"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/runs"
	"github.com/hueprint/hueprint/store"
)

// leave makes what a server leaves that was killed in the middle of a run: a
// firing that runs, a folder without an end, a light that is not as found.
func (o *office) leave(t *testing.T, firing string) *runs.Folder {
	t.Helper()
	ord := order(map[string]capture.Recorder{"echo": nil})
	ord.Registered = analysis.Registered(ord.Plan.Experiment)
	ord.Occasion = experiments.Occasion{Firing: firing, Attempt: 1}
	facts, err := o.means.facts(ord)
	if err != nil {
		t.Fatal(err)
	}
	facts.Found = o.bench.light
	folder, err := runs.Create(o.Root, facts)
	if err != nil {
		t.Fatal(err)
	}
	left, err := folder.Unrestored()
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{runs.Register(o.State, left), folder.Setting(experiments.Off), folder.Started(time.Now()), folder.Close(),
		o.shelf.PutFiring(t.Context(), store.Firing{ID: firing, Schedule: "S1", Began: time.Now(), Outcome: store.Running})} {
		if err != nil {
			t.Fatal(err)
		}
	}
	o.bench.set(func(s *experiments.LightState) { s.On = false })
	return folder
}

func TestAServerThatDiedIsCleanedUpAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		found := o.bench.light
		folder := o.leave(t, "F9")
		o.shelf.runs["GONE"] = store.Run{ID: "GONE", Dir: "/nowhere"}
		for range 2 {
			if err := o.Recover(t.Context()); err != nil {
				t.Fatal(err)
			}
			if f := o.firing(t, "F9"); f.Outcome != store.Interrupted || len(f.Runs) != 1 || f.Runs[0] != folder.ID() || f.Reason == "" || f.Ended.IsZero() {
				t.Errorf("the firing is %+v", f)
			}
			e := o.shelf.runs[folder.ID()]
			if len(o.shelf.runs) != 1 || e.Ending != experiments.Interrupted || len(e.Verdicts) != 1 || !e.Restored {
				t.Errorf("the index has %+v", o.shelf.runs)
			}
			if o.bench.light != found || len(o.published) != 1 || len(o.Troubles()) != 0 {
				t.Errorf("light %+v, published %v, troubles %q", o.bench.light, o.published, o.Troubles())
			}
		}
		if err := folder.Verify(); err != nil {
			t.Error(err)
		}
		if len(o.notices) != 1 || o.notices[0].Kind != FailureNotice || o.notices[0].Run != folder.ID() {
			t.Errorf("notices %+v", o.notices)
		}
		nothingPending(t, o.means)
	})
}

func TestABridgeThatIsAwayDoesNotHoldUpTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, "echo")
		found := o.bench.light
		folder := o.leave(t, "F9")
		if err := os.RemoveAll(filepath.Join(o.State, "pending")); err != nil { // a reboot
			t.Fatal(err)
		}
		var tries atomic.Int64
		var back atomic.Bool
		o.Bridge = func(ctx context.Context, u runs.Unrestored) (Conductor, error) {
			if u.Run != folder.ID() {
				t.Errorf("asked for %+v", u)
			}
			switch {
			case back.Load():
				return o.means, nil
			case tries.Add(1) == 1:
				<-ctx.Done()
				return Conductor{}, context.Cause(ctx)
			}
			return Conductor{}, errSilent
		}
		began := time.Now()
		if err := o.Recover(t.Context()); err != nil || time.Since(began) > 10*time.Second {
			t.Errorf("recovered in %v: %v", time.Since(began), err)
		}
		if e := o.shelf.runs[folder.ID()]; e.Restored || len(e.Verdicts) != 1 {
			t.Errorf("the run is %+v", e)
		}
		troubles := o.Troubles()
		if len(troubles) != 1 || !strings.Contains(troubles[0], "light 1 is not as run "+folder.ID()) || len(o.noticesOf(LightNotice)) != 1 {
			t.Errorf("troubles %q, notices %+v", troubles, o.notices)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if n := tries.Load(); n < 5 || n > 15 {
			t.Errorf("%d tries in an hour", n)
		}
		back.Store(true)
		time.Sleep(mendMost + time.Minute)
		synctest.Wait()
		if o.bench.light != found || len(o.Troubles()) != 0 || !o.shelf.runs[folder.ID()].Restored || len(o.noticesOf(LightNotice)) != 1 {
			t.Errorf("light %+v, troubles %q, run %+v", o.bench.light, o.Troubles(), o.shelf.runs[folder.ID()])
		}
	})
}

func TestTheLightsOfOtherBenchesAreLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		o.leave(t, "F9")
		o.Bridge = func(context.Context, runs.Unrestored) (Conductor, error) { return Conductor{}, ErrOtherBench }
		if err := o.Recover(t.Context()); err != nil || len(o.Troubles()) != 0 || o.bench.light.On {
			t.Errorf("%v, troubles %q", err, o.Troubles())
		}
	})
}

func TestARunOfALivingProcessIsNotCleanedUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		folder := o.leave(t, "F9")
		r := facts(t, folder)
		l, err := runs.Acquire(o.State, runs.RunResource(r), runs.Holder{PID: 4711, Run: r.ID})
		if err != nil {
			t.Fatal(err)
		}
		if err := o.Recover(t.Context()); err != nil || len(o.shelf.runs) != 0 || o.bench.light.On {
			t.Errorf("%v; indexed %+v", err, o.shelf.runs)
		}
		if err := l.Release(); err != nil {
			t.Fatal(err)
		}
		if err := o.Recover(t.Context()); err != nil || len(o.shelf.runs) != 1 || !o.bench.light.On {
			t.Errorf("afterwards: %v; indexed %+v", err, o.shelf.runs)
		}
	})
}

func TestWhatGoesOnIsNotCleanedUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, "echo")
		id, err := o.Start(t.Context(), "anna", store.Task{Experiment: "test"})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(40 * time.Second)
		if err := o.Recover(t.Context()); err != nil || o.firing(t, id).Outcome != store.Running || len(o.shelf.runs) != 0 {
			t.Errorf("%v: %+v, %+v", err, o.firing(t, id), o.shelf.runs)
		}
		o.idle()
		if f := o.firing(t, id); f.Outcome != store.Carried || o.shelf.runs[f.Runs[0]].Ending != experiments.Complete {
			t.Errorf("afterwards: %+v", f)
		}
	})
}

func TestALightThatARunLeftIsPutBackLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, "echo")
		found := o.bench.light
		gone := &goneBench{bench: o.bench}
		o.means.States = gone
		if err := o.Recover(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(30*time.Second, func() { gone.set(true) })
		f := o.Carry(t.Context(), due)
		if f.Outcome != store.Failed || !strings.Contains(f.Reason, "was not put back") {
			t.Errorf("the firing is %+v", f)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if len(o.Troubles()) != 1 || len(o.noticesOf(LightNotice)) != 1 {
			t.Errorf("troubles %q, notices %+v", o.Troubles(), o.notices)
		}
		gone.set(false)
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		if o.bench.light != found || len(o.Troubles()) != 0 || !o.shelf.runs[f.Runs[0]].Restored {
			t.Errorf("light %+v, troubles %q", o.bench.light, o.Troubles())
		}
	})
}

// goneBench does not tell its state for a while.
type goneBench struct {
	*bench
	gone bool
}

func (g *goneBench) set(gone bool) { g.note("gone"); g.mu.Lock(); g.gone = gone; g.mu.Unlock() }

func (g *goneBench) State(ctx context.Context, light string) (experiments.LightState, error) {
	g.mu.Lock()
	gone := g.gone
	g.mu.Unlock()
	if gone {
		return experiments.LightState{}, errors.New("no route to host")
	}
	return g.bench.State(ctx, light)
}

// A process is killed in the middle of a run; the next one finds everything.
func TestAKilledProcessIsCleanedUpAfter(t *testing.T) {
	if testing.Short() {
		t.Skip("runs in real time and kills a run")
	}
	bridge := &counter{light: experiments.LightState{On: true, Brightness: 77}}
	found := bridge.light
	server := httptest.NewServer(bridge)
	defer server.Close()
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "HUEPRINT_TEST_RUN="+dir, "HUEPRINT_TEST_URL="+server.URL, "HUEPRINT_TEST_FIRING=F7")
	shelf := newShelf()
	if err := errors.Join(shelf.PutFiring(t.Context(), store.Firing{ID: "F7", Began: time.Now(), Outcome: store.Running}), cmd.Start()); err != nil {
		t.Fatal(err)
	}
	bridge.mu.Lock()
	bridge.onPut = func(n int) {
		if n == 3 {
			cmd.Process.Kill()
		}
	}
	bridge.mu.Unlock()
	if cmd.Wait() == nil {
		t.Fatal("the process was not killed")
	}
	means := remoteConductor(dir, server.URL)
	s := &Station{Root: means.Root, State: means.State, Digest: entryOf, Index: shelf, Firings: shelf,
		Bridge: func(context.Context, runs.Unrestored) (Conductor, error) { return means, nil }}
	if err := errors.Join(s.Recover(t.Context()), s.Close(t.Context())); err != nil {
		t.Error(err)
	}
	f := shelf.firings["F7"]
	if f.Outcome != store.Interrupted || len(f.Runs) != 1 || bridge.light != found {
		t.Fatalf("firing %+v, light %+v", f, bridge.light)
	}
	if e := shelf.runs[f.Runs[0]]; e.Ending != experiments.Interrupted || !e.Restored {
		t.Errorf("the run is %+v", e)
	}
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
}

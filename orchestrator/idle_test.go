package orchestrator

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/capture"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/runs"
	"github.com/hueprint/hueprint/store"
)

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

// idleOffice is an office whose tasks are idle recordings of an echo.
func idleOffice(t *testing.T) *office {
	o := newOffice(t, "echo")
	g := order(map[string]capture.Recorder{"echo": nil}).Gateways
	o.Prepare = func(_ context.Context, task store.Task) (Job, error) {
		return Job{Conductor: o.means, Idle: []IdleOrder{{Gateways: g, Recorders: map[string]capture.Recorder{"echo": o.tapes["echo"]}, For: task.Idle, Version: "test"}}}, nil
	}
	return o
}

func TestAnIdleRecordingThatEndsEarlyIsKept(t *testing.T) {
	for name, c := range map[string]struct {
		after   func(o *office)
		outcome store.FiringOutcome
		ending  experiments.Ending
		reason  string
	}{
		"stopped":           {func(o *office) { _ = o.Stop("ben") }, store.Stopped, experiments.Stopped, "stopped by ben"},
		"the recorder dies": {func(o *office) { o.tapes["echo"].started.die(errors.New("the device went away")) }, store.Failed, experiments.Aborted, "the device went away"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := idleOffice(t)
				time.AfterFunc(time.Hour, func() { c.after(o) })
				f := o.Carry(t.Context(), store.Firing{ID: "F2", Task: store.Task{Idle: 8 * time.Hour}})
				if f.Outcome != c.outcome || !strings.Contains(f.Reason, c.reason) || len(f.Runs) != 1 {
					t.Fatalf("the firing is %+v", f)
				}
				folder, err := runs.Find(o.Root, f.Runs[0])
				if err != nil {
					t.Fatal(err)
				}
				r := facts(t, folder)
				if !r.Idle || r.Ending != c.ending || r.Recordings[0].Frames < 3500 || r.Recordings[0].End.IsZero() || o.bench.heard() != 0 {
					t.Errorf("the run is %+v", r)
				}
			})
		})
	}
}

func TestAnIdleRecordingLocksItsInterfacesOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := idleOffice(t)
		if _, err := o.Start(t.Context(), "anna", store.Task{Idle: time.Hour}); err != nil {
			t.Fatal(err)
		}
		if l, err := runs.Acquire(o.State, runs.LightResource("001788fffe000001", "1"), runs.Holder{Run: "X"}); err != nil || l.Release() != nil {
			t.Errorf("the light: %v", err)
		}
		var held *runs.HeldError
		if _, err := runs.Acquire(o.State, runs.InterfaceResource("if-echo"), runs.Holder{Run: "X"}); !errors.As(err, &held) {
			t.Errorf("the interface: %v", err)
		}
		if err := o.Stop("anna"); err != nil {
			t.Error(err)
		}
		o.idle()
	})
}

func TestALightIsPutBackDuringAnIdleRecording(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := idleOffice(t)
		found := o.bench.light
		if err := o.Recover(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := o.Start(t.Context(), "anna", store.Task{Idle: 8 * time.Hour}); err != nil {
			t.Fatal(err)
		}
		o.leave(t, "F9")
		time.Sleep(2 * lookEvery)
		synctest.Wait()
		if o.bench.light != found || o.Running() == nil {
			t.Errorf("light %+v, running %+v", o.bench.light, o.Running())
		}
	})
}

func TestAnInterruptedIdleRecordingIsIndexed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		folder, err := runs.Create(o.Root, experiments.Run{ID: "01KB2M7Q0000000000000000ZZ", Idle: true, Prepared: time.Now()})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := o.Recover(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if e := o.shelf.runs[folder.ID()]; !e.Idle || e.Ending != experiments.Interrupted || folder.Verify() != nil {
			t.Errorf("the entry is %+v: %v", e, folder.Verify())
		}
	})
}

func TestAStepOfTheClockIsAGapOfAnIdleRecording(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := idleOffice(t)
		began := time.Now()
		o.means.Wall = func() time.Time {
			if time.Since(began) > 30*time.Minute {
				return time.Now().Add(5 * time.Second)
			}
			return time.Now()
		}
		f := o.Carry(t.Context(), store.Firing{ID: "F2", Task: store.Task{Idle: time.Hour}})
		folder, err := runs.Find(o.Root, f.Runs[0])
		if err != nil {
			t.Fatal(err)
		}
		if r := facts(t, folder); len(r.Recordings[0].Gaps) != 1 || len(r.Notes) != 1 || !strings.Contains(r.Notes[0], "moved by 5s") {
			t.Errorf("gaps %+v, notes %q", r.Recordings[0].Gaps, r.Notes)
		}
	})
}

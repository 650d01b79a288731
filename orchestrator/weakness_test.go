package orchestrator

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/capture"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/runs"
)

func TestAStepOfTheWallClockIsNotedAndLeavesAGap(t *testing.T) {
	for _, step := range []time.Duration{time.Hour, -time.Hour} {
		synctest.Test(t, func(t *testing.T) { stepTheWallClock(t, step) })
	}
}

func stepTheWallClock(t *testing.T, step time.Duration) {
	b := newBench()
	c := newConductor(t, b)
	stepped := time.Now().Add(45 * time.Second)
	c.Wall = func() time.Time {
		if now := time.Now(); now.After(stepped) {
			return now.Add(step).Round(0)
		}
		return time.Now().Round(0)
	}
	_, recorders := one()
	folder, err := c.Run(t.Context(), order(recorders))
	r := facts(t, folder)
	if err != nil || len(r.Notes) != 1 || !strings.Contains(r.Notes[0], "moved by "+step.String()) {
		t.Errorf("notes %q: %v", r.Notes, err)
	}
	gaps := r.Recordings[0].Gaps
	if len(gaps) != 1 || !strings.Contains(gaps[0].Reason, "moved by "+step.String()) || gaps[0].From.After(stepped) || gaps[0].To.Before(stepped) {
		t.Errorf("step of %v at %v: gaps %+v", step, stepped, gaps)
	}
	found, _, err := Analyze(folder, analysis.Options{})
	if err != nil || found.Verdicts[0].Verdict != analysis.Inconclusive || !strings.Contains(strings.Join(found.Verdicts[0].Reasons, " "), "the wall clock was moved") {
		t.Errorf("step of %v: %+v, %v", step, found.Verdicts, err)
	}
	for _, cmd := range r.Commands {
		if cmd.Lateness != 0 {
			t.Errorf("the step has moved slot %d by %v", cmd.Slot, cmd.Lateness)
		}
	}
}

// events keeps what an observer is told.
type events struct{ got []Event }

func (e *events) Observe(event Event) { e.got = append(e.got, event) }

func TestTheObserverSeesThePhasesInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		c := newConductor(t, b)
		seen := &events{}
		c.Observer = seen
		_, recorders := one()
		folder, err := c.Run(t.Context(), order(recorders))
		r := facts(t, folder)
		if err != nil {
			t.Fatal(err)
		}
		var phases []Phase
		commands := 0
		for _, e := range seen.got {
			phases = append(phases, e.Phase)
			if e.Run != r.ID || e.Of != 10 || e.At.IsZero() {
				t.Errorf("event %+v", e)
			}
			if e.Command != nil {
				commands++
				if e.Slot != commands {
					t.Errorf("after %d slots: %+v", commands, e)
				}
			}
		}
		want := []Phase{Locking, Proving, Setting, Settling, Acting, Settling, Stopping, Restoring, Ended}
		if got := slices.Compact(phases); !slices.Equal(got, want) || commands != 10 {
			t.Errorf("%d commands, phases %v", commands, got)
		}
		if last := seen.got[len(seen.got)-1]; last.Left != 0 {
			t.Errorf("at the end %v are left", last.Left)
		}
	})
}

func TestALightChangedSinceAKilledRunIsLeftAndTheRunMarked(t *testing.T) {
	for name, test := range map[string]struct {
		now      experiments.LightState
		restored bool
	}{
		"as the run left it":     {experiments.LightState{On: false, Brightness: 120, ColorMode: "ct", Mired: 300}, true},
		"as it was found":        {experiments.LightState{On: true, Brightness: 120, ColorMode: "ct", Mired: 300}, true},
		"dimmed by somebody":     {experiments.LightState{On: true, Brightness: 10, ColorMode: "ct", Mired: 300}, false},
		"recoloured by somebody": {experiments.LightState{On: true, Brightness: 120, ColorMode: "xy"}, false},
	} {
		b := newBench()
		c := newConductor(t, b)
		facts := experiments.Run{ID: "01M81J18G060RK4CSM6MV3EE1S", Prepared: time.Now(), Found: b.light, Plan: order(nil).Plan}
		folder, err := runs.Create(c.Root, facts)
		if err != nil {
			t.Fatal(err)
		}
		u, err := folder.Unrestored()
		err = errors.Join(err, runs.Register(c.State, u), folder.Setting(experiments.Off), folder.Close())
		if err != nil {
			t.Fatal(err)
		}
		b.light = test.now
		r, err := c.Restore(t.Context(), folder)
		if err != nil || r.Restored != test.restored || (r.RestoreNote == "") != test.restored || r.Ending != experiments.Interrupted {
			t.Errorf("%s: restored %t %q, ending %s: %v", name, r.Restored, r.RestoreNote, r.Ending, err)
		}
		if restored := b.light == facts.Found; restored != test.restored {
			t.Errorf("%s: the light is %+v", name, b.light)
		}
		nothingPending(t, c)
		if again, err := c.Restore(t.Context(), folder); err != nil || again.Restored != r.Restored {
			t.Errorf("%s: a second Restore: %v", name, err)
		}
	}
}

// The next run on a light that was left changed puts it back first.
func TestTheNextRunPutsTheLightBackFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		found := b.light
		c := newConductor(t, b)
		old := experiments.Run{ID: "01M81J18G060RK4CSM6MV3EE1S", Prepared: time.Now(), Found: found, Plan: order(nil).Plan, Bridge: order(nil).Bridge}
		folder, err := runs.Create(c.Root, old)
		if err = errors.Join(err, folder.Setting(experiments.Off), folder.Close()); err != nil {
			t.Fatal(err)
		}
		b.light.On = false
		_, recorders := one()
		next, err := c.Run(t.Context(), order(recorders))
		if err != nil {
			t.Fatal(err)
		}
		if r := facts(t, folder); !r.Restored || r.Ending != experiments.Interrupted {
			t.Errorf("the old run: restored %t, ending %s", r.Restored, r.Ending)
		}
		if r := facts(t, next); r.Found != found || b.light != found {
			t.Errorf("the new run found %+v and left %+v", r.Found, b.light)
		}
	})
}

func TestAStopDuringTheProofIsAStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		c := newConductor(t, b)
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(errors.New("operator pressed stop")) })
		folder, err := c.Run(ctx, order(map[string]capture.Recorder{"echo": &tape{proveErr: errors.New("nothing seen")}}))
		if r := facts(t, folder); r.Ending != experiments.Stopped || !strings.Contains(err.Error(), "operator pressed stop") {
			t.Errorf("ending %s: %v", r.Ending, err)
		}
	})
}

// A disk that fills up in mid-run ends the recording, not the record: every
// command is journaled, and the bulb is put back.
func TestAFullDiskKeepsTheRecordAndTheBulb(t *testing.T) {
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"); err != nil {
		lack(t, "needs root to mount a small disk: "+err.Error())
	}
	t.Cleanup(func() { unix.Unmount(dir, 0) })
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		found := b.light
		c := newConductor(t, b)
		c.Root = filepath.Join(dir, "runs")
		b.whenPut = func(put int) {
			if put == 2 {
				os.WriteFile(filepath.Join(dir, "ballast"), make([]byte, 2<<20), 0o600)
			}
		}
		_, recorders := one()
		folder, err := c.Run(t.Context(), order(recorders))
		r := facts(t, folder)
		if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "free space") {
			t.Errorf("the error does not help: %v", err)
		}
		if b.light != found || !r.Restored || len(r.Commands) < 3 || r.Ending == experiments.Interrupted {
			t.Errorf("ending %s after %d commands, restored %t, light %+v", r.Ending, len(r.Commands), r.Restored, b.light)
		}
		if rec := r.Recordings[0]; rec.Failure == "" {
			t.Errorf("the recording does not tell: %+v", rec)
		}
		nothingPending(t, c)
	})
}

// lack skips a test that lacks something, but not in continuous integration.
func lack(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("HUEPRINT_CI") == "1" {
		t.Fatal(what)
	}
	t.Skip(what)
}

func TestFindingsAreKeptUnlessExploratory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		c := newConductor(t, b)
		_, recorders := one()
		o := order(recorders)
		o.Registered = analysis.Registered(o.Plan.Experiment)
		folder, err := c.Run(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := Analyze(folder, analysis.Options{Alpha: 0.2}); err != nil {
			t.Fatal(err)
		}
		if _, err := folder.Findings(); !errors.Is(err, runs.ErrNotAnalysed) {
			t.Errorf("exploratory findings were kept: %v", err)
		}
		found, _, err := Analyze(folder, analysis.Options{})
		if err != nil || len(found.Verdicts) != 1 {
			t.Fatalf("%d verdicts: %v", len(found.Verdicts), err)
		}
		if kept, err := folder.Findings(); err != nil || kept.Verdicts[0].Gateway != "echo" {
			t.Errorf("kept %+v: %v", kept.Verdicts, err)
		}
		if err := folder.Verify(); err != nil {
			t.Error(err)
		}
	})
}

var _ capture.Recorder = (*tape)(nil)

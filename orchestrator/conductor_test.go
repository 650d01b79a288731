package orchestrator

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hueprint/hueprint/capture"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/runs"
)

func TestACompleteRunFollowsTheProtocol(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		found := b.light
		c := newConductor(t, b)
		_, recorders := one()
		o := order(recorders)
		folder, err := c.Run(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		r := facts(t, folder)
		if r.Ending != experiments.Complete || !r.Restored || r.RestoreNote != "" || len(r.Disturbances) != 0 || len(r.Notes) != 0 {
			t.Errorf("ending %s, restored %t %q, disturbances %v, notes %q", r.Ending, r.Restored, r.RestoreNote, r.Disturbances, r.Notes)
		}
		if r.Found != found || b.light != found {
			t.Errorf("found %+v, left %+v, want %+v", r.Found, b.light, found)
		}
		checkCommands(t, o.Plan, r)
		rec := r.Recordings[0]
		if rec.Interface != "tape0" || rec.Proof != "a marker frame" || rec.Frames == 0 || !rec.Proved.Before(r.Commands[0].Begun) || rec.End.Before(r.Started.Add(o.Plan.Duration)) || rec.Failure != "" {
			t.Errorf("recording is %+v", rec)
		}
		if got := r.Ended.Sub(r.Started); got < o.Plan.Duration {
			t.Errorf("the run took %v, planned %v", got, o.Plan.Duration)
		}
		if err := folder.Verify(); err != nil {
			t.Error(err)
		}
		nothingPending(t, c)
	})
}

// checkCommands compares what was done with the plan, to the instant.
func checkCommands(t *testing.T, p experiments.Plan, r experiments.Run) {
	t.Helper()
	if len(r.Commands) != len(p.Slots) {
		t.Fatalf("%d commands, %d slots", len(r.Commands), len(p.Slots))
	}
	for i, slot := range p.Slots {
		c := r.Commands[i]
		if c.Slot != i || c.Action != slot.Action || !c.Begun.Equal(r.Started.Add(slot.At)) || c.Lateness != 0 {
			t.Errorf("slot %d: %+v", i, c)
		}
		want := experiments.Done
		if slot.Control {
			want = experiments.Withheld
		}
		if c.Outcome != want || (c.ConfirmedBy == experiments.ByEventStream) == slot.Control {
			t.Errorf("slot %d: outcome %s, confirmed by %q", i, c.Outcome, c.ConfirmedBy)
		}
	}
}

func TestActionAndControlSlotsDifferInTheCommandOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		_, recorders := one()
		o := order(recorders)
		if _, err := newConductor(t, b).Run(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		var prepared, released, put, other int
		for _, line := range b.asked {
			switch {
			case strings.HasSuffix(line, "prepare"):
				prepared++
			case strings.HasSuffix(line, "release"):
				released++
			case strings.Contains(line, "put"):
				put++
			default:
				other++
			}
		}
		slots, e := len(o.Plan.Slots), o.Plan.Experiment
		if prepared != slots || released != slots || put != e.Actions+1 {
			t.Errorf("%d prepared, %d released, %d put", prepared, released, put)
		}
		if other != 4 { // read, read, restore, read
			t.Errorf("%d other requests: %q", other, b.asked)
		}
	})
}

func TestNoIntentNoCommand(t *testing.T) {
	b := newBench()
	var folder *runs.Folder
	synctest.Test(t, func(t *testing.T) {
		c := newConductor(t, b)
		_, recorders := one()
		o := order(recorders)
		checked := 0
		b.whenPut = func(put int) {
			if put == 0 {
				folders, err := runs.List(c.Root)
				if err != nil || len(folders) != 1 {
					t.Fatalf("%d folders: %v", len(folders), err)
				}
				folder = folders[0]
				us, err := runs.Pending(c.State)
				if err != nil || len(us) != 0 {
					t.Errorf("a living run's light is pending: %v", err)
				}
			}
			r := facts(t, folder)
			if got := actions(r); got != put {
				t.Errorf("at PUT %d, %d actions are in the journal", put, got)
			}
			if last := len(r.Commands) - 1; put > 0 && r.Commands[last].Outcome != experiments.Unknown {
				t.Errorf("at PUT %d the last command is already %s", put, r.Commands[last].Outcome)
			}
			claim, err := folder.Claim()
			if err != nil || !claim.Pending() {
				t.Errorf("at PUT %d the light is not claimed: %v", put, err)
			}
			checked++
		}
		if _, err := c.Run(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		if checked != o.Plan.Experiment.Actions+1 {
			t.Errorf("%d PUTs", checked)
		}
	})
}

func actions(r experiments.Run) (n int) {
	for _, c := range r.Commands {
		if c.Action != "" {
			n++
		}
	}
	return n
}

func TestWithoutProofTheBulbIsNotTouched(t *testing.T) {
	for name, broken := range map[string]*tape{
		"start":   {startErr: errors.New("no such interface")},
		"silence": {proveErr: errors.New("waited for a frame of the gateway")},
	} {
		synctest.Test(t, func(t *testing.T) {
			b := newBench()
			c := newConductor(t, b)
			began := time.Now()
			folder, err := c.Run(t.Context(), order(map[string]capture.Recorder{"echo": &tape{}, "aeotec": broken}))
			if err == nil || !strings.Contains(err.Error(), "aeotec") || !strings.Contains(err.Error(), "no command was sent") {
				t.Errorf("%s: error is %v", name, err)
			}
			if took := time.Since(began); took > proofWithin+time.Second {
				t.Errorf("%s: refused after %v", name, took)
			}
			for _, line := range b.asked {
				if !strings.HasSuffix(line, "read") {
					t.Errorf("%s: the bulb was touched: %s", name, line)
				}
			}
			r := facts(t, folder)
			if r.Ending != experiments.Aborted || !strings.Contains(r.Cause, "aeotec") || len(r.Commands) != 0 {
				t.Errorf("%s: ending %s because %q", name, r.Ending, r.Cause)
			}
			nothingPending(t, c)
		})
	}
}

func TestAFailedCommandIsData(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		b.fail = func(put int) error {
			if put%2 == 1 {
				return errors.New("internal error, 901")
			}
			return nil
		}
		c := newConductor(t, b)
		_, recorders := one()
		folder, err := c.Run(t.Context(), order(recorders))
		r := facts(t, folder)
		if err != nil || r.Ending != experiments.Complete || len(r.Commands) != 10 || !r.Restored {
			t.Fatalf("ending %s, %d commands, restored %t: %v", r.Ending, len(r.Commands), r.Restored, err)
		}
		failed := 0
		for _, c := range r.Commands {
			if c.Outcome == experiments.Failed && strings.Contains(c.Failure, "901") && c.ConfirmedBy == "" {
				failed++
			}
		}
		if failed != 3 {
			t.Errorf("%d commands failed, want 3", failed)
		}
		if len(r.Disturbances) != 0 {
			t.Errorf("disturbances: %+v", r.Disturbances)
		}
	})
}

func TestABridgeThatIsGoneEndsTheRunAndIsRestoredLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		c := newConductor(t, b)
		c.GiveUpAfter = 3
		away := awayFrom(b, 2)
		c.Switch, c.States, c.Restorer = away, away, away
		_, recorders := one()
		folder, err := c.Run(t.Context(), order(recorders))
		r := facts(t, folder)
		if !errors.Is(err, errAway) || r.Ending != experiments.Aborted || !strings.Contains(r.Cause, "3 commands in a row") {
			t.Errorf("ending %s because %q: %v", r.Ending, r.Cause, err)
		}
		if r.Restored || !strings.Contains(err.Error(), "hueprint restore "+r.ID) {
			t.Errorf("restored %t: %v", r.Restored, err)
		}
		us, err := runs.Pending(c.State)
		if err != nil || len(us) != 1 || us[0].Run != r.ID {
			t.Fatalf("pending: %+v, %v", us, err)
		}
		away.back = true
		again, err := runs.Open(us[0].Dir)
		if err != nil {
			t.Fatal(err)
		}
		r, err = c.Restore(t.Context(), again)
		if err != nil || !r.Restored || b.light != r.Found || r.Ending != experiments.Aborted {
			t.Errorf("after Restore: restored %t, light %+v: %v", r.Restored, b.light, err)
		}
		if err := again.Verify(); err != nil {
			t.Error(err)
		}
		nothingPending(t, c)
	})
}

// However early and often the operator hurries, the light gets one try; after
// that the run says that it was not put back, and is pending.
func TestAHurryEndsTheTriesButTheFirst(t *testing.T) {
	for name, test := range map[string]struct {
		away  bool
		hurry time.Duration // after the stop
		took  time.Duration // most
	}{
		"bridge is there": {false, 0, 0}, "bridge is away": {true, 0, time.Second},
		"between tries": {true, 500 * time.Millisecond, 600 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench()
				found := b.light
				c := newConductor(t, b)
				away := awayFrom(b, 1000)
				c.Switch, c.States, c.Restorer = away, away, away
				hurry := make(chan struct{})
				c.Hurry = hurry
				ctx, stop := context.WithCancelCause(t.Context())
				var stopped time.Time
				time.AfterFunc(41200*time.Millisecond, func() {
					if stopped = time.Now(); test.away {
						away.from.Store(-1)
					}
					stop(errors.New("operator pressed stop"))
					time.AfterFunc(test.hurry, func() { close(hurry) })
				})
				_, recorders := one()
				folder, err := c.Run(ctx, order(recorders))
				r := facts(t, folder)
				if test.away == r.Restored || !test.away && b.light != found || r.Ending != experiments.Stopped {
					t.Errorf("restored %t, light %+v, ending %s: %v", r.Restored, b.light, r.Ending, err)
				}
				if !test.away {
					nothingPending(t, c)
					return
				}
				if took := time.Since(stopped); took > test.took {
					t.Errorf("took %v", took)
				}
				if us, _ := runs.Pending(c.State); len(us) != 1 || !strings.Contains(err.Error(), "hueprint restore "+r.ID) || !errors.Is(err, errAway) {
					t.Errorf("pending %+v: %v", us, err)
				}
			})
		})
	}
}

// awayBench does not answer from a certain PUT on, until it is back.
type awayBench struct {
	*bench
	from atomic.Int64
	back bool
}

func awayFrom(b *bench, put int64) *awayBench {
	a := &awayBench{bench: b}
	a.from.Store(put)
	return a
}

func (a *awayBench) away() bool { return !a.back && int64(a.puts) > a.from.Load() }

func (a *awayBench) Switch(ctx context.Context, light string, on bool) (experiments.Receipt, error) {
	if int64(a.puts) >= a.from.Load() && !a.back {
		a.puts++
		return experiments.Receipt{}, errAway
	}
	return a.bench.Switch(ctx, light, on)
}

func (a *awayBench) State(ctx context.Context, light string) (experiments.LightState, error) {
	if a.away() {
		return experiments.LightState{}, errAway
	}
	return a.bench.State(ctx, light)
}

func (a *awayBench) Restore(ctx context.Context, light string, s experiments.LightState) error {
	if a.away() {
		return errAway
	}
	return a.bench.Restore(ctx, light, s)
}

func TestTheOperatorsStopIsRecordedAndTheBulbPutBack(t *testing.T) {
	for _, after := range []time.Duration{0, 500 * time.Millisecond, 25 * time.Second, 41200 * time.Millisecond, 2 * time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			b := newBench()
			found := b.light
			c := newConductor(t, b)
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(after, func() { cancel(errors.New("operator pressed stop")) })
			_, recorders := one()
			folder, err := c.Run(ctx, order(recorders))
			if folder == nil {
				t.Fatal(err)
			}
			r := facts(t, folder)
			if err == nil || !strings.Contains(err.Error(), "operator pressed stop") || r.Ending != experiments.Stopped || !strings.Contains(r.Cause, "operator pressed stop") {
				t.Errorf("after %v: ending %s because %q: %v", after, r.Ending, r.Cause, err)
			}
			if b.light != found || !r.Restored {
				t.Errorf("after %v: the light is %+v", after, b.light)
			}
			nothingPending(t, c)
		})
	}
}

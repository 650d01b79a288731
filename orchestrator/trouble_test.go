package orchestrator

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hueprint/hueprint/capture"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/runs"
)

func TestALightThatSomebodyElseChangedIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		b.light.On = true
		c := newConductor(t, b)
		_, recorders := one()
		o := order(recorders)
		at := o.Plan.Slots[9].At + 8*time.Second // in the last settling
		time.AfterFunc(at, func() { b.set(func(s *experiments.LightState) { s.On, s.Brightness = true, 10 }) })
		folder, err := c.Run(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		r := facts(t, folder)
		if r.Restored || !strings.Contains(r.RestoreNote, "somebody else") || b.light.Brightness != 10 || len(r.Disturbances) == 0 {
			t.Errorf("restored %t %q, light %+v, disturbances %v", r.Restored, r.RestoreNote, b.light, r.Disturbances)
		}
		nothingPending(t, c)
	})
}

func TestDisturbancesAreChangesThatNoCommandAskedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		c := newConductor(t, b)
		_, recorders := one()
		o := order(recorders)
		touched := o.Plan.Slots[2].At + 6*time.Second
		time.AfterFunc(touched+20*time.Millisecond, func() { b.set(func(s *experiments.LightState) { s.On = !s.On }) })
		time.AfterFunc(touched+time.Second, func() { b.set(func(s *experiments.LightState) { s.On = !s.On }) })
		folder, err := c.Run(t.Context(), o)
		r := facts(t, folder)
		if err != nil || len(r.Disturbances) != 2 || !r.Restored {
			t.Errorf("disturbances %+v, restored %t %q: %v", r.Disturbances, r.Restored, r.RestoreNote, err)
		}
	})
}

func TestWithoutAnEventStreamCommandsAreReadBackOutsideWindows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		c := newConductor(t, b)
		c.Watcher = nil
		_, recorders := one()
		o := order(recorders)
		var reads []time.Time
		b.whenSeen = func() { reads = append(reads, time.Now()) }
		folder, err := c.Run(t.Context(), o)
		r := facts(t, folder)
		if err != nil {
			t.Fatal(err)
		}
		for _, cmd := range r.Commands {
			if cmd.Action != "" && cmd.ConfirmedBy != experiments.ByReadBack {
				t.Errorf("slot %d is confirmed by %q", cmd.Slot, cmd.ConfirmedBy)
			}
			for _, at := range reads {
				if !at.Before(cmd.Begun) && at.Before(cmd.Begun.Add(o.Plan.Experiment.Window)) {
					t.Errorf("a read at %v falls into the window of slot %d", at, cmd.Slot)
				}
			}
		}
		if len(reads) != 3+o.Plan.Experiment.Actions {
			t.Errorf("%d reads", len(reads))
		}
	})
}

func TestALostAnswerIsUnknownAndDoesNotDelayTheNextSlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		c := newConductor(t, b)
		b.whenPut = func(put int) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.deaf = put == 1
		}
		slow := &slowBench{b}
		c.Switch = slow
		_, recorders := one()
		o := order(recorders)
		folder, err := c.Run(t.Context(), o)
		r := facts(t, folder)
		if err != nil || r.Ending != experiments.Complete {
			t.Fatalf("ending %s: %v", r.Ending, err)
		}
		unknown := 0
		for _, cmd := range r.Commands {
			if cmd.Outcome == experiments.Unknown {
				unknown++
			}
			if cmd.Lateness != 0 {
				t.Errorf("slot %d is %v late", cmd.Slot, cmd.Lateness)
			}
		}
		if unknown != 1 || !r.Restored {
			t.Errorf("%d unknown, restored %t", unknown, r.Restored)
		}
	})
}

// slowBench loses the answer to its second command.
type slowBench struct{ *bench }

func (s *slowBench) Switch(ctx context.Context, light string, on bool) (experiments.Receipt, error) {
	if s.puts == 1 {
		s.puts++
		s.set(func(l *experiments.LightState) { l.On = on })
		sent := time.Now()
		<-ctx.Done()
		return experiments.Receipt{Sent: sent}, ctx.Err()
	}
	return s.bench.Switch(ctx, light, on)
}

func TestASlotThatCannotBeReachedInTimeIsSkipped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		c := newConductor(t, b)
		slot := 0
		c.Until = func(ctx context.Context, at time.Time) error {
			slot++
			if slot == 4 {
				at = at.Add(1100 * time.Millisecond) // the host was busy or asleep
			}
			return plain(ctx, at)
		}
		_, recorders := one()
		folder, err := c.Run(t.Context(), order(recorders))
		r := facts(t, folder)
		if err != nil || r.Commands[3].Outcome != experiments.Skipped || r.Commands[3].Lateness != 1100*time.Millisecond || r.Commands[4].Lateness != 0 {
			t.Errorf("slots 3 and 4: %+v, %+v, %v", r.Commands[3], r.Commands[4], err)
		}
	})
}

func TestARecorderThatDiesLeavesAGap(t *testing.T) {
	tests := map[string]struct {
		gateways int
		ending   experiments.Ending
		commands int
	}{
		"the only one": {1, experiments.Aborted, 3},
		"one of two":   {2, experiments.Complete, 10},
	}
	for name, test := range tests {
		synctest.Test(t, func(t *testing.T) {
			b := newBench()
			c := newConductor(t, b)
			frail, recorders := one()
			if test.gateways == 2 {
				recorders["aeotec"] = &tape{}
			}
			o := order(recorders)
			died := o.Plan.Slots[2].At + time.Second
			time.AfterFunc(died, func() { frail.started.die(errors.New("interface is gone")) })
			folder, err := c.Run(t.Context(), o)
			r := facts(t, folder)
			if r.Ending != test.ending || len(r.Commands) != test.commands || (err == nil) != (test.ending == experiments.Complete) {
				t.Errorf("%s: ending %s after %d commands: %v", name, r.Ending, len(r.Commands), err)
			}
			rec, _ := r.Recording("echo")
			if !strings.Contains(rec.Failure, "interface is gone") || len(rec.Gaps) != 1 || rec.Gaps[0].From.After(r.Started.Add(died)) || !rec.Gaps[0].To.Equal(rec.End) {
				t.Errorf("%s: recording is %+v", name, rec)
			}
			if !strings.Contains(fmt.Sprint(r.Notes), "interface is gone") || !r.Restored {
				t.Errorf("%s: notes %q, restored %t", name, r.Notes, r.Restored)
			}
		})
	}
}

func TestLossesAreJournaledWhenTheyAreSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		c := newConductor(t, b)
		lossy, recorders := one()
		time.AfterFunc(30*time.Second, func() { lossy.started.count(func(s *capture.Stats) { s.Dropped = 7 }) })
		folder, err := c.Run(t.Context(), order(recorders))
		r := facts(t, folder)
		if err != nil || r.Recordings[0].Dropped != 7 || !strings.Contains(fmt.Sprint(r.Notes), "lost 7 frames") {
			t.Errorf("dropped %d, notes %q: %v", r.Recordings[0].Dropped, r.Notes, err)
		}
	})
}

func TestADefectOfAMeansDoesNotLoseTheRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		found := b.light
		c := newConductor(t, b)
		b.whenPut = func(put int) {
			if put == 2 {
				panic("nil map")
			}
		}
		_, recorders := one()
		folder, err := c.Run(t.Context(), order(recorders))
		r := facts(t, folder)
		if err == nil || r.Ending != experiments.Aborted || !r.Restored || b.light != found {
			t.Errorf("ending %s, restored %t: %v", r.Ending, r.Restored, err)
		}
	})
}

func TestTwoRunsDoNotShareABulbOrAnInterface(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		c := newConductor(t, b)
		_, recorders := one()
		o := order(recorders)
		done := make(chan error)
		go func() {
			_, err := c.Run(t.Context(), o)
			done <- err
		}()
		time.Sleep(30 * time.Second)
		asked := b.heard()
		var held *runs.HeldError
		if folder, err := c.Run(t.Context(), o); !errors.As(err, &held) || folder != nil || held.Holder.User != "test" {
			t.Errorf("a second run on one bulb: %v", err)
		}
		o.Plan.Experiment.Light = "2"
		if _, err := c.Run(t.Context(), o); !errors.As(err, &held) || held.Resource != "interface if-echo" {
			t.Errorf("a second run on one interface: %v", err)
		}
		if b.heard() != asked {
			t.Error("the refused runs have talked to the bridge")
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestAnImpossibleOrderNamesEveryMistake(t *testing.T) {
	_, err := Conductor{}.Run(t.Context(), Order{Gateways: order(map[string]capture.Recorder{"echo": nil}).Gateways})
	for _, word := range []string{"actions", "window", "no slots", "echo has no recorder"} {
		if err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%q is missing in %v", word, err)
		}
	}
}

func TestTheWitnessReadsEveryKindOfEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		c := newConductor(t, b)
		_, recorders := one()
		o := order(recorders)
		in := func(slot int, after time.Duration, change experiments.Change) {
			time.AfterFunc(o.Plan.Slots[slot].At+after, func() {
				b.mu.Lock()
				defer b.mu.Unlock()
				change.At, change.Light, change.Source = time.Now(), "1", experiments.ByEventStream
				b.changes <- change
			})
		}
		dimmed := func(to uint8) experiments.Change {
			return experiments.Change{OnUntold: true, State: experiments.LightState{Brightness: to}}
		}
		in(1, 6*time.Second, dimmed(121))                                // the rounding of percents
		in(1, 6500*time.Millisecond, experiments.Change{OnUntold: true}) // about neither
		in(3, 6*time.Second, dimmed(40))
		in(3, 6500*time.Millisecond, dimmed(40)) // told twice, disturbed once
		folder, err := c.Run(t.Context(), o)
		r := facts(t, folder)
		if err != nil || len(r.Disturbances) != 1 || r.Disturbances[0].State.Brightness != 40 {
			t.Errorf("disturbances %+v: %v", r.Disturbances, err)
		}
	})
}

func TestALostEventStreamIsNotedAndReplacedByReadBacks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		c := newConductor(t, b)
		_, recorders := one()
		o := order(recorders)
		time.AfterFunc(o.Plan.Slots[4].At+8*time.Second, b.hangUp)
		folder, err := c.Run(t.Context(), o)
		r := facts(t, folder)
		if err != nil || len(r.Notes) != 1 || !strings.Contains(r.Notes[0], "event stream ended") {
			t.Errorf("notes %q: %v", r.Notes, err)
		}
		for _, cmd := range r.Commands {
			want := experiments.ByEventStream
			if cmd.Slot > 4 {
				want = experiments.ByReadBack
			}
			if cmd.Action != "" && cmd.ConfirmedBy != want {
				t.Errorf("slot %d is confirmed by %q", cmd.Slot, cmd.ConfirmedBy)
			}
		}
	})
}

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
		away := &awayBench{bench: b, from: 2}
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

// awayBench does not answer from a certain PUT on, until it is back.
type awayBench struct {
	*bench
	from int
	back bool
}

func (a *awayBench) away() bool { return !a.back && a.puts > a.from }

func (a *awayBench) Switch(ctx context.Context, light string, on bool) (experiments.Receipt, error) {
	if a.puts >= a.from && !a.back {
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
		asked := len(b.asked)
		var held *runs.HeldError
		if folder, err := c.Run(t.Context(), o); !errors.As(err, &held) || folder != nil || held.Holder.User != "test" {
			t.Errorf("a second run on one bulb: %v", err)
		}
		o.Plan.Experiment.Light = "2"
		if _, err := c.Run(t.Context(), o); !errors.As(err, &held) || held.Resource != "interface if-echo" {
			t.Errorf("a second run on one interface: %v", err)
		}
		if len(b.asked) != asked {
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

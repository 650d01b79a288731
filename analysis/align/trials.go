package align

import (
	"slices"
	"time"

	"github.com/hueprint/hueprint/analysis/events"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/traffic"
)

// A Window is the stretch around an instant in which a reaction counts: from
// Before before it (inclusive) to After after it (exclusive).
type Window struct {
	Before, After time.Duration
}

// Around is the window of a designed run: after the instant, opened early by
// the most by which the capturing host's clock can be wrong, so that no
// reaction is lost before the command that caused it.
func Around(window time.Duration, offset traffic.ClockOffset) Window {
	return Window{Before: offset.Uncertainty(), After: window}
}

// A Trial is a gateway's events in the window of one slot.
type Trial struct {
	// Slot is the slot's index in the plan, or the labelled action's index.
	Slot int
	// At is the slot's instant by the controller's clock.
	At time.Time
	// Control is the arm into which the plan drew the slot, whatever became of it.
	Control bool
	Action  string
	// Confirmed tells that the command was done and its effect witnessed.
	// Controls are confirmed: nothing had to happen.
	Confirmed bool
	// Events are those in the window, by the capturing host's clock; a part of
	// the slice that was cut.
	Events []events.Event
	offset time.Duration
}

// Delay is the time from the trial's instant to a moment of the capturing
// host's clock.
func (t Trial) Delay(captured time.Time) time.Duration {
	return captured.Sub(t.At) - t.offset
}

// Captured is the trial's instant by the capturing host's clock.
func (t Trial) Captured() time.Time { return t.At.Add(t.offset) }

// Trials makes one trial of every slot that the run reached, in order of time.
// Each stays in the arm the plan drew it into: leaving out failed commands
// would bias the test when failures follow the traffic. The events must be in
// order of time.
func Trials(run experiments.Run, rec traffic.Recording, log []events.Event, w Window) []Trial {
	var trials []Trial
	for _, c := range run.Commands {
		if c.Slot < 0 || c.Slot >= len(run.Plan.Slots) || !reached(run, c) {
			continue
		}
		slot := run.Plan.Slots[c.Slot]
		trials = append(trials, Trial{
			Slot: c.Slot, At: instant(c), Control: slot.Control, Action: string(slot.Action),
			Confirmed: slot.Control || Confirmed(c), offset: rec.Offset.Middle(),
		})
	}
	return Cut(trials, log, w)
}

// Confirmed tells whether a command was accepted and its effect witnessed.
func Confirmed(c experiments.Command) bool {
	return c.Outcome == experiments.Done && c.ConfirmedBy != experiments.ByNone && c.ConfirmedBy != ""
}

// instant is the command's instant; a skipped slot has only its planned one.
func instant(c experiments.Command) time.Time {
	if at := c.Instant(); !at.IsZero() {
		return at
	}
	return c.Planned
}

// reached tells whether the slot came before the run's end: a slot that was
// skipped in the middle of a run stays in its arm.
func reached(run experiments.Run, c experiments.Command) bool {
	at := instant(c)
	if at.IsZero() {
		return false
	}
	return c.Outcome != experiments.Skipped || run.Ended.IsZero() || at.Before(run.Ended)
}

// New makes a trial without a slot, for labelled captures: its instant is by
// the capturing host's own clock.
func New(index int, at time.Time, action string) Trial {
	return Trial{Slot: index, At: at, Action: action, Confirmed: true}
}

// Cut sorts the trials by time and gives each the events in its window. Where
// windows overlap, an event belongs to the later trial.
func Cut(trials []Trial, log []events.Event, w Window) []Trial {
	slices.SortStableFunc(trials, func(a, b Trial) int { return a.At.Compare(b.At) })
	for i := range trials {
		from := trials[i].Captured().Add(-w.Before)
		to := trials[i].Captured().Add(w.After)
		if i+1 < len(trials) {
			if next := trials[i+1].Captured().Add(-w.Before); next.Before(to) {
				to = next
			}
		}
		trials[i].Events = Between(log, from, to, func(e events.Event) time.Time { return e.Time })
	}
	return trials
}

// Between is the part of a list in order of time that lies in [from, to).
func Between[T any](list []T, from, to time.Time, at func(T) time.Time) []T {
	order := func(e T, t time.Time) int { return at(e).Compare(t) }
	first, _ := slices.BinarySearchFunc(list, from, order)
	last, _ := slices.BinarySearchFunc(list, to, order)
	return list[first:max(first, last)]
}

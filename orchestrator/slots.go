package orchestrator

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hueprint/hueprint/experiments"
)

const (
	// prepareAhead is how long before its instant a slot is prepared, where the
	// time after the last window allows it.
	prepareAhead = 500 * time.Millisecond
	// answerWithin is how long a command waits for its answer at most.
	answerWithin = 5 * time.Second
	// latest is the lateness beyond which a slot is skipped, where the next
	// slot is not nearer.
	latest = time.Second
	// roomToRead is the time between a window and the next preparation that a
	// read-back needs.
	roomToRead = 250 * time.Millisecond
)

// act goes through the slots, on a thread that the kernel runs at once.
func (p *performance) act(ctx context.Context) error {
	defer Urgent()()
	for i := range p.order.Plan.Slots {
		if err := p.slot(ctx, i); err != nil {
			return fmt.Errorf("slot %d of %d: %w", i+1, len(p.order.Plan.Slots), err)
		}
		if decided, err := p.look(ctx, i+1); decided || err != nil {
			return err
		}
	}
	return nil
}

// slot prepares, sends or withholds, and waits until the window is over. Action
// and control slots differ in nothing but the command.
func (p *performance) slot(ctx context.Context, i int) error {
	slot := p.order.Plan.Slots[i]
	at := p.started.Add(slot.At)
	if err := sleepUntil(ctx, at.Add(-p.ahead(i))); err != nil {
		return err
	}
	c := experiments.Command{Slot: slot.Index, Planned: at}
	if !slot.Control {
		c.Light, c.Action = p.light, slot.Action
	}
	if err := p.folder.Intend(c); err != nil {
		return err
	}
	unprepared := p.prepare(ctx, at)
	stop := p.until(ctx, at)
	c = p.carryOut(ctx, c, i, stop)
	p.release()
	if err := p.folder.Result(c); err != nil {
		return err
	}
	if stop != nil {
		return stop
	}
	return p.after(ctx, i, c, unprepared)
}

// ahead is how long before slot i its preparation begins: after the window
// before, with a quarter of the time between left for looking back.
func (p *performance) ahead(i int) time.Duration { return aheadOf(p.order.Plan, i) }

func aheadOf(plan experiments.Plan, i int) time.Duration {
	slots, window := plan.Slots, plan.Experiment.Window
	if i == 0 {
		return min(prepareAhead, slots[0].At)
	}
	return min(prepareAhead, (slots[i].At-slots[i-1].At-window)*3/4)
}

// Unreadable counts the actions of a plan that leave no time to read the light
// back before the next slot is prepared. Where no event stream confirms the
// commands, these stay unconfirmed.
func Unreadable(plan experiments.Plan) (actions int) {
	for i, s := range plan.Slots[:max(len(plan.Slots)-1, 0)] {
		if next := plan.Slots[i+1].At - aheadOf(plan, i+1); !s.Control && next-s.At < belief+roomToRead {
			actions++
		}
	}
	return actions
}

// prepare makes a command possible, in every slot. It ends before the instant.
func (p *performance) prepare(ctx context.Context, at time.Time) error {
	if p.Preparer == nil {
		return nil
	}
	ctx, cancel := context.WithDeadline(ctx, at.Add(-2*holding))
	defer cancel()
	return p.Preparer.Prepare(ctx)
}

func (p *performance) release() {
	if p.Preparer != nil {
		p.Preparer.Release()
	}
}

func (p *performance) until(ctx context.Context, at time.Time) error {
	if p.Until != nil {
		return p.Until(ctx, at)
	}
	return Until(ctx, at)
}

// carryOut sends or withholds the command of slot i now, and tells how it went.
func (p *performance) carryOut(ctx context.Context, c experiments.Command, i int, stop error) experiments.Command {
	c.Begun = time.Now()
	c.Lateness = c.Begun.Sub(c.Planned)
	switch {
	case stop != nil:
		c.Lateness = 0
		c.Outcome, c.Failure = experiments.Skipped, "the run was stopped before this slot"
	case c.Lateness > p.tooLate(i):
		c.Outcome, c.Failure = experiments.Skipped, fmt.Sprintf("the slot was reached %v late", c.Lateness)
	case c.Action == "":
		c.Outcome = experiments.Withheld
	default:
		p.witness.expect(c.Slot, c.Action)
		ctx, cancel := context.WithDeadline(context.WithoutCancel(ctx), p.answerBy(i))
		defer cancel()
		c.Receipt = p.send(ctx, c.Action)
		p.witness.resolve(c.Slot, c.Outcome)
	}
	return c
}

// tooLate is the lateness at which the window of slot i would reach the next
// slot.
func (p *performance) tooLate(i int) time.Duration {
	slots := p.order.Plan.Slots
	if i+1 == len(slots) {
		return latest
	}
	return min(latest, slots[i+1].At-slots[i].At-p.order.Plan.Experiment.Window)
}

// answerBy is when the answer to slot i's command must be there, so that the
// next slot is not late.
func (p *performance) answerBy(i int) time.Time {
	by := p.started.Add(p.order.Plan.Slots[i].At + answerWithin)
	if next := p.nextPrepared(i); next.Before(by) {
		return next
	}
	return by
}

// nextPrepared is when the preparation after slot i begins; after the last one,
// when the recording ends.
func (p *performance) nextPrepared(i int) time.Time {
	if slots := p.order.Plan.Slots; i+1 < len(slots) {
		return p.started.Add(slots[i+1].At - p.ahead(i+1))
	}
	return p.started.Add(p.order.Plan.Duration)
}

// send sends one command and completes the receipt with what an error tells.
func (p *performance) send(ctx context.Context, a experiments.Action) experiments.Receipt {
	r, err := p.Switch.Switch(ctx, p.light, a == experiments.On)
	if err == nil && r.Outcome == "" {
		r.Outcome = experiments.Done
	}
	if err == nil {
		return r
	}
	if r.Failure == "" {
		r.Failure = err.Error()
	}
	if r.Outcome == "" || r.Outcome == experiments.Done {
		r.Outcome = experiments.Unknown
		if r.Sent.IsZero() {
			r.Outcome = experiments.Failed
		}
	}
	return r
}

// after looks at what a slot has shown, once its window is over and before the
// next one is prepared.
func (p *performance) after(ctx context.Context, i int, c experiments.Command, unprepared error) error {
	e := p.event(Acting)
	e.Slot, e.Command = i+1, &c
	p.observe(e)
	if unprepared != nil {
		p.note("slot %d could not be prepared: %v", c.Slot, unprepared)
	}
	if err := sleepUntil(ctx, c.Planned.Add(p.order.Plan.Experiment.Window)); err != nil {
		return err
	}
	p.reached = i + 1
	p.readBack(ctx, i, c)
	before := p.clock.wall
	if step := p.clock.step(time.Now(), p.wall()); step != 0 {
		p.blur(before, step)
		p.note("the wall clock was moved by %v before the end of slot %d (a time service stepped it, or the host slept)", step, c.Slot)
	}
	p.keep(p.witness.failure())
	if err := p.checkTaps(); err != nil {
		return err
	}
	return p.checkBridge(c)
}

// readBack reads the light's state when no witness has confirmed the command
// and there is time for it. Earlier than the bridge asks its bulbs it would show
// only that the bridge accepted the command.
func (p *performance) readBack(ctx context.Context, i int, c experiments.Command) {
	if c.Outcome != experiments.Done && c.Outcome != experiments.Unknown || p.witness.confirmed(c.Slot) {
		return
	}
	asked, next := c.Begun.Add(belief), p.nextPrepared(i)
	if end := asked.Add(answerWithin); i+1 == len(p.order.Plan.Slots) && next.Before(end) {
		next = end // nothing follows the last slot that a read could disturb
	}
	if next.Sub(asked) < roomToRead || time.Until(next) < roomToRead || sleepUntil(ctx, asked) != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, min(time.Until(next), answerWithin))
	defer cancel()
	state, err := p.States.State(ctx, p.light)
	if err == nil && state.On == (c.Action == experiments.On) {
		p.keep(p.folder.Confirm(c.Slot, time.Now(), experiments.ByReadBack))
	}
}

// checkBridge ends the run when the bridge has been silent for long.
func (p *performance) checkBridge(c experiments.Command) error {
	switch {
	case c.Action == "" || c.Outcome == experiments.Skipped:
		return nil
	case !c.Answered.IsZero() || c.Outcome == experiments.Done:
		p.silent = 0
		return nil
	}
	p.silent++
	most := p.GiveUpAfter
	if most == 0 {
		most = 5
	}
	if p.silent < most {
		return nil
	}
	return errors.New("the bridge has not answered " + fmt.Sprint(p.silent) + " commands in a row (check its power and network, then run again): " + c.Failure)
}

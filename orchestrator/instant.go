package orchestrator

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// errStopped marks the end of a run by its context.
var errStopped = errors.New("stopped")

// stopped says why ctx ended.
func stopped(ctx context.Context) error {
	return fmt.Errorf("%w: %w", errStopped, context.Cause(ctx))
}

// sleepUntil waits for an instant of the monotonic clock, late by what the
// runtime's timers are late.
func sleepUntil(ctx context.Context, at time.Time) error {
	if ctx.Err() != nil {
		return stopped(ctx)
	}
	t := time.NewTimer(time.Until(at))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return stopped(ctx)
	}
}

// awake is how long before an instant [Until] stops sleeping. It absorbs the
// latest a timer is on a busy machine, and is shorter than the 10 ms after
// which Go's scheduler takes the processor from a goroutine that spins.
const awake = 5 * time.Millisecond

// Until waits for an instant of the monotonic clock and returns within
// microseconds after it: it sleeps until shortly before and then keeps the
// processor busy. It must not be used in virtual time, which does not pass while
// anything runs. Its error is that ctx ended.
func Until(ctx context.Context, at time.Time) error {
	if err := sleepUntil(ctx, at.Add(-awake)); err != nil {
		return err
	}
	for time.Until(at) > 0 {
	}
	return nil
}

// clock notices steps of the wall clock, by which frames are stamped, against
// the monotonic one, by which the plan is kept.
type clock struct {
	last time.Time
	wall func(time.Time) time.Time // of a reading; nil: its own
}

func (c *clock) set(now time.Time) { c.last = now }

// step is how far the wall clock was moved since the last look; zero below what
// a disciplined clock may drift.
func (c *clock) step(now time.Time) time.Duration {
	const tolerance, slew = 20 * time.Millisecond, 1e-3
	monotonic := now.Sub(c.last)
	wall := now.Round(0).Sub(c.last.Round(0))
	c.last = now
	step := wall - monotonic
	if step.Abs() <= tolerance+time.Duration(slew*float64(monotonic)) {
		return 0
	}
	return step
}

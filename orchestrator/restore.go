package orchestrator

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/runs"
)

// Restore puts back the light of an earlier run whose process died or whose
// bridge was away, unless somebody else has changed the light since: then it is
// left as it is, and the run says so. The means of the Conductor must be those
// of the run's bridge. A light that needs nothing is no error. What was done is
// in the returned facts.
func (c Conductor) Restore(ctx context.Context, folder *runs.Folder) (r experiments.Run, err error) {
	if r, err = folder.Run(); err != nil {
		return r, err
	}
	holder := r
	holder.Gateways = nil // their interfaces are not needed
	locks, err := c.lock(holder)
	if err != nil {
		return r, fmt.Errorf("restore the light of run %s: %w", r.ID, err)
	}
	defer func() { err = errors.Join(err, release(locks)) }()
	claim, err := folder.Claim()
	if err != nil || !claim.Pending() {
		return r, errors.Join(err, runs.Settle(c.State, r.ID))
	}
	err = c.putBack(ctx, folder, r)
	err = errors.Join(err, folder.Seal())
	after, readErr := folder.Run()
	return after, errors.Join(err, readErr)
}

const (
	restoreTries = 3
	restorePause = 2 * time.Second
	// belief is how long a bridge may show what it was told before it has asked
	// the bulb.
	belief = 3 * time.Second
)

var errUnreachable = errors.New("the bulb does not answer the bridge (switch its power on, or bring it nearer)")

// putBack sets the light of a run to the state it was found in, verifies that,
// and takes the run off the register. What it cannot do now stays registered.
func (c Conductor) putBack(ctx context.Context, folder *runs.Folder, r experiments.Run) error {
	light := r.Plan.Experiment.Light
	look := c.lookFor(folder)
	settled, last := c.tryPutBack(ctx, folder, light, look)
	again, cancel := c.unlessHurried(ctx)
	defer cancel()
	for try := 1; !settled && try < restoreTries; try++ {
		if err := sleepUntil(again, time.Now().Add(restorePause)); err != nil {
			last = errors.Join(last, err)
			break
		}
		settled, last = c.tryPutBack(again, folder, light, look)
	}
	if settled {
		return errors.Join(last, runs.Settle(c.State, r.ID))
	}
	last = fmt.Errorf("light %s was not put back: %w (when that is mended: hueprint restore %s)", light, last, r.ID)
	return errors.Join(last, folder.NotRestored(last.Error()))
}

var errHurried = errors.New("asked again to stop, before the light was put back")

// unlessHurried is ctx until the operator hurries.
func (c Conductor) unlessHurried(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	if c.Hurry != nil {
		go func() {
			select {
			case <-c.Hurry:
				cancel(errHurried)
			case <-ctx.Done():
			}
		}()
	}
	return ctx, func() { cancel(nil) }
}

// lookFor is how long the light must stay as it was found. A bridge whose word
// the run has no reason to doubt is believed at once; after commands that
// nobody saw take effect, or changes that nobody asked for, it gets the time to
// ask the bulb.
func (c Conductor) lookFor(folder *runs.Folder) time.Duration {
	r, err := folder.Run()
	if err != nil || len(r.Disturbances) > 0 {
		return belief
	}
	for _, cmd := range r.Commands {
		if cmd.Action != "" && (cmd.Outcome != experiments.Done || cmd.ConfirmedBy == experiments.ByNone) {
			return belief
		}
	}
	return 0
}

// tryPutBack tries once. Settled means that nothing is left to do.
func (c Conductor) tryPutBack(ctx context.Context, folder *runs.Folder, light string, look time.Duration) (settled bool, err error) {
	claim, err := folder.Claim()
	if err != nil {
		return false, err
	}
	if !claim.Touched {
		return true, folder.Restored(true, "the light was not touched")
	}
	now, err := c.read(ctx, light)
	switch {
	case err != nil:
		return false, err
	case now.Unreachable:
		return false, errUnreachable
	case !same(now, claim.Found) && !plausible(now, claim):
		return true, folder.Restored(false, fmt.Sprintf("somebody else changed the light after this run's last command: it is left as it is now (%s), it was found %s", describe(now), describe(claim.Found)))
	}
	var journal error
	if !same(now, claim.Found) {
		// A journal that cannot be written must not keep the light from its owner.
		journal = folder.Restoring()
		if err := c.restore(ctx, light, claim.Found); err != nil {
			return false, errors.Join(err, journal)
		}
	} else if look == 0 {
		return true, folder.Restored(true, "")
	}
	if err := c.verify(ctx, light, claim.Found, look); err != nil {
		return false, errors.Join(err, journal)
	}
	return true, errors.Join(journal, folder.Restored(true, ""))
}

// verify reads the light after a while and tells what is wrong with it.
func (c Conductor) verify(ctx context.Context, light string, found experiments.LightState, after time.Duration) error {
	if err := sleepUntil(ctx, time.Now().Add(after)); err != nil {
		return err
	}
	now, err := c.read(ctx, light)
	switch {
	case err != nil:
		return err
	case now.Unreachable:
		return errUnreachable
	case !same(now, found):
		return fmt.Errorf("the light is %s after it was set to %s", describe(now), describe(found))
	}
	return nil
}

func (c Conductor) restore(ctx context.Context, light string, s experiments.LightState) error {
	ctx, cancel := context.WithTimeout(ctx, callWithin)
	defer cancel()
	return c.Restorer.Restore(ctx, light, s)
}

// plausible tells whether the run itself can have left the light so. A run
// switches only; brightness and colour are as found.
func plausible(now experiments.LightState, c runs.Claim) bool {
	if now.On && !c.On || !now.On && !c.Off {
		return false
	}
	return !now.On || !looksChanged(c.Found, now)
}

// same tells whether the light is as it was found. How a light that is off would
// shine does not count: many bridges refuse to set it.
func same(now, found experiments.LightState) bool {
	return now.On == found.On && (!found.On || !looksChanged(found, now))
}

// looksChanged compares brightness and colour where both are known, with the
// rounding of the bridge's two interfaces (254 steps, percent) left out.
func looksChanged(a, b experiments.LightState) bool {
	const brightness, xy, mired = 3, 0.01, 2
	if a.Brightness != 0 && b.Brightness != 0 && math.Abs(float64(a.Brightness)-float64(b.Brightness)) > brightness {
		return true
	}
	if a.ColorMode == "" || b.ColorMode == "" {
		return false
	}
	if a.ColorMode != b.ColorMode {
		return true
	}
	switch a.ColorMode {
	case "xy":
		return math.Abs(float64(a.XY[0]-b.XY[0])) > xy || math.Abs(float64(a.XY[1]-b.XY[1])) > xy
	case "ct":
		return math.Abs(float64(a.Mired)-float64(b.Mired)) > mired
	case "hs":
		return a.Hue != b.Hue || a.Saturation != b.Saturation
	}
	return false
}

func describe(s experiments.LightState) string {
	word := "off"
	if s.On {
		word = "on"
	}
	if s.On && s.Brightness != 0 {
		word += fmt.Sprintf(", brightness %d", s.Brightness)
	}
	return word
}

package orchestrator

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"github.com/hueprint/hueprint/capture"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/runs"
	"github.com/hueprint/hueprint/traffic"
)

// ErrIdleRecording is what [Analyze] says of a folder in which nothing was done.
var ErrIdleRecording = errors.New("it is an idle recording: nothing was done in it, so that there is no verdict")

// lookIdleEvery is how often the recorders of an idle recording are looked at.
const lookIdleEvery = 10 * time.Second

// idleName is the experiment's name of idle recordings, as folders show it.
const idleName = "idle"

// An IdleOrder is a recording in which nothing is done: how gateways behave by
// themselves.
type IdleOrder struct {
	Gateways []experiments.Gateway
	// Recorders has one recorder for each gateway, by its name.
	Recorders map[string]capture.Recorder
	// For is how long to record.
	For time.Duration
	// Bridge may be zero; it tells later readers which bridge the gateways talk to.
	Bridge    experiments.BridgeIdentity
	Simulated bool
	// Keep says how much of each frame is recorded; empty means all.
	Keep traffic.Keep
	// Version is the program's.
	Version  string
	Occasion experiments.Occasion
}

// RecordIdle records the gateways for the order's time and operates no light. The
// interfaces are locked, no bulb is; of the Conductor's means only Root, State,
// Observer, User and the clocks are used. It returns the folder of what was
// recorded, also beside an error; the folder is nil only if nothing was begun.
// When ctx ends, the recording is stopped and kept.
func (c Conductor) RecordIdle(ctx context.Context, o IdleOrder) (folder *runs.Folder, err error) {
	order, err := o.order()
	if err != nil {
		return nil, err
	}
	facts, err := c.facts(order)
	if err != nil {
		return nil, err
	}
	facts.Idle = true
	c.observe(Event{Run: facts.ID, Phase: Locking, Left: o.For})
	locks, err := c.lock(facts)
	if err != nil {
		return nil, fmt.Errorf("start idle recording: %w", err)
	}
	defer func() { err = errors.Join(err, release(locks)) }()
	if folder, err = runs.Create(c.Root, facts); err != nil {
		return nil, err
	}
	p := performance{Conductor: c, order: order, facts: facts, folder: folder, witness: newWitness(folder, facts.Found)}
	err = p.listen(ctx, o.For)
	return folder, errors.Join(err, p.finishIdle(context.WithoutCancel(ctx), err))
}

// order is the idle recording as an order with an empty plan.
func (o IdleOrder) order() (Order, error) {
	var errs []error
	if o.For <= 0 {
		errs = append(errs, errors.New("the length of an idle recording must be positive"))
	}
	if len(o.Gateways) == 0 {
		errs = append(errs, errors.New("no gateway to record (name one)"))
	}
	e := experiments.Experiment{Name: idleName, Grouping: experiments.Together}
	for _, g := range o.Gateways {
		e.Gateways = append(e.Gateways, g.Name())
		if o.Recorders[g.Name()] == nil {
			errs = append(errs, fmt.Errorf("gateway %s has no recorder (give it an interface)", g.Name()))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return Order{}, fmt.Errorf("start idle recording: %w", err)
	}
	return Order{Plan: experiments.Plan{Experiment: e, Duration: o.For}, Gateways: o.Gateways, Recorders: o.Recorders,
		Bridge: o.Bridge, Simulated: o.Simulated, Keep: o.Keep, Version: o.Version, Occasion: o.Occasion}, nil
}

// listen records until the time is over. Its error is why it ended before.
func (p *performance) listen(ctx context.Context, length time.Duration) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("a defect of the program ended the recording (please report it): %v\n%s", r, debug.Stack())
		}
	}()
	if err := p.record(ctx); err != nil {
		return stoppedBy(ctx, err)
	}
	p.started = time.Now()
	p.clock.step(p.started, p.wall())
	if err := p.folder.Started(p.started.Round(0)); err != nil {
		return err
	}
	end := p.started.Add(length)
	for now := p.started; now.Before(end); now = time.Now() {
		p.observe(p.event(Settling))
		next := now.Add(lookIdleEvery)
		if next.After(end) {
			next = end
		}
		if err := sleepUntil(ctx, next); err != nil {
			return fmt.Errorf("the recording was stopped: %w", err)
		}
		before := p.clock.wall
		if step := p.clock.step(time.Now(), p.wall()); step != 0 {
			p.blur(before, step)
			p.note("the wall clock was moved by %v (a time service stepped it, or the host slept)", step)
		}
		if err := p.checkTaps(); err != nil {
			return err
		}
	}
	return nil
}

// stoppedBy marks an error as the end of ctx where it is that.
func stoppedBy(ctx context.Context, err error) error {
	if ctx.Err() == nil || errors.Is(err, errStopped) {
		return err
	}
	return fmt.Errorf("%w (%w)", stopped(ctx), err)
}

// finishIdle stops the recorders and writes the end.
func (p *performance) finishIdle(ctx context.Context, cause error) error {
	p.observe(p.event(Stopping))
	p.keep(p.stopTaps(ctx))
	ending, why := experiments.Complete, ""
	if cause != nil {
		ending, why = experiments.Aborted, cause.Error()
		if errors.Is(cause, errStopped) {
			ending = experiments.Stopped
		}
	}
	p.keep(p.folder.Restored(true, "an idle recording touches no light"))
	p.keep(p.folder.End(time.Now(), ending, why))
	err := p.folder.Seal()
	p.observe(p.event(Ended))
	return errors.Join(slices.Concat([]error{err}, p.lost)...)
}

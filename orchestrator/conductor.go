package orchestrator

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"slices"
	"time"

	"github.com/hueprint/hueprint/capture"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/runs"
	"github.com/hueprint/hueprint/traffic"
)

// A Conductor carries out experiments on one bridge. The fields are its means;
// those marked optional may be nil. It may conduct several runs at once if its
// means can.
type Conductor struct {
	// Root is the folder that holds the run folders, State the host's state
	// directory ([runs.StateDir]).
	Root, State string

	Switch   Switch
	States   StateReader
	Restorer Restorer
	Preparer Preparer // optional
	Watcher  Watcher  // optional
	Observer Observer // optional

	// Decided answers a planned look at a run that goes on: whether it is decided
	// by its first slots, up to those of the look (counted from 1). nil means
	// [Decided], the registered analysis. It runs beside the recording, and should
	// return when ctx ends.
	Decided func(ctx context.Context, folder *runs.Folder, look int) (bool, error)

	// User names who runs, for those who wait for the same bulb; optional.
	User string
	// ProofWithin is how long a recorder may take to prove itself; 0 means 10 s.
	ProofWithin time.Duration
	// QuietWithin is how long the bench's other gateways are waited for to be
	// silent; 0 means a minute.
	QuietWithin time.Duration
	// GiveUpAfter is the number of commands in a row without any answer after
	// which the bridge is taken for gone and the run aborted; 0 means 5.
	GiveUpAfter int
	// Hurry, when it is closed, ends the tries to put the light back after the
	// first one, which is always made: for an operator who does not wait for a
	// bridge that is away. The light then is put back at the next start. nil is
	// never closed.
	Hurry <-chan struct{}
	// Until waits for an instant, or for the end of ctx. nil means [Until],
	// which is exact but needs real time; in a bubble of virtual time a plain
	// timer is exact.
	Until func(ctx context.Context, at time.Time) error
	// Wall reads the wall clock that stamps the frames; nil means the host's.
	Wall func() time.Time
	// Entropy is where run IDs come from; nil means the system's.
	Entropy io.Reader
}

// An Order is one experiment to carry out, and all that the run's record must
// say about it.
type Order struct {
	Plan     experiments.Plan
	Gateways []experiments.Gateway
	// Recorders has one recorder for each gateway, by its name.
	Recorders map[string]capture.Recorder
	// Others has a recorder for each gateway of the bench that is not under test
	// and should be silent meanwhile; it may be empty.
	Others     map[string]capture.Recorder
	Bridge     experiments.BridgeIdentity
	Registered experiments.Registered
	Simulated  bool
	// Keep says how much of each frame is recorded; empty means all.
	Keep traffic.Keep
	// Version is the program's, Via the actuator's name.
	Version, Via string
	// Occasion tells why the run takes place; it may be zero.
	Occasion experiments.Occasion
}

// Run carries out the order. It returns the folder of what was observed, also
// beside an error; the folder is nil only if nothing was begun. When ctx ends,
// the run is stopped, its cause is recorded, and the bulb is put back all the
// same.
func (c Conductor) Run(ctx context.Context, o Order) (folder *runs.Folder, err error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	facts, err := c.facts(o)
	if err != nil {
		return nil, err
	}
	if err := c.tidy(ctx, facts); err != nil {
		return nil, fmt.Errorf("start run: %w", err)
	}
	c.observe(Event{Run: facts.ID, Phase: Locking, Of: len(o.Plan.Slots)})
	locks, err := c.lock(facts)
	if err != nil {
		return nil, fmt.Errorf("start run: %w", err)
	}
	defer func() { err = errors.Join(err, release(locks)) }()

	facts.Found, err = c.read(ctx, facts.Plan.Experiment.Light)
	if err != nil {
		return nil, fmt.Errorf("start run: read the light's state, to put it back later: %w", err)
	}
	folder, err = runs.Create(c.Root, facts)
	if err != nil {
		return nil, err
	}
	p := performance{Conductor: c, order: o, facts: facts, folder: folder,
		light: facts.Plan.Experiment.Light, witness: newWitness(folder, facts.Found)}
	err = p.perform(ctx)
	if err != nil && ctx.Err() != nil && !errors.Is(err, errStopped) {
		err = fmt.Errorf("%w (%w)", stopped(ctx), err)
	}
	return folder, errors.Join(err, p.finish(context.WithoutCancel(ctx), err))
}

// tidy puts the order's light back first if an earlier run has left it changed,
// so that its state there is not taken for the one to return to. Other lights
// are left to those who have their bridge.
func (c Conductor) tidy(ctx context.Context, r experiments.Run) error {
	left, err := runs.Pending(c.State, c.Root)
	if err != nil {
		c.observe(Event{Run: r.ID, Phase: Locking, Of: len(r.Plan.Slots), Warning: err.Error()})
	}
	for _, u := range left {
		if u.Resource != runs.RunResource(r) {
			continue
		}
		folder, err := runs.Open(u.Dir)
		if err == nil {
			_, err = c.Restore(ctx, folder)
		}
		if err != nil {
			return fmt.Errorf("put back the light as run %s found it: %w", u.Run, err)
		}
	}
	return nil
}

// check finds what makes the order impossible before anything is touched.
func (o Order) check() error {
	errs := []error{o.Plan.Experiment.Validate()}
	if len(o.Plan.Slots) == 0 {
		errs = append(errs, errors.New("the plan has no slots (draw it with experiments.NewPlan)"))
	}
	if len(o.Gateways) == 0 {
		errs = append(errs, errors.New("no gateway to record (name one in the experiment)"))
	}
	for _, g := range o.Gateways {
		if o.Recorders[g.Name()] == nil {
			errs = append(errs, fmt.Errorf("gateway %s has no recorder (give it an interface)", g.Name()))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("start run: %w", err)
	}
	return nil
}

// facts are all that is known before the first command, but the light's state.
func (c Conductor) facts(o Order) (experiments.Run, error) {
	now := time.Now()
	entropy := c.Entropy
	if entropy == nil {
		entropy = rand.Reader
	}
	id, err := runs.NewID(now, entropy)
	return experiments.Run{ID: id, Simulated: o.Simulated, Version: o.Version, Via: o.Via, Bridge: o.Bridge,
		Plan: o.Plan, Registered: o.Registered, Gateways: o.Gateways, Prepared: now, Occasion: o.Occasion}, err
}

// lock takes the light and every interface, in an order that is the same for
// all, and tells who holds what is not free.
func (c Conductor) lock(r experiments.Run) (locks []*runs.Lock, err error) {
	resources := []string{runs.RunResource(r)}
	for _, g := range r.Gateways {
		if g.Interface != "" && !r.Simulated {
			resources = append(resources, runs.InterfaceResource(g.Interface))
		}
	}
	slices.Sort(resources)
	holder := runs.Holder{PID: os.Getpid(), Run: r.ID, User: c.User, Since: time.Now()}
	for _, resource := range slices.Compact(resources) {
		l, err := runs.Acquire(c.State, resource, holder)
		if err != nil {
			return nil, errors.Join(err, release(locks))
		}
		locks = append(locks, l)
	}
	return locks, nil
}

func release(locks []*runs.Lock) error {
	var errs []error
	for _, l := range slices.Backward(locks) {
		errs = append(errs, l.Release())
	}
	return errors.Join(errs...)
}

// callWithin bounds every exchange with the bridge outside the slots.
const callWithin = 10 * time.Second

func (c Conductor) read(ctx context.Context, light string) (experiments.LightState, error) {
	ctx, cancel := context.WithTimeout(ctx, callWithin)
	defer cancel()
	s, err := c.States.State(ctx, light)
	return s, Away(err)
}

func (c Conductor) observe(e Event) {
	if c.Observer != nil {
		e.At = time.Now()
		c.Observer.Observe(e)
	}
}

// performance is one run that is going on.
type performance struct {
	Conductor
	order   Order
	facts   experiments.Run
	folder  *runs.Folder
	light   string
	taps    []*tap
	witness *witness
	started time.Time
	reached int              // slots that are over
	ended   experiments.Look // the look that ended the run; zero without one
	silent  int              // commands in a row without an answer
	clock   clock
	lost    []error // facts that could not be journaled
}

// perform does everything up to the last settling. Its error is why the run did
// not complete; whatever happens, finish follows.
func (p *performance) perform(ctx context.Context) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("a defect of the program ended the run (please report it): %v\n%s", r, debug.Stack())
		}
	}()
	if err := p.register(); err != nil {
		return err
	}
	if err := p.quiet(ctx); err != nil {
		return err
	}
	if err := p.record(ctx); err != nil {
		return err
	}
	p.watch(ctx)
	if err := p.set(ctx); err != nil {
		return err
	}
	if err := p.begin(); err != nil {
		return err
	}
	if err := p.act(ctx); err != nil {
		return err
	}
	return p.settle(ctx)
}

// wall reads the wall clock, without a monotonic reading.
func (p *performance) wall() time.Time {
	if p.Wall != nil {
		return p.Wall()
	}
	return time.Now().Round(0)
}

// register lists the light as one to put back, before it is touched.
func (p *performance) register() error {
	u, err := p.folder.Unrestored()
	if err != nil {
		return err
	}
	return runs.Register(p.State, u)
}

// set puts the light into the plan's initial state. This also shows that the
// bridge accepts commands at all.
func (p *performance) set(ctx context.Context) error {
	p.observe(p.event(Setting))
	initial := p.order.Plan.Initial
	if err := p.folder.Setting(initial); err != nil {
		return err
	}
	p.witness.expect(initialSlot, initial)
	ctx, cancel := context.WithTimeout(ctx, callWithin)
	defer cancel()
	receipt := p.send(ctx, initial)
	p.witness.resolve(initialSlot, receipt.Outcome)
	if err := p.folder.Set(initial, receipt); err != nil {
		return err
	}
	if receipt.Outcome != experiments.Done {
		return fmt.Errorf("put light %s into its initial state (%s): %s: the run was not begun", p.light, initial, receipt.Failure)
	}
	return nil
}

// begin sets the zero of the plan's times. Where the settling before slot 0 is
// shorter than a window, the reaction to the initial state is waited for first.
func (p *performance) begin() error {
	e := p.order.Plan.Experiment
	p.started = time.Now().Add(max(0, e.Window-e.Settle))
	p.clock.step(time.Now(), p.wall())
	p.observe(p.event(Settling))
	return p.folder.Started(p.started)
}

// settle records the quiet after the last slot.
func (p *performance) settle(ctx context.Context) error {
	p.observe(p.event(Settling))
	if err := sleepUntil(ctx, p.end()); err != nil {
		return fmt.Errorf("the run was stopped: %w", err)
	}
	return p.checkTaps()
}

// finish stops the recorders, puts the light back and writes the end. It is not
// bounded by the operator's patience.
func (p *performance) finish(ctx context.Context, cause error) error {
	p.observe(p.event(Stopping))
	p.witness.stop()
	p.keep(p.witness.failure())
	p.keep(p.stopTaps(ctx))
	p.observe(p.event(Restoring))
	errs := []error{p.putBack(ctx, p.folder, p.facts)}
	ending, why := experiments.Complete, p.decidedBy()
	if cause != nil {
		ending, why = experiments.Aborted, cause.Error()
		if errors.Is(cause, errStopped) {
			ending = experiments.Stopped
		}
	}
	p.keep(p.folder.End(time.Now(), ending, why))
	errs = append(errs, p.folder.Seal())
	p.observe(p.event(Ended))
	return errors.Join(append(errs, p.lost...)...)
}

// keep remembers that a fact could not be journaled.
func (p *performance) keep(err error) {
	if err != nil {
		p.lost = append(p.lost, err)
	}
}

// note adds a warning to the run.
func (p *performance) note(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	p.keep(p.folder.Note(text))
	e := p.event(Acting)
	e.Warning = text
	p.observe(e)
}

func (p *performance) event(phase Phase) Event {
	e := Event{Run: p.facts.ID, Phase: phase, Slot: p.reached, Of: len(p.order.Plan.Slots), Left: p.order.Plan.Duration}
	if !p.started.IsZero() {
		e.Left = max(0, time.Until(p.end()))
	}
	return e
}

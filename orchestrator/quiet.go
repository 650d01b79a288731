package orchestrator

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"github.com/hueprint/hueprint/capture"
	"github.com/hueprint/hueprint/traffic"
)

const (
	// quietFor is how long another gateway must say nothing to count as silent;
	// quietWithin is the default of Conductor.QuietWithin.
	quietFor    = 10 * time.Second
	quietWithin = time.Minute
)

// quiet waits until the bench's other gateways are silent, as gateways are
// tested one at a time. One that will not be silent does not prevent the run,
// which then says so.
func (p *performance) quiet(ctx context.Context) (err error) {
	if len(p.order.Others) == 0 {
		return nil
	}
	p.observe(p.event(Quieting))
	ears, errs := p.listenTo(ctx)
	defer func() { err = errors.Join(err, stopEars(context.WithoutCancel(ctx), ears)) }()
	for _, name := range slices.Sorted(maps.Keys(errs)) {
		p.note("whether gateway %s was silent is not known: %v", name, errs[name])
	}
	deadline := time.Now().Add(cmp.Or(p.QuietWithin, quietWithin))
	for {
		loud := slices.DeleteFunc(slices.Clone(ears), func(e *ear) bool { return e.silence() >= quietFor })
		if len(loud) == 0 {
			return nil
		}
		if !time.Now().Before(deadline) {
			for _, e := range loud {
				p.note("gateway %s was not silent: %d of its frames were seen before the run; switch it off to test one gateway at a time", e.name, e.frames.Load())
			}
			return nil
		}
		if err := sleepUntil(ctx, time.Now().Add(500*time.Millisecond)); err != nil {
			return err
		}
	}
}

// ear hears whether one gateway is silent; nothing is kept of what it says.
type ear struct {
	name    string
	session capture.Session
	last    atomic.Int64 // when the last frame came, in Unix nanoseconds
	frames  atomic.Int64
}

// Frame notes that the gateway is not silent.
func (e *ear) Frame(traffic.Frame) error {
	e.last.Store(time.Now().UnixNano())
	e.frames.Add(1)
	return nil
}

func (e *ear) silence() time.Duration { return time.Since(time.Unix(0, e.last.Load())) }

func (p *performance) listenTo(ctx context.Context) (ears []*ear, errs map[string]error) {
	errs = map[string]error{}
	for _, name := range slices.Sorted(maps.Keys(p.order.Others)) {
		e := &ear{name: name}
		e.last.Store(time.Now().UnixNano())
		session, err := p.order.Others[name].Start(ctx, e)
		if err != nil {
			errs[name] = err
			continue
		}
		e.session = session
		ears = append(ears, e)
	}
	return ears, errs
}

func stopEars(ctx context.Context, ears []*ear) error {
	ctx, cancel := context.WithTimeout(ctx, stopWithin)
	defer cancel()
	var errs []error
	for _, e := range ears {
		if _, err := e.session.Stop(ctx); err != nil {
			errs = append(errs, fmt.Errorf("stop listening to %s: %w", e.name, err))
		}
	}
	return errors.Join(errs...)
}

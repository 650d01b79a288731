package orchestrator

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/hueprint/hueprint/capture"
	"github.com/hueprint/hueprint/runs"
	"github.com/hueprint/hueprint/traffic"
	"github.com/hueprint/hueprint/traffic/redact"
)

const (
	// proofWithin is the default of Conductor.ProofWithin.
	proofWithin = 10 * time.Second
	// stopWithin bounds how long a recorder may drain.
	stopWithin = 15 * time.Second
)

// tap is one gateway's recording while it goes on.
type tap struct {
	recording traffic.Recording
	sink      *runs.Segments
	session   capture.Session
	alive     time.Time // when it was last seen to record
	dead      bool
	losses    uint64
	gaps      int
	blurred   []traffic.Gap // stretches whose stamps are doubtful
}

// record starts every recorder and returns when each has proved that it
// records. Nothing may be sent before.
func (p *performance) record(ctx context.Context) error {
	p.observe(p.event(Proving))
	for _, g := range p.order.Gateways {
		if err := p.start(ctx, g.Name(), g.Interface); err != nil {
			return fmt.Errorf("record %s: %w (no command was sent)", g.Name(), err)
		}
	}
	var proofs errgroup.Group
	for _, t := range p.taps {
		proofs.Go(func() error { return p.prove(ctx, t) })
	}
	return proofs.Wait()
}

func (p *performance) start(ctx context.Context, gateway, device string) error {
	recorder := p.order.Recorders[gateway]
	t := &tap{recording: traffic.Recording{Gateway: gateway, Interface: device, Keep: p.order.Keep, Start: time.Now()}}
	if d, ok := recorder.(capture.Describer); ok {
		described := d.Describe()
		t.recording.Filter = described.Filter
		if described.Interface != "" {
			t.recording.Interface = described.Interface
		}
	}
	sink, err := p.folder.Sink(gateway, runs.Tap{Interface: t.recording.Interface, Filter: t.recording.Filter,
		Application: strings.TrimSpace("hueprint " + p.order.Version)})
	if err != nil {
		return err
	}
	t.sink = sink
	if t.session, err = recorder.Start(ctx, keeping{redact.NewKeeper(p.order.Keep), sink}); err != nil {
		return errors.Join(err, sink.Close())
	}
	p.taps = append(p.taps, t)
	return p.folder.Recording(t.recording)
}

// keeping is a sink that takes of each frame what is to be kept.
type keeping struct {
	keeper *redact.Keeper
	sink   capture.Sink
}

func (k keeping) Frame(f traffic.Frame) error { return k.sink.Frame(k.keeper.Frame(f)) }

// prove demands the proof of one recorder within the set time.
func (p *performance) prove(ctx context.Context, t *tap) error {
	within := p.ProofWithin
	if within == 0 {
		within = proofWithin
	}
	ctx, cancel := context.WithTimeoutCause(ctx, within, fmt.Errorf("no proof within %v", within))
	defer cancel()
	proof, err := t.session.Prove(ctx)
	if err != nil {
		if cause := context.Cause(ctx); cause != nil && !errors.Is(err, cause) {
			err = fmt.Errorf("%w: %w", cause, err)
		}
		return fmt.Errorf("the recorder of %s does not show that it records: %w (no command was sent)", t.recording.Gateway, err)
	}
	t.recording.Proved, t.recording.Proof, t.alive = proof.At, proof.By, time.Now()
	return p.folder.Recording(t.recording)
}

// checkTaps notes what recorders have lost since the last look. A recorder that
// ended by itself leaves a gap to the end of the run. The run goes on as long as
// one recorder records: the others' verdicts do not depend on the dead one.
func (p *performance) checkTaps() error {
	var died []error
	for _, t := range p.taps {
		select {
		case <-t.session.Done():
			if !t.dead {
				t.dead = true
				p.note("the recorder of %s ended by itself: %v", t.recording.Gateway, t.session.Err())
			}
			died = append(died, fmt.Errorf("%s: %w", t.recording.Gateway, cmp.Or(t.session.Err(), errEnded)))
		default:
			t.alive = time.Now()
			p.losses(t)
		}
	}
	if len(died) == len(p.taps) {
		return fmt.Errorf("no recorder is left: %w", errors.Join(died...))
	}
	return nil
}

var errEnded = errors.New("the recorder ended by itself (look at its interface, then run again)")

// losses journals the counts when frames were lost, so that they are known even
// if the process dies.
func (p *performance) losses(t *tap) {
	stats := t.session.Stats()
	if stats.Dropped == t.losses && len(stats.Gaps) == t.gaps {
		return
	}
	t.losses, t.gaps = stats.Dropped, len(stats.Gaps)
	t.count(stats)
	p.keep(p.folder.Recording(t.recording))
	p.note("the recorder of %s has lost %d frames so far", t.recording.Gateway, stats.Dropped)
}

// blur counts as a gap what a step of the wall clock, since its last look at
// before, made doubtful: frames are stamped by that clock, and after a step back
// the same stamps come again.
func (p *performance) blur(before time.Time, step time.Duration) {
	g := traffic.Gap{From: before, To: p.clock.wall, Reason: fmt.Sprintf("the wall clock was moved by %v", step)}
	if step < 0 {
		g.From, g.To = g.From.Add(step), g.To.Add(-step)
	}
	for _, t := range p.taps {
		t.blurred = append(t.blurred, g)
		t.count(t.session.Stats())
		p.keep(p.folder.Recording(t.recording))
	}
}

// count takes over what the session has counted, and what was written.
func (t *tap) count(stats capture.Stats) {
	written := t.sink.Counts()
	t.recording.Frames, t.recording.Bytes = written.Frames, written.Bytes
	t.recording.Dropped, t.recording.Gaps = stats.Dropped, slices.Concat(stats.Gaps, t.blurred)
}

// stopTaps ends every recording and journals how it went.
func (p *performance) stopTaps(ctx context.Context) error {
	errs := make([]error, len(p.taps))
	var group errgroup.Group
	for i, t := range p.taps {
		group.Go(func() error {
			errs[i] = p.stopTap(ctx, t)
			return nil
		})
	}
	return errors.Join(append(errs, group.Wait())...)
}

func (p *performance) stopTap(ctx context.Context, t *tap) error {
	ctx, cancel := context.WithTimeout(ctx, stopWithin)
	defer cancel()
	endedBefore := ended(t.session)
	stats, err := t.session.Stop(ctx)
	closeErr := t.sink.Close()
	t.recording.End = time.Now()
	t.count(stats)
	t.recording.Failure = onceEach(err, t.session.Err(), closeErr)
	if endedBefore && t.recording.Failure == "" {
		t.recording.Failure = errEnded.Error()
	}
	if endedBefore {
		t.recording.Gaps = append(t.recording.Gaps, traffic.Gap{From: t.lastKnown(stats), To: t.recording.End,
			Reason: "the recorder ended by itself"})
	}
	return p.folder.Recording(t.recording)
}

// onceEach tells every error on one line, but none that another one tells.
func onceEach(errs ...error) string {
	var told []string
	for _, err := range errs {
		if err == nil {
			continue
		}
		for line := range strings.Lines(err.Error()) {
			line = strings.TrimSpace(line)
			if !slices.ContainsFunc(told, func(t string) bool { return strings.Contains(t, line) }) {
				told = append(told, line)
			}
		}
	}
	return strings.Join(told, "; ")
}

func ended(s capture.Session) bool {
	select {
	case <-s.Done():
		return true
	default:
		return false
	}
}

// lastKnown is the latest instant at which the recorder is known to have worked.
func (t *tap) lastKnown(stats capture.Stats) time.Time {
	last := t.recording.Start
	for _, at := range []time.Time{t.alive, stats.Last} {
		if at.After(last) {
			last = at
		}
	}
	return last
}

package orchestrator

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/runs"
	"github.com/hueprint/hueprint/traffic"
)

const (
	// dregs is how long after the last window its frames may still be on their
	// way from the network to the recorder.
	dregs = 500 * time.Millisecond
	// answerBefore is how long before the next preparation a look's answer must
	// be there.
	answerBefore = 200 * time.Millisecond
)

var errLate = errors.New("the analysis was not ready before the next slot (plan a longer settle)")

// look takes the planned look after that many slots, if there is one before the
// end, and tells whether it ends the run.
func (p *performance) look(ctx context.Context, slots int) (decided bool, err error) {
	planned := p.order.Plan.Experiment.Looks
	n, found := slices.BinarySearch(planned, slots)
	if !found || n == len(planned)-1 {
		return false, nil
	}
	l := experiments.Look{Number: n + 1, Slots: slots}
	if err := sleepUntil(ctx, time.Now().Add(dregs)); err != nil {
		return false, fmt.Errorf("before look %d of %d: %w", l.Number, len(planned), err)
	}
	var failure error
	l.Decided, failure = p.ask(ctx, l)
	if ctx.Err() != nil {
		return false, fmt.Errorf("during look %d of %d: %w", l.Number, len(planned), stopped(ctx))
	}
	if failure != nil {
		l.Decided, l.Failure = false, failure.Error()
		p.note("look %d of %d could not be taken, so the run goes on: %v", l.Number, len(planned), failure)
	}
	l.At = time.Now()
	if err := p.folder.Look(l); err != nil {
		return false, err
	}
	if l.Decided {
		p.ended = l
	}
	e := p.event(Acting)
	e.Look, e.Looks = &l, len(planned)
	p.observe(e)
	return l.Decided, nil
}

// ask has the answer to a look computed beside the run, on a thread of ordinary
// rank, and waits for it as long as the plan allows.
func (p *performance) ask(ctx context.Context, l experiments.Look) (bool, error) {
	for _, t := range p.taps {
		if err := t.sink.Flush(); err != nil {
			return false, err
		}
	}
	decide := p.Decided
	if decide == nil {
		decide = Decided
	}
	ctx, cancel := context.WithDeadlineCause(ctx, p.nextPrepared(l.Slots-1).Add(-answerBefore), errLate)
	defer cancel()
	type answer struct {
		decided bool
		err     error
	}
	answers := make(chan answer, 1)
	go func() {
		a := answer{err: errors.New("a defect of the program (please report it)")}
		defer func() {
			if r := recover(); r != nil {
				a = answer{err: fmt.Errorf("%w: %v", a.err, r)}
			}
			answers <- a
		}()
		a.decided, a.err = decide(ctx, p.folder, l.Number)
	}()
	select {
	case a := <-answers:
		return a.decided, a.err
	case <-ctx.Done():
		return false, context.Cause(ctx)
	}
}

// end is when the recording ends: the plan's end, or that of the look that ended
// the run.
func (p *performance) end() time.Time {
	return p.started.Add(p.order.Plan.End(p.ended.Slots))
}

// decidedBy says which look ended the run; empty if none did.
func (p *performance) decidedBy() string {
	if !p.ended.Decided {
		return ""
	}
	return fmt.Sprintf("decided at look %d of %d, after %d of %d slots", p.ended.Number, len(p.order.Plan.Experiment.Looks), p.ended.Slots, len(p.order.Plan.Slots))
}

// Decided tells whether the registered analysis of a run that goes on, as of a
// planned look, calls every gateway visible: whether some scope's adjusted p is
// at most the look's share of alpha. It reads what is recorded so far and keeps
// nothing. With several gateways in one run, all of them must be visible, as the
// others would lose the slots that could still show them.
func Decided(ctx context.Context, folder *runs.Folder, look int) (bool, error) {
	run, err := folder.Run()
	if err != nil {
		return false, err
	}
	if reached := run.LookReached(); reached != look {
		return false, fmt.Errorf("look %d was asked for at look %d of run %s", look, reached, run.ID)
	}
	d := newDecoding(folder, run)
	found, _, err := analysis.Analyze(run, func(gateway string) iter.Seq2[traffic.Packet, error] {
		return within(ctx, d.packets(gateway))
	}, analysis.Options{WithoutPower: true})
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return false, fmt.Errorf("analyse run %s at look %d: %w", run.ID, look, err)
	}
	return !slices.ContainsFunc(found.Verdicts, func(v analysis.Verdict) bool { return !v.Significant() }), nil
}

// within yields packets until ctx ends.
func within(ctx context.Context, packets iter.Seq2[traffic.Packet, error]) iter.Seq2[traffic.Packet, error] {
	return func(yield func(traffic.Packet, error) bool) {
		for p, err := range packets {
			if ctx.Err() != nil {
				yield(traffic.Packet{}, ctx.Err())
				return
			}
			if !yield(p, err) {
				return
			}
		}
	}
}

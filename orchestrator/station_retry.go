package orchestrator

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/runs"
	"github.com/hueprint/hueprint/traffic"
)

// errSilent marks what failed because the bridge did not answer.
var errSilent = errors.New("the bridge is silent")

// awayError is an error with the mark.
type awayError struct{ error }

func (e awayError) Is(target error) bool { return target == errSilent }
func (e awayError) Unwrap() error        { return e.error }

// Away marks an error of [Station.Prepare] as the bridge's silence, after which
// another attempt may succeed. The text stays; nil stays nil.
func Away(err error) error {
	if err == nil {
		return nil
	}
	return awayError{err}
}

const (
	// unconfirmedMost and clockShare are those by which an analysis doubts its
	// evidence.
	unconfirmedMost = 0.1
	clockShare      = 4
)

// Again says whether a run should be tried again, and why: only for what its
// evidence shows to have failed in carrying it out (a recorder that did not prove
// itself or ended, frames lost in windows, a clock that is not known well enough,
// commands that nobody saw take effect, a bridge that is away). Never because of
// a p or of a verdict that evidence carries, nor of a design that is too small,
// nor after an operator's stop: repeating until something is found would make
// the found thing worthless. found is nil where there are no findings, and the
// run has no ID where none was begun.
func Again(r experiments.Run, found *analysis.Findings, err error) (reason string, again bool) {
	var held *runs.HeldError
	switch {
	case r.Ending == experiments.Stopped, errors.Is(err, errStopped), errors.As(err, &held):
	case r.ID == "" && errors.Is(err, errSilent):
		reason = "the bridge did not answer"
	case r.ID == "":
	case r.Ending == experiments.Aborted:
		reason = aborted(r)
	case r.Ending == experiments.Complete && !r.Idle:
		reason = weak(r, found)
	}
	return reason, reason != ""
}

// aborted says what evidence a run shows of the failure that ended it; empty for
// other failures.
func aborted(r experiments.Run) string {
	if len(r.Commands) == 0 {
		for _, g := range r.Gateways {
			if rec, ok := r.Recording(g.Name()); !ok || rec.Proved.IsZero() {
				return fmt.Sprintf("the recorder of %s did not show that it records", g.Name())
			}
		}
		if r.Started.IsZero() && !r.Idle {
			return "the bridge did not carry out the first command"
		}
	}
	if dead := deadRecorders(r); len(dead) > 0 && len(dead) == len(r.Recordings) {
		return fmt.Sprintf("the recorder of %s ended by itself", dead[0])
	}
	sent := slices.DeleteFunc(slices.Clone(r.Commands), func(c experiments.Command) bool { return c.Action == "" })
	if len(sent) > 0 && sent[len(sent)-1].Answered.IsZero() && sent[len(sent)-1].Outcome != experiments.Done {
		return "the bridge did not answer any more"
	}
	return ""
}

func deadRecorders(r experiments.Run) (names []string) {
	for _, rec := range r.Recordings {
		if rec.Failure != "" {
			names = append(names, rec.Gateway)
		}
	}
	return names
}

// weak says why the evidence of a complete run carries no answer for some
// gateway. Where it carries one, nothing is said, whatever the answer is.
func weak(r experiments.Run, found *analysis.Findings) string {
	for _, g := range r.Gateways {
		if found != nil && conclusive(*found, g.Name()) {
			continue
		}
		if reason := weakness(r, g.Name()); reason != "" {
			return reason
		}
	}
	return ""
}

func conclusive(found analysis.Findings, gateway string) bool {
	return slices.ContainsFunc(found.Verdicts, func(v analysis.Verdict) bool {
		return v.Gateway == gateway && v.Verdict != analysis.Inconclusive
	})
}

func weakness(r experiments.Run, gateway string) string {
	rec, ok := r.Recording(gateway)
	window := r.Registered.Window
	switch {
	case !ok:
		return fmt.Sprintf("there is no recording of %s", gateway)
	case rec.Failure != "":
		return fmt.Sprintf("the recording of %s ended early", gateway)
	case lost(r, rec, window):
		return fmt.Sprintf("frames of %s were lost in windows", gateway)
	case window > 0 && rec.Offset.Uncertainty() > window/clockShare:
		return fmt.Sprintf("the clock of %s's recorder is not known well enough", gateway)
	case unconfirmed(r):
		return "too many commands were not confirmed by a witness"
	}
	return ""
}

// lost tells whether a gap meets a window, or frames were lost nobody knows when.
func lost(r experiments.Run, rec traffic.Recording, window time.Duration) bool {
	located := uint64(0)
	for _, g := range rec.Gaps {
		located += g.Dropped
		for _, c := range r.Commands {
			from, to := c.Instant().Add(rec.Offset.Min), c.Instant().Add(window+rec.Offset.Max)
			if g.From.Before(to) && !g.To.Before(from) {
				return true
			}
		}
	}
	return rec.Dropped > located
}

func unconfirmed(r experiments.Run) bool {
	sent, missing := 0, 0
	for _, c := range r.Commands {
		if c.Action == "" {
			continue
		}
		sent++
		if c.ConfirmedBy == "" || c.ConfirmedBy == experiments.ByNone {
			missing++
		}
	}
	return float64(missing) > unconfirmedMost*float64(sent)
}

// retryAfter is the wait after the given attempt, which counts from 1.
func retryAfter(first, most time.Duration, attempt int) time.Duration {
	if first <= 0 {
		first = time.Minute
	}
	if most <= 0 {
		most = 15 * time.Minute
	}
	wait := first
	for range attempt - 1 {
		if wait >= most {
			break
		}
		wait *= 2
	}
	return min(wait, most)
}

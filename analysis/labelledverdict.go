package analysis

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/hueprint/hueprint/analysis/correlate"
	"github.com/hueprint/hueprint/analysis/events"
	"github.com/hueprint/hueprint/traffic"
)

// verdict concludes on all captures together.
func (l *labelledStudy) verdict(g traffic.Gateway) (Verdict, []part) {
	v := Verdict{
		Gateway: cmp.Or(g.Name, addresses(g)), Alpha: l.options.Alpha, Link: LinkNotShown,
		Candidates: len(l.result.Scores), Power: Power{Plants: []Plant{}, Sentence: "What would have been detected cannot be said: without control slots the shifts are no fair lot."},
	}
	packets := make(map[traffic.Scope]int)
	for _, r := range l.recordings {
		for scope, n := range r.log.ScopePackets {
			packets[scope] += n
		}
	}
	l.witness(&v)
	doubts := l.doubts()
	selection := l.selection()
	v.Tests = tests(selection.Candidates, selection.Scores)
	for _, s := range selection.Scores {
		if s.Constant {
			v.Constant++
		}
	}
	shown := headline{trials: selection.Trials, selection: selection, doubtful: len(doubts) > 0}.conclude(&v, packets)
	v.Reasons = doubts
	if len(doubts) == 0 {
		v.Reasons = append(labelledReasons(v), l.approximate())
	}
	for _, r := range l.recordings {
		v.Trials = append(v.Trials, perTrial(r.trials, shown, r.log.Stamps, l.window)...)
	}
	return v, shown
}

// labelledReasons are those of a designed run, but for the slots it lacks.
func labelledReasons(v Verdict) []string {
	out := reasons(v, fmt.Sprintf("α = %g", v.Alpha))
	out[len(out)-1] = "What would change this: a run of hueprint's own, with control slots, that says otherwise."
	return out
}

func (l *labelledStudy) approximate() string {
	return fmt.Sprintf("p is approximate: it is a share of %s of the schedule, as the captures have no control slots; about %.2g is the least it can be, (window + 1 s)/duration.", l.shifts(), l.result.Floor)
}

func (l *labelledStudy) shifts() string {
	if l.result.Enumerated {
		return fmt.Sprintf("all %d circular shifts", l.result.Pool)
	}
	return fmt.Sprintf("%d independent circular shifts of each capture", l.result.Pool-1)
}

func (l *labelledStudy) doubts() []string {
	out := slices.Clone(l.damage)
	if l.result.Floor > l.options.Alpha {
		out = append(out, fmt.Sprintf("Capture too short: the least p it can yield is about %.2g, (window + 1 s)/duration, above α = %g. Record longer around the actions, or analyse several captures together.", l.result.Floor, l.options.Alpha))
	}
	return out
}

// witness fills in the evidence.
func (l *labelledStudy) witness(v *Verdict) {
	e := Evidence{Outcomes: map[string]int{}, Confirmed: map[string]int{}, ClockUncertainty: l.options.Uncertainty, Proof: "labelled capture"}
	for _, r := range l.recordings {
		e.Packets += r.log.Packets
		e.Bytes += r.log.Bytes
		e.DroppedDup += r.log.Duplicates
		e.Retransmits += r.log.Retransmissions + r.log.KeepAlives
		e.Undecoded += r.log.Undecoded
		e.BridgePackets += r.log.BridgePackets
	}
	if e.BridgePackets > 0 {
		v.Link = LinkShown
	}
	v.Evidence = e
}

// selection is what the choice of the pattern rests on: the candidates with
// their occurrences in the actions' windows.
func (l *labelledStudy) selection() correlate.Selection {
	s := correlate.Selection{Trials: l.trials(), Alpha: l.options.Alpha}
	for i, score := range l.result.Scores {
		c := correlate.Candidate{Class: score.Class, Counts: make([]int, len(s.Trials))}
		if score.P <= l.options.Alpha {
			for t := range s.Trials {
				c.Counts[t] = count(s.Trials[t].Events, score.Class)
			}
		}
		s.Candidates = append(s.Candidates, c)
		s.Scores = append(s.Scores, correlate.Score{
			Candidate: i, Feature: score.Feature, Observed: int(score.Observed), RawP: score.RawP, P: score.P, Constant: score.Constant,
		})
	}
	s.Beyond = func(c correlate.Class) int {
		n := 0
		for _, r := range l.recordings {
			n += count(r.log.Events, c)
		}
		for _, t := range s.Trials {
			n -= count(t.Events, c)
		}
		return n
	}
	s.Outside = func(g correlate.Group) []int {
		var lengths []int
		for _, r := range l.recordings {
			lengths = append(lengths, outside(r.log.Events, r.trials)(g)...)
		}
		slices.Sort(lengths)
		return slices.Compact(lengths)
	}
	return s
}

func count(log []events.Event, c correlate.Class) int {
	n := 0
	for i := range log {
		if c.Holds(&log[i]) {
			n++
		}
	}
	return n
}

func (l *labelledStudy) findings(captures []Labelled, v Verdict) Findings {
	f := Findings{Schema: Schema, Version: Version, Verdicts: []Verdict{v}, Warnings: l.warnings}
	actions := 0
	for _, c := range captures {
		f.Subject.Captures = append(f.Subject.Captures, c.Name)
	}
	for _, r := range l.recordings {
		actions += len(r.actions)
		if f.Subject.Started.IsZero() || r.log.First.Before(f.Subject.Started) {
			f.Subject.Started = r.log.First
		}
		if r.log.Last.After(f.Subject.Ended) {
			f.Subject.Ended = r.log.Last
		}
	}
	f.Design = Design{
		Method: CircularShift, Actions: actions, Assignments: l.result.Shifts, Redraws: l.result.Pool, Enumerated: l.result.Enumerated,
		LeastP: l.result.Floor, Window: l.window.After, Alpha: l.options.Alpha, Seed: l.options.Seed,
	}
	if !l.result.Enumerated {
		f.Design.Redraws--
	}
	f.Warnings = append(f.Warnings, l.approximate())
	if w := l.disagreement(v); w != "" {
		f.Warnings = append(f.Warnings, w)
	}
	return f
}

// disagreement warns when redrawing each action near its place says otherwise
// than shifting all of them: the schedule may be locked to a rhythm.
func (l *labelledStudy) disagreement(v Verdict) string {
	least := 1.0
	for _, s := range l.result.Scores {
		least = min(least, s.P)
	}
	jitter := l.result.JitterP
	if math.IsNaN(jitter) || (least <= v.Alpha) == (jitter <= v.Alpha) {
		return ""
	}
	return fmt.Sprintf("Two redraws disagree: shifting the schedule gives p = %.2g, moving each action within half the gap to its neighbours %.2g. The schedule may be locked to a rhythm of the traffic: do not rest on this verdict alone.", least, jitter)
}

package analysis

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/hueprint/hueprint/analysis/align"
	"github.com/hueprint/hueprint/analysis/correlate"
	"github.com/hueprint/hueprint/analysis/events"
	"github.com/hueprint/hueprint/traffic"
)

// coreShare is the share of action trials that a core step comes with.
const coreShare = 0.9

// A part is a step of a pattern with the class of events that it describes.
type part struct {
	step  Step
	class correlate.Class
}

// parts describes the chosen classes as steps, in order of median delay, and
// marks the main one.
func parts(chosen []correlate.Chosen, trials []align.Trial) []part {
	out := make([]part, 0, len(chosen))
	for _, c := range chosen {
		out = append(out, part{measure(c, trials), c.Class})
	}
	slices.SortStableFunc(out, func(a, b part) int {
		return cmp.Or(cmp.Compare(a.step.DelayMS, b.step.DelayMS), a.class.Compare(b.class))
	})
	markMain(out)
	return out
}

// patternOf is the pattern of the parts' steps; never nil, so that it reads as
// an empty list.
func patternOf(parts []part) Pattern {
	steps := make([]Step, 0, len(parts))
	for _, p := range parts {
		steps = append(steps, p.step)
	}
	return Pattern{Steps: steps}
}

// measure describes one class over the confirmed trials.
func measure(c correlate.Chosen, trials []align.Trial) Step {
	s := Step{
		Channel: c.Channel, Name: channelName(c.Channel), Direction: c.Direction, Kind: c.Kind, Detail: c.Detail,
		P: c.P, F1: c.F1, Actions: map[string]int{},
	}
	var delays []float64
	for _, t := range trials {
		if !t.Confirmed {
			continue
		}
		first, found := bounds(&s, c.Class, t)
		switch {
		case t.Control:
			s.OfControl++
			if found {
				s.SeenControl++
			}
		default:
			s.Of++
			if found {
				s.Seen++
				s.Actions[t.Action]++
				delays = append(delays, float64(t.Delay(first))/float64(time.Millisecond))
			}
		}
	}
	slices.Sort(delays)
	s.DelayMS = quantile(delays, 0.5)
	s.DelayIQRMS = quantile(delays, 0.75) - quantile(delays, 0.25)
	s.Core = float64(s.Seen) >= coreShare*float64(s.Of)
	return s
}

// bounds finds the trial's first event of the class and, in an action trial,
// widens the step's lengths over all of them.
func bounds(s *Step, c correlate.Class, t align.Trial) (first time.Time, found bool) {
	for i := range t.Events {
		e := &t.Events[i]
		if !c.Holds(e) {
			continue
		}
		if !found {
			first, found = e.Time, true
		}
		if t.Control {
			return first, true
		}
		if s.LengthMin == 0 && s.LengthMax == 0 && s.FrameMax == 0 {
			s.LengthMin, s.FrameMin, s.PayloadMin = e.Length, e.Frame, e.Payload
		}
		s.LengthMin, s.LengthMax = min(s.LengthMin, e.Length), max(s.LengthMax, e.Length)
		s.FrameMin, s.FrameMax = min(s.FrameMin, e.Frame), max(s.FrameMax, e.Frame)
		s.PayloadMin, s.PayloadMax = min(s.PayloadMin, e.Payload), max(s.PayloadMax, e.Payload)
	}
	return first, found
}

func channelName(c events.Channel) string {
	return fmt.Sprintf("%s:%d/%s", c.Name, c.Port, c.Transport)
}

// quantile interpolates between the sorted values as R's default does (R. J.
// Hyndman and Y. Fan, "Sample Quantiles in Statistical Packages", 1996, type 7),
// which gonum lacks.
func quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	at := q * float64(len(sorted)-1)
	low := int(at)
	high := min(low+1, len(sorted)-1)
	return sorted[low] + (at-float64(low))*(sorted[high]-sorted[low])
}

// outside gives the lengths of a group beyond the action trials.
func outside(log []events.Event, trials []align.Trial) func(correlate.Group) []int {
	return func(g correlate.Group) []int {
		beyond := make(map[int]int) // by length: how many are not in action trials
		for i := range log {
			if g.Holds(&log[i]) {
				beyond[log[i].Length]++
			}
		}
		for _, t := range trials {
			if t.Control {
				continue
			}
			for i := range t.Events {
				if g.Holds(&t.Events[i]) {
					beyond[t.Events[i].Length]--
				}
			}
		}
		var lengths []int
		for length, n := range beyond {
			if n > 0 {
				lengths = append(lengths, length)
			}
		}
		slices.Sort(lengths)
		return lengths
	}
}

// perTrial are the trials for tables: the events of each step, and all packets.
func perTrial(trials []align.Trial, parts []part, stamps []events.Stamp, w align.Window) []Trial {
	out := make([]Trial, 0, len(trials))
	for _, t := range trials {
		row := Trial{Slot: t.Slot, At: t.At, Control: t.Control, Action: t.Action}
		for _, p := range parts {
			n := 0
			for i := range t.Events {
				if p.class.Holds(&t.Events[i]) {
					n++
				}
			}
			row.Seen = append(row.Seen, n)
		}
		from := t.Captured().Add(-w.Before)
		for _, stamp := range align.Between(stamps, from, t.Captured().Add(w.After), func(s events.Stamp) time.Time { return s.Time }) {
			row.Packets++
			row.Bytes += int(stamp.Wire)
		}
		out = append(out, row)
	}
	return out
}

// scopesSeen are the scopes with packets, from the widest audience to the narrowest.
func scopesSeen(packets map[traffic.Scope]int) []traffic.Scope {
	var out []traffic.Scope
	for _, scope := range []traffic.Scope{traffic.Internet, traffic.Bridge, traffic.Phone, traffic.LAN} {
		if packets[scope] > 0 {
			out = append(out, scope)
		}
	}
	return out
}

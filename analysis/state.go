package analysis

import (
	"fmt"
	"math"
	"time"

	"github.com/hueprint/hueprint/analysis/align"
	"github.com/hueprint/hueprint/analysis/correlate"
	"github.com/hueprint/hueprint/analysis/events"
)

// A stretch is the time outside all windows from one action to the next, in
// which the light stays as that action left it. Fresh is the part right after
// the action's own window, settled what follows later, after control slots.
type stretch struct {
	events         []events.Event
	fresh, settled time.Duration
	// early counts the events that lie in the fresh part.
	early int
}

func (s stretch) length() time.Duration { return s.fresh + s.settled }

// stretches has one stretch for each action trial. What comes before the first
// action is left out: there the light was brought into its initial state. The
// last one ends with the plan, before the light is put back.
func (s *study) stretches(actions []int) []stretch {
	out := make([]stretch, len(actions))
	for n, from := range actions {
		to := len(s.trials)
		if n+1 < len(actions) {
			to = actions[n+1]
		}
		for i := from; i < to; i++ {
			begin, end := s.trials[i].Captured().Add(s.window.After), s.planned()
			if i+1 < len(s.trials) {
				end = s.trials[i+1].Captured().Add(-s.window.Before)
			}
			if !begin.Before(end) {
				continue
			}
			out[n].add(align.Between(s.log.Events, begin, end, func(e events.Event) time.Time { return e.Time }), end.Sub(begin), i == from)
		}
	}
	return out
}

// planned is the end of the plan, at the look that is analysed, by the capturing host's clock, or that of the
// recording if earlier.
func (s *study) planned() time.Time {
	end := s.log.Last
	if at := s.run.Started.Add(s.duration() + s.recording.Offset.Middle()); !s.run.Started.IsZero() && at.Before(end) {
		end = at
	}
	return end
}

// duration is how long the plan takes up to the look that is analysed.
func (s *study) duration() time.Duration {
	if look := s.run.LookReached(); look > 0 {
		return s.run.Plan.End(s.run.Plan.Experiment.Looks[look-1])
	}
	return s.run.Plan.Duration
}

func (s *stretch) add(more []events.Event, length time.Duration, fresh bool) {
	s.events = append(s.events, more...)
	if fresh {
		s.fresh += length
		s.early += len(more)
		return
	}
	s.settled += length
}

// state tests the stretches while on against those while off. The coin of each
// action decided its stretch, so that the test is as that of the reactions. Where
// a reaction reaches its window's end, more of it may lie outside.
func (s *study) state(actions []int, on []bool, reaction []correlate.Candidate) SecondaryTest {
	stretches := s.stretches(actions)
	trials, exposure := make([]align.Trial, len(stretches)), make([]time.Duration, len(stretches))
	for i, st := range stretches {
		trials[i].Events, exposure[i] = st.events, st.length()
	}
	family := correlate.Candidates(trials)
	for i := range family {
		family[i].Exposure = exposure
	}
	c := comparison{question: StateQuestion, yes: "on", no: "off", labels: on, family: family, redraw: correlate.NewDesign, assumption: ByDesign, study: s}
	out := c.test()
	if out.Clearest == nil {
		return out
	}
	class := classOf(*out.Clearest, family)
	out.Clearest.PerMinute = perMinute(stretches, on, class)
	if out.Answer != Shown {
		return out
	}
	out.Answer = StateShown
	if s.reachesWindowsEnd(reaction) || !persists(stretches, on, class) {
		out.Answer = LateOrState
		out.Sentence += " A reaction that comes after the window would look the same."
	}
	return out
}

// classOf finds the class of a contrast again.
func classOf(c Contrast, family []correlate.Candidate) correlate.Class {
	for _, f := range family {
		if channelName(f.Channel) == c.Channel && f.Channel.Scope == c.Scope && f.Direction == c.Direction && f.Kind == c.Kind && f.Detail == c.Detail && f.Min == c.LengthMin && f.Max == c.LengthMax {
			return f.Class
		}
	}
	return correlate.Class{}
}

// A flow of events of a class: how many, how many bytes, in what time.
type volume struct {
	count, bytes int
	over         time.Duration
}

func (v *volume) add(list []events.Event, c correlate.Class, over time.Duration) {
	v.over += over
	for i := range list {
		if c.Holds(&list[i]) {
			v.count++
			v.bytes += list[i].Length
		}
	}
}

func (v volume) perMinute() float64 {
	if v.over <= 0 {
		return 0
	}
	return float64(v.count) / v.over.Minutes()
}

func perMinute(stretches []stretch, on []bool, c correlate.Class) map[string]float64 {
	var sums [2]volume
	for i, st := range stretches {
		sums[side(on[i])].add(st.events, c, st.length())
	}
	return map[string]float64{"on": thousandths(sums[1].perMinute()), "off": thousandths(sums[0].perMinute())}
}

func side(on bool) int {
	if on {
		return 1
	}
	return 0
}

func thousandths(x float64) float64 { return math.Round(1000*x) / 1000 }

// persists tells whether a class differs between on and off long after the
// actions, too, at least half as much as right after them and to the same side:
// a state goes on, a late reaction does not.
func persists(stretches []stretch, on []bool, c correlate.Class) bool {
	var fresh, settled [2]volume
	for i, st := range stretches {
		fresh[side(on[i])].add(st.events[:st.early], c, st.fresh)
		settled[side(on[i])].add(st.events[st.early:], c, st.settled)
	}
	if settled[0].over <= 0 || settled[1].over <= 0 {
		return false
	}
	early, late := fresh[1].perMinute()-fresh[0].perMinute(), settled[1].perMinute()-settled[0].perMinute()
	return late*early > 0 && math.Abs(late) >= math.Abs(early)/2
}

// stateDescribed gives the figures where nothing was drawn: all packets outside
// the windows, while on and while off.
func (s *study) stateDescribed(actions []int, on []bool) SecondaryTest {
	var packets [2]int
	var over [2]time.Duration
	for i, st := range s.stretches(actions) {
		over[side(on[i])] += st.length()
		packets[side(on[i])] += len(st.events)
	}
	rate := func(i int) float64 {
		return volume{count: packets[i], over: over[i]}.perMinute()
	}
	return SecondaryTest{Question: StateQuestion, Answer: Described, Assumption: Undrawn,
		Sentence: fmt.Sprintf("Outside all windows the gateway's traffic had %.1f events a minute while the light was on and %.1f while it was off; directions that alternate allow no test of it.", rate(1), rate(0)),
	}
}

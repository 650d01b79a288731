package analysis

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/hueprint/hueprint/analysis/align"
	"github.com/hueprint/hueprint/analysis/correlate"
	"github.com/hueprint/hueprint/experiments"
)

// secondary asks what the directions of the commands allow. Where a fair coin
// drew each, on and off, and likewise change and repeat (each coin against the
// one before), were fair coins, too; given how many of each came up, all their
// orders were equally likely. Where they alternated, pairs stand in.
func (s *study) secondary() []SecondaryTest {
	trials, labels := s.directed()
	if len(trials) < 2 {
		return nil
	}
	chosen := s.blindly()
	family := s.reaction(trials, chosen)
	on := comparison{question: OnAgainstOff, yes: "on", no: "off", labels: labels.on, family: family, study: s}
	if s.run.Plan.Experiment.Directions == experiments.Random {
		change := comparison{question: ChangeAgainstCommand, yes: "change", no: "repeat", labels: labels.change, family: family, study: s}
		on.redraw, change.redraw = correlate.NewDesign, correlate.NewDesign
		on.assumption, change.assumption = ByDesign, ByDesign
		return append([]SecondaryTest{on.test(), change.test(), s.state(trials, labels.on, family)}, s.told(chosen)...)
	}
	on.redraw, on.assumption = correlate.NewPairs, ExchangeablePairs
	return append([]SecondaryTest{on.test(), s.stateDescribed(trials, labels.on)}, s.told(chosen)...)
}

// directions are the labels of the action trials: as drawn, whatever became of
// the commands.
type directions struct{ on, change []bool }

// directed are the action trials, by their place among all, and their labels.
func (s *study) directed() (places []int, labels directions) {
	for i, t := range s.trials {
		if t.Control {
			continue
		}
		slot := s.run.Plan.Slots[t.Slot]
		if slot.Action != experiments.On && slot.Action != experiments.Off {
			return nil, directions{}
		}
		places = append(places, i)
		labels.on = append(labels.on, slot.Action == experiments.On)
		labels.change = append(labels.change, !slot.Repeat)
	}
	return places, labels
}

// reaction are the candidates within the classes that come with the action,
// counted over the action trials. They were chosen by arms alone, so that the
// comparison stays a fair one.
func (s *study) reaction(places []int, chosen []correlate.Chosen) []correlate.Candidate {
	var out []correlate.Candidate
	for _, c := range s.candidates {
		if slices.ContainsFunc(chosen, func(d correlate.Chosen) bool { return within(c, d) }) {
			out = append(out, at(c, places))
		}
	}
	return out
}

// blindly are the classes that come with the action, chosen as if nobody knew the
// directions.
func (s *study) blindly() []correlate.Chosen {
	blind := slices.Clone(s.trials)
	for i := range blind {
		blind[i].Action, blind[i].Confirmed = "", true
	}
	return s.beyondState(correlate.Select(correlate.Selection{
		Trials: blind, Candidates: s.candidates, Scores: s.result.Scores, Alpha: s.set.alpha, Outside: outside(s.log.Events, blind),
	}))
}

func within(c correlate.Candidate, d correlate.Chosen) bool {
	return c.Group == d.Group && c.Min >= d.Min && c.Max <= d.Max
}

// beyondState keeps the classes that come with the action even among trials in
// which the light is in the same state afterwards: heartbeats that follow the
// light are no reaction to a command.
func (s *study) beyondState(chosen []correlate.Chosen) []correlate.Chosen {
	if len(chosen) == 0 {
		return nil
	}
	d := correlate.NewStrata(arms(s.trials), s.strata(), s.set.seed)
	return slices.DeleteFunc(chosen, func(c correlate.Chosen) bool {
		var members []correlate.Candidate
		for _, m := range s.candidates {
			if within(m, c) {
				members = append(members, m)
			}
		}
		return !slices.ContainsFunc(d.Test(members).Scores, func(score correlate.Score) bool { return !score.Constant && score.P <= s.set.alpha })
	})
}

// strata are the states of the light, block by block.
func (s *study) strata() []int {
	out, blocks := s.states(), s.blocks()
	for i := range out {
		out[i] += 2 * blocks[i]
	}
	return out
}

// states are those of the light after each trial's slot, as drawn.
func (s *study) states() []int {
	state := s.run.Plan.Initial
	out := make([]int, len(s.trials))
	for i, t := range s.trials {
		if !t.Control {
			state = s.run.Plan.Slots[t.Slot].Action
		}
		out[i] = side(state == experiments.On)
	}
	return out
}

// at is the candidate over some of the trials.
func at(c correlate.Candidate, places []int) correlate.Candidate {
	part := correlate.Candidate{Class: c.Class}
	for _, i := range places {
		part.Counts, part.Bytes = append(part.Counts, c.Counts[i]), append(part.Bytes, c.Bytes[i])
	}
	return part
}

// A comparison of two labels over a family of candidates.
type comparison struct {
	question   Question
	yes, no    string
	labels     []bool
	family     []correlate.Candidate
	redraw     func(labels []bool, seed uint64) *correlate.Design
	assumption string
	study      *study
}

// words say a question's answer.
var words = map[Question]string{
	OnAgainstOff:         "the reactions to on and to off",
	ChangeAgainstCommand: "the reactions to a change and to a command that changes nothing",
	StateQuestion:        "the traffic outside all windows while the light is on and while it is off",
}

func (c comparison) test() SecondaryTest {
	out := SecondaryTest{Question: c.question, Answer: NotTestable, Assumption: c.assumption}
	p, best, found := c.best()
	switch {
	case len(c.family) == 0:
		out.Sentence = fmt.Sprintf("There is nothing to compare in %s: the run shows none.", words[c.question])
		return out
	case !found:
		out.Sentence = fmt.Sprintf("There is nothing to compare in %s: they could not differ in this run.", words[c.question])
		return out
	}
	out.P, out.Clearest = &p, &best
	out.Answer = NotShown
	out.Sentence = fmt.Sprintf("No difference shown between %s (p = %.2g, %s).", words[c.question], p, c.assumption)
	if p <= c.study.set.alpha {
		out.Answer = Shown
		out.Sentence = fmt.Sprintf("A difference between %s is shown (p = %.2g, %s): most clearly %s, by its %s, more with %s; seen in %d of %d with %s and in %d of %d with %s.",
			words[c.question], p, c.assumption, contrastInWords(best), best.Feature, best.More,
			best.Seen[c.yes], best.Of[c.yes], c.yes, best.Seen[c.no], best.Of[c.no], c.no)
	}
	return out
}

// best tests both sides and gives the smaller p, doubled, and the class that it
// is of: on ties the smaller raw p, then a channel's own class before a union,
// and the narrower.
func (c comparison) best() (p float64, best Contrast, found bool) {
	opposite := make([]bool, len(c.labels))
	for i, yes := range c.labels {
		opposite[i] = !yes
	}
	var least correlate.Score
	var more string
	for _, side := range []struct {
		labels []bool
		more   string
	}{{c.labels, c.yes}, {opposite, c.no}} {
		for _, s := range c.redraw(side.labels, c.study.set.seed).Test(c.family).Scores {
			if !s.Constant && (!found || c.compare(s, least) < 0) {
				found, least, more = true, s, side.more
			}
		}
	}
	if !found {
		return 1, Contrast{}, false
	}
	p = min(1, 2*least.P)
	return p, c.contrast(least, more, p), true
}

func (c comparison) compare(a, b correlate.Score) int {
	f, g := c.family[a.Candidate], c.family[b.Candidate]
	return cmp.Or(
		cmp.Compare(a.P, b.P), cmp.Compare(a.RawP, b.RawP),
		first(!f.IsUnion(), !g.IsUnion()), cmp.Compare(f.Width(), g.Width()),
	)
}

func (c comparison) contrast(s correlate.Score, more string, p float64) Contrast {
	class := c.family[s.Candidate]
	out := Contrast{More: more, Seen: map[string]int{c.yes: 0, c.no: 0}, Of: map[string]int{c.yes: 0, c.no: 0}, Test: Test{
		Channel: channelName(class.Channel), Scope: class.Channel.Scope, Direction: class.Direction, Kind: class.Kind, Detail: class.Detail,
		LengthMin: class.Min, LengthMax: class.Max, Feature: string(s.Feature), RawP: s.RawP, P: p,
	}}
	for i, yes := range c.labels {
		label := c.no
		if yes {
			label = c.yes
		}
		out.Of[label]++
		if class.Seen(i) {
			out.Seen[label]++
		}
		if label == more {
			out.Observed += observed(class, s.Feature, i)
		}
	}
	return out
}

// observed is what the trial contributes to the feature, without regard to how
// long it was observed.
func observed(c correlate.Candidate, f correlate.Feature, trial int) float64 {
	switch f {
	case correlate.Count:
		return float64(c.Counts[trial])
	case correlate.Bytes:
		return float64(c.Bytes[trial])
	}
	return float64(min(c.Counts[trial], 1))
}

func contrastInWords(c Contrast) string {
	return packetInWords(c.Kind, c.Detail, c.LengthMin, c.LengthMax, c.Direction, c.Channel)
}

// reachesWindowsEnd tells whether any class of the reaction came so late that more
// of it may have come after the window.
func (s *study) reachesWindowsEnd(family []correlate.Candidate) bool {
	for _, t := range s.trials {
		if !t.Control && slices.ContainsFunc(family, func(c correlate.Candidate) bool { return s.late(c.Class, t) }) {
			return true
		}
	}
	return false
}

// late tells whether a class came in the last tenth of a trial's window.
func (s *study) late(c correlate.Class, t align.Trial) bool {
	for i := range t.Events {
		e := &t.Events[i]
		if c.Holds(e) && t.Delay(e.Time) >= s.window.After-s.window.After/10 {
			return true
		}
	}
	return false
}

package analysis

import (
	"fmt"
	"math"
	"strings"

	"github.com/hueprint/hueprint/analysis/correlate"
	"github.com/hueprint/hueprint/experiments"
)

// plantWords say each kind of plant in a sentence about reactions.
var plantWords = map[string]string{
	correlate.NewLength:           "one packet of a length not seen otherwise",
	correlate.ExtraRecord:         "one more packet of the commonest length",
	correlate.ExtraRecordAnyDelay: "the same at any time within the window",
}

// power plants artificial marks into the run's trials.
func (s *study) power() Power {
	if s.set.noPower {
		return Power{Plants: []Plant{}, Sentence: "What would have been detected was not computed."}
	}
	if s.design.Actions == 0 || s.design.Actions == s.design.Trials {
		return Power{Plants: []Plant{}, Sentence: "Without both action and control slots nothing can be detected."}
	}
	// A delay uniform over the window W, seen by a clock that is off by up to ±u
	// (uniform), leaves the window with probability u/4W.
	late := float64(s.recording.Offset.Uncertainty()) / (4 * float64(s.set.window))
	alpha := s.set.alpha
	if s.run.Plan.Experiment.Grouping == experiments.Together {
		alpha /= float64(len(s.run.Gateways)) // the most that Holm's adjustment takes
	}
	p := Power{}
	for _, plant := range s.design.Power(s.candidates, s.result, alpha, late) {
		p.Plants = append(p.Plants, Plant(plant))
	}
	p.Sentence = s.powerSentence(p.Plants)
	return p
}

// powerSentence says what would have been detected, within which window, and
// what twice the slots would bring.
func (s *study) powerSentence(plants []Plant) string {
	var would []string
	for _, p := range plants {
		if p.R95 > 0 {
			would = append(would, fmt.Sprintf("%s in at least %.0f %% of actions (%d of %d always sufficed)", plantWords[p.Kind], math.Ceil(100*p.R95), p.KMin, s.design.Actions))
		}
	}
	if len(would) == 0 {
		return fmt.Sprintf("Not even a reaction to every action would surely have been detected at %s; plan more slots.", s.level())
	}
	out := fmt.Sprintf("With probability 0.95 this run would have detected, within %s of a command and on what the tap sees: %s.", experiments.Span(s.set.window), strings.Join(would, "; "))
	controls := s.design.Trials - s.design.Actions
	redraws := s.run.Plan.Experiment.Redraws()
	now := correlate.Detectable(s.design.Actions, controls, s.set.alpha, len(s.candidates), redraws)
	twice := correlate.Detectable(2*s.design.Actions, 2*controls, s.set.alpha, len(s.candidates), redraws)
	if twice.R95 > 0 && (now.R95 == 0 || twice.R95 < now.R95) {
		out += fmt.Sprintf(" With %d + %d slots a packet of a new length in %.0f %% of actions would surely do.", 2*s.design.Actions, 2*controls, math.Ceil(100*twice.R95))
	}
	return out
}

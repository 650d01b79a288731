package analysis

import (
	"testing"

	"github.com/hueprint/hueprint/analysis/events"
	"github.com/hueprint/hueprint/traffic"
)

// The rules that choose the main step, each deciding alone, in any order of steps.
func TestMainStep(t *testing.T) {
	base := Step{Kind: events.TLSRecord, Direction: traffic.Out, LengthMin: 100, LengthMax: 101, DelayMS: 50, F1: 0.9}
	with := func(change func(*Step)) Step {
		s := base
		change(&s)
		return s
	}
	for _, c := range []struct {
		rule  string
		loser Step
	}{
		{"better F1", with(func(s *Step) { s.F1, s.LengthMax, s.DelayMS = 0.89, 600, 1 })},
		{"content before ClientHello", with(func(s *Step) { s.Kind, s.LengthMin, s.LengthMax, s.DelayMS = events.ClientHello, 512, 512, 1 })},
		{"content before the connection's end", with(func(s *Step) { s.Kind = events.FlowEnd })},
		{"content before ICMP", with(func(s *Step) { s.Kind = events.ICMP })},
		{"sent before received", with(func(s *Step) { s.Direction, s.LengthMax = traffic.In, 1300 })},
		{"content before the connection's start", with(func(s *Step) { s.Kind, s.DelayMS = events.FlowStart, 1 })},
		{"longer", with(func(s *Step) { s.LengthMin, s.LengthMax, s.DelayMS = 40, 40, 1 })},
		{"narrower", with(func(s *Step) { s.LengthMin, s.DelayMS = 99, 1 })},
		{"earlier", with(func(s *Step) { s.DelayMS = 51 })},
	} {
		t.Run(c.rule, func(t *testing.T) {
			for winner, steps := range [][]part{{{step: base}, {step: c.loser}}, {{step: c.loser}, {step: base}}} {
				markMain(steps)
				if !steps[winner].step.Main || steps[1-winner].step.Main {
					t.Errorf("main is %+v", steps)
				}
			}
		})
	}
	markMain(nil)
	answer := with(func(s *Step) { s.Direction, s.LengthMin, s.LengthMax = traffic.In, 40, 40 })
	hello := with(func(s *Step) { s.Kind = events.ClientHello })
	if clearer(answer, hello) >= 0 {
		t.Error("a ClientHello sent comes before content received")
	}
	twins := []part{{step: base}, {step: base}}
	markMain(twins)
	if !twins[0].step.Main || twins[1].step.Main {
		t.Error("of two equal steps the first is not the only main one")
	}
}

package analysis_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/traffic"
)

// tossed is a run with directions by coin.
func tossed(seed uint64) experiments.Run {
	e := design(20, 20)
	e.Directions = experiments.Random
	return runOf(e, seed)
}

// answering writes a record of the given length, 0 for none, after each action.
func answering(run experiments.Run, length func(experiments.Slot) int) *wire {
	w := &wire{}
	heartbeat(w.Stream(cloudAddr, 8443), run.Plan.Duration, 7500*time.Millisecond, 90, 85)
	s := w.Stream(cloudAddr, 443)
	for _, slot := range run.Plan.Slots {
		if n := length(slot); !slot.Control && n > 0 {
			s.Record(epoch.Add(slot.At+150*time.Millisecond), traffic.Out, n)
		}
	}
	return w
}

func asked(t *testing.T, v analysis.Verdict, q analysis.Question) analysis.SecondaryTest {
	t.Helper()
	for _, s := range v.Secondary {
		if s.Question == q {
			t.Log(s.Sentence)
			if !strings.HasSuffix(s.Sentence, ".") {
				t.Errorf("no sentence: %q", s.Sentence)
			}
			return s
		}
	}
	t.Fatalf("%s was not asked: %+v", q, v.Secondary)
	return analysis.SecondaryTest{}
}

func TestOnIsToldFromOffByLength(t *testing.T) {
	v := analyze(t, tossed(5), answering(tossed(5), func(s experiments.Slot) int {
		if s.Action == experiments.On {
			return 401
		}
		return 400
	})).Verdicts[0]
	on := asked(t, v, analysis.OnAgainstOff)
	if on.Answer != analysis.Shown || *on.P > 0.001 || on.Assumption != analysis.ByDesign {
		t.Errorf("%+v", on)
	}
	if c := on.Clearest; c.LengthMin != c.LengthMax || c.Seen[c.More] != c.Of[c.More] || c.Of["on"]+c.Of["off"] != 20 || c.Seen["on"]+c.Seen["off"] != c.Of[c.More] {
		t.Errorf("clearest %+v", c)
	}
	if change := asked(t, v, analysis.ChangeAgainstCommand); change.Answer != analysis.NotShown || change.P == nil {
		t.Errorf("%+v", change)
	}
	if state := asked(t, v, analysis.StateQuestion); state.Answer != analysis.NotShown {
		t.Errorf("%+v", state)
	}
}

func TestChangesAreToldFromRepeats(t *testing.T) {
	run := tossed(6)
	v := analyze(t, run, answering(run, func(s experiments.Slot) int {
		if s.Repeat {
			return 0
		}
		return 400
	})).Verdicts[0]
	change := asked(t, v, analysis.ChangeAgainstCommand)
	if change.Answer != analysis.Shown || change.Clearest.More != "change" || change.Clearest.Seen["repeat"] != 0 {
		t.Errorf("%+v", change)
	}
	if on := asked(t, v, analysis.OnAgainstOff); on.Answer != analysis.NotShown {
		t.Errorf("%+v", on)
	}
}

// A poll that comes faster while the light is on is a state, even in gaps of
// unequal length, and a leak into the windows is no reaction.
func TestStateIsToldFromReaction(t *testing.T) {
	run := tossed(8)
	w := &wire{}
	s := w.Stream(cloudAddr, 443)
	for at := time.Second; at < run.Plan.Duration; {
		s.Record(epoch.Add(at), traffic.Out, 66)
		at += 4 * time.Second
		for i := len(run.Plan.Slots) - 1; i >= 0; i-- {
			if slot := run.Plan.Slots[i]; !slot.Control && slot.At <= at {
				if slot.Action == experiments.On {
					at -= 2 * time.Second
				}
				break
			}
		}
	}
	v := analyze(t, run, w).Verdicts[0]
	state := asked(t, v, analysis.StateQuestion)
	if state.Answer != analysis.StateShown || state.Clearest.More != "on" {
		t.Fatalf("%+v", state)
	}
	if r := state.Clearest.PerMinute; r["on"] < 25 || r["on"] > 32 || r["off"] < 13 || r["off"] > 17 {
		t.Errorf("rates %v, want about 30 and 15 a minute", r)
	}
	if on := asked(t, v, analysis.OnAgainstOff); on.Answer == analysis.Shown {
		t.Errorf("%+v", on)
	}
}

// What comes after the window, only after "on", may be late.
func TestLateReactionIsNotCalledState(t *testing.T) {
	run := tossed(9)
	w := &wire{}
	s := w.Stream(cloudAddr, 443)
	for _, slot := range run.Plan.Slots {
		if slot.Action == experiments.On {
			s.Record(epoch.Add(slot.At+run.Plan.Experiment.Window+time.Second), traffic.Out, 300)
		}
	}
	if state := asked(t, analyze(t, run, w).Verdicts[0], analysis.StateQuestion); state.Answer != analysis.LateOrState {
		t.Errorf("%+v", state)
	}
}

// Where directions alternate, pairs are swapped, and the state is described.
func TestAlternatingDirections(t *testing.T) {
	run := runOf(design(20, 20), 4)
	v := analyze(t, run, answering(run, func(s experiments.Slot) int {
		if s.Action == experiments.On {
			return 401
		}
		return 400
	})).Verdicts[0]
	if len(v.Secondary) != 3 {
		t.Fatalf("%+v", v.Secondary)
	}
	on := asked(t, v, analysis.OnAgainstOff)
	if on.Answer != analysis.Shown || on.Assumption != analysis.ExchangeablePairs || *on.P < 2.0/1024-1e-12 {
		t.Errorf("p %v: %+v", *on.P, on)
	}
	if state := asked(t, v, analysis.StateQuestion); state.P != nil || state.Answer != analysis.Described {
		t.Errorf("%+v", state)
	}
}

// Five pairs yield at least 1/32, whatever they show.
func TestFivePairsShowLittle(t *testing.T) {
	run := runOf(design(10, 20), 4)
	v := analyze(t, run, answering(run, func(s experiments.Slot) int {
		if s.Action == experiments.On {
			return 401
		}
		return 400
	})).Verdicts[0]
	if on := asked(t, v, analysis.OnAgainstOff); on.Answer != analysis.NotShown || *on.P < 1.0/32 {
		t.Errorf("p %v, %+v", *on.P, on)
	}
}

func TestNoReactionNothingToCompare(t *testing.T) {
	run := tossed(7)
	v := analyze(t, run, answering(run, func(experiments.Slot) int { return 0 })).Verdicts[0]
	if on := asked(t, v, analysis.OnAgainstOff); on.Answer != analysis.NotTestable || on.P != nil {
		t.Errorf("%+v", on)
	}
	run.Ending = experiments.Aborted
	if v := analyze(t, run, &wire{}).Verdicts[0]; len(v.Secondary) != 0 {
		t.Errorf("an inconclusive verdict has secondary tests: %+v", v.Secondary)
	}
}

// Findings with all that was added are the same on rerun.
func TestSecondaryRerunIsByteIdentical(t *testing.T) {
	run := tossed(5)
	rng := rand.New(rand.NewPCG(1, 1))
	w := answering(run, func(experiments.Slot) int { return 400 + rng.IntN(2) })
	same(t, analyze(t, run, w), analyze(t, run, w), "another run of the analysis")
}

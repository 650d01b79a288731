package analysis_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/traffic"
)

// pushing writes four messages of the same sizes after each action; on and off
// differ in the delay of the fourth alone. It behaves as the base paper's Home
// Assistant does.
func pushing(run experiments.Run, seed uint64, on func(experiments.Slot) bool) *wire {
	rng := rand.New(rand.NewPCG(seed, 2))
	w := &wire{}
	heartbeat(w.Stream(cloudAddr, 8443), run.Plan.Duration, 7500*time.Millisecond, 90, 85)
	s := w.Stream(cloudAddr, 443)
	for _, slot := range run.Plan.Slots {
		if slot.Control {
			continue
		}
		at := epoch.Add(slot.At + 120*time.Millisecond)
		for i := range 4 {
			at = at.Add(40*time.Millisecond + time.Duration(rng.Int64N(int64(30*time.Millisecond))))
			if i == 3 && on(slot) {
				at = at.Add(time.Second)
			}
			s.Record(at, traffic.Out, 300+rng.IntN(2))
		}
	}
	return w
}

// Equal sizes, and only the fourth message's delay differs: at least 95 % of
// twenty toggles are told from the others, by the fair coins and by pairs; and
// of labels that have nothing to do with the traffic about half.
func TestOnIsToldFromOffByTheFourthDelay(t *testing.T) {
	alternating := design(20, 20)
	random := alternating
	random.Directions = experiments.Random
	for _, e := range []experiments.Experiment{alternating, random} {
		run := runOf(e, 11)
		real := asked(t, analyze(t, run, pushing(run, 1, func(s experiments.Slot) bool { return s.Action == experiments.On })).Verdicts[0], analysis.TellingOnFromOff)
		if real.Answer != analysis.Shown || real.Telling.Accuracy.Right < 19 || real.Telling.Ceiling < 0.95 || real.Telling.Neighbours.Right < 19 {
			t.Errorf("%s: %s %+v", e.Directions, real.Answer, real.Telling)
		}
		said := 0
		for _, row := range real.Telling.Confusion {
			for _, n := range row {
				said += n
			}
		}
		if said != 20 || real.Telling.Accuracy.Of != 20 {
			t.Errorf("%d answers in %v", said, real.Telling.Confusion)
		}
		rng := rand.New(rand.NewPCG(3, 3))
		shuffled := asked(t, analyze(t, run, pushing(run, 1, func(experiments.Slot) bool { return rng.IntN(2) == 0 })).Verdicts[0], analysis.TellingOnFromOff)
		if shuffled.Answer == analysis.Shown || shuffled.Telling.Accuracy.Right > 15 {
			t.Errorf("%s: labels that say nothing: %s %+v", e.Directions, shuffled.Answer, shuffled.Telling)
		}
	}
}

// Where every reaction is the same to the last bit, there is nothing to tell by:
// not even the computer's rounding, which knows how many trials are left.
func TestEqualReactionsAreNotToldApart(t *testing.T) {
	run := runOf(design(20, 20), 4)
	telling := asked(t, analyze(t, run, answering(run, func(experiments.Slot) int { return 400 })).Verdicts[0], analysis.TellingOnFromOff)
	if telling.Answer != analysis.NotShown || *telling.P < 0.5 || telling.Telling.Accuracy.Right > 10 {
		t.Errorf("%+v %+v", telling, telling.Telling)
	}
	silent := asked(t, analyze(t, run, answering(run, func(experiments.Slot) int { return 0 })).Verdicts[0], analysis.TellingOnFromOff)
	if silent.Answer != analysis.NotTestable || silent.P != nil || silent.Telling != nil {
		t.Errorf("%+v", silent)
	}
}

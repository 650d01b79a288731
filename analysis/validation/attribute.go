package validation

import (
	"math/rand/v2"
	"time"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/traffic"
)

// A Cause is traffic of a gateway with one known dependence on the commands.
type Cause struct {
	Name string
	// Asked is the question that the cause answers, with this answer; empty where
	// the cause is none of them, and no question may say "yes".
	Asked  analysis.Question
	Answer analysis.Answer
	Make   func(run experiments.Run, rng *rand.Rand) *Wire
}

// Causes are what the secondary tests must tell apart.
func Causes() []Cause {
	on := func(slot experiments.Slot) int { return onlyIf(slot.Action == experiments.On) }
	all := func(experiments.Slot) int { return markLength }
	return []Cause{
		{"slow trend", "", "", trend},
		{"a reaction alike to every command", "", "", reacting(func(slot experiments.Slot, rng *rand.Rand) int { return markLength + rng.IntN(2) })},
		{"state leak without a reaction", analysis.StateQuestion, analysis.StateShown, leaking},
		{"state leak beside a reaction alike to every command", analysis.StateQuestion, analysis.StateShown, beside(leaking, all)},
		{"a reaction to on only", analysis.OnAgainstOff, analysis.Shown, beside(heartbeats, on)},
		{"a reaction one byte longer for on", analysis.OnAgainstOff, analysis.Shown, beside(heartbeats, func(slot experiments.Slot) int { return markLength + onlyIf(slot.Action == experiments.On)/markLength })},
		{"a reaction to changes only", analysis.ChangeAgainstCommand, analysis.Shown, beside(heartbeats, func(slot experiments.Slot) int { return onlyIf(!slot.Repeat) })},
		{"a reaction to on, two seconds after the window", analysis.StateQuestion, analysis.LateOrState, lateReaction},
	}
}

func onlyIf(reacts bool) int {
	if reacts {
		return markLength
	}
	return 0
}

// beside adds a reaction, by its length (0 for none), to other traffic.
func beside(other func(experiments.Run, *rand.Rand) *Wire, length func(experiments.Slot) int) func(experiments.Run, *rand.Rand) *Wire {
	return func(run experiments.Run, rng *rand.Rand) *Wire {
		w := other(run, rng)
		answer(w, run, rng, 120*time.Millisecond, func(slot experiments.Slot, _ *rand.Rand) int { return length(slot) })
		return w
	}
}

func reacting(length func(experiments.Slot, *rand.Rand) int) func(experiments.Run, *rand.Rand) *Wire {
	return func(run experiments.Run, rng *rand.Rand) *Wire {
		w := heartbeats(run, rng)
		answer(w, run, rng, 120*time.Millisecond, length)
		return w
	}
}

// answer writes a record of the length, 0 for none, after every action.
func answer(w *Wire, run experiments.Run, rng *rand.Rand, delay time.Duration, length func(experiments.Slot, *rand.Rand) int) {
	s := w.Stream(CloudAddr, 443)
	for _, slot := range run.Plan.Slots {
		if slot.Control {
			continue
		}
		if n := length(slot, rng); n > 0 {
			s.Record(Epoch.Add(slot.At+delay+time.Duration(rng.IntN(60))*time.Millisecond), traffic.Out, n)
		}
	}
}

// leaking is a heartbeat that is one byte longer while the light is on.
func leaking(run experiments.Run, rng *rand.Rand) *Wire {
	w := &Wire{}
	s := w.Stream(CloudAddr, 9443)
	for at := time.Duration(rng.Int64N(int64(4 * time.Second))); at < run.Plan.Duration; at += 4 * time.Second {
		s.Record(Epoch.Add(at), traffic.Out, 77+onlyIf(stateAt(run.Plan, at) == experiments.On)/markLength)
	}
	return w
}

func stateAt(p experiments.Plan, at time.Duration) experiments.Action {
	state := p.Initial
	for _, slot := range p.Slots {
		if !slot.Control && slot.At <= at {
			state = slot.Action
		}
	}
	return state
}

func lateReaction(run experiments.Run, rng *rand.Rand) *Wire {
	w := heartbeats(run, rng)
	answer(w, run, rng, run.Plan.Experiment.Window+2*time.Second, func(slot experiments.Slot, _ *rand.Rand) int { return onlyIf(slot.Action == experiments.On) })
	return w
}

// Questions are those of a run with random directions, in their order.
func Questions() []analysis.Question {
	return []analysis.Question{analysis.OnAgainstOff, analysis.ChangeAgainstCommand, analysis.StateQuestion}
}

// An Attribution is what the secondary tests said of a cause in many runs.
type Attribution struct {
	Cause Cause
	Runs  int
	// Visible is the share of runs that said cloud-visible.
	Visible float64
	// Levels has an entry for each of [Questions].
	Levels []Level
	// Right is the share of runs in which the cause's question got its answer.
	Right float64
}

// Attribute runs the whole analysis with 24 + 24 slots and random directions.
func Attribute(c Cause, runs int, seed uint64) (Attribution, error) {
	e := Design(24, 24)
	e.Directions = experiments.Random
	verdicts := make([]analysis.Verdict, runs)
	err := repeat(runs, func(r int) (err error) {
		run := RunOf(e, seed+uint64(r))
		verdicts[r], err = analyze(run, c.Make(run, rand.New(rand.NewPCG(seed, uint64(r)))))
		return err
	})
	out := Attribution{Cause: c, Runs: runs}
	for _, q := range Questions() {
		out.Levels = append(out.Levels, levelOf(string(q), answers(verdicts, q)))
	}
	visible, right := 0, 0
	for _, v := range verdicts {
		if v.Verdict == analysis.CloudVisible {
			visible++
		}
		if a, _ := answered(v, c.Asked); a.Answer == c.Answer {
			right++
		}
	}
	out.Visible, out.Right = float64(visible)/float64(runs), float64(right)/float64(runs)
	return out, err
}

func answers(verdicts []analysis.Verdict, q analysis.Question) []*float64 {
	out := make([]*float64, len(verdicts))
	for i, v := range verdicts {
		if a, found := answered(v, q); found {
			out[i] = a.P
		}
	}
	return out
}

func answered(v analysis.Verdict, q analysis.Question) (analysis.SecondaryTest, bool) {
	for _, s := range v.Secondary {
		if s.Question == q {
			return s, true
		}
	}
	return analysis.SecondaryTest{}, false
}

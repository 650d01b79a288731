package validation

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/traffic"
)

// A Detection is how often a mark was found that follows a share of the actions.
type Detection struct {
	// Rate is the share of actions that the gateway reacts to.
	Rate float64
	Runs int
	// Share of the runs said cloud-visible at alpha 0.01.
	Share float64
	// LeastCandidates is the smallest family of candidates that a run had.
	LeastCandidates int
}

// Detect plants one record of a length of its own, 120 to 180 ms after each
// reacting action, into the traffic of a busy gateway, with 10 + 20 slots.
func Detect(rate float64, runs int, seed uint64) (Detection, error) {
	candidates, found := make([]int, runs), make([]bool, runs)
	err := repeat(runs, func(r int) error {
		run := RunOf(Design(10, 20), seed+uint64(r))
		rng := rand.New(rand.NewPCG(seed, uint64(r)))
		w := busy(run, rng)
		react(w, run, rng, func(int) bool { return rng.Float64() < rate })
		v, err := analyze(run, w)
		candidates[r], found[r] = v.Candidates, v.Verdict == analysis.CloudVisible
		return err
	})
	hits := 0
	for _, hit := range found {
		if hit {
			hits++
		}
	}
	return Detection{Rate: rate, Runs: runs, Share: float64(hits) / float64(runs), LeastCandidates: slices.Min(candidates)}, err
}

// busy is a gateway with many kinds of traffic of its own: heartbeats of three
// connections, bursts of many lengths, and three polls.
func busy(run experiments.Run, rng *rand.Rand) *Wire {
	w := heartbeats(run, rng)
	s := w.Stream(CloudAddr, 9443)
	for at := Exponential(rng, 5*time.Second); at < run.Plan.Duration; at += time.Second + Exponential(rng, 5*time.Second) {
		for i := range 1 + rng.IntN(4) {
			s.Record(Epoch.Add(at+time.Duration(i)*30*time.Millisecond), Direction(rng), 200+rng.IntN(20)*37)
		}
	}
	Periodic(w.Stream(CloudAddr, 7443), run, rng, 5*time.Second, 150, 1)
	Periodic(w.Stream(CloudAddr, 6443), run, rng, 6*time.Second, 260, 1)
	Periodic(w.Stream(CloudAddr, 5443), run, rng, 4*time.Second, 330, 0.9)
	return w
}

// react writes the mark after every action that reacts tells, by the slot's index.
func react(w *Wire, run experiments.Run, rng *rand.Rand, reacts func(slot int) bool) {
	s := w.Stream(CloudAddr, 443)
	for _, c := range run.Commands {
		if c.Outcome != experiments.Withheld && reacts(c.Slot) {
			s.Record(c.Sent.Add(120*time.Millisecond+time.Duration(rng.IntN(60))*time.Millisecond), traffic.Out, markLength)
		}
	}
}

// markLength is a length that no other traffic of this package has.
const markLength = 719

package analysis

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/hueprint/hueprint/analysis/correlate"
	"github.com/hueprint/hueprint/analysis/infer"
	"github.com/hueprint/hueprint/experiments"
)

// A Telling says how well one action can be told from another by a rule that was
// made from the other trials.
type Telling struct {
	// Accuracy is that of the nearest centroid, each trial left out in turn, the
	// choice of features included; Neighbours that of the three nearest trials.
	Accuracy   infer.Accuracy `json:"accuracy"`
	Neighbours infer.Accuracy `json:"nearest_neighbours"`
	// Confusion counts trials by what was done, then by what the rule said.
	Confusion map[string]map[string]int `json:"confusion"`
	// Ceiling is the best accuracy that any rule could have on the distributions
	// seen in this run; with few trials it is rather too high.
	Ceiling float64 `json:"ceiling"`
}

const (
	// pairsEnumerated is the number of pairs up to which all swaps are tried,
	// tellingRedraws how many relabellings are drawn otherwise.
	pairsEnumerated = 7
	tellingRedraws  = 199
)

// told is the answer to how well on can be told from off; left out where only the
// verdict is wanted.
func (s *study) told(chosen []correlate.Chosen) []SecondaryTest {
	if s.set.noPower {
		return nil
	}
	return []SecondaryTest{s.telling(chosen)}
}

// telling asks whether on can be told from off on trials that the rule was not
// made from. Its p is the share of relabellings with at least this accuracy.
// Confirmed trials count alone; the marks were chosen without the labels.
func (s *study) telling(chosen []correlate.Chosen) SecondaryTest {
	out := SecondaryTest{Question: TellingOnFromOff, Answer: NotTestable, Assumption: ExchangeablePairs,
		Sentence: "Whether on can be told from off cannot be said: the run shows no reaction to compare."}
	if s.run.Plan.Experiment.Directions == experiments.Random {
		out.Assumption = ByDesign
	}
	trials, pairs := s.confirmedTrials()
	known := infer.NewTrials(trials, marksOf(chosen))
	rule := known.Classifier()
	if len(chosen) == 0 || len(rule.Labels) < 2 {
		return out
	}
	labels := make([]string, len(trials))
	for i, t := range trials {
		labels[i] = t.Label
	}
	p := relabelled(known, labels, pairs, rule.LeaveOneOut.Right, s.set.seed)
	out.P = &p
	out.Telling = &Telling{Accuracy: rule.LeaveOneOut, Neighbours: rule.Neighbours, Confusion: rule.Confusion, Ceiling: *rule.Ceiling}
	out.Answer = NotShown
	if p <= s.set.alpha {
		out.Answer = Shown
	}
	out.Sentence = tellingInWords(*out.Telling, p, out.Assumption)
	return out
}

func tellingInWords(t Telling, p float64, assumption string) string {
	share := t.Accuracy.Share
	return fmt.Sprintf("A rule made from the other trials names %d of %d right, %.0f %% (95 %% interval %.0f to %.0f %%; p = %.2g, %s); no rule could name more than %.0f %% of these.",
		t.Accuracy.Right, t.Accuracy.Of, 100*share.Value, 100*share.Low, 100*share.High, p, assumption, 100*t.Ceiling)
}

func marksOf(chosen []correlate.Chosen) []infer.Mark {
	var out []infer.Mark
	for _, c := range chosen {
		out = append(out, infer.Mark{Channel: c.Channel, Direction: c.Direction, Kind: c.Kind, Detail: c.Detail, Min: c.Min, Max: c.Max})
	}
	return out
}

// confirmedTrials are the confirmed actions. Where the directions alternated,
// pairs lists neighbours that were planned as a pair; nil where coins were drawn.
func (s *study) confirmedTrials() (trials []infer.Trial, pairs [][2]int) {
	places, _ := s.directed()
	at := make(map[int]int) // by place among the actions
	for i, place := range places {
		if t := s.trials[place]; t.Confirmed {
			at[i] = len(trials)
			trials = append(trials, infer.Trial{At: t.Captured(), Label: t.Action, Events: t.Events})
		}
	}
	if s.run.Plan.Experiment.Directions == experiments.Random {
		return trials, nil
	}
	pairs = [][2]int{}
	for i := 0; i+1 < len(places); i += 2 {
		a, okA := at[i]
		b, okB := at[i+1]
		if okA && okB {
			pairs = append(pairs, [2]int{a, b})
		}
	}
	return trials, pairs
}

// relabelled is the share of relabellings, the real one included, by which at
// least as many trials are named right: labels swapped within pairs, or in any
// order where there are none.
func relabelled(known infer.Trials, labels []string, pairs [][2]int, right int, seed uint64) float64 {
	rng := rand.New(rand.NewPCG(seed, 6))
	n := tellingRedraws
	if pairs != nil && len(pairs) <= pairsEnumerated {
		n = 1<<len(pairs) - 1
	}
	asGood := 1
	for draw := 1; draw <= n; draw++ {
		again := slices.Clone(labels)
		for i, pair := range pairs {
			if swap := draw>>i&1 == 1; n < tellingRedraws && swap || n == tellingRedraws && rng.IntN(2) == 1 {
				again[pair[0]], again[pair[1]] = again[pair[1]], again[pair[0]]
			}
		}
		if pairs == nil {
			rng.Shuffle(len(again), func(i, j int) { again[i], again[j] = again[j], again[i] })
		}
		if known.Right(again) >= right {
			asGood++
		}
	}
	return float64(asGood) / float64(n+1)
}

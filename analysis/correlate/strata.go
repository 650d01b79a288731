package correlate

import (
	"maps"
	"math/rand/v2"
	"slices"

	"github.com/hueprint/hueprint/experiments"
)

// NewStrata makes a pool whose assignments keep the number of actions within
// each stratum of trials: what the strata themselves bring about, such as a
// state of the light, looks alike in all of them. It holds the real assignment
// and [experiments.Redraws] drawn ones.
func NewStrata(action []bool, strata []int, seed uint64) *Design {
	d := &Design{Trials: len(action), Seed: seed, action: action, chunks: (len(action) + chunkBits - 1) / chunkBits}
	d.Actions = len(positions(action))
	members := make(map[int][]int)
	for i, s := range strata {
		members[s] = append(members[s], i)
	}
	rng := rand.New(rand.NewPCG(seed, 4))
	d.put(positions(action))
	drawn := slices.Clone(action)
	for range experiments.Redraws {
		for _, s := range slices.Sorted(maps.Keys(members)) {
			shuffle(drawn, members[s], rng)
		}
		d.put(positions(drawn))
	}
	return d
}

// shuffle deals the labels of the members among them.
func shuffle(labels []bool, members []int, rng *rand.Rand) {
	rng.Shuffle(len(members), func(i, j int) {
		a, b := members[i], members[j]
		labels[a], labels[b] = labels[b], labels[a]
	})
}

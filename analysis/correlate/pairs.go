package correlate

import (
	"math/rand/v2"

	"github.com/hueprint/hueprint/experiments"
)

// NewPairs makes the pool of a comparison of two labels that were not drawn by
// lot but alternated: trials 2i and 2i+1 form a pair with both labels, and the
// assignments are those that swap the labels within pairs. A test against it
// assumes that the trials of a pair could be exchanged. The last trial of an odd
// number keeps its label.
func NewPairs(labels []bool, seed uint64) *Design {
	d := &Design{Trials: len(labels), Seed: seed, action: labels, chunks: (len(labels) + chunkBits - 1) / chunkBits}
	d.Actions = len(positions(labels))
	pairs := len(labels) / 2
	if pairs < 30 && 1<<pairs <= experiments.EnumerateAtMost {
		for swaps := range uint64(1) << pairs {
			d.put(positions(swapped(labels, swaps)))
		}
		return d
	}
	rng := rand.New(rand.NewPCG(seed, 3))
	d.put(positions(labels))
	for range experiments.Redraws {
		d.put(positions(swapped(labels, rng.Uint64())))
	}
	return d
}

// swapped swaps the labels of those pairs whose bit is set; from the 65th pair
// on, pairs go by the bits of those before.
func swapped(labels []bool, swaps uint64) []bool {
	out := append([]bool(nil), labels...)
	for i := 0; i+1 < len(out); i += 2 {
		if swaps>>(i/2%64)&1 == 1 {
			out[i], out[i+1] = out[i+1], out[i]
		}
	}
	return out
}

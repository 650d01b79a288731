package analysis

import (
	"cmp"
	"slices"
)

// adjustForGateways multiplies the p of gateways that were tested in one run,
// as S. Holm ("A simple sequentially rejective multiple test procedure", 1979)
// does: the smallest by their number, the next by one less, never falling.
func adjustForGateways(studies []*study) {
	least := make([]float64, len(studies))
	for i, s := range studies {
		least[i] = s.leastP()
	}
	adjusted := holm(least)
	for i, s := range studies {
		for j := range s.result.Scores {
			score := &s.result.Scores[j]
			if least[i] > 0 {
				score.P = min(1, score.P*adjusted[i]/least[i])
			}
		}
	}
}

// holm gives the adjusted p of each.
func holm(ps []float64) []float64 {
	order := make([]int, len(ps))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(ps[a], ps[b]) })
	out := make([]float64, len(ps))
	largest := 0.0
	for rank, i := range order {
		largest = max(largest, min(1, ps[i]*float64(len(ps)-rank)))
		out[i] = largest
	}
	return out
}

// leastP is the smallest adjusted p of all candidates; 1 without any.
func (s *study) leastP() float64 {
	p := 1.0
	for _, score := range s.result.Scores {
		p = min(p, score.P)
	}
	return p
}

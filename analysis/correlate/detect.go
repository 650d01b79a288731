package correlate

import (
	"gonum.org/v1/gonum/mathext"

	"github.com/hueprint/hueprint/experiments"
)

// A Detection says what a design can show before anything is run.
type Detection struct {
	// LeastP is the smallest p that the design can yield.
	LeastP float64
	// KMin is the smallest number of reacting action trials that is detected
	// when no control trial shows the same; 0 when not even all are.
	KMin int
	// R95 is the smallest rate of reaction that is detected with probability
	// at least 0.95; 0 when none is.
	R95 float64
}

// Detectable is the detection of a mark that never occurs by itself, beside a
// number of other candidates: their share of α is bounded as by Bonferroni,
// which the run's own adjustment always betters. redraws are those of the test,
// where it does not enumerate.
func Detectable(actions, controls int, alpha float64, others, redraws int) Detection {
	trials := actions + controls
	det := Detection{LeastP: experiments.LeastP(experiments.Choose(trials, actions), redraws)}
	p := 1.0
	for k := 1; k <= actions; k++ {
		// Hypergeometric: all k reacting trials are actions.
		p *= float64(actions-k+1) / float64(trials-k+1)
		if float64(others+1)*max(p, det.LeastP) <= alpha {
			det.KMin, det.R95 = k, rate95(actions, k)
			break
		}
	}
	return det
}

// rate95 is the smallest r with P(Bin(n, r) ≥ k) ≥ 0.95, by the identity of
// the binomial tail and the regularised incomplete beta function.
func rate95(n, k int) float64 {
	if k == 0 {
		return 0
	}
	return mathext.InvRegIncBeta(float64(k), float64(n-k+1), 0.95)
}

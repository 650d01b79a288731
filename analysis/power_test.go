package analysis_test

import (
	"math/rand/v2"
	"testing"

	"github.com/hueprint/hueprint/analysis/correlate"
	"github.com/hueprint/hueprint/analysis/validation"
)

// A gateway with regular traffic of its own: what a "not detected" would have
// detected, as others computed it beforehand on their simulated traffic.
func TestPowerOfNotDetected(t *testing.T) {
	for _, c := range []struct {
		actions, controls int
		low, high         float64 // of r95 for a new length
	}{{10, 10, 0.84, 0.86}, {20, 20, 0.55, 0.62}, {30, 30, 0.42, 0.48}} {
		run := runOf(design(c.actions, c.controls), 2)
		w := validation.Minutely(run, rand.New(rand.NewPCG(2, 8)))
		v := analyze(t, run, w).Verdicts[0]
		t.Logf("%d + %d, %d candidates: %s", c.actions, c.controls, v.Candidates, v.Power.Sentence)
		for _, p := range v.Power.Plants {
			t.Logf("%s: k_min %d, r95 %.3f, at rates 0.1…1.0 %.2f", p.Kind, p.KMin, p.R95, p.Detected)
			if p.Kind == correlate.NewLength && (p.R95 < c.low || p.R95 > c.high) {
				t.Errorf("r95 %.3f, want %v to %v", p.R95, c.low, c.high)
			}
			for i := 1; i < len(p.Detected); i++ {
				if p.Detected[i] < p.Detected[i-1]-1e-9 {
					t.Errorf("%s: a larger rate is detected less often: %v", p.Kind, p.Detected)
				}
			}
		}
	}
}

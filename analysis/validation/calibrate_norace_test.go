//go:build !race

package validation_test

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/hueprint/hueprint/analysis/validation"
)

// TestCalibrationNoRace runs each null many times from packets through Analyze and
// holds the share of "visible" to the level, within its binomial interval: the
// test may be conservative, as p is discrete, but not liberal.
func TestCalibrationNoRace(t *testing.T) {
	runs := 1000
	if testing.Short() {
		runs = 100
	}
	for i, n := range validation.Nulls() {
		t.Run(n.Name, func(t *testing.T) {
			l, err := validation.Calibrate(n, runs, uint64(1000*i))
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%+v", l)
			if l.Tested < runs*9/10 {
				t.Errorf("only %d of %d runs gave a p", l.Tested, runs)
			}
			holds(t, l)
			if runs >= 1000 && (l.MeanP < 0.45 || l.MeanP > 0.60) {
				t.Errorf("mean p %.3f, want 0.45 to 0.60", l.MeanP)
			}
		})
	}
}

// holds demands that a test said "yes" no more often than its level allows.
func holds(t *testing.T, l validation.Level) {
	t.Helper()
	for _, c := range []struct{ got, level float64 }{{l.At05, 0.05}, {l.At01, 0.01}} {
		if most := upper(l.Runs, c.level); c.got > most+1e-9 {
			t.Errorf("%s: p at most %v in %.4f of the runs, want at most %.4f", l.Name, c.level, c.got, most)
		}
	}
}

// upper is the largest share that a test of that level yields in all but one of
// a thousand repetitions.
func upper(runs int, level float64) float64 {
	b := distuv.Binomial{N: float64(runs), P: level}
	k := 0.0
	for b.CDF(k) < 0.999 {
		k++
	}
	return math.Max(k, 1) / float64(runs)
}

func TestPowerNoRace(t *testing.T) {
	runs := 200
	if testing.Short() {
		runs = 50
	}
	for rate, least := range map[float64]float64{1: 0.99, 0.9: 0.95} {
		d, err := validation.Detect(rate, runs, 9000)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%+v", d)
		if d.Share < least || d.LeastCandidates < 50 {
			t.Errorf("rate %v: found in %.3f of the runs with at least %d candidates, want %v and 50", rate, d.Share, d.LeastCandidates, least)
		}
	}
}

//go:build !race

package analysis_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/analysis/correlate"
	"github.com/hueprint/hueprint/analysis/validation"
)

func share(ps []float64, level float64) float64 {
	n := 0
	for _, p := range ps {
		if p <= level {
			n++
		}
	}
	return float64(n) / float64(len(ps))
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

// The circular shift is approximate; under traffic without trend it stays near
// its level.
func TestShiftLevelNoRace(t *testing.T) {
	runs := 200
	if testing.Short() {
		runs = 40
	}
	ps := make([]float64, runs)
	for r := range ps {
		rng := rand.New(rand.NewPCG(uint64(r), 6))
		d := 15 * time.Minute
		w := &wire{}
		s := w.Stream(cloudAddr, 443)
		for at := time.Second; at < d; at += time.Second + validation.Exponential(rng, 10*time.Second) {
			s.Record(epoch.Add(at), validation.Direction(rng), 60+rng.IntN(6)*9)
		}
		l := labelled(w, d, rng)
		l.Packets = w.All()
		f, _, err := analysis.AnalyzeLabelled([]analysis.Labelled{l}, analysis.LabelledOptions{Alpha: 0.05})
		if err != nil {
			t.Fatal(err)
		}
		ps[r] = *f.Verdicts[0].P
	}
	got := share(ps, 0.05)
	t.Logf("%d captures: visible in %.3f at alpha 0.05", runs, got)
	if most := upper(runs, 0.08); got > most {
		t.Errorf("visible in %.3f of the captures at alpha 0.05, want at most %.3f", got, most)
	}
}

// The test on 20 slots and a million events is interactive: all 184,756
// assignments, more than the 10,000 redraws that larger designs get. The time is
// printed; it is not demanded, as it depends on what else the machine does (see
// BenchmarkTestMillion).
func TestMillionEventsNoRace(t *testing.T) {
	trials, action := million()
	best := time.Hour
	for range 3 {
		start := time.Now()
		correlate.NewDesign(action, 1).Test(correlate.Candidates(trials))
		best = min(best, time.Since(start))
	}
	t.Logf("measured: the test on a million events and 20 slots takes %v (aim: at most 1 s)", best.Round(time.Millisecond))
}

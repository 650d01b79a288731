package validation

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/traffic"
)

// A Level is how often a test said "yes" where nothing was to be found.
type Level struct {
	Name string
	// Runs that were simulated, and Tested of them that gave a p.
	Runs, Tested int
	// At05 and At01 are the shares of runs with p at most 0.05 and 0.01. Runs
	// without a p count as p = 1.
	At05, At01 float64
	// MeanP is over the runs that gave a p.
	MeanP float64
}

// levelOf sums up the p of many runs; nil stands for no p.
func levelOf(name string, ps []*float64) Level {
	l := Level{Name: name, Runs: len(ps), At05: shareAt(ps, 0.05), At01: shareAt(ps, 0.01)}
	for _, p := range ps {
		if p != nil {
			l.Tested++
			l.MeanP += *p
		}
	}
	if l.Tested > 0 {
		l.MeanP /= float64(l.Tested)
	}
	return l
}

// shareAt is the share of p that are at most alpha.
func shareAt(ps []*float64, alpha float64) float64 {
	n := 0
	for _, p := range ps {
		if p != nil && *p <= alpha {
			n++
		}
	}
	return float64(n) / float64(len(ps))
}

// Calibrate sends a null through the whole analysis, from packets, with 8 + 8
// slots and so all 12,870 assignments.
func Calibrate(n Null, runs int, seed uint64) (Level, error) {
	ps := make([]*float64, runs)
	err := repeat(runs, func(r int) error {
		run := RunOf(Design(8, 8), seed+uint64(r))
		v, err := analyze(run, n.Make(run, rand.New(rand.NewPCG(seed, uint64(r)))))
		ps[r] = v.P
		return err
	})
	return levelOf(n.Name, ps), err
}

// repeat calls do for every number below n, on all processors.
func repeat(n int, do func(i int) error) error {
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i := range n {
		g.Go(func() error { return do(i) })
	}
	return g.Wait()
}

// analyze gives the one gateway's verdict.
func analyze(run experiments.Run, w *Wire) (analysis.Verdict, error) {
	f, _, err := analysis.Analyze(run, func(string) iter.Seq2[traffic.Packet, error] { return w.All() }, analysis.Options{WithoutPower: true})
	if err != nil {
		return analysis.Verdict{}, fmt.Errorf("validate: %w", err)
	}
	return f.Verdicts[0], nil
}

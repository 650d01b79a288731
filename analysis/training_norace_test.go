//go:build !race

package analysis_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/hueprint/hueprint/analysis"
)

// Lists whose clock is off by up to half a minute still teach, and it is said.
func TestPlugsWithAWrongClockNoRace(t *testing.T) {
	for _, by := range []time.Duration{20 * time.Second} {
		var train []analysis.Labelled
		for _, name := range plugs[:2] {
			c := repeatable(t, plug(t, name))
			for i := range c.Actions {
				c.Actions[i].Time = c.Actions[i].Time.Add(by)
			}
			train = append(train, c)
		}
		l, notes := lesson(t, train...)
		got := l.Apply(recorded(t, plug(t, plugs[2])))
		if got.Correct != 14 || got.FalsePositives != 0 || len(notes) < 2 {
			t.Errorf("moved by %v: %d right, %d false, notes %q", by, got.Correct, got.FalsePositives, notes)
		}
	}
}

// Lists that have nothing to do with the capture teach nothing.
func TestPlugsWithRandomListsNoRace(t *testing.T) {
	for seed := range uint64(1) {
		rng := rand.New(rand.NewPCG(seed, 3))
		var train []analysis.Labelled
		for _, name := range plugs[:2] {
			c := repeatable(t, plug(t, name))
			r := recorded(t, c)
			for i := range c.Actions {
				c.Actions[i].Time = r.First.Add(time.Duration(rng.Int64N(int64(r.Last.Sub(r.First)))))
			}
			slices.SortFunc(c.Actions, func(a, b analysis.LabelledAction) int { return a.Time.Compare(b.Time) })
			train = append(train, c)
		}
		l, _ := lesson(t, train...)
		if got := l.Apply(recorded(t, plug(t, plugs[2]))); !l.Empty() || len(got.Inferred) > 0 {
			t.Errorf("seed %d: learned something, and found %d actions", seed, len(got.Inferred))
		}
	}
}

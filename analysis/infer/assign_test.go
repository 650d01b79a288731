package infer_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/hueprint/hueprint/analysis/infer"
)

func at(seconds float64) time.Time { return epoch.Add(time.Duration(seconds * float64(time.Second))) }

func TestAssignNearestFirst(t *testing.T) {
	tests := map[string]struct {
		instants, actions []float64
		tolerance         float64
		want              []int
	}{
		"none":                     {nil, []float64{1}, 30, []int{}},
		"nothing to assign":        {[]float64{1}, nil, 30, []int{-1}},
		"early and late":           {[]float64{-24.2, 80}, []float64{0, 60}, 30, []int{0, 1}},
		"one action, two instants": {[]float64{0.5, 1}, []float64{0}, 30, []int{0, -1}},
		"the nearer pair first":    {[]float64{0, 4}, []float64{3, 31}, 30, []int{-1, 0}},
		"its rest after it":        {[]float64{0, 4}, []float64{3, 25}, 30, []int{1, 0}},
		"at the limit":             {[]float64{30}, []float64{0}, 30, []int{0}},
		"beyond it":                {[]float64{30.001}, []float64{0}, 30, []int{-1}},
	}
	for name, test := range tests {
		var instants []time.Time
		for _, s := range test.instants {
			instants = append(instants, at(s))
		}
		var actions []infer.Action
		for _, s := range test.actions {
			actions = append(actions, infer.Action{Time: at(s)})
		}
		limit := time.Duration(test.tolerance * float64(time.Second))
		if got := infer.Assign(instants, actions, limit, limit); !slices.Equal(got, test.want) {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}

// However instants and actions lie: nobody is assigned twice or beyond the limit,
// and no unassigned pair, nor one nearer than both partners' own, is left.
func TestAssignIsStable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(what string) []time.Time {
			list := rapid.SliceOfN(rapid.Float64Range(0, 100), 0, 20).Draw(t, what)
			slices.Sort(list)
			var out []time.Time
			for _, s := range list {
				out = append(out, at(s))
			}
			return out
		}
		instants := draw("instants")
		var actions []infer.Action
		for _, a := range draw("actions") {
			actions = append(actions, infer.Action{Time: a})
		}
		early, late := 3*time.Second, 7*time.Second
		got := infer.Assign(instants, actions, early, late)
		of := map[int]int{}
		for i, a := range got {
			if a < 0 {
				continue
			}
			if _, twice := of[a]; twice {
				t.Fatalf("action %d twice", a)
			}
			of[a] = i
		}
		apart := func(i, a int) time.Duration { return instants[i].Sub(actions[a].Time) }
		for i := range instants {
			for a := range actions {
				if d := apart(i, a); d < -early || d > late {
					if got[i] == a {
						t.Fatalf("%v apart", d)
					}
					continue
				}
				owner, taken := of[a]
				if got[i] != a && (got[i] < 0 || apart(i, got[i]).Abs() > apart(i, a).Abs()) && (!taken || apart(owner, a).Abs() > apart(i, a).Abs()) {
					t.Fatalf("instant %d and action %d would both be better off together: %v", i, a, got)
				}
			}
		}
	})
}

func TestTolerance(t *testing.T) {
	actions := func(seconds ...float64) (out []infer.Action) {
		for _, s := range seconds {
			out = append(out, infer.Action{Time: at(s)})
		}
		return out
	}
	for want, list := range map[time.Duration][]infer.Action{
		30 * time.Second: actions(0, 60, 180), 10 * time.Second: actions(0, 20, 200), 29 * time.Second: actions(0, 600, 658),
		5 * time.Second: actions(0, 0.2, 10.2), // two at one moment have no gap
	} {
		if got := infer.Tolerance(list); got != want {
			t.Errorf("%v, want %v", got, want)
		}
	}
	if infer.Tolerance(nil) != infer.MostTolerance || infer.Tolerance(actions(0, 600)) != infer.MostTolerance {
		t.Error("without actions the tolerance is not the most")
	}
}

// Values of R. G. Newcombe, "Two-sided confidence intervals for the single
// proportion: comparison of seven methods", Statistics in Medicine 17 (1998),
// table I, method 3.
func TestWilson(t *testing.T) {
	for _, row := range []struct {
		k, n      int
		low, high float64
	}{{81, 263, .2553, .3662}, {15, 148, .0624, .1605}, {0, 20, 0, .1611}, {1, 29, .0061, .1718}} {
		got := infer.Wilson(row.k, row.n)
		if math.Abs(got.Low-row.low) > 5e-5 || math.Abs(got.High-row.high) > 5e-5 {
			t.Errorf("%d of %d: %.4f to %.4f, want %.4f to %.4f", row.k, row.n, got.Low, got.High, row.low, row.high)
		}
	}
	if infer.Wilson(0, 0) != nil {
		t.Error("a share of nothing")
	}
}

// Scores add up: the total of two recordings has all their actions.
func TestScoresAddUp(t *testing.T) {
	l := infer.Teach("plug", []infer.Recording{plain(1, 0).recording("a"), plain(2, 0).recording("b")}, marks(onOff))
	c, d := l.Apply(plain(3, 0).recording("c")), l.Apply(plain(4, 0).recording("d"))
	a := infer.Conclude([]infer.Lesson{l}, []infer.Test{c, d}, nil)
	want(t, a.Score, 40, 40, 40, 0)
	if a.Total.Actions != 40 || a.Confusion["on"]["on"] != 20 || a.Within[3].Detected != 40 || *a.Ceiling != 1 || math.Abs(a.Hours-1) > 1e-9 {
		t.Errorf("%+v", a.Score)
	}
}

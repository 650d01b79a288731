package correlate

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/hueprint/hueprint/experiments"
)

// arms makes an assignment whose first actions trials are actions.
func arms(actions, controls int) []bool {
	out := make([]bool, actions+controls)
	for i := range actions {
		out[i] = true
	}
	return out
}

// only makes a candidate out of counts, one byte each.
func only(counts ...int) Candidate { return Candidate{Counts: counts, Bytes: counts} }

// A permutation test by hand: B. Phipson and G. K. Smyth, "Permutation
// P-values Should Never Be Zero" (2010) counts the observed assignment in; the
// lady tasting tea (R. A. Fisher, The Design of Experiments, 1935, chapter 2)
// has p = 1/70 for all eight cups right and 17/70 for at least six.
func TestLadyTastingTea(t *testing.T) {
	d := NewDesign(arms(4, 4), 1)
	if !d.Enumerated || d.Pool != 70 {
		t.Fatalf("pool %d, enumerated %v, want all 70", d.Pool, d.Enumerated)
	}
	for _, c := range []struct {
		cups Candidate
		want float64
	}{
		{only(1, 1, 1, 1, 0, 0, 0, 0), 1.0 / 70},
		{only(1, 1, 1, 0, 1, 0, 0, 0), 17.0 / 70},
		{only(1, 1, 0, 0, 1, 1, 0, 0), 53.0 / 70},
	} {
		r := d.Test([]Candidate{c.cups})
		if got := r.Scores[0].RawP; math.Abs(got-c.want) > 1e-12 {
			t.Errorf("p of %v = %v, want %v", c.cups.Counts, got, c.want)
		}
	}
}

// Fisher's exact test on R. A. Fisher's twins (Statistical Methods for Research
// Workers, section 21.02): 10 of 13 against 2 of 17 has one-sided p 0.0004652.
func TestFishersTwins(t *testing.T) {
	counts := make([]int, 30)
	for i := range 10 {
		counts[i] = 1
	}
	counts[13], counts[14] = 1, 1
	d := NewDesign(arms(13, 17), 1)
	if d.Enumerated {
		t.Fatal("C(30, 13) assignments were enumerated")
	}
	got := d.Test([]Candidate{only(counts...)}).Scores[0].RawP
	want := 0.0004652
	if sd := math.Sqrt(want / experiments.Redraws); math.Abs(got-want) > 4*sd+1.0/experiments.Redraws {
		t.Errorf("p = %v, want %v within four standard errors", got, want)
	}
}

// The step-down procedure against its definition (Westfall and Young 1993,
// algorithm 2.8), computed the slow way on a whole matrix.
func TestStepDownByDefinition(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	for range 20 {
		family := make([]Candidate, 8)
		for i := range family {
			counts := make([]int, 9)
			for j := range counts {
				counts[j] = rng.IntN(4)
			}
			if i == 0 {
				counts = []int{3, 3, 2, 3, 0, 0, 1, 0, 0}
			}
			family[i] = only(counts...)
		}
		d := NewDesign(arms(4, 5), 1)
		got := d.Test(family)
		want := slowStepDown(d, family)
		for i := range family {
			if math.Abs(got.Scores[i].P-want[i]) > 1e-12 {
				t.Fatalf("candidate %d of %v: adjusted p %v, want %v", i, family, got.Scores[i].P, want[i])
			}
		}
	}
}

// slowStepDown follows the textbook: adjusted p of each candidate, the best of
// its features.
func slowStepDown(d *Design, family []Candidate) []float64 {
	var vectors [][]int
	var owner []int
	for i, c := range family {
		for _, f := range features {
			vectors, owner = append(vectors, c.values(f)), append(owner, i)
		}
	}
	p := make([][]float64, len(vectors)) // by vector, then assignment
	for v := range vectors {
		p[v] = slowRanks(d, vectors[v])
	}
	real := slowReal(d)
	order := make([]int, len(vectors))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case p[a][real] < p[b][real]:
			return -1
		case p[a][real] > p[b][real]:
			return 1
		}
		return 0
	})
	out := make([]float64, len(family))
	for i := range out {
		out[i] = 1
	}
	largest := 0.0
	for at := range order {
		n := 0
		for row := range d.Pool {
			least := 1.0
			for _, v := range order[at:] {
				least = min(least, p[v][row])
			}
			if least <= p[order[at]][real] {
				n++
			}
		}
		largest = max(largest, float64(n)/float64(d.Pool))
		i := owner[order[at]]
		out[i] = min(out[i], largest)
	}
	return out
}

func (d *Design) chosen(row, trial int) bool {
	return d.pool[row*d.chunks+trial/chunkBits]>>(trial%chunkBits)&1 == 1
}

func slowReal(d *Design) int {
	for row := range d.Pool {
		same := true
		for i, a := range d.action {
			same = same && d.chosen(row, i) == a
		}
		if same {
			return row
		}
	}
	panic("the real assignment is not in the pool")
}

func slowRanks(d *Design, values []int) []float64 {
	sums := make([]int, d.Pool)
	for row := range sums {
		for i, v := range values {
			if d.chosen(row, i) {
				sums[row] += v
			}
		}
	}
	sorted := slices.Sorted(slices.Values(sums))
	out := make([]float64, d.Pool)
	for row, s := range sums {
		below, _ := slices.BinarySearch(sorted, s)
		out[row] = float64(d.Pool-below) / float64(d.Pool)
	}
	return out
}

func TestPoolHoldsTheDesign(t *testing.T) {
	for _, c := range []struct {
		actions, controls, pool int
	}{{10, 10, 184_756}, {1, 2, 3}, {10, 20, experiments.Redraws + 1}, {30, 33, experiments.Redraws + 1}, {3, 0, 1}, {0, 3, 1}} {
		d := NewDesign(arms(c.actions, c.controls), 7)
		if d.Pool != c.pool {
			t.Errorf("%d + %d: pool %d, want %d", c.actions, c.controls, d.Pool, c.pool)
		}
		for row := 0; row < d.Pool; row += 97 {
			n := 0
			for i := range d.Trials {
				if d.chosen(row, i) {
					n++
				}
			}
			if n != c.actions {
				t.Fatalf("%d + %d: assignment %d has %d actions", c.actions, c.controls, row, n)
			}
		}
		slowReal(d)
	}
}

func TestDetectable(t *testing.T) {
	for _, c := range []struct {
		actions, controls, others, kMin int
		alpha, r95                      float64
	}{
		{10, 10, 0, 6, 0.01, 0.778}, // C(14,4)/C(20,10) = 0.0054
		{10, 10, 50, 9, 0.01, 0.963},
		{2, 2, 0, 0, 0.01, 0},
	} {
		got := Detectable(c.actions, c.controls, c.alpha, c.others, experiments.Redraws)
		if got.KMin != c.kMin || math.Abs(got.R95-c.r95) > 0.001 {
			t.Errorf("%+v: got %+v", c, got)
		}
	}
}

// Counting all assignments by convolution gives what visiting them gives.
func TestConvolutionCountsAssignments(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	for range 50 {
		d := NewDesign(arms(1+rng.IntN(6), 1+rng.IntN(6)), 1)
		values := make([]int, d.Trials)
		for i := range values {
			values[i] = rng.IntN(7) * rng.IntN(3)
		}
		v := normal(values, d.Actions)
		got := make([]uint32, largestOf(v, d.Actions)+1)
		newScratch().convolve(d, v, got)
		want := make([]uint32, len(got))
		for row := range d.Pool {
			sum := 0
			for i, x := range v {
				if d.chosen(row, i) {
					sum += int(x)
				}
			}
			want[sum]++
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%v of %d actions: %v, want %v", v, d.Actions, got, want)
		}
	}
}

package correlate

import (
	"math"
	"slices"
	"testing"

	"github.com/hueprint/hueprint/experiments"
)

// rowsOf are the assignments of a pool, each as its actions.
func rowsOf(d *Design) []string {
	var out []string
	for row := range d.Pool {
		text := make([]byte, d.Trials)
		for i := range text {
			text[i] = "ca"[d.pool[row*d.chunks+i/chunkBits]>>(i%chunkBits)&1]
		}
		out = append(out, string(text))
	}
	return out
}

// Two blocks of four cups, of which two each had the milk first: 6 × 6
// assignments, each once, the real one included; p by hand.
func TestBlockedPoolIsTheProductOfItsBlocks(t *testing.T) {
	action := []bool{true, true, false, false, true, false, true, false}
	d := NewBlocked(action, []int{0, 0, 0, 0, 1, 1, 1, 1}, experiments.Redraws, 1)
	rows := rowsOf(d)
	if !d.Enumerated || d.Pool != 36 || d.Assignments() != 36 || !slices.Contains(rows, "aaccacac") {
		t.Fatalf("pool %d of %v, enumerated %t: %q", d.Pool, d.Assignments(), d.Enumerated, rows)
	}
	slices.Sort(rows)
	if len(slices.Compact(rows)) != 36 {
		t.Error("an assignment stands in the pool twice")
	}
	for _, c := range []struct {
		counts []int
		want   float64
	}{
		{[]int{1, 1, 0, 0, 1, 0, 1, 0}, 1.0 / 36}, // all right
		{[]int{1, 0, 0, 0, 1, 0, 0, 0}, 9.0 / 36}, // one of each block: (3/6)²
		{[]int{1, 1, 1, 1, 0, 0, 0, 0}, 1},        // a block's own level tells nothing
	} {
		if got := d.Test([]Candidate{only(c.counts...)}).Scores[0].RawP; math.Abs(got-c.want) > 1e-12 {
			t.Errorf("p of %v = %v, want %v", c.counts, got, c.want)
		}
	}
}

// Blocks that are too many to enumerate are drawn: every redraw keeps each
// block's number of actions, and every trial is an action as often as any other
// of its block.
func TestBlockedRedrawsKeepTheBlocks(t *testing.T) {
	action := append(arms(10, 20), arms(6, 6)...)
	blockOf := make([]int, len(action))
	for i := 30; i < len(blockOf); i++ {
		blockOf[i] = 1
	}
	d := NewBlocked(action, blockOf, experiments.Redraws, 3)
	if d.Enumerated || d.Pool != experiments.Redraws+1 {
		t.Fatalf("pool %d, enumerated %t", d.Pool, d.Enumerated)
	}
	often := make([]int, len(action))
	for _, row := range rowsOf(d)[1:] {
		first, second := 0, 0
		for i, arm := range row {
			if arm == 'a' && i < 30 {
				first++
			}
			if arm == 'a' && i >= 30 {
				second++
			}
			if arm == 'a' {
				often[i]++
			}
		}
		if first != 10 || second != 6 {
			t.Fatalf("a redraw has %d and %d actions", first, second)
		}
	}
	for i, n := range often {
		share := []float64{1.0 / 3, 0.5}[blockOf[i]]
		if sd := math.Sqrt(share * (1 - share) / experiments.Redraws); math.Abs(float64(n)/experiments.Redraws-share) > 4*sd {
			t.Errorf("trial %d is an action in %d of %d redraws, want a share of %.3f", i, n, experiments.Redraws, share)
		}
	}
}

// One block is the design without blocks, to the last redraw.
func TestOneBlockIsTheFixedDesign(t *testing.T) {
	for _, action := range [][]bool{arms(4, 5), arms(13, 17), arms(0, 3), arms(3, 0), {}} {
		d, b := NewDesign(action, 9), NewBlocked(action, make([]int, len(action)), experiments.Redraws, 9)
		if !slices.Equal(d.pool, b.pool) || d.Pool != b.Pool {
			t.Errorf("%d trials: the pools differ", len(action))
		}
	}
}

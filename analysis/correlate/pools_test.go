package correlate

import (
	"testing"
	"time"
)

// rows are the assignments of a pool as strings of 0 and 1.
func rows(d *Design) []string {
	var out []string
	for r := range d.Pool {
		row := make([]byte, d.Trials)
		for i := range row {
			row[i] = '0' + byte(d.pool[r*d.chunks+i/chunkBits]>>(i%chunkBits)&1)
		}
		out = append(out, string(row))
	}
	return out
}

func TestPairsSwapWithinPairs(t *testing.T) {
	d := NewPairs([]bool{true, false, false, true, true}, 1)
	want := map[string]bool{"10011": true, "01011": true, "10101": true, "01101": true}
	got := rows(d)
	if len(got) != 4 || d.LeastP() != 0.25 {
		t.Fatalf("%d assignments, least p %v: %q", len(got), d.LeastP(), got)
	}
	for _, row := range got {
		if !want[row] {
			t.Errorf("assignment %s", row)
		}
		delete(want, row)
	}
	many := make([]bool, 60)
	for i := range many {
		many[i] = i%2 == 0
	}
	if d := NewPairs(many, 1); d.Pool != 10_001 || d.Actions != 30 {
		t.Errorf("30 pairs: pool %d", d.Pool)
	}
}

func TestStrataKeepTheirNumberOfActions(t *testing.T) {
	d := NewStrata([]bool{true, false, false, true, true, false}, []int{0, 0, 0, 1, 1, 1}, 1)
	seen := make(map[string]int)
	for _, row := range rows(d) {
		if n := row[0] + row[1] + row[2] - 3*'0'; n != 1 {
			t.Fatalf("%s has %d actions in the first stratum", row, n)
		}
		seen[row]++
	}
	if len(seen) != 9 || rows(d)[0] != "100110" {
		t.Errorf("%d different assignments, want 9; first %s", len(seen), rows(d)[0])
	}
	for row, n := range seen {
		if n < 950 || n > 1280 {
			t.Errorf("%s was drawn %d times, want about 1,111", row, n)
		}
	}
}

// Twice the events in twice the time are nothing out of the ordinary.
func TestExposure(t *testing.T) {
	c := Candidate{Counts: []int{2, 4, 6, 5}, Bytes: []int{20, 40, 60, 50}, Exposure: []time.Duration{2 * time.Second, 4 * time.Second, 6 * time.Second, 5 * time.Second}}
	for _, f := range []Feature{Count, Bytes} {
		for i, v := range c.values(f) {
			if v != 0 {
				t.Errorf("%s of trial %d: %d beyond what is expected", f, i, v)
			}
		}
	}
	c.Counts = []int{4, 4, 4, 5}
	if got := c.values(Count); got[0] != 200 || got[1] != 0 || got[2] != -200 {
		t.Errorf("counts beyond what is expected: %v", got)
	}
	if got := c.values(Presence); got[0] != 1 {
		t.Errorf("presence %v", got)
	}
}

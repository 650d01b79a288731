package correlate

import "slices"

// largestSum bounds the sum of a vector over an assignment, so that its null
// distribution is a small table. Larger vectors are counted in coarser units,
// chosen without the labels: the test stays valid for the coarser statistic.
const largestSum = 1 << 14

// A vector is a feature's values over the trials in normal form: the smallest
// is 0, their greatest common divisor 1. Vectors with equal normal forms order
// all assignments alike, so each form is tested once.
type vector []uint16

// normal brings values into the normal form for a number of actions.
func normal(values []int, actions int) vector {
	least, divisor := slices.Min(values), 0
	for _, v := range values {
		divisor = gcd(divisor, v-least)
	}
	out := make([]int, len(values))
	if divisor > 0 {
		for i, v := range values {
			out[i] = (v - least) / divisor
		}
	}
	for topSum(out, actions) > largestSum {
		for i := range out {
			out[i] = (out[i] + 1) / 2
		}
	}
	vec := make(vector, len(out))
	for i, v := range out {
		vec[i] = uint16(v)
	}
	return vec
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// topSum is the largest sum that an assignment can reach.
func topSum(values []int, actions int) int {
	sorted := slices.Sorted(slices.Values(values))
	sum := 0
	for _, v := range sorted[len(sorted)-actions:] {
		sum += v
	}
	return sum
}

// constant tells whether all trials are alike, so that no assignment differs.
func (v vector) constant() bool {
	return !slices.ContainsFunc(v, func(x uint16) bool { return x != v[0] })
}

// key is the vector as a map key.
func (v vector) key() string {
	b := make([]byte, 0, 2*len(v))
	for _, x := range v {
		b = append(b, byte(x), byte(x>>8))
	}
	return string(b)
}

// A table holds the sums of a vector over every pattern of a chunk of trials,
// chunk after chunk.
type table []uint16

// fill makes the table of a vector, reusing the space of t.
func (t table) fill(v vector) table {
	t = t[:0]
	for first := 0; first < len(v); first += chunkBits {
		start := len(t)
		t = append(t, 0)
		for _, x := range v[first:min(first+chunkBits, len(v))] {
			for _, sum := range t[start:] {
				t = append(t, sum+x)
			}
		}
		t = append(t, make([]uint16, 1<<chunkBits-(len(t)-start))...)
	}
	return t
}

// sums writes the statistic of every assignment from row first on into out.
func (d *Design) sums(t table, first int, out []uint16) {
	switch d.chunks {
	case 1:
		only := (*[1 << chunkBits]uint16)(t)
		for i, bits := range d.pool[first : first+len(out)] {
			out[i] = only[bits%(1<<chunkBits)]
		}
	case 2:
		low, high := (*[1 << chunkBits]uint16)(t), (*[1 << chunkBits]uint16)(t[1<<chunkBits:])
		pool := d.pool[2*first:][:2*len(out)]
		for i := range out {
			out[i] = low[pool[2*i]%(1<<chunkBits)] + high[pool[2*i+1]%(1<<chunkBits)]
		}
	default:
		for i := range out {
			row := d.pool[(first+i)*d.chunks:][:d.chunks]
			sum := uint16(0)
			for c, bits := range row {
				sum += t[c<<chunkBits|int(bits)]
			}
			out[i] = sum
		}
	}
}

// observed is the statistic of the real assignment.
func (d *Design) observed(v vector) int {
	sum := 0
	for i, x := range v {
		if d.action[i] {
			sum += int(x)
		}
	}
	return sum
}

package infer

import (
	"math"
)

// A column is one feature over all examples.
type column struct {
	values []float64
	// label is the index of each example's label.
	label []int
	// sum and n are per label; what is missing counts in neither.
	sum, n []float64
	scale  float64
	// apart is how far the labels' means lie apart, in spreads within labels;
	// its floor is far below that of scale, so that of features that tell labels
	// equally well apart one that never varies within them is preferred.
	apart float64
}

// rounding is the distance, in spreads, below which means differ by the computer's
// rounding alone. That depends on how many examples a label has, and so on which
// one is left out: a rule that went by it would look as if it could tell labels.
const rounding = 1e-3

// columns are all features; those that never differ have apart 0.
type columns []*column

func newColumns(all []example, labels []string) columns {
	index := make(map[string]int, len(labels))
	for i, l := range labels {
		index[l] = i
	}
	label := make([]int, len(all))
	for i, e := range all {
		label[i] = index[e.label]
	}
	out := make(columns, len(all[0].features))
	for f := range out {
		c := &column{label: label, sum: make([]float64, len(labels)), n: make([]float64, len(labels))}
		for i, e := range all {
			v := e.features[f]
			c.values = append(c.values, v)
			if !math.IsNaN(v) {
				c.sum[label[i]] += v
				c.n[label[i]]++
			}
		}
		c.measure(isTime(f))
		out[f] = c
	}
	return out
}

// measure computes the spread within labels, pooled and floored, and how far
// the labels lie apart.
func (c *column) measure(isTime bool) {
	squares, n := 0.0, 0.0
	for i, v := range c.values {
		if !math.IsNaN(v) {
			d := v - c.sum[c.label[i]]/c.n[c.label[i]]
			squares += d * d
			n++
		}
	}
	floor := leastScale
	if isTime {
		floor = leastTime
	}
	spread := math.Sqrt(squares / math.Max(1, n-float64(len(c.n))))
	c.scale = math.Max(floor, spread)
	low, high := math.Inf(1), math.Inf(-1)
	for l := range c.n {
		if c.n[l] > 0 {
			low, high = math.Min(low, c.sum[l]/c.n[l]), math.Max(high, c.sum[l]/c.n[l])
		}
	}
	if apart := (high - low) / math.Max(floor/10, spread); apart > rounding {
		c.apart = apart
	}
}

// without is the label's mean without one example's own value; false where
// nothing is left.
func (c *column) without(label, example int) (float64, bool) {
	sum, n := c.sum[label], c.n[label]
	if v := c.values[example]; c.label[example] == label && !math.IsNaN(v) {
		sum, n = sum-v, n-1
	}
	return sum / n, n > 0
}

// clear is from where on labels lie so far apart that one feature is as good as
// another, in spreads.
const clear = 4

// choose takes features one after another: the one with which most examples,
// each left out in turn, are told apart, until none tells at least a twentieth
// more (two at least). Of equal ones it takes that whose labels lie farthest
// apart; but of several that are clear one of what the gateway sends, as the far
// end's answers vary with more than the action.
func (cs columns) choose(sent []bool) []int {
	examples, labels := len(cs[0].values), len(cs[0].n)
	distances := make([][]float64, examples)
	for i := range distances {
		distances[i] = make([]float64, labels)
	}
	chosen, right := []int{}, 0
	for len(chosen) < mostFeatures {
		best, bestRight := -1, right
		for f, c := range cs {
			if c.apart == 0 {
				continue
			}
			n := c.rightWith(distances)
			if n > bestRight || best >= 0 && n == bestRight && cs.prefer(f, best, sent) {
				best, bestRight = f, n
			}
		}
		if best < 0 || len(chosen) > 0 && bestRight-right < max(2, examples/20) {
			break
		}
		chosen, right = append(chosen, best), bestRight
		cs[best].addTo(distances)
	}
	return chosen
}

// prefer tells which of two features to take that tell equally many apart.
func (cs columns) prefer(f, g int, sent []bool) bool {
	if cs[f].apart >= clear && cs[g].apart >= clear && sent[f] != sent[g] {
		return sent[f]
	}
	return cs[f].apart > cs[g].apart
}

// distance is that of an example from a label's mean without it.
func (c *column) distance(example, label int) float64 {
	mean, ok := c.without(label, example)
	if !ok {
		return squared(c.values[example], nil, c.scale)
	}
	return squared(c.values[example], &mean, c.scale)
}

// rightWith counts the examples whose own label is nearest when the column joins
// those already chosen.
func (c *column) rightWith(distances [][]float64) (n int) {
	for i, row := range distances {
		best, least := 0, math.Inf(1)
		for l := range row {
			if d := row[l] + c.distance(i, l); d < least {
				best, least = l, d
			}
		}
		if best == c.label[i] {
			n++
		}
	}
	return n
}

func (c *column) addTo(distances [][]float64) {
	for i, row := range distances {
		for l := range row {
			row[l] += c.distance(i, l)
		}
	}
}

package infer

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

const (
	// leastScale floors the pooled scale of lengths, in bytes, and of counts;
	// leastTime that of times, in seconds.
	leastScale = 0.5
	leastTime  = 0.005
	// mostFeatures is how many features a rule may use.
	mostFeatures = 4
	// nearestFew is the k of the k nearest neighbours.
	nearestFew = 3
	// told apart are labels whose leave-one-out accuracy chance would reach with
	// at most this probability, if it guessed the commonest label.
	toldApart = 0.05
	// mostLeftOut is the number of examples up to which each is left out alone;
	// beyond it, a tenth at a time.
	mostLeftOut = 200
)

// An example is what an action of a known label looks like.
type example struct {
	features []float64
	label    string
}

// A Classifier tells actions apart: the nearest centroid, over the few features
// that told them apart in the training, each scaled by its spread within labels.
type Classifier struct {
	// Labels are those it knows, sorted.
	Labels []string `json:"labels"`
	// Separable tells that leave-one-out accuracy is better than guessing the
	// commonest label; otherwise there is one class, [AnyAction].
	Separable bool `json:"separable"`
	// Features are indices into the model's features, Scales their spreads.
	Features []int     `json:"features"`
	Scales   []float64 `json:"scales"`
	// Centroids has, for each label, the mean of each feature; nil where the
	// label never had it.
	Centroids [][]*float64 `json:"centroids"`
	// LeaveOneOut is how the rule does on examples it was not made from, the
	// choice of features included; Neighbours the same for the nearest few.
	LeaveOneOut Accuracy `json:"leave_one_out"`
	Neighbours  Accuracy `json:"nearest_neighbours"`
	// Confusion counts the examples left out by what was done, then by what the
	// rule said.
	Confusion map[string]map[string]int `json:"confusion"`
	// Ceiling is the best accuracy that any rule could have on the training's
	// distributions; nil without examples.
	Ceiling *float64 `json:"ceiling"`
	// Examples are the scaled features of the training, for the check by the
	// nearest neighbours.
	Examples []Example `json:"examples"`
}

// An Example is one action of the training by the classifier's features; nil
// where it lacks one.
type Example struct {
	Label    string     `json:"action"`
	Features []*float64 `json:"features"`
}

// newClassifier learns from examples; sent tells of each feature whether it is of
// what the gateway sends.
func newClassifier(all []example, sent []bool) Classifier {
	labels := labelsOfExamples(all)
	c := fit(all, labels, sent)
	for _, e := range all {
		c.Examples = append(c.Examples, Example{e.label, c.pick(e.features)})
	}
	c.leaveOut(all, sent)
	ceiling := math.Max(ceilingOf(all, c.Features), c.accuracy(all))
	if len(all) > 0 {
		c.Ceiling = &ceiling
	}
	c.Separable = separable(c.LeaveOneOut, all)
	return c
}

func labelsOfExamples(all []example) []string {
	var out []string
	for _, e := range all {
		out = append(out, e.label)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// separable compares with guessing the commonest label.
func separable(a Accuracy, all []example) bool {
	counts := make(map[string]int)
	most := 0
	for _, e := range all {
		counts[e.label]++
		most = max(most, counts[e.label])
	}
	if len(counts) < 2 {
		return len(all) > 0 // what is the only action can be named
	}
	b := distuv.Binomial{N: float64(a.Of), P: ratio(most, len(all))}
	return b.Survival(float64(a.Right)-0.5) <= toldApart
}

// leaveOut scores the rule on examples that it was not made from; features are
// chosen anew each time.
func (c *Classifier) leaveOut(all []example, sent []bool) {
	right, near := 0, 0
	c.Confusion = map[string]map[string]int{}
	leftOut(all, c.Labels, sent, true, func(e example, rule Classifier) {
		said := rule.Classify(e.features, nil)
		if said == e.label {
			right++
		}
		if rule.nearest(e.features) == e.label {
			near++
		}
		if c.Confusion[e.label] == nil {
			c.Confusion[e.label] = map[string]int{}
		}
		c.Confusion[e.label][said]++
	})
	c.LeaveOneOut, c.Neighbours = accuracy(right, len(all)), accuracy(near, len(all))
}

// leftOut gives each example the rule that was made from others; with neighbours
// only where asked for.
func leftOut(all []example, labels []string, sent []bool, neighbours bool, judge func(example, Classifier)) {
	folds := len(all)
	if folds > mostLeftOut {
		folds = 10
	}
	for f := range folds {
		var train, test []example
		for i, e := range all {
			if i%folds == f {
				test = append(test, e)
			} else {
				train = append(train, e)
			}
		}
		rule := fit(train, labels, sent)
		if neighbours {
			for _, e := range train {
				rule.Examples = append(rule.Examples, Example{e.label, rule.pick(e.features)})
			}
		}
		for _, e := range test {
			judge(e, rule)
		}
	}
}

// accuracy of the rule on examples.
func (c Classifier) accuracy(all []example) float64 {
	right := 0
	for _, e := range all {
		if c.Classify(e.features, nil) == e.label {
			right++
		}
	}
	return ratio(right, len(all))
}

// fit chooses features and computes the centroids.
func fit(all []example, labels []string, sent []bool) Classifier {
	c := Classifier{Labels: labels, Features: []int{}, Scales: []float64{}, Centroids: [][]*float64{}, Examples: []Example{}}
	if len(all) == 0 {
		return c
	}
	columns := newColumns(all, labels)
	c.Features = columns.choose(sent)
	for _, f := range c.Features {
		c.Scales = append(c.Scales, columns[f].scale)
	}
	for l := range labels {
		row := make([]*float64, len(c.Features))
		for i, f := range c.Features {
			if n := columns[f].n[l]; n > 0 {
				mean := columns[f].sum[l] / n
				row[i] = &mean
			}
		}
		c.Centroids = append(c.Centroids, row)
	}
	return c
}

func (c Classifier) pick(features []float64) []*float64 {
	out := make([]*float64, len(c.Features))
	for i, f := range c.Features {
		if v := features[f] / c.Scales[i]; !math.IsNaN(v) {
			out[i] = &v
		}
	}
	return out
}

// absent is the squared distance, in scales, of a feature that one of the two
// lacks.
const absent = 9

// Classify names the label with the nearest centroid, among those possible where
// any are given; the first in order on ties.
func (c Classifier) Classify(features []float64, possible []string) string {
	best, least := AnyAction, math.Inf(1)
	for l, label := range c.Labels {
		if len(possible) > 0 && !slices.Contains(possible, label) {
			continue
		}
		d := 0.0
		for i, f := range c.Features {
			d += squared(features[f], c.Centroids[l][i], c.Scales[i])
		}
		if d < least {
			best, least = label, d
		}
	}
	return best
}

func squared(v float64, mean *float64, scale float64) float64 {
	switch {
	case math.IsNaN(v) && mean == nil:
		return 0
	case math.IsNaN(v) || mean == nil:
		return absent
	}
	z := (v - *mean) / scale
	return z * z
}

// nearest is the label of most of the few nearest examples; of equally many, of
// the nearest of them.
func (c Classifier) nearest(features []float64) string {
	few := c.few(features)
	counts := make(map[string]int)
	for _, e := range few {
		counts[e.Label]++
	}
	best := AnyAction
	for _, e := range few {
		if best == AnyAction || counts[e.Label] > counts[best] {
			best = e.Label
		}
	}
	return best
}

// neighbours is the share of the nearest examples that have the label.
func (c Classifier) neighbours(features []float64, label string) float64 {
	few := c.few(features)
	n := 0
	for _, e := range few {
		if e.Label == label {
			n++
		}
	}
	return ratio(n, len(few))
}

func (c Classifier) few(features []float64) []Example {
	at := c.pick(features)
	distance := func(e Example) (d float64) {
		for i := range at {
			switch {
			case at[i] == nil && e.Features[i] == nil:
			case at[i] == nil || e.Features[i] == nil:
				d += absent
			default:
				d += (*at[i] - *e.Features[i]) * (*at[i] - *e.Features[i])
			}
		}
		return d
	}
	type far struct {
		example  Example
		distance float64
	}
	all := make([]far, len(c.Examples))
	for i, e := range c.Examples {
		all[i] = far{e, distance(e)}
	}
	slices.SortStableFunc(all, func(a, b far) int { return cmp.Compare(a.distance, b.distance) })
	var out []Example
	for i := range min(nearestFew, len(all)) {
		out = append(out, all[i].example)
	}
	return out
}

package infer

import (
	"fmt"
	"math"
	"strings"
)

// ceilingOf is the best accuracy that any rule could have on the examples'
// distributions: for each value, the share of its commonest label. It is the
// best over single features and over the chosen ones together. Lengths and counts are
// taken as they are, times in steps of their spread. With few examples of many
// values it is too high, never too low.
func ceilingOf(all []example, chosen []int) float64 {
	if len(all) == 0 {
		return 0
	}
	cs := newColumns(all, labelsOfExamples(all))
	best := 0.0
	for f := range cs {
		best = math.Max(best, commonest(all, func(i int) string { return cs[f].bin(i, isTime(f)) }))
	}
	together := func(i int) string {
		var parts []string
		for _, f := range chosen {
			parts = append(parts, cs[f].bin(i, isTime(f)))
		}
		return strings.Join(parts, "|")
	}
	return math.Max(best, commonest(all, together))
}

// bin names the value of an example.
func (c *column) bin(i int, isTime bool) string {
	v := c.values[i]
	if isTime && !math.IsNaN(v) {
		v = math.Floor(v / c.scale)
	}
	return fmt.Sprint(v)
}

// commonest is the share of examples that have the commonest label of their bin.
func commonest(all []example, bin func(int) string) float64 {
	counts := make(map[string]map[string]int)
	for i, e := range all {
		b := bin(i)
		if counts[b] == nil {
			counts[b] = make(map[string]int)
		}
		counts[b][e.label]++
	}
	right := 0
	for _, labels := range counts {
		most := 0
		for _, n := range labels {
			most = max(most, n)
		}
		right += most
	}
	return ratio(right, len(all))
}

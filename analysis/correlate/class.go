package correlate

import (
	"cmp"

	"github.com/hueprint/hueprint/analysis/events"
	"github.com/hueprint/hueprint/traffic"
)

// AnyName is the name of the union of all channels of one scope and kind.
const AnyName = "*"

// WidestClass is the most by which the lengths of a class can differ, in bytes,
// unless the class is the whole channel.
const WidestClass = 32

// LeastOccurrences is how often a candidate must occur in all trials together.
const LeastOccurrences = 3

// linkages are the gaps, in bytes, at which single-linkage clusters are formed.
var linkages = [...]int{0, 1, 2, 3, 4, 6, 8, 12, 16}

// A Group is what all classes of one channel have in common.
type Group struct {
	Channel   events.Channel
	Direction traffic.Direction
	Kind      events.Kind
	Detail    string
}

// GroupOf is the group of an event.
func GroupOf(e *events.Event) Group {
	return Group{e.Channel, e.Direction, e.Kind, e.Detail}
}

// Union is the group of all channels of the same scope, transport and kind, so
// that a far end whose address rotates does not split a pattern.
func (g Group) Union() Group {
	g.Channel.Name, g.Channel.Port = AnyName, 0
	return g
}

// IsUnion tells whether the group stands for several channels.
func (g Group) IsUnion() bool { return g.Channel.Name == AnyName }

// Holds tells whether the event belongs to the group.
func (g Group) Holds(e *events.Event) bool {
	if g.IsUnion() {
		return g == GroupOf(e).Union()
	}
	return g == GroupOf(e)
}

// Compare orders groups by scope, channel, kind, direction and detail.
func (g Group) Compare(h Group) int {
	return cmp.Or(
		cmp.Compare(g.Channel.Scope, h.Channel.Scope), cmp.Compare(g.Channel.Name, h.Channel.Name),
		cmp.Compare(g.Channel.Transport, h.Channel.Transport), cmp.Compare(g.Channel.Port, h.Channel.Port),
		cmp.Compare(g.Kind, h.Kind), cmp.Compare(g.Direction, h.Direction), cmp.Compare(g.Detail, h.Detail),
	)
}

// A Class is a group's events whose lengths lie in [Min, Max].
type Class struct {
	Group
	Min, Max int
	// Whole tells that the class was formed as the whole channel.
	Whole bool
}

// Holds tells whether the event belongs to the class.
func (c Class) Holds(e *events.Event) bool {
	return e.Length >= c.Min && e.Length <= c.Max && c.Group.Holds(e)
}

// Width is the difference between the largest and the smallest length.
func (c Class) Width() int { return c.Max - c.Min }

// overlaps tells whether two classes of one group share a length.
func (c Class) overlaps(d Class) bool { return c.Min <= d.Max && d.Min <= c.Max }

// Compare orders classes by group, then by length.
func (c Class) Compare(d Class) int {
	return cmp.Or(c.Group.Compare(d.Group), cmp.Compare(c.Min, d.Min), cmp.Compare(c.Max, d.Max))
}

// span is a class of a sorted list of lengths: those at first to last.
type span struct{ first, last int }

// spans forms the classes of sorted distinct lengths: every single-linkage
// cluster at every gap, at most [WidestClass] wide, each once; and all lengths
// together, as the last.
func spans(lengths []int) []span {
	whole := span{0, len(lengths) - 1}
	known := map[span]bool{whole: true}
	var out []span
	for _, gap := range linkages {
		first := 0
		for i := 1; i <= len(lengths); i++ {
			if i < len(lengths) && lengths[i]-lengths[i-1] <= gap {
				continue
			}
			if s := (span{first, i - 1}); lengths[s.last]-lengths[s.first] <= WidestClass && !known[s] {
				known[s] = true
				out = append(out, s)
			}
			first = i
		}
	}
	return append(out, whole)
}

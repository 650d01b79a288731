package correlate

import (
	"cmp"
	"maps"
	"slices"

	"github.com/hueprint/hueprint/analysis/align"
	"github.com/hueprint/hueprint/analysis/events"
)

// explained is how much better the whole channel's F1 must be than that of its
// narrow classes together to be shown in their stead.
const explained = 0.1

// A Chosen class is one that the pattern shows.
type Chosen struct {
	Class
	// P is the smallest adjusted p of the candidates it was made of.
	P float64
	// F1 is the harmonic mean of recall (action trials with the class) and
	// precision (trials with the class that are action trials).
	F1 float64
	// seen tells for each trial whether the class occurs.
	seen []bool
}

// A Selection is what the choice of a pattern rests on.
type Selection struct {
	// Trials whose command was not confirmed count in neither arm.
	Trials     []align.Trial
	Candidates []Candidate
	Scores     []Score
	Alpha      float64
	// Outside gives the lengths, sorted, that a group has outside the windows.
	Outside func(Group) []int
	// Beyond counts a class' occurrences outside the windows where there are no
	// control trials to tell its precision; nil otherwise.
	Beyond func(Class) int
}

// Select chooses the classes to show among the significant ones. Significance
// comes from the largest statistic, which is often that of the wrong class to
// show; so for each channel, direction and kind it takes the class with the
// best F1 over trials, the narrower on ties, and goes on with those that share
// no length with it. Classes of different actions are united. What only says
// again what another class says is left out.
func Select(s Selection) []Chosen {
	groups := make(map[Group][]Chosen)
	for i, c := range s.Candidates {
		if score := s.Scores[i]; !score.Constant && score.P <= s.Alpha {
			ch := s.judged(Chosen{Class: c.Class, P: score.P, seen: seen(c)})
			if ch.F1 > 0 {
				groups[c.Group] = append(groups[c.Group], ch)
			}
		}
	}
	var out []Chosen
	for _, g := range slices.SortedFunc(maps.Keys(groups), Group.Compare) {
		out = append(out, s.unite(s.choose(groups[g]))...)
	}
	return withoutEchoes(out)
}

func seen(c Candidate) []bool {
	out := make([]bool, len(c.Counts))
	for i := range out {
		out[i] = c.Seen(i)
	}
	return out
}

// judged fills in the F1 over confirmed trials.
func (s Selection) judged(c Chosen) Chosen {
	hits, actions, shows := 0, 0, 0
	for i, t := range s.Trials {
		if !t.Confirmed {
			continue
		}
		if !t.Control {
			actions++
		}
		if c.seen[i] {
			shows++
			if !t.Control {
				hits++
			}
		}
	}
	if s.Beyond != nil {
		shows += s.Beyond(c.Class)
	}
	c.F1 = 0
	if hits > 0 {
		c.F1 = 2 * float64(hits) / float64(actions+shows)
	}
	return c
}

// choose takes disjoint classes of one group, best first; the whole channel
// only where they say clearly less.
func (s Selection) choose(classes []Chosen) []Chosen {
	slices.SortFunc(classes, func(a, b Chosen) int {
		return cmp.Or(cmp.Compare(b.F1, a.F1), cmp.Compare(a.Width(), b.Width()), cmp.Compare(a.Min, b.Min))
	})
	var narrow, wide []Chosen
	for _, c := range classes {
		switch {
		case c.Width() > WidestClass:
			wide = append(wide, c)
		case !slices.ContainsFunc(narrow, func(d Chosen) bool { return c.overlaps(d.Class) }):
			narrow = append(narrow, c)
		}
	}
	if len(wide) == 0 || len(narrow) > 0 && wide[0].F1 <= s.together(narrow).F1+explained {
		return narrow
	}
	return wide[:1]
}

// together is the class of everything that any of the classes holds.
func (s Selection) together(classes []Chosen) Chosen {
	sum := classes[0]
	sum.seen = slices.Clone(sum.seen)
	for _, c := range classes[1:] {
		sum.Min, sum.Max, sum.P = min(sum.Min, c.Min), max(sum.Max, c.Max), min(sum.P, c.P)
		for i, in := range c.seen {
			sum.seen[i] = sum.seen[i] || in
		}
	}
	return s.judged(sum)
}

// unite makes one class of neighbours that belong to different actions, unless
// the group has a length between them outside the windows; what was united is
// grown to just before the nearest such length.
func (s Selection) unite(classes []Chosen) []Chosen {
	slices.SortFunc(classes, func(a, b Chosen) int { return cmp.Compare(a.Min, b.Min) })
	var out []Chosen
	for i := 0; i < len(classes); i++ {
		c, united := classes[i], false
		for i+1 < len(classes) && s.differ(c, classes[i+1]) && len(s.between(c, classes[i+1])) == 0 {
			c, united = s.together([]Chosen{c, classes[i+1]}), true
			i++
		}
		if united {
			c = s.grown(c, classes)
		}
		out = append(out, c)
	}
	return out
}

// differ tells whether two classes come with different actions: no label that
// shows both, and no trial.
func (s Selection) differ(a, b Chosen) bool {
	labels := make(map[string]bool)
	for i, t := range s.Trials {
		if a.seen[i] && b.seen[i] {
			return false
		}
		if a.seen[i] && !t.Control {
			labels[t.Action] = true
		}
	}
	for i, t := range s.Trials {
		if b.seen[i] && !t.Control && labels[t.Action] {
			return false
		}
	}
	return true
}

func (s Selection) between(a, b Chosen) []int {
	outside := s.Outside(a.Group)
	from, _ := slices.BinarySearch(outside, a.Min)
	to, _ := slices.BinarySearch(outside, b.Max+1)
	return outside[from:to]
}

// grown widens a class up to the nearest length outside the windows or of
// another class, at most by the largest linkage gap.
func (s Selection) grown(c Chosen, others []Chosen) Chosen {
	reach := linkages[len(linkages)-1]
	low, high := c.Min-reach, c.Max+reach
	for _, length := range s.Outside(c.Group) {
		if length < c.Min {
			low = max(low, length+1)
		} else if length > c.Max {
			high = min(high, length-1)
		}
	}
	for _, o := range others {
		if o.Max < c.Min {
			low = max(low, o.Max+1)
		} else if o.Min > c.Max {
			high = min(high, o.Min-1)
		}
	}
	c.Min, c.Max = max(0, low), high
	return c
}

// withoutEchoes drops classes that say again what another one says: unions
// beside a channel of their own, and kinds that another kind explains.
func withoutEchoes(all []Chosen) []Chosen {
	var out []Chosen
	for _, c := range all {
		if !slices.ContainsFunc(all, func(d Chosen) bool { return echoes(c.Group, d.Group) }) {
			out = append(out, c)
		}
	}
	return out
}

// echoes tells whether g is seen only because of h.
func echoes(g, h Group) bool {
	if g.IsUnion() && !h.IsUnion() && g == h.Union() {
		return true
	}
	if g.Channel != h.Channel && !(g.IsUnion() && g.Channel == h.Union().Channel) {
		return false
	}
	same := g.Direction == h.Direction
	switch g.Kind {
	case events.Message:
		return same && (h.Kind == events.TLSRecord || h.Kind == events.ClientHello)
	case events.Datagram:
		return same && h.Kind == events.DNSQuestion
	case events.FlowStart:
		return same && (h.Kind == events.ClientHello || h.Kind == events.DNSQuestion || h.Kind == events.Datagram || h.Kind == events.Multicast)
	}
	return false
}

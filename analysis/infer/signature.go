package infer

import (
	"cmp"
	"slices"
	"time"

	"github.com/hueprint/hueprint/analysis/events"
	"github.com/hueprint/hueprint/traffic"
)

// A Signature is what the traffic shows when one action is done, made portable:
// steps with exact lengths, and times relative to each other, never to a label.
type Signature struct {
	Label string `json:"action"`
	Steps []Step `json:"steps"`
	// Anchor is the index of the step whose time is the action's.
	Anchor int `json:"anchor"`
	// Needed is how many of the steps an instance must show at least.
	Needed int `json:"needed"`
	// Trained of Of actions in the training showed the anchor; False counts
	// what looked like the signature there and was no action.
	Trained int `json:"trained"`
	Of      int `json:"of"`
	False   int `json:"false"`
}

// A Step is a mark as one action shows it.
type Step struct {
	// Mark is the index into the model's marks.
	Mark int `json:"mark"`
	// Lengths are those accepted (see ranges).
	Lengths []Range `json:"lengths"`
	// From and To bound the time after the anchor, as the training saw it.
	From time.Duration `json:"from_ns"`
	To   time.Duration `json:"to_ns"`
	// Seen of Of instances in the training showed the step.
	Seen int `json:"seen"`
	Of   int `json:"of"`
}

// leastSlack is the least by which a step may be earlier or later than the
// training saw it; half the width of what it saw, where that is more.
const leastSlack = 250 * time.Millisecond

// slack is how much earlier or later than in the training the step may come.
func (s Step) slack() time.Duration { return max(leastSlack, (s.To-s.From)/2) }

// middle is the middle of the times at which the training saw the step.
func (s Step) middle() time.Duration { return s.From + (s.To-s.From)/2 }

// A Range holds the lengths from Min to Max.
type Range struct {
	Min int `json:"min"`
	Max int `json:"max"`
}

func within(ranges []Range, length int) bool {
	return slices.ContainsFunc(ranges, func(r Range) bool { return length >= r.Min && length <= r.Max })
}

const (
	// unseenShare is the share of lengths seen once from which on lengths that
	// were never seen are to be expected: by I. J. Good ("The population
	// frequencies of species", 1953), the share of sightings that are single
	// estimates the probability that the next one is new.
	unseenShare = 0.2
	// mostWidening is the most by which a range is widened, in bytes.
	mostWidening = 8
)

// ranges are the lengths to accept after those seen: exactly these, unless many
// were seen just once. Then neighbours are joined, and both ends widened by the
// median gap between neighbours, at most mostWidening.
func ranges(seen []int) []Range {
	counts := make(map[int]int)
	for _, l := range seen {
		counts[l]++
	}
	lengths := slices.Clone(seen)
	slices.Sort(lengths)
	lengths = slices.Compact(lengths)
	widen := widening(lengths, counts, len(seen))
	var out []Range
	for _, l := range lengths {
		r := Range{max(0, l-widen), l + widen}
		if n := len(out); n > 0 && r.Min <= out[n-1].Max+1 {
			out[n-1].Max = r.Max
			continue
		}
		out = append(out, r)
	}
	return out
}

func widening(lengths []int, counts map[int]int, n int) int {
	single := 0
	for _, c := range counts {
		if c == 1 {
			single++
		}
	}
	if len(lengths) < 2 || float64(single) <= unseenShare*float64(n) {
		return 0
	}
	var gaps []int
	for i := 1; i < len(lengths); i++ {
		gaps = append(gaps, lengths[i]-lengths[i-1])
	}
	slices.Sort(gaps)
	return min(mostWidening, gaps[len(gaps)/2])
}

// index has the events of each mark of a recording, in order of time.
type index [][]*events.Event

func newIndex(log []events.Event, marks []Mark) index {
	out := make(index, len(marks))
	alike := make(map[sort][]int)
	for i := range log {
		e := &log[i]
		s := sort{e.Channel, e.Direction, e.Kind, e.Detail}
		of, known := alike[s]
		if !known {
			for m := range marks {
				if marks[m].alike(e) {
					of = append(of, m)
				}
			}
			alike[s] = of
		}
		for _, m := range of {
			if e.Length >= marks[m].Min && e.Length <= marks[m].Max {
				out[m] = append(out[m], e)
			}
		}
	}
	return out
}

// A sort is what events of the same marks have in common, but for their lengths.
type sort struct {
	channel   events.Channel
	direction traffic.Direction
	kind      events.Kind
	detail    string
}

// between are the events of a mark in [from, to].
func (x index) between(mark int, from, to time.Time) []*events.Event {
	list := x[mark]
	first, _ := slices.BinarySearchFunc(list, from, func(e *events.Event, t time.Time) int { return e.Time.Compare(t) })
	last := first
	for last < len(list) && !list[last].Time.After(to) {
		last++
	}
	return list[first:last]
}

// A sight is a place of a recording that looks like a signature.
type sight struct {
	at time.Time
	// found of the signature's steps are there.
	found, of int
	// anchored tells that the anchor is one of them.
	anchored bool
	label    string
}

func (s sight) share() float64 { return float64(s.found) / float64(s.of) }

// better orders sights, the surer one first.
func (s sight) better(t sight) int {
	sure := func(s sight) int {
		if s.anchored {
			return 1
		}
		return 0
	}
	return cmp.Or(cmp.Compare(t.share(), s.share()), cmp.Compare(t.found, s.found), cmp.Compare(sure(t), sure(s)),
		s.at.Compare(t.at), cmp.Compare(s.label, t.label))
}

// sights are all places with at least the needed steps, one for each event that
// can be a step; those of one instance lie close together.
func (g Signature) sights(x index, marks []Mark, needed int) []sight {
	var out []sight
	for i, step := range g.Steps {
		for _, e := range x[step.Mark] {
			if !within(step.Lengths, e.Length) {
				continue
			}
			if s, ok := g.around(x, marks, i, e.Time.Add(-step.middle())); ok && s.found >= needed {
				out = append(out, s)
			}
		}
	}
	return out
}

// around counts the steps around an instant that was guessed from one step. A
// guess from a step whose time varies is the less exact for it.
func (g Signature) around(x index, marks []Mark, from int, at time.Time) (sight, bool) {
	s := sight{at: at, of: len(g.Steps), label: g.Label}
	doubt := (g.Steps[from].To - g.Steps[from].From) / 2
	content, any := false, false
	for i, step := range g.Steps {
		any = any || marks[step.Mark].content()
		e := g.find(x, step, at, doubt)
		if e == nil {
			continue
		}
		s.found++
		content = content || marks[step.Mark].content()
		if i == g.Anchor {
			s.anchored, s.at = true, e.Time
		}
	}
	return s, content || !any
}

// find is the step's event nearest to where it should be; nil where there is none.
func (g Signature) find(x index, step Step, at time.Time, doubt time.Duration) *events.Event {
	var best *events.Event
	margin := step.slack() + doubt
	want := at.Add(step.middle())
	for _, e := range x.between(step.Mark, at.Add(step.From-margin), at.Add(step.To+margin)) {
		if within(step.Lengths, e.Length) && (best == nil || e.Time.Sub(want).Abs() < best.Time.Sub(want).Abs()) {
			best = e
		}
	}
	return best
}

// merge keeps the best of the sights that lie closer together than pause: they
// are of one action. The sights come back in order of time.
func merge(all []sight, pause time.Duration) []sight {
	all = slices.Clone(all)
	slices.SortStableFunc(all, sight.better)
	var kept []sight // in order of time
	for _, s := range all {
		at, _ := slices.BinarySearchFunc(kept, s.at, func(k sight, t time.Time) int { return k.at.Compare(t) })
		if at < len(kept) && kept[at].at.Sub(s.at) < pause || at > 0 && s.at.Sub(kept[at-1].at) < pause {
			continue
		}
		kept = slices.Insert(kept, at, s)
	}
	return kept
}

package infer

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/hueprint/hueprint/analysis/events"
)

const (
	// coreShare is the share of a label's instances that show a step of its
	// signature.
	coreShare = 0.9
	// leastF1 is the least F1 of a mark in the training to be an anchor.
	leastF1 = 0.5
	// leastInstances is how often an action must have been seen to learn from.
	leastInstances = 2
	// mostReach is how far the steps of one action can lie apart.
	mostReach = 10 * time.Second
	// gathered events of one mark are one sighting of it.
	gathered = 2 * time.Second
)

// A learner makes a model while it looks at the training.
type learner struct {
	recordings []Recording
	indexes    []index
	marks      []Mark
	// gap is the smallest between two actions, reach how far from its anchor a
	// step may be.
	gap, reach time.Duration
	// sightings of each mark, in all recordings.
	sightings [][]sighting
}

// A sighting is one place at which a mark was seen, however many events it had
// there.
type sighting struct {
	recording int
	event     *events.Event
	// action is the index of the action it was assigned to, or −1.
	action int
}

// Learn makes a model of recordings whose actions are known and the marks that
// are significant in them. Without marks, or where no mark comes with at least
// half of a label's actions, the model is empty.
func Learn(recordings []Recording, marks []Mark) Model {
	l := newLearner(recordings, marks)
	model := Model{Marks: l.marks, Reach: l.reach}
	for _, label := range labelsOf(recordings) {
		if s, ok := l.signature(label); ok {
			model.Signatures = append(model.Signatures, s)
		}
	}
	if len(model.Signatures) == 0 {
		return Model{Marks: []Mark{}, Signatures: []Signature{}, Pause: oneMoment}
	}
	l.pause(&model)
	model.Classifier = newClassifier(l.examples(model), model.sent())
	return model
}

func newLearner(recordings []Recording, marks []Mark) *learner {
	l := &learner{recordings: recordings, marks: united(distinct(marks)), gap: time.Hour}
	for _, r := range recordings {
		l.indexes = append(l.indexes, newIndex(r.Events, l.marks))
		l.gap = min(l.gap, smallestGap(r.Actions))
	}
	l.reach = min(mostReach, l.gap*2/5)
	for m := range l.marks {
		l.sightings = append(l.sightings, l.see(m))
	}
	return l
}

// distinct are the marks in a fixed order, each once.
func distinct(marks []Mark) []Mark {
	out := slices.Clone(marks)
	slices.SortFunc(out, func(a, b Mark) int {
		return cmp.Or(cmp.Compare(a.Channel.Name, b.Channel.Name), cmp.Compare(a.Channel.Port, b.Channel.Port),
			cmp.Compare(a.Channel.Transport, b.Channel.Transport), cmp.Compare(a.Channel.Scope, b.Channel.Scope),
			cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Direction, b.Direction), cmp.Compare(a.Detail, b.Detail),
			cmp.Compare(a.Min, b.Min), cmp.Compare(a.Max, b.Max))
	})
	return slices.Compact(out)
}

// united makes one of marks that overlap, as several tests may each find a part of
// a class: one event must not count as two steps. Wide ones stay apart, as they
// would swallow the others.
func united(marks []Mark) []Mark {
	var out []Mark
	for _, m := range marks {
		same := slices.IndexFunc(out, func(k Mark) bool {
			return k.Kind == m.Kind && k.Direction == m.Direction && sameDetail(k.Detail, m.Detail) &&
				sameChannel(k.Channel, m.Channel) && sameChannel(m.Channel, k.Channel) &&
				k.Min <= m.Max && m.Min <= k.Max && max(k.Max, m.Max)-min(k.Min, m.Min) <= minedWidth
		})
		if same < 0 {
			out = append(out, m)
			continue
		}
		out[same].Min, out[same].Max = min(out[same].Min, m.Min), max(out[same].Max, m.Max)
	}
	return out
}

func labelsOf(recordings []Recording) []string {
	var out []string
	for _, r := range recordings {
		for _, a := range r.Actions {
			out = append(out, a.Label)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// see finds the sightings of a mark and assigns them to actions. A length that
// is seen more often without an action than with one is not a mark's: it is left
// out, and the rest assigned anew.
func (l *learner) see(mark int) []sighting {
	without := make(map[int]bool)
	for {
		all := l.assigned(mark, without)
		balance := make(map[int]int)
		for _, s := range all {
			if s.action >= 0 {
				balance[s.event.Length]++
			} else {
				balance[s.event.Length]--
			}
		}
		before := len(without)
		for length, b := range balance {
			if b < 0 {
				without[length] = true
			}
		}
		if len(without) == before {
			return all
		}
	}
}

func (l *learner) assigned(mark int, without map[int]bool) []sighting {
	var out []sighting
	for r, x := range l.indexes {
		var instants []time.Time
		first := len(out)
		last := time.Time{}
		for _, e := range x[mark] {
			if without[e.Length] {
				continue
			}
			if last.IsZero() || e.Time.Sub(last) > min(gathered, l.reach) {
				out = append(out, sighting{recording: r, event: e})
				instants = append(instants, e.Time)
			}
			last = e.Time
		}
		early, late := l.recordings[r].reach()
		for i, a := range Assign(instants, l.recordings[r].Actions, early, late) {
			out[first+i].action = a
		}
	}
	return out
}

func (l *learner) label(s sighting) string {
	return l.recordings[s.recording].Actions[s.action].Label
}

// signature learns that of one label.
func (l *learner) signature(label string) (Signature, bool) {
	anchor, ok := l.anchor(label)
	if !ok {
		return Signature{}, false
	}
	instances := l.instances(anchor, label)
	g := Signature{Label: label, Trained: len(instances), Of: l.actions(label)}
	for m := range l.marks {
		step, ok := l.step(m, anchor, instances)
		if !ok {
			continue
		}
		if m == anchor {
			g.Anchor = len(g.Steps)
		}
		g.Steps = append(g.Steps, step)
	}
	l.threshold(&g)
	return g, true
}

// instances are the sightings of a mark with a label's actions.
func (l *learner) instances(mark int, label string) (out []sighting) {
	for _, s := range l.sightings[mark] {
		if s.action >= 0 && l.label(s) == label {
			out = append(out, s)
		}
	}
	return out
}

func (l *learner) actions(label string) (n int) {
	for _, r := range l.recordings {
		for _, a := range r.Actions {
			if a.Label == label {
				n++
			}
		}
	}
	return n
}

// anchor is the mark whose sightings come best with the label's actions.
func (l *learner) anchor(label string) (best int, ok bool) {
	bestF1 := 0.0
	for m, all := range l.sightings {
		hits, matched := 0, 0
		for _, s := range all {
			if s.action >= 0 {
				matched++
				if l.label(s) == label {
					hits++
				}
			}
		}
		n := l.actions(label)
		if hits < min(leastInstances, n) || 2*hits < n {
			continue
		}
		f1 := harmonic(ratio(hits, n), ratio(matched, len(all)))
		if f1 < leastF1 || ok && (f1 < bestF1 || f1 == bestF1 && !l.marks[m].clearer(l.marks[best])) {
			continue
		}
		best, bestF1, ok = m, f1, true
	}
	return best, ok
}

// clearer tells whether the mark is the better anchor of two equally good ones:
// what carries content, what the gateway sends, and what is longer.
func (m Mark) clearer(n Mark) bool {
	if m.content() != n.content() {
		return m.content()
	}
	if m.Direction != n.Direction {
		return m.Direction < n.Direction // Out before In
	}
	return m.Max > n.Max
}

func harmonic(a, b float64) float64 {
	if a+b == 0 {
		return 0
	}
	return 2 * a * b / (a + b)
}

func ratio(a, b int) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

// step learns how a mark follows the anchor; false where too few instances show
// it at about the same time.
func (l *learner) step(mark, anchor int, instances []sighting) (Step, bool) {
	nearest := func(want time.Duration) (found []*events.Event, after []time.Duration) {
		for _, s := range instances {
			e := s.event
			if mark != anchor {
				e = l.nearest(mark, s, want)
			}
			if e != nil {
				found, after = append(found, e), append(after, e.Time.Sub(s.event.Time))
			}
		}
		return found, after
	}
	_, after := nearest(0)
	if float64(len(after)) < coreShare*float64(len(instances)) {
		return Step{}, false
	}
	middle := median(after)
	found, after := nearest(middle)
	reach := scatter(after, middle)
	s := Step{Mark: mark, Of: len(instances), From: math.MaxInt64, To: math.MinInt64}
	var lengths []int
	for i, d := range after {
		if (d - middle).Abs() <= reach {
			s.Seen++
			s.From, s.To = min(s.From, d), max(s.To, d)
			lengths = append(lengths, found[i].Length)
		}
	}
	s.Lengths = ranges(lengths)
	told := mark == anchor || l.chance(s) <= mostChance
	return s, told && float64(s.Seen) >= coreShare*float64(s.Of)
}

// mostChance is the most by which a step may be there by chance.
const mostChance = 0.3

// chance is the probability that events of the step that belong to no instance
// fall into its time, if they come at random.
func (l *learner) chance(s Step) float64 {
	others, hours := -s.Seen, time.Duration(0)
	for r, x := range l.indexes {
		hours += l.recordings[r].Last.Sub(l.recordings[r].First)
		for _, e := range x[s.Mark] {
			if within(s.Lengths, e.Length) {
				others++
			}
		}
	}
	if others <= 0 || hours <= 0 {
		return 0
	}
	width := s.To - s.From + 2*s.slack()
	return 1 - math.Exp(-float64(others)*width.Seconds()/hours.Seconds())
}

// nearest is the mark's event nearest to where it is wanted after a sighting.
func (l *learner) nearest(mark int, s sighting, want time.Duration) *events.Event {
	var best *events.Event
	at := s.event.Time.Add(want)
	for _, e := range l.indexes[s.recording].between(mark, s.event.Time.Add(-l.reach), s.event.Time.Add(l.reach)) {
		if best == nil || e.Time.Sub(at).Abs() < best.Time.Sub(at).Abs() {
			best = e
		}
	}
	return best
}

func median(list []time.Duration) time.Duration {
	sorted := slices.Clone(list)
	slices.Sort(sorted)
	return sorted[len(sorted)/2]
}

// scatter is how far from the median a time is no longer the same reaction: four
// times the median deviation, at least half a second.
func scatter(list []time.Duration, middle time.Duration) time.Duration {
	var off []time.Duration
	for _, d := range list {
		off = append(off, (d - middle).Abs())
	}
	return max(500*time.Millisecond, 4*median(off))
}

package infer

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/hueprint/hueprint/analysis/events"
	"github.com/hueprint/hueprint/traffic"
)

const (
	// minedGap joins lengths to one mark, minedWidth bounds it, in bytes.
	minedGap, minedWidth = 4, 32
	// minedShare is the share of a label's instances that show a mined mark.
	minedShare = 0.5
)

// Mine adds to significant marks those that come with them. The test shows one
// class of a channel, and a far end whose address changes can hide others; but
// once it is known when the gateway reacts, what else comes at that time, and
// mostly then, belongs to the reaction. It stays within the scopes of the marks
// and proves nothing by itself: without significant marks there are none.
func Mine(recordings []Recording, marks []Mark) []Mark {
	if len(marks) == 0 {
		return nil
	}
	l := newLearner(recordings, marks)
	m := newMine(l)
	for _, label := range labelsOf(recordings) {
		if anchor, ok := l.anchor(label); ok {
			m.dig(l, l.instances(anchor, label))
		}
	}
	return m.uncovered(append(slices.Clone(l.marks), m.marks()...))
}

// A vein is all events that differ in length alone.
type vein struct {
	channel   events.Channel
	direction traffic.Direction
	kind      events.Kind
	detail    string
}

type ore struct {
	vein   vein
	length int
}

type mine struct {
	recordings []Recording
	veins      map[sort]vein
	inside     bool // scopes other than the internet
	outside    bool
	total      map[ore]int
	// near counts the events around instances; shown the instances of one label
	// that show them, best that share over labels.
	near map[ore]int
	best map[ore]float64
}

func newMine(l *learner) *mine {
	m := &mine{recordings: l.recordings, veins: map[sort]vein{}, total: map[ore]int{}, near: map[ore]int{}, best: map[ore]float64{}}
	for _, mark := range l.marks {
		if mark.Channel.Scope == traffic.Internet {
			m.outside = true
		} else {
			m.inside = true
		}
	}
	for _, r := range l.recordings {
		for i := range r.Events {
			if o, ok := m.oreOf(&r.Events[i]); ok {
				m.total[o]++
			}
		}
	}
	return m
}

// oreOf generalises an event's channel as far as another home may differ.
func (m *mine) oreOf(e *events.Event) (ore, bool) {
	if e.Channel.Scope == traffic.Internet && !m.outside || e.Channel.Scope != traffic.Internet && !m.inside {
		return ore{}, false
	}
	s := sort{e.Channel, e.Direction, e.Kind, e.Detail}
	v, known := m.veins[s]
	if !known {
		v = vein(s)
		v.channel.Name = service(v.channel.Name)
		m.veins[s] = v
	}
	return ore{v, e.Length}, true
}

// service is what of a name is the same in another home.
func service(name string) string {
	if isAddress(name) {
		return AnyName
	}
	return registered(name)
}

// dig counts what comes around instances of one label.
func (m *mine) dig(l *learner, instances []sighting) {
	shown := make(map[ore]int)
	for _, s := range instances {
		seen := make(map[ore]bool)
		list := l.recordings[s.recording].Events
		from, to := s.event.Time.Add(-l.reach), s.event.Time.Add(l.reach)
		first, _ := slices.BinarySearchFunc(list, from, func(e events.Event, t time.Time) int { return e.Time.Compare(t) })
		for i := first; i < len(list) && !list[i].Time.After(to); i++ {
			if o, ok := m.oreOf(&list[i]); ok {
				m.near[o]++
				seen[o] = true
			}
		}
		for o := range seen {
			shown[o]++
		}
	}
	for o, n := range shown {
		if n >= leastInstances {
			m.best[o] = max(m.best[o], ratio(n, len(instances)))
		}
	}
}

// marks are the neighbouring lengths of a vein that come mostly near instances,
// and with enough of them.
func (m *mine) marks() []Mark {
	worth := make(map[vein][]int)
	for o := range m.best {
		if 2*m.near[o] >= m.total[o] {
			worth[o.vein] = append(worth[o.vein], o.length)
		}
	}
	var out []Mark
	for _, v := range slices.SortedFunc(maps.Keys(worth), vein.compare) {
		lengths := worth[v]
		slices.Sort(lengths)
		for first := 0; first < len(lengths); {
			last, share := first, 0.0
			for last < len(lengths) && (last == first || lengths[last]-lengths[last-1] <= minedGap && lengths[last]-lengths[first] <= minedWidth) {
				share += m.best[ore{v, lengths[last]}]
				last++
			}
			if share >= minedShare {
				out = append(out, Mark{v.channel, v.direction, v.kind, v.detail, lengths[first], lengths[last-1]})
			}
			first = last
		}
	}
	return out
}

func (v vein) compare(w vein) int {
	return cmp.Or(cmp.Compare(v.channel.Scope, w.channel.Scope), cmp.Compare(v.channel.Name, w.channel.Name), cmp.Compare(v.channel.Transport, w.channel.Transport),
		cmp.Compare(v.channel.Port, w.channel.Port), cmp.Compare(v.kind, w.kind), cmp.Compare(v.direction, w.direction), cmp.Compare(v.detail, w.detail))
}

// uncovered leaves out marks all of whose events another one holds, the narrower
// first: one event must not count as two steps.
func (m *mine) uncovered(marks []Mark) []Mark {
	slices.SortStableFunc(marks, func(a, b Mark) int { return cmp.Compare(a.Max-a.Min, b.Max-b.Min) })
	var kept []Mark
	taken := make([]map[*events.Event]bool, len(m.recordings))
	for r := range taken {
		taken[r] = map[*events.Event]bool{}
	}
	for _, mark := range marks {
		fresh := 0
		for r, rec := range m.recordings {
			for _, e := range newIndex(rec.Events, []Mark{mark})[0] {
				if !taken[r][e] {
					taken[r][e] = true
					fresh++
				}
			}
		}
		if fresh > 0 {
			kept = append(kept, mark)
		}
	}
	return kept
}

package infer

import "time"

// threshold learns how many steps are needed: of those numbers, above half, that
// give the best F1 in the training, one at a third of their way, so that what was
// not an action stays below it, and an action may lack more than in the training.
func (l *learner) threshold(g *Signature) {
	var best []int
	bestF1 := -1.0
	falses := make(map[int]int)
	for needed := len(g.Steps)/2 + 1; needed <= len(g.Steps); needed++ {
		hits, wrong := l.try(*g, needed)
		falses[needed] = wrong
		f1 := harmonic(ratio(hits, g.Of), ratio(hits, hits+wrong))
		if f1 > bestF1 {
			best, bestF1 = nil, f1
		}
		if f1 == bestF1 {
			best = append(best, needed)
		}
	}
	g.Needed = best[(len(best)-1)/3]
	g.False = falses[g.Needed]
}

// try counts the label's actions that the signature finds, and what it finds
// beside any action.
func (l *learner) try(g Signature, needed int) (hits, wrong int) {
	for r, x := range l.indexes {
		found := merge(g.sights(x, l.marks, needed), min(gathered, l.reach))
		rec := l.recordings[r]
		early, late := rec.reach()
		for _, a := range Assign(instants(found), rec.Actions, early, late) {
			switch {
			case a < 0:
				wrong++
			case rec.Actions[a].Label == g.Label:
				hits++
			}
		}
	}
	return hits, wrong
}

func instants(found []sight) []time.Time {
	out := make([]time.Time, len(found))
	for i, s := range found {
		out[i] = s.at
	}
	return out
}

// pauses are the times within which two findings can be one action's, as some
// gateways say everything twice.
var pauses = [...]time.Duration{1, 2, 3, 5, 8, 10, 15}

// pause learns the shortest one that gives the best F1 in the training; it is
// longer than any signature, and shorter than half the smallest gap.
func (l *learner) pause(m *Model) {
	least := oneMoment
	for _, g := range m.Signatures {
		for _, s := range g.Steps {
			least = max(least, s.To+s.slack(), -s.From+s.slack())
		}
	}
	most := max(l.gap*9/20, 100*time.Millisecond)
	least = min(least, most)
	best := -1.0
	for _, seconds := range append([]time.Duration{0}, pauses[:]...) {
		candidate := max(seconds*time.Second, least)
		if candidate > most {
			break
		}
		try := *m
		try.Pause = candidate
		if f1 := l.f1(try); f1 > best {
			best, m.Pause = f1, candidate
		}
	}
}

// f1 is that of the model's detections in the training.
func (l *learner) f1(m Model) float64 {
	hits, found, actions := 0, 0, 0
	for r, rec := range l.recordings {
		all := m.sights(l.indexes[r])
		early, late := rec.reach()
		for _, a := range Assign(instants(all), rec.Actions, early, late) {
			if a >= 0 {
				hits++
			}
		}
		found += len(all)
		actions += len(rec.Actions)
	}
	return harmonic(ratio(hits, actions), ratio(hits, found))
}

// examples are the detections in the training that belong to an action.
func (l *learner) examples(m Model) (out []example) {
	for r, rec := range l.recordings {
		all := m.sights(l.indexes[r])
		early, late := rec.reach()
		for i, a := range Assign(instants(all), rec.Actions, early, late) {
			if a >= 0 {
				out = append(out, example{m.features(l.indexes[r], all[i].at), rec.Actions[a].Label})
			}
		}
	}
	return out
}

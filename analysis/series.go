package analysis

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// A Series is what several runs of one experiment on one gateway say together.
// Every run is a look and is listed, whatever became of it; those that gave a p
// are tests, and their p are adjusted by Holm's procedure, so that repeating a
// run until it shows something shows nothing.
type Series struct {
	Experiment string `json:"experiment"`
	Gateway    string `json:"gateway"`
	// Looks counts the runs, Tests those of them that gave a p.
	Looks int `json:"looks"`
	Tests int `json:"tests"`
	// P is the smallest adjusted p; nil without a test.
	P *float64 `json:"p"`
	// Runs are in order of their start.
	Runs []Look `json:"runs"`
	// Sentence says it in words.
	Sentence string `json:"sentence"`
}

// A Look is one run of a series.
type Look struct {
	Run     string     `json:"run"`
	Started time.Time  `json:"started,omitzero"`
	Verdict Conclusion `json:"verdict"`
	// P is the run's own, HolmP adjusted for all tests of the series, the run's
	// own planned looks included.
	P     *float64 `json:"p"`
	HolmP *float64 `json:"holm_p"`
	// PlannedLooks counts the looks that the run itself planned; its p is multiplied
	// by them before the series is adjusted.
	PlannedLooks int `json:"planned_looks,omitempty"`
	// Exploratory looks did not use the registered analysis; they count.
	Exploratory bool `json:"exploratory,omitempty"`
}

// Relate finds the series among the findings of several runs and notes each in
// the verdicts that belong to it, and in a warning. Labelled captures, and a run
// given twice, are no series. The findings are changed in place.
func Relate(all []*Findings) []Series {
	var out []Series
	for _, key := range seriesOf(all) {
		s := key.series(all)
		out = append(out, s)
		key.note(all, s)
	}
	return out
}

// A seriesKey is what the runs of a series have in common.
type seriesKey struct{ experiment, gateway string }

// seriesOf are the keys with more than one run, in the order of the findings.
func seriesOf(all []*Findings) []seriesKey {
	var order []seriesKey
	runs := make(map[seriesKey][]string)
	for _, f := range all {
		if f.Subject.Run == "" {
			continue
		}
		for _, v := range f.Verdicts {
			k := seriesKey{f.Subject.Experiment, v.Gateway}
			if len(runs[k]) == 0 {
				order = append(order, k)
			}
			if !slices.Contains(runs[k], f.Subject.Run) {
				runs[k] = append(runs[k], f.Subject.Run)
			}
		}
	}
	return slices.DeleteFunc(order, func(k seriesKey) bool { return len(runs[k]) < 2 })
}

func (k seriesKey) series(all []*Findings) Series {
	s := Series{Experiment: k.experiment, Gateway: k.gateway}
	var ps []float64
	for _, f := range all {
		v := k.verdict(f)
		if v == nil || slices.ContainsFunc(s.Runs, func(l Look) bool { return l.Run == f.Subject.Run }) {
			continue
		}
		s.Runs = append(s.Runs, Look{Run: f.Subject.Run, Started: f.Subject.Started, Verdict: v.Verdict, P: v.P, PlannedLooks: v.plannedLooks(), Exploratory: f.Exploratory})
	}
	slices.SortStableFunc(s.Runs, func(a, b Look) int { return cmp.Or(a.Started.Compare(b.Started), cmp.Compare(a.Run, b.Run)) })
	for _, l := range s.Runs {
		if l.P != nil {
			ps = append(ps, min(1, *l.P*float64(max(1, l.PlannedLooks))))
		}
	}
	s.Looks, s.Tests = len(s.Runs), len(ps)
	s.adjust(holm(ps))
	s.Sentence = s.inWords()
	return s
}

// adjust gives the tests their adjusted p, in their order.
func (s *Series) adjust(adjusted []float64) {
	for i := range s.Runs {
		if s.Runs[i].P == nil {
			continue
		}
		p := adjusted[0]
		adjusted = adjusted[1:]
		s.Runs[i].HolmP = &p
		if s.P == nil || p < *s.P {
			s.P = &p
		}
	}
}

func (s Series) inWords() string {
	out := fmt.Sprintf("These are %d runs of experiment %s on %s, of which %d gave a p", s.Looks, cmp.Or(s.Experiment, "without a name"), s.Gateway, s.Tests)
	if s.P == nil {
		return out + "."
	}
	return fmt.Sprintf("%s; the smallest one, adjusted for their number (Holm), is %.2g.", out, *s.P)
}

// verdict is that of the findings on the series' gateway; nil if they are not of it.
func (k seriesKey) verdict(f *Findings) *Verdict {
	if f.Subject.Run == "" || f.Subject.Experiment != k.experiment {
		return nil
	}
	for i := range f.Verdicts {
		if f.Verdicts[i].Gateway == k.gateway {
			return &f.Verdicts[i]
		}
	}
	return nil
}

func (k seriesKey) note(all []*Findings, s Series) {
	for _, f := range all {
		if v := k.verdict(f); v != nil {
			v.Series = &s
			f.Warnings = append(f.Warnings[:len(f.Warnings):len(f.Warnings)], s.Sentence)
		}
	}
}

package infer

import (
	"math"
	"time"

	"gonum.org/v1/gonum/stat/distuv"
)

// confidenceLevel is that of all intervals.
const confidenceLevel = 0.95

// An Interval is a share with its confidence interval, 95 percent, after
// E. B. Wilson ("Probable inference, the law of succession, and statistical
// inference", 1927).
type Interval struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// Wilson is the interval of k successes in n trials; nil without trials.
func Wilson(k, n int) *Interval {
	if n == 0 {
		return nil
	}
	z := distuv.UnitNormal.Quantile(1 - (1-confidenceLevel)/2)
	N := float64(n)
	p := float64(k) / N
	middle := (p + z*z/(2*N)) / (1 + z*z/N)
	half := z / (1 + z*z/N) * math.Sqrt(p*(1-p)/N+z*z/(4*N*N))
	return &Interval{Value: p, Low: math.Max(0, middle-half), High: math.Min(1, middle+half)}
}

// An Accuracy is how many of some answers were right.
type Accuracy struct {
	Right int `json:"right"`
	Of    int `json:"of"`
	// Share is nil without answers.
	Share *Interval `json:"share"`
}

func accuracy(right, of int) Accuracy { return Accuracy{right, of, Wilson(right, of)} }

// Missed and Nothing are the margins of a confusion matrix: an action without a
// detection, and a detection without an action.
const (
	Missed  = "(missed)"
	Nothing = "(nothing)"
)

// A Score compares detections with the truth.
type Score struct {
	// Actions were done; Detected of them were found, Correct of those were
	// called by their name. Where actions cannot be told apart, any detection is
	// correct.
	Actions  int `json:"actions"`
	Detected int `json:"detected"`
	Correct  int `json:"correct"`
	// FalsePositives are detections without an action, PerHour how many an hour,
	// AtMost the upper end of the exact (Poisson) 95 percent interval of that.
	FalsePositives int      `json:"false_positives"`
	Hours          float64  `json:"hours"`
	PerHour        *float64 `json:"false_positives_per_hour"`
	AtMost         *float64 `json:"false_positives_per_hour_at_most"`
	// Recall is Detected of Actions, Precision Detected of all detections;
	// nil where there are none.
	Recall    *Interval `json:"recall"`
	Precision *Interval `json:"precision"`
	F1        *Interval `json:"f1"`
	// Accuracy is the share of correct ones among the detected actions that were
	// called by a name; nil where none was.
	Accuracy *Interval `json:"accuracy"`
	// Confusion counts by what was done, then by what was said.
	Confusion map[string]map[string]int `json:"confusion"`
	// Ceiling is the best accuracy that any rule could have on the actions that
	// were found, of several recordings the mean of theirs; nil without.
	Ceiling *float64 `json:"ceiling"`
	// Within tells how many actions were found, and correct, by how far the
	// label may be off.
	Within []Within `json:"within"`
	// PerLabel has an entry for each label.
	PerLabel map[string]LabelScore `json:"per_signature"`

	examples []example
}

// Within is a score under another tolerance.
type Within struct {
	Seconds  float64 `json:"seconds"`
	Detected int     `json:"detected"`
	Correct  int     `json:"correct"`
}

// A LabelScore is the score of one label's detections.
type LabelScore struct {
	// Actions of this label were done, Said detections have it, Correct both;
	// FalsePositives of those said belong to no action at all.
	Actions        int       `json:"actions"`
	Said           int       `json:"said"`
	Correct        int       `json:"correct"`
	FalsePositives int       `json:"false_positives"`
	Recall         *Interval `json:"recall"`
	Precision      *Interval `json:"precision"`
	F1             *Interval `json:"f1"`
}

// tolerances are those of [Score.Within], in seconds.
var tolerances = [...]time.Duration{2, 5, 15, 30}

// Judge compares the detections in a recording with its actions: one to one,
// nearest first, within its [Tolerance].
func Judge(found []Detection, r Recording) Score {
	s := Score{Actions: len(r.Actions), Hours: r.Last.Sub(r.First).Hours(), Confusion: map[string]map[string]int{}, Within: []Within{}}
	tolerance := Tolerance(r.Actions)
	taken := make([]bool, len(r.Actions))
	for i, a := range Assign(times(found), r.Actions, tolerance, tolerance) {
		if a < 0 {
			s.count(Nothing, found[i].Label)
			continue
		}
		taken[a] = true
		s.count(r.Actions[a].Label, found[i].Label)
		s.examples = append(s.examples, example{found[i].features, r.Actions[a].Label})
	}
	for a, t := range taken {
		if !t {
			s.count(r.Actions[a].Label, Missed)
		}
	}
	for _, seconds := range tolerances {
		w := Within{Seconds: float64(seconds)}
		limit := min(seconds*time.Second, tolerance)
		for i, a := range Assign(times(found), r.Actions, limit, limit) {
			if a >= 0 {
				w.Detected++
				if right(r.Actions[a].Label, found[i].Label) {
					w.Correct++
				}
			}
		}
		s.Within = append(s.Within, w)
	}
	s.conclude()
	s.limit()
	return s
}

func times(found []Detection) []time.Time {
	out := make([]time.Time, len(found))
	for i, d := range found {
		out[i] = d.Time
	}
	return out
}

func right(done, said string) bool { return said == done || said == AnyAction }

func (s *Score) count(done, said string) {
	if s.Confusion[done] == nil {
		s.Confusion[done] = map[string]int{}
	}
	s.Confusion[done][said]++
}

// Add is the score of both together.
func (s Score) Add(t Score) Score {
	sum := Score{Actions: s.Actions + t.Actions, Hours: s.Hours + t.Hours, Confusion: map[string]map[string]int{}, Within: []Within{}}
	for _, part := range []Score{s, t} {
		for done, row := range part.Confusion {
			for said, n := range row {
				if sum.Confusion[done] == nil {
					sum.Confusion[done] = map[string]int{}
				}
				sum.Confusion[done][said] += n
			}
		}
		for i, w := range part.Within {
			if i == len(sum.Within) {
				sum.Within = append(sum.Within, Within{Seconds: w.Seconds})
			}
			sum.Within[i].Detected += w.Detected
			sum.Within[i].Correct += w.Correct
		}
	}
	sum.conclude()
	sum.Ceiling = meanCeiling(s, t)
	return sum
}

// meanCeiling weighs the ceilings by the actions that were found.
func meanCeiling(parts ...Score) *float64 {
	sum, n := 0.0, 0.0
	for _, p := range parts {
		if p.Ceiling != nil {
			sum += *p.Ceiling * float64(p.Detected)
			n += float64(p.Detected)
		}
	}
	if n == 0 {
		return nil
	}
	mean := sum / n
	return &mean
}

// conclude fills in what follows from the confusion matrix.
func (s *Score) conclude() {
	s.PerLabel = map[string]LabelScore{}
	for done, row := range s.Confusion {
		for said, n := range row {
			s.tally(done, said, n)
		}
	}
	s.Recall, s.Precision = Wilson(s.Detected, s.Actions), Wilson(s.Detected, s.Detected+s.FalsePositives)
	s.F1 = f1(s.Detected, s.FalsePositives, s.Actions-s.Detected)
	unnamed := s.PerLabel[AnyAction].Correct
	s.Accuracy = Wilson(s.Correct-unnamed, s.Detected-unnamed)
	for label, l := range s.PerLabel {
		l.Recall, l.Precision = Wilson(l.Correct, l.Actions), Wilson(l.Correct, l.Said)
		l.F1 = f1(l.Correct, l.Said-l.Correct, l.Actions-l.Correct)
		s.PerLabel[label] = l
	}
	if s.Hours > 0 {
		rate := float64(s.FalsePositives) / s.Hours
		most := distuv.Gamma{Alpha: float64(s.FalsePositives) + 1, Beta: 1}.Quantile(1-(1-confidenceLevel)/2) / s.Hours
		s.PerHour, s.AtMost = &rate, &most
	}
}

// limit finds the ceiling.
func (s *Score) limit() {
	if len(s.examples) == 0 {
		return
	}
	ceiling := ceilingOf(s.examples, nil)
	if s.Accuracy != nil && s.PerLabel[AnyAction].Said == 0 {
		ceiling = math.Max(ceiling, s.Accuracy.Value)
	}
	s.Ceiling = &ceiling
}

func (s *Score) tally(done, said string, n int) {
	if said != Missed {
		l := s.PerLabel[said]
		l.Said += n
		if done == Nothing {
			l.FalsePositives += n
			s.FalsePositives += n
		} else {
			s.Detected += n
			if right(done, said) {
				l.Correct += n
				s.Correct += n
			}
		}
		s.PerLabel[said] = l
	}
	if done != Nothing {
		l := s.PerLabel[done]
		l.Actions += n
		s.PerLabel[done] = l
	}
}

// f1 with the interval of Wilson for hits among hits and both kinds of mistakes
// (Jaccard's index J), carried over by F1 = 2J/(1+J).
func f1(hits, false, missed int) *Interval {
	j := Wilson(hits, hits+false+missed)
	if j == nil {
		return nil
	}
	of := func(j float64) float64 { return 2 * j / (1 + j) }
	return &Interval{of(j.Value), of(j.Low), of(j.High)}
}

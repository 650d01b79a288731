package validation

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Failures lists, a sentence each, where the results break what the analysis
// claims; none when all holds.
func (r Results) Failures() []string {
	var out []string
	for _, l := range r.Levels {
		out = append(out, l.failures()...)
		if l.Runs >= 1000 && (l.MeanP < 0.45 || l.MeanP > 0.60) {
			out = append(out, fmt.Sprintf("%s: mean p %.3f lies outside 0.45 to 0.60.", l.Name, l.MeanP))
		}
	}
	for _, d := range r.Marks {
		if least, bound := map[float64]float64{1: 0.99, 0.9: 0.95}[d.Rate]; bound && d.Share < least {
			out = append(out, fmt.Sprintf("A reaction at rate %.1f was found in %.3f of the runs, want %.2f.", d.Rate, d.Share, least))
		}
		if d.LeastCandidates < 50 {
			out = append(out, fmt.Sprintf("A run at rate %.1f had %d candidates only, want 50.", d.Rate, d.LeastCandidates))
		}
	}
	for _, a := range r.Causes {
		out = append(out, a.failures()...)
	}
	return append(out, r.lookFailures()...)
}

// atFirstLook is the share of runs with a mark at rate 1.0 that the first look
// must end.
const atFirstLook = 0.99

// lookFailures tell where planned looks find too much, or the clearest mark late.
func (r Results) lookFailures() (out []string) {
	for _, s := range r.Looks {
		if most := Upper(s.Runs, s.Alpha); s.Visible > most+1e-9 {
			out = append(out, fmt.Sprintf("%s: %d looks found something in %.4f of the runs at alpha %v, want at most %.4f.", s.Name, len(s.Looks), s.Visible, s.Alpha, most))
		}
	}
	for i, s := range r.LookMarks {
		if i == 0 && s.At[0] < atFirstLook {
			out = append(out, fmt.Sprintf("A reaction at rate %s ended %.3f of the runs at the first look, want %.2f.", s.Name, s.At[0], atFirstLook))
		}
		if i > 0 && s.Slots <= r.LookMarks[i-1].Slots {
			out = append(out, fmt.Sprintf("A reaction at rate %s took %.0f slots, no more than a stronger one.", s.Name, s.Slots))
		}
	}
	return out
}

// failures of a level: more "yes" than it yields in all but one of a thousand
// repetitions.
func (l Level) failures() []string {
	var out []string
	for _, c := range []struct{ got, level float64 }{{l.At05, 0.05}, {l.At01, 0.01}} {
		if most := Upper(l.Runs, c.level); c.got > most+1e-9 {
			out = append(out, fmt.Sprintf("%s: p at most %v in %.4f of the runs, want at most %.4f.", l.Name, c.level, c.got, most))
		}
	}
	return out
}

// RightAtLeast is the share of runs in which a cause must be named.
const RightAtLeast = 0.8

func (a Attribution) failures() []string {
	var out []string
	for i, q := range Questions() {
		if q == a.Cause.Asked {
			continue
		}
		for _, f := range a.Levels[i].failures() {
			out = append(out, a.Cause.Name+": "+f)
		}
	}
	if a.Cause.Asked != "" && a.Right < RightAtLeast {
		out = append(out, fmt.Sprintf("%s: named in %.3f of the runs, want %.2f.", a.Cause.Name, a.Right, RightAtLeast))
	}
	return out
}

// Upper is the largest share that a test of that level yields in all but one of
// a thousand repetitions.
func Upper(runs int, level float64) float64 {
	b := distuv.Binomial{N: float64(runs), P: level}
	k := 0.0
	for b.CDF(k) < 0.999 {
		k++
	}
	return math.Max(k, 1) / float64(runs)
}

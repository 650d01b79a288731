package correlate

import (
	"math"
	"time"

	"github.com/hueprint/hueprint/analysis/align"
)

// An occurrence is one event of a class, since its capture's start.
type occurrence struct {
	at     time.Duration
	length int
}

// A shiftWorker computes the members of one class after another.
type shiftWorker struct {
	*shifter
	largest, largestJitter []float64
	// byShift holds each capture's statistic by shift, byMove each action's by move.
	byShift, byMove [][]float64
	z               []float64
	occurrences     [][]occurrence
}

func (s *shifter) worker() *shiftWorker {
	w := &shiftWorker{shifter: s, largest: lowest(len(s.largest)), largestJitter: lowest(len(s.largestJitter))}
	for _, n := range s.shifts {
		w.byShift = append(w.byShift, make([]float64, n+1))
	}
	for _, b := range s.jitter {
		w.byMove = append(w.byMove, make([]float64, b.high-b.low+2))
	}
	w.occurrences = make([][]occurrence, len(s.captures))
	w.z = make([]float64, max(len(s.largest), len(s.largestJitter)))
	return w
}

// class fills in the members of one class.
func (w *shiftWorker) class(c Class, out []member) {
	for i, capture := range w.captures {
		w.occurrences[i] = w.occurrences[i][:0]
		for _, e := range w.index[i][c.Group] {
			if length := capture.Events[e].Length; length >= c.Min && length <= c.Max {
				w.occurrences[i] = append(w.occurrences[i], occurrence{capture.Events[e].Time.Sub(capture.First), length})
			}
		}
	}
	for i, window := range w.windows {
		for f, feature := range features {
			m := &out[i*len(features)+f]
			if feature == Bytes && c.Min == c.Max {
				*m = out[i*len(features)+f-1] // as the count, up to a factor
				m.observed *= float64(c.Min)
				continue
			}
			w.member(window, feature, m)
		}
	}
}

func (w *shiftWorker) member(window align.Window, feature Feature, m *member) {
	for c, capture := range w.captures {
		clear(w.byShift[c])
		for _, at := range capture.Actions {
			w.cover(c, at, window, feature, 0, w.byShift[c])
		}
		integrate(w.byShift[c])
	}
	m.observed = 0
	for c := range w.captures {
		m.observed += w.byShift[c][0]
	}
	m.z, m.constant = w.standardise(w.largest, w.byShift, w.draws)
	if m.constant {
		return
	}
	m.rawP = shareOf(w.z[:len(w.largest)], m.z)
	if len(w.moves) == 0 {
		return
	}
	for i, b := range w.jitter {
		clear(w.byMove[i])
		w.cover(b.capture, b.at, window, feature, b.low, w.byMove[i])
		integrate(w.byMove[i])
	}
	z, constant := w.standardise(w.largestJitter, w.byMove, w.moves)
	m.jitterZ = z
	if constant {
		m.jitterZ = math.Inf(-1)
	}
}

// cover adds to steps, a list of differences from move low on, the feature of
// the window around the action at every move, on the circle of the capture.
func (w *shiftWorker) cover(capture int, at time.Duration, window align.Window, feature Feature, low int, steps []float64) {
	length := w.captures[capture].Length
	covered := low // presence counts each move once
	for turn := -length; turn <= length; turn += length {
		for _, o := range w.occurrences[capture] {
			// The moves m with at + m − Before ≤ o.at < at + m + After.
			from := max(low, floorDiv(o.at+turn-at-window.After)+1)
			to := min(low+len(steps)-1, floorDiv(o.at+turn-at+window.Before)+1)
			value := 1.0
			switch feature {
			case Presence:
				from = max(from, covered)
				covered = max(covered, to)
			case Bytes:
				value = float64(o.length)
			}
			if from < to {
				steps[from-low] += value
				steps[to-low] -= value
			}
		}
	}
}

// floorDiv is the number of whole grid steps in d, downwards.
func floorDiv(d time.Duration) int {
	q := int(d / Grid)
	if d%Grid < 0 {
		q--
	}
	return q
}

func integrate(steps []float64) {
	for i := 1; i < len(steps); i++ {
		steps[i] += steps[i-1]
	}
}

// standardise leaves in w.z the statistic of every redraw in standard deviations
// above the mean over all redraws, raises the maxima, and returns the real
// one's. The parts move independently, so means and variances add up.
func (w *shiftWorker) standardise(largest []float64, parts [][]float64, redraws [][]int32) (real float64, constant bool) {
	mean, variance := 0.0, 0.0
	for _, part := range parts {
		m, v := moments(part[:len(part)-1])
		mean, variance = mean+m, variance+v
	}
	if variance < 1e-12 {
		return 0, true
	}
	sd := math.Sqrt(variance)
	z := w.z[:len(largest)]
	for b := range z {
		sum := 0.0
		if redraws == nil {
			sum = parts[0][b]
		} else {
			for i, at := range redraws[b] {
				sum += parts[i][at]
			}
		}
		z[b] = (sum - mean) / sd
		largest[b] = max(largest[b], z[b])
	}
	return z[0], false
}

func moments(values []float64) (mean, variance float64) {
	for _, v := range values {
		mean += v
	}
	mean /= float64(len(values))
	for _, v := range values {
		variance += (v - mean) * (v - mean)
	}
	return mean, variance / float64(len(values))
}

package correlate

import (
	"math"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/hueprint/hueprint/analysis/align"
	"github.com/hueprint/hueprint/analysis/events"
	"github.com/hueprint/hueprint/experiments"
)

// Grid is the step by which schedules are shifted.
const Grid = time.Second

// jitterRedraws is how often every action is redrawn near its place.
const jitterRedraws = 2000

// A Capture is a recording with labels but without control slots.
type Capture struct {
	// First is the capture's start by its own clock, Length its duration.
	First  time.Time
	Length time.Duration
	// Actions are the labelled instants, since First.
	Actions []time.Duration
	Events  []events.Event
}

// A ShiftScore is one candidate's result.
type ShiftScore struct {
	Class   Class
	Feature Feature
	// Window is the index of the window in which the candidate did best.
	Window int
	// Observed is the feature's sum over the actions' windows; Z how many
	// standard deviations over all shifts it lies above their mean.
	Observed, Z float64
	// RawP is the share of shifts with at least this Z of the candidate's own
	// member, P that with at least this Z of any candidate's, but never less
	// than the test's Floor: less would be an accident of the grid.
	RawP, P float64
	// Constant tells that no shift differs from another.
	Constant bool
}

// A ShiftResult is what the shift test says.
type ShiftResult struct {
	Scores []ShiftScore
	// Pool is the number of shifts in the pool, the real schedule included;
	// Enumerated tells that these are all on the grid.
	Pool       int
	Shifts     float64
	Enumerated bool
	// Floor is about the smallest p that the captures can yield: the real
	// schedule's own neighbours do as well as it.
	Floor float64
	// JitterP is the p of the largest Z when every action is redrawn within
	// half the gap to its neighbours instead; NaN where they leave no room.
	JitterP float64
}

// ShiftTest asks whether the candidates come with the labelled actions. It
// compares the real schedule with all circular shifts of it (one capture), or
// with independent shifts of each capture and summed statistics (several), by
// the largest statistic over candidates, windows and features, each
// standardised over the shifts. Classes are formed on the pooled lengths.
//
// The p is approximate: a shift is a fair redraw only as far as the traffic
// is the same all the time and its end fits its beginning.
func ShiftTest(captures []Capture, windows []align.Window, seed uint64) ShiftResult {
	s := newShifter(captures, windows, rand.New(rand.NewPCG(seed, 3)))
	classes := s.classes()
	members := make([]member, len(classes)*len(windows)*len(features))
	parallel(len(classes), func(from, to int) {
		w := s.worker()
		for i := from; i < to; i++ {
			w.class(classes[i], members[i*len(windows)*len(features):])
		}
		s.merge(w)
	})
	return s.result(classes, members)
}

// A member is one candidate in one window by one feature.
type member struct {
	observed, z, jitterZ, rawP float64
	constant                   bool
}

// A shifter is the frame of one test.
type shifter struct {
	captures []Capture
	windows  []align.Window
	index    []map[Group][]int
	// shifts are each capture's number of shifts; draws the pool, one row of
	// shifts for each redraw, the real schedule first; nil for one capture,
	// whose pool is all its shifts.
	shifts []int
	draws  [][]int32
	// jitter are each action's bounds, moves the redraws by place in the bounds.
	jitter []bounds
	moves  [][]int32
	mu     sync.Mutex
	// largest and largestJitter are the maxima over all members so far.
	largest, largestJitter []float64
}

// bounds are the whole seconds by which one action may move.
type bounds struct {
	capture   int
	at        time.Duration
	low, high int
}

func newShifter(captures []Capture, windows []align.Window, rng *rand.Rand) *shifter {
	s := &shifter{captures: captures, windows: windows}
	for _, c := range captures {
		s.shifts = append(s.shifts, max(1, int(c.Length/Grid)))
		s.index = append(s.index, indexed(c.Events))
	}
	pool := s.shifts[0]
	if len(captures) > 1 {
		pool = experiments.Redraws + 1
		s.draw(rng)
	}
	s.bound(rng)
	s.largest, s.largestJitter = lowest(pool), lowest(len(s.moves))
	return s
}

func lowest(n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = math.Inf(-1)
	}
	return out
}

func (s *shifter) draw(rng *rand.Rand) {
	s.draws = append(s.draws, make([]int32, len(s.captures)))
	for range experiments.Redraws {
		row := make([]int32, len(s.captures))
		for c, n := range s.shifts {
			row[c] = int32(rng.IntN(n))
		}
		s.draws = append(s.draws, row)
	}
}

// bound finds how far each action may move, at most half the gap to either
// neighbour, and draws the moves; the real schedule comes first.
func (s *shifter) bound(rng *rand.Rand) {
	room := false
	for c, capture := range s.captures {
		for i, at := range capture.Actions {
			before, after := at, capture.Length-at
			if i > 0 {
				before = (at - capture.Actions[i-1]) / 2
			}
			if i+1 < len(capture.Actions) {
				after = (capture.Actions[i+1] - at) / 2
			}
			if i == 0 {
				before = min(before, after)
			}
			if i+1 == len(capture.Actions) {
				after = min(before, after)
			}
			b := bounds{c, at, -int(before / Grid), int(after / Grid)}
			room = room || b.low < b.high
			s.jitter = append(s.jitter, b)
		}
	}
	if !room {
		return
	}
	for redraw := range jitterRedraws + 1 {
		row := make([]int32, len(s.jitter))
		for i, b := range s.jitter {
			row[i] = int32(-b.low)
			if redraw > 0 {
				row[i] = int32(rng.IntN(b.high - b.low + 1))
			}
		}
		s.moves = append(s.moves, row)
	}
}

// indexed finds each group's events, those of unions included.
func indexed(log []events.Event) map[Group][]int {
	index := make(map[Group][]int)
	for i := range log {
		g := GroupOf(&log[i])
		index[g] = append(index[g], i)
		index[g.Union()] = append(index[g.Union()], i)
	}
	return index
}

// classes are those of all captures together.
func (s *shifter) classes() []Class {
	pooled := make([]align.Trial, len(s.captures))
	for i, c := range s.captures {
		pooled[i].Events = c.Events
	}
	var out []Class
	for _, c := range Candidates(pooled) {
		out = append(out, c.Class)
	}
	return out
}

// merge takes a worker's maxima over; the order of workers does not matter.
func (s *shifter) merge(w *shiftWorker) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, z := range w.largest {
		s.largest[i] = max(s.largest[i], z)
	}
	for i, z := range w.largestJitter {
		s.largestJitter[i] = max(s.largestJitter[i], z)
	}
}

func (s *shifter) result(classes []Class, members []member) ShiftResult {
	r := ShiftResult{Pool: len(s.largest), Enumerated: s.draws == nil, Shifts: 1, JitterP: math.NaN()}
	for _, n := range s.shifts {
		r.Shifts *= float64(n)
	}
	r.Floor = s.floor()
	each := len(s.windows) * len(features)
	for i, c := range classes {
		r.Scores = append(r.Scores, s.best(c, members[i*each:(i+1)*each]))
	}
	most := math.Inf(-1)
	for _, m := range members {
		if !m.constant {
			most = max(most, m.jitterZ)
		}
	}
	if len(s.moves) > 0 && !math.IsInf(most, -1) {
		r.JitterP = shareOf(s.largestJitter, most)
	}
	return r
}

// floor is (window + 1 s)/duration of the shortest window, over all captures.
func (s *shifter) floor() float64 {
	width := s.windows[0].Before + s.windows[0].After
	for _, w := range s.windows {
		width = min(width, w.Before+w.After)
	}
	floor := 1.0
	for _, c := range s.captures {
		floor *= min(1, float64(width+Grid)/float64(c.Length))
	}
	if s.draws != nil {
		floor = max(floor, 1/float64(len(s.draws)))
	}
	return floor
}

// best is the class' score in the window and by the feature that do best.
func (s *shifter) best(c Class, members []member) ShiftScore {
	score := ShiftScore{Class: c, Z: math.Inf(-1), RawP: 1, P: 1, Constant: true}
	for i, m := range members {
		if !m.constant && m.z > score.Z {
			score = ShiftScore{
				Class: c, Feature: features[i%len(features)], Window: i / len(features),
				Observed: m.observed, Z: m.z, RawP: m.rawP,
			}
		}
	}
	if !score.Constant {
		score.P = max(s.floor(), shareOf(s.largest, score.Z))
	}
	return score
}

// shareOf is the share of values that are at least z.
func shareOf(values []float64, z float64) float64 {
	n := 0
	for _, v := range values {
		if v >= z {
			n++
		}
	}
	return float64(n) / float64(len(values))
}

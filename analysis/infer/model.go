package infer

import (
	"math"
	"slices"
	"time"

	"github.com/hueprint/hueprint/analysis/events"
	"github.com/hueprint/hueprint/traffic"
)

// AnyAction is the label of a detection where actions cannot be told apart.
const AnyAction = "action"

// A Model is everything learned about one gateway: it can be stored, and applied
// to other recordings.
type Model struct {
	// Marks are what the signatures' steps refer to.
	Marks      []Mark      `json:"marks"`
	Signatures []Signature `json:"signatures"`
	// Pause is the least time between two actions: what comes closer is one.
	Pause time.Duration `json:"pause_ns"`
	// Reach is how far around an action its features are taken from.
	Reach time.Duration `json:"reach_ns"`
	// Classifier tells actions apart.
	Classifier Classifier `json:"classifier"`
}

// Empty tells that nothing was learned: the model finds nothing in anything.
func (m Model) Empty() bool { return len(m.Signatures) == 0 }

// A Detection is an action that the traffic shows.
type Detection struct {
	// Time is of the signature's anchor, by the capturing host's clock.
	Time time.Time `json:"time"`
	// Label is what was done; [AnyAction] where that cannot be told.
	Label string `json:"action"`
	// Confidence is the share of the signature's steps that were seen, times the
	// share of the signature's sightings in the training that were actions
	// (counting one more of each kind, by Laplace's rule of succession).
	Confidence float64 `json:"confidence"`
	// Found of Steps of the signature were seen.
	Found int `json:"found"`
	Steps int `json:"steps"`
	// Neighbours is the share of the nearest training examples with this label
	// (a check by another rule); nil where actions cannot be told apart.
	Neighbours *float64 `json:"neighbours"`

	features []float64
}

// Detect finds the actions in a recording, in order of time. It does not look at
// the recording's own actions.
func (m Model) Detect(r Recording) []Detection {
	x := newIndex(r.Events, m.Marks)
	out := []Detection{}
	for _, s := range m.sights(x) {
		d := Detection{Time: s.at, Label: AnyAction, Found: s.found, Steps: s.of, features: m.features(x, s.at)}
		d.Confidence = s.share() * m.trust(s.label)
		if m.Classifier.Separable {
			d.Label = m.Classifier.Classify(d.features, m.possible(x, s))
			share := m.Classifier.neighbours(d.features, d.Label)
			d.Neighbours = &share
		}
		out = append(out, d)
	}
	return out
}

// sights are the places that look like any signature, one an action.
func (m Model) sights(x index) []sight {
	var all []sight
	for _, g := range m.Signatures {
		all = append(all, g.sights(x, m.Marks, g.Needed)...)
	}
	return merge(all, m.Pause)
}

// possible are the labels whose signature fits the place, and those without a
// signature of their own: these were never seen often enough to be ruled out.
func (m Model) possible(x index, at sight) []string {
	var out []string
	own := make(map[string]bool)
	for _, g := range m.Signatures {
		own[g.Label] = true
		fits := slices.ContainsFunc(g.sights(x.near(at.at, m.Pause+m.Reach), m.Marks, g.Needed), func(s sight) bool {
			return s.at.Sub(at.at).Abs() < m.Pause
		})
		if fits {
			out = append(out, g.Label)
		}
	}
	for _, label := range m.Classifier.Labels {
		if !own[label] {
			out = append(out, label)
		}
	}
	return out
}

// near is the part of the index around an instant.
func (x index) near(at time.Time, reach time.Duration) index {
	out := make(index, len(x))
	for m := range x {
		out[m] = x.between(m, at.Add(-reach), at.Add(reach))
	}
	return out
}

// trust is how far sightings of a label's signature were actions in training.
func (m Model) trust(label string) float64 {
	for _, g := range m.Signatures {
		if g.Label == label {
			return float64(g.Trained+1) / float64(g.Trained+g.False+2)
		}
	}
	return 0
}

const (
	// placed lengths and gaps are features of the first events of a mark.
	placed = 4
	// perMark features: count, first delay, lengths, gaps.
	perMark = 2 + placed + placed - 1
)

// features of a place, for each mark: how many of its events there are, when the
// first comes, the exact lengths of the first ones and the times between them.
// What is not there is NaN.
func (m Model) features(x index, at time.Time) []float64 {
	out := make([]float64, 0, perMark*len(m.Marks))
	for mark := range m.Marks {
		out = append(out, featuresOf(x.between(mark, at.Add(-m.Reach), at.Add(m.Reach)), at)...)
	}
	return out
}

// featuresOf are those of one mark.
func featuresOf(found []*events.Event, at time.Time) []float64 {
	row := make([]float64, perMark)
	for i := range row {
		row[i] = math.NaN()
	}
	row[0] = float64(len(found))
	for i, e := range found[:min(placed, len(found))] {
		if i == 0 {
			row[1] = e.Time.Sub(at).Seconds()
		} else {
			row[1+placed+i] = e.Time.Sub(found[i-1].Time).Seconds()
		}
		row[2+i] = float64(e.Length)
	}
	return row
}

// sent tells of each feature whether it is of what the gateway sends.
func (m Model) sent() []bool { return sentOf(m.Marks) }

func sentOf(marks []Mark) []bool {
	var out []bool
	for _, mark := range marks {
		for range perMark {
			out = append(out, mark.Direction == traffic.Out)
		}
	}
	return out
}

// isTime tells whether a feature is a time in seconds; others are lengths in
// bytes or counts.
func isTime(feature int) bool {
	place := feature % perMark
	return place == 1 || place >= 2+placed
}

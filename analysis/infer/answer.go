package infer

import (
	"slices"

	"github.com/hueprint/hueprint/traffic"
)

// AnswerSchema is the version of [Answer]. It changes when a field changes its
// meaning or goes; new fields do not change it.
const AnswerSchema = "hueprint/inference/1"

// Truth says what is known of the actions in a tested recording.
type Truth string

// TruthKnown: all actions are listed. TruthIdle: nothing was done. TruthUnknown:
// nobody has said.
const (
	TruthKnown   Truth = "known"
	TruthIdle    Truth = "idle"
	TruthUnknown Truth = "unknown"
)

// Truth is what is known of the recording.
func (r Recording) Truth() Truth {
	switch {
	case !r.Known:
		return TruthUnknown
	case len(r.Actions) == 0:
		return TruthIdle
	}
	return TruthKnown
}

// Side is a variant of what is learned: both directions, or one alone, as one
// side of a signature can change with the firmware while the other stays.
type Side string

// The variants. BothSides gives the answer; the others are scored beside it.
const (
	BothSides Side = "two-sided"
	OutOnly   Side = "out"
	InOnly    Side = "in"
)

// A Lesson is what was learned about one gateway: a model for each side that has
// marks of its own, BothSides first.
type Lesson struct {
	Gateway string `json:"gateway"`
	// Actions and Recordings count the training.
	Actions    int       `json:"actions"`
	Recordings int       `json:"recordings"`
	Variants   []Variant `json:"variants"`
}

// A Variant is the model of one side.
type Variant struct {
	Side  Side  `json:"side"`
	Model Model `json:"model"`
}

// Teach learns all variants about one gateway from marks that are significant, and
// others that come with them (see [Mine]). What somebody outside the home can see
// is learned from marks on the internet alone; where these teach nothing, from
// those inside the home as well.
func Teach(gateway string, recordings []Recording, marks []Mark) Lesson {
	l := Lesson{Gateway: gateway, Recordings: len(recordings)}
	for _, r := range recordings {
		l.Actions += len(r.Actions)
	}
	outside := Mine(recordings, slices.DeleteFunc(slices.Clone(marks), func(m Mark) bool { return m.Channel.Scope != traffic.Internet }))
	l.Variants = []Variant{{BothSides, Learn(recordings, outside)}}
	if l.Empty() {
		outside = Mine(recordings, marks)
		l.Variants = []Variant{{BothSides, Learn(recordings, outside)}}
	}
	for _, side := range []Side{OutOnly, InOnly} {
		own := slices.DeleteFunc(slices.Clone(outside), func(m Mark) bool { return m.Direction.String() != string(side) })
		if len(own) == 0 || len(own) == len(outside) {
			continue
		}
		if m := Learn(recordings, own); !m.Empty() {
			l.Variants = append(l.Variants, Variant{side, m})
		}
	}
	return l
}

// Empty tells that nothing was learned about the gateway.
func (l Lesson) Empty() bool { return len(l.Variants) == 0 || l.Variants[0].Model.Empty() }

// A Test is what a lesson says of one recording.
type Test struct {
	Recording string `json:"recording"`
	Gateway   string `json:"gateway"`
	Truth     Truth  `json:"truth"`
	// Score is of BothSides; where the truth is unknown, only detected (all
	// detections) and hours mean something.
	Score
	// Inferred are the actions that the traffic shows, in order of time.
	Inferred []Detection `json:"inferred"`
	// Variants has the score of every side.
	Variants []VariantScore `json:"variants"`
}

// A VariantScore is the score of one side.
type VariantScore struct {
	Side Side `json:"side"`
	Score
}

// Apply puts a lesson to the test of a recording.
func (l Lesson) Apply(r Recording) Test {
	t := Test{Recording: r.Name, Gateway: l.Gateway, Truth: r.Truth(), Inferred: []Detection{}, Variants: []VariantScore{}}
	for i, v := range l.Variants {
		found := v.Model.Detect(r)
		s := judgeKnown(found, r)
		if i == 0 {
			t.Score, t.Inferred = s, found
		}
		t.Variants = append(t.Variants, VariantScore{v.Side, s})
	}
	return t
}

// judgeKnown judges where the truth is known; otherwise it counts.
func judgeKnown(found []Detection, r Recording) Score {
	if r.Known {
		return Judge(found, r)
	}
	r.Actions = nil
	s := Judge(nil, r)
	s.Detected = len(found)
	s.PerHour, s.AtMost = nil, nil
	return s
}

// An Answer is what is learned about gateways, and what comes of it on
// recordings that it was not learned from.
type Answer struct {
	Schema string `json:"schema"`
	// Simulated answers are evidence for nothing about real gateways.
	Simulated bool `json:"simulated"`
	// Score is the total over all tests whose truth is known.
	Score
	// Total is the same, for readers that look for it by name.
	Total    Score          `json:"total"`
	Variants []VariantScore `json:"variants"`
	Tests    []Test         `json:"tests"`
	Lessons  []Lesson       `json:"signatures"`
	Warnings []string       `json:"warnings"`
}

// Conclude sums up the tests of lessons.
func Conclude(lessons []Lesson, tests []Test, warnings []string) Answer {
	a := Answer{Schema: AnswerSchema, Variants: []VariantScore{}, Tests: tests, Lessons: lessons, Warnings: warnings}
	for _, t := range tests {
		if t.Truth == TruthUnknown {
			continue
		}
		a.Score = a.Score.Add(t.Score)
		for _, v := range t.Variants {
			a.Variants = addVariant(a.Variants, v)
		}
	}
	if a.Confusion == nil {
		a.Score = Score{}.Add(Score{})
	}
	a.Total = a.Score
	return a
}

func addVariant(all []VariantScore, v VariantScore) []VariantScore {
	for i := range all {
		if all[i].Side == v.Side {
			all[i].Score = all[i].Score.Add(v.Score)
			return all
		}
	}
	return append(all, VariantScore{v.Side, Score{}.Add(v.Score)})
}

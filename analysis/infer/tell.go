package infer

import (
	"time"

	"github.com/hueprint/hueprint/analysis/events"
)

// A Trial is what came with one action whose instant is known.
type Trial struct {
	At     time.Time
	Label  string
	Events []events.Event
}

// Trials are those of one gateway, by the features of its marks: what is needed to
// tell its actions apart.
type Trials struct {
	examples []example
	labels   []string
	sent     []bool
}

// NewTrials takes the features of each trial's events: how many of a mark there
// are, their exact lengths, and the times between them.
func NewTrials(trials []Trial, marks []Mark) Trials {
	marks = distinct(marks)
	t := Trials{sent: sentOf(marks)}
	for _, trial := range trials {
		e := example{label: trial.Label}
		for _, found := range newIndex(trial.Events, marks) {
			e.features = append(e.features, featuresOf(found, trial.At)...)
		}
		t.examples = append(t.examples, e)
	}
	t.labels = labelsOfExamples(t.examples)
	return t
}

// Classifier is the rule that tells the trials' actions apart, with its accuracy
// on trials that it was not made from.
func (t Trials) Classifier() Classifier {
	if len(t.sent) == 0 {
		return newClassifier(nil, nil)
	}
	return newClassifier(t.examples, t.sent)
}

// Right counts the trials, each left out in turn, that are called by their name if
// the names were these: for a test that redraws them.
func (t Trials) Right(labels []string) (n int) {
	renamed := make([]example, len(t.examples))
	for i, e := range t.examples {
		renamed[i] = example{e.features, labels[i]}
	}
	leftOut(renamed, t.labels, t.sent, false, func(e example, rule Classifier) {
		if rule.Classify(e.features, nil) == e.label {
			n++
		}
	})
	return n
}

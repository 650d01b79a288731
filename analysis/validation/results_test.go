package validation_test

import (
	"strings"
	"testing"

	"github.com/hueprint/hueprint/analysis/validation"
)

// Equal sizes give equal bytes.
func TestResultsAreReproducible(t *testing.T) {
	sizes := validation.Sizes{Null: 4, Mark: 2, Cause: 1, Look: 1, LookMark: 1}
	var first string
	for range 2 {
		r, err := validation.Run(sizes, func(string) {})
		if err != nil {
			t.Fatal(err)
		}
		if first != "" && first != r.Markdown() {
			t.Error("the second validation wrote another document")
		}
		first = r.Markdown()
	}
}

// Results that break a claim say so, in the document, too.
func TestFailuresAreTold(t *testing.T) {
	r := validation.Results{
		Levels: []validation.Level{{Name: "liberal", Runs: 1000, At05: 0.09, At01: 0.03, MeanP: 0.4}, {Name: "mute", Runs: 1000, MeanP: 1}},
		Marks:  []validation.Detection{{Rate: 1, Share: 0.98, LeastCandidates: 60}, {Rate: 0.9, Share: 0.96, LeastCandidates: 40}, {Rate: 0.5, Share: 0.1, LeastCandidates: 60}},
		Causes: []validation.Attribution{{Cause: validation.Causes()[2], Runs: 1000, Right: 0.5,
			Levels: []validation.Level{{Name: "on-against-off", Runs: 1000, At01: 0.1, At05: 0.1}, {Name: "change-against-command", Runs: 1000}, {Name: "state", Runs: 1000, At05: 1, At01: 1}}}},
	}
	r.Looks = []validation.Sequence{{Name: "peeking", Alpha: 0.05, Looks: []int{12, 24, 48}, Runs: 1000, At: []float64{0.05, 0.04, 0.03}, Visible: 0.12}}
	r.LookMarks = []validation.Sequence{
		{Name: "1.0", Alpha: 0.01, Looks: []int{30, 60, 120}, Runs: 100, At: []float64{0.9, 0.1, 0}, Visible: 1, Slots: 33},
		{Name: "0.5", Alpha: 0.01, Looks: []int{30, 60, 120}, Runs: 100, At: []float64{1, 0, 0}, Visible: 1, Slots: 30}}
	got := r.Failures()
	if len(got) != 12 {
		t.Errorf("%d failures, want 12: %q", len(got), got)
	}
	for _, f := range got {
		if !strings.Contains(r.Markdown(), "FAILED: "+f) {
			t.Errorf("the document does not say %q", f)
		}
	}
}

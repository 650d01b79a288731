//go:build !race

package validation_test

import (
	"testing"

	"github.com/hueprint/hueprint/analysis/validation"
)

// TestValidationNoRace holds the analysis to the claims of docs/validation.md:
// null traffic is "visible" no more often than alpha says, within the binomial
// interval (the test may be conservative, as p is discrete, but not liberal);
// marks are found; and secondary tests name each effect's own cause.
func TestValidationNoRace(t *testing.T) {
	sizes := validation.Sizes{Null: 1000, Mark: 200, Cause: 200, Look: 100, LookMark: 10}
	if testing.Short() {
		sizes = validation.Reduced()
	}
	r, err := validation.Run(sizes, func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	t.Log("\n" + r.Markdown())
	for _, f := range r.Failures() {
		t.Error(f)
	}
	for _, l := range r.Levels {
		if l.Tested < l.Runs*9/10 {
			t.Errorf("%s: only %d of %d runs gave a p", l.Name, l.Tested, l.Runs)
		}
	}
}

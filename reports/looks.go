package reports

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/hueprint/hueprint/analysis"
)

// levelOf says what p is compared with: α, or one look's share of it.
func levelOf(v analysis.Verdict) string {
	q := v.Sequential
	if q == nil || len(q.Planned) == 0 {
		return "α = " + Number(v.Alpha)
	}
	return fmt.Sprintf("α/%d = %s at look %d of %d", len(q.Planned), Number(q.Level), q.Look, len(q.Planned))
}

// looksMethod says, for a methods section, how a run with planned looks was
// drawn and tested; empty for a fixed design.
func looksMethod(d analysis.Design) string {
	q := d.Sequential
	if q == nil || len(q.Planned) == 0 {
		return ""
	}
	return fmt.Sprintf(" The run was to end early if a mark was shown at one of %d looks planned beforehand, after %s slots; α was split equally over them (%s each), and the assignment was drawn, and is redrawn, within each stretch of slots between looks by itself, with fixed numbers of actions. %s",
		len(q.Planned), listed(q.Planned), Number(q.Level), lookOutcome(*q))
}

// lookOutcome says at which look the run was analysed, and why there.
func lookOutcome(q analysis.Sequential) string {
	switch {
	case q.Look == 0:
		return "No look was reached, so nothing was tested."
	case q.Decided:
		return fmt.Sprintf("Look %d, after %d slots, ended it.", q.Look, q.Planned[q.Look-1])
	case q.Look == len(q.Planned):
		return "No look before the last ended it; it was tested at the last."
	}
	return fmt.Sprintf("The run did not reach the next look; it is shown as of look %d, after %d slots.", q.Look, q.Planned[q.Look-1])
}

// listed writes numbers as people list them: 30, 60 and 120.
func listed(numbers []int) string {
	words := make([]string, len(numbers))
	for i, n := range numbers {
		words[i] = strconv.Itoa(n)
	}
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

// lookFacts are the evidence of looks: which were planned, which was reached.
func lookFacts(v analysis.Verdict) []fact {
	q := v.Sequential
	if q == nil {
		return nil
	}
	return []fact{{"planned looks", fmt.Sprintf("after %s slots, %s each. %s", listed(q.Planned), Number(q.Level), lookOutcome(*q))}}
}

package reports_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/reports"
)

// looking is a run that its second look ended, and one that went to its last.
func looking() reports.Document {
	planned := []int{10, 20, 40}
	ended := part(sequential(visible("alpha"), analysis.Sequential{Planned: planned, Look: 2, Alpha: 0.01, Level: 0.01 / 3, Decided: true}))
	ended.Findings.Design.Sequential = ended.Findings.Verdicts[0].Sequential
	ended.Findings.Verdicts[0].Reasons = append([]string{"The run ended early, as planned: look 2 of 3, after 20 of 40 slots, found a mark."}, ended.Findings.Verdicts[0].Reasons...)
	last := part(sequential(unseen("gamma", analysis.LinkStated), analysis.Sequential{Planned: planned, Look: 3, Alpha: 0.01, Level: 0.01 / 3}))
	last.Findings.Design.Sequential = last.Findings.Verdicts[0].Sequential
	return reports.Document{Command: "hueprint report 01KB…", Parts: []reports.Part{ended, last}}
}

func sequential(v analysis.Verdict, q analysis.Sequential) analysis.Verdict {
	v.Alpha, v.Sequential = q.Level, &q
	v.Reasons = []string{strings.ReplaceAll(v.Reasons[0], "α = 0.01", fmt.Sprintf("0.00333 (look %d of 3; α = 0.01 is split equally over the looks)", q.Look))}
	return v
}

// Whoever reads the verdict's sentence, the method or the evidence learns that
// there were looks, at what level, and which one ended the run.
func TestLooksAreTold(t *testing.T) {
	d := looking()
	for _, tt := range []struct {
		what, text, want string
	}{
		{"sentence", reports.Sentence(d.Parts[0].Findings.Verdicts[0]), "p = 5.4e-06, at most α/3 = 0.0033 at look 2 of 3"},
		{"sentence", reports.Sentence(d.Parts[1].Findings.Verdicts[0]), "p = 0.95, above α/3 = 0.0033 at look 3 of 3"},
		{"method", reports.Methods(d.Parts[0]), "one of 3 looks planned beforehand, after 10, 20 and 40 slots; α was split equally over them (0.0033 each)"},
		{"method", reports.Methods(d.Parts[0]), "Look 2, after 20 slots, ended it."},
		{"method", reports.Methods(d.Parts[1]), "No look before the last ended it; it was tested at the last."},
		{"explain", render(t, "explain.txt", d), "planned looks"},
		{"html", render(t, "html", d), `<span class="value">α/3 = 0.0033</span>`},
		{"json", render(t, "json", d), `"decided": true`},
	} {
		if got := strings.Join(strings.Fields(tt.text), " "); !strings.Contains(got, tt.want) {
			t.Errorf("the %s does not say %q:\n%s", tt.what, tt.want, got)
		}
	}
}

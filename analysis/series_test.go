package analysis_test

import (
	"math"
	"testing"

	"github.com/hueprint/hueprint/analysis"
)

func look(run, experiment, gateway string, day int, p float64) *analysis.Findings {
	f := &analysis.Findings{Subject: analysis.Subject{Run: run, Experiment: experiment, Started: epoch.AddDate(0, 0, day)},
		Verdicts: []analysis.Verdict{{Gateway: gateway, Verdict: analysis.NotDetected}}}
	if p < 1 {
		f.Verdicts[0].P = &p
	}
	return f
}

// Every run of an experiment on a gateway is a look; those with a p are
// adjusted: 0.01, 0.02 and 0.03 become 0.03, 0.04 and 0.04, as Holm has it.
func TestSeries(t *testing.T) {
	all := []*analysis.Findings{
		look("C", "toggles", "gw", 3, 0.03), look("A", "toggles", "gw", 1, 0.01), look("D", "toggles", "gw", 4, 1),
		look("B", "toggles", "gw", 2, 0.02), look("E", "paper", "gw", 5, 0.5), look("F", "toggles", "other", 6, 0.5), look("A", "toggles", "gw", 1, 0.01),
		{Verdicts: []analysis.Verdict{{Gateway: "gw"}}},
	}
	series := analysis.Relate(all)
	if len(series) != 1 {
		t.Fatalf("%d series: %+v", len(series), series)
	}
	s := series[0]
	if s.Looks != 4 || s.Tests != 3 || math.Abs(*s.P-0.03) > 1e-12 {
		t.Errorf("%+v", s)
	}
	want := map[string]float64{"A": 0.03, "B": 0.04, "C": 0.04}
	for i, l := range s.Runs {
		if l.Run != string(rune('A'+i)) {
			t.Errorf("run %d is %s: not in order of time", i, l.Run)
		}
		if p, tested := want[l.Run]; tested != (l.HolmP != nil) || tested && math.Abs(*l.HolmP-p) > 1e-12 {
			t.Errorf("%s: %v, want %v", l.Run, l.HolmP, p)
		}
	}
	for i, f := range all {
		in := i != 4 && i != 5 && i != 7
		if in != (f.Verdicts[0].Series != nil) || in != (len(f.Warnings) == 1) {
			t.Errorf("findings %d: series %+v, warnings %q", i, f.Verdicts[0].Series, f.Warnings)
		}
	}
	if got := analysis.Relate(all[4:6]); len(got) != 0 {
		t.Errorf("single runs are no series: %+v", got)
	}
}

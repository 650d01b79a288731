package reports_test

import (
	"regexp"
	"testing"
	"time"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/traffic"
)

// A gateway that talks all the time must not make a report that no mail takes.
func TestBusyRunsStaySmall(t *testing.T) {
	p := part(visible("camera"))
	points := p.Traces[0].Points
	for i := range 40000 {
		q := points[0]
		q.After, q.Step, q.Slot, q.Number = time.Duration(i)*time.Millisecond, -1, (i/1000-2)/2, i
		q.Direction, q.Frame = traffic.Direction(1+i%2), 60+i%1400
		p.Traces[0].Points = append(p.Traces[0].Points, q)
	}
	d := documents()["eight"]
	d.Parts = d.Parts[:0]
	d.Parts = append(d.Parts, p)
	if n := len(render(t, "html", d)); n > 600_000 {
		t.Errorf("%d bytes", n)
	} else {
		t.Logf("%d events, %d bytes", len(p.Traces[0].Points), n)
	}
}

var noNumber = regexp.MustCompile(`NaN|[+-]Inf|"Inf`)

// Odd traces are drawn or left out, but never break a report.
func TestOddTraces(t *testing.T) {
	for name, change := range map[string]func(*analysis.Trace, *analysis.Verdict){
		"no points":          func(tr *analysis.Trace, _ *analysis.Verdict) { tr.Points = nil },
		"no duration":        func(tr *analysis.Trace, _ *analysis.Verdict) { tr.Duration = 0 },
		"nanosecond":         func(tr *analysis.Trace, _ *analysis.Verdict) { tr.Duration = 1 },
		"month":              func(tr *analysis.Trace, _ *analysis.Verdict) { tr.Duration = 31 * 24 * time.Hour },
		"slots out of range": func(tr *analysis.Trace, _ *analysis.Verdict) { tr.Points[0].Slot = 4000 },
		"no trials":          func(_ *analysis.Trace, v *analysis.Verdict) { v.Trials = nil },
		"late trials": func(_ *analysis.Trace, v *analysis.Verdict) {
			for i := range v.Trials {
				v.Trials[i].At = v.Trials[i].At.Add(time.Hour)
			}
		},
		"no edges": func(_ *analysis.Trace, v *analysis.Verdict) { v.Null.Edges = nil },
		"one edge": func(_ *analysis.Trace, v *analysis.Verdict) {
			v.Null = analysis.Null{Edges: []float64{0, 0}, Counts: []int{0}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := part(visible("alpha"))
			change(&p.Traces[0], &p.Findings.Verdicts[0])
			d := documents()["empty"]
			d.Parts = append(d.Parts, p)
			for format := range formats {
				if got := render(t, format, d); noNumber.MatchString(got) {
					t.Errorf("%s holds what is no number", format)
				}
			}
		})
	}
}

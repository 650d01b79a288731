package reports

import (
	"fmt"
	"html/template"
	"slices"
	"time"

	"github.com/hueprint/hueprint/analysis"
)

// figures draw one gateway's traces: one of a run, one for each labelled capture.
type figures struct {
	traces  []analysis.Trace
	verdict analysis.Verdict
	// from and to bound a trial's window by the time since its command; from is
	// negative where labels can be later than what they label.
	from, to time.Duration
	// labelled figures speak of actions instead of slots.
	labelled bool
}

func newFigures(all []analysis.Trace, v analysis.Verdict, d analysis.Design) figures {
	f := figures{verdict: v, to: d.Window, labelled: d.Method == analysis.CircularShift}
	for _, trace := range all {
		if trace.Gateway != v.Gateway {
			continue
		}
		trace.Points = marked(trace.Points, v)
		f.traces = append(f.traces, trace)
		for _, p := range trace.Points {
			if p.Slot >= 0 && p.Slot < len(v.Trials) {
				f.from = min(f.from, f.after(trace, p))
			}
		}
	}
	f.from = roundDown(f.from)
	return f
}

// marked are the points with those of every scope's pattern marked, not of the
// headline's only.
func marked(points []analysis.Point, v analysis.Verdict) []analysis.Point {
	var steps []analysis.Step
	for _, s := range v.Scopes {
		steps = append(steps, s.Pattern.Steps...)
	}
	points = slices.Clone(points)
	for i := range points {
		if p := &points[i]; p.Step < 0 {
			p.Step = slices.IndexFunc(steps, func(s analysis.Step) bool { return belongs(p.Event, s) })
		}
	}
	return points
}

// after is the time from the trial's command to the point.
func (f figures) after(trace analysis.Trace, p analysis.Point) time.Duration {
	return trace.Start.Add(p.After).Sub(f.verdict.Trials[p.Slot].At)
}

// roundDown takes a negative start of windows to the next quarter of a second;
// what is within a clock's uncertainty of zero is zero.
func roundDown(from time.Duration) time.Duration {
	const quarter = 250 * time.Millisecond
	if from > -5*time.Millisecond {
		return 0
	}
	return -((-from + quarter - 1) / quarter * quarter)
}

// timelines has a figure for each trace.
func (f figures) timelines() []template.HTML {
	var all []template.HTML
	for _, trace := range f.traces {
		if drawn := f.timeline(trace); drawn != "" {
			all = append(all, drawn)
		}
	}
	return all
}

// trialName is the word for a trial and its number.
func (f figures) trialName(t analysis.Trial) string {
	what := t.Action
	if t.Control {
		what = "control"
	}
	if f.labelled {
		return fmt.Sprintf("%s · %d", cut(what), t.Slot+1)
	}
	return fmt.Sprintf("%s · slot %d", cut(what), t.Slot+1)
}

// cut keeps an action's label short enough for a figure's margin.
func cut(s string) string {
	const most = 9
	if r := []rune(Prose(s)); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return Prose(s)
}

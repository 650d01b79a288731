package reports

import (
	"fmt"
	"time"

	"github.com/hueprint/hueprint/analysis"
)

// figures draw one gateway's trace.
type figures struct {
	trace   analysis.Trace
	verdict analysis.Verdict
	// from and to bound a trial's window by the time since its command; from is
	// negative where labels can be later than what they label.
	from, to time.Duration
	// labelled figures speak of actions instead of slots.
	labelled bool
}

func newFigures(trace analysis.Trace, v analysis.Verdict, d analysis.Design) figures {
	f := figures{trace: trace, verdict: v, to: d.Window, labelled: d.Method == analysis.CircularShift}
	at := map[int]time.Time{}
	for _, t := range v.Trials {
		at[t.Slot] = t.At
	}
	for _, p := range trace.Points {
		if begun, ok := at[p.Slot]; ok && p.Slot >= 0 {
			f.from = min(f.from, trace.Start.Add(p.After).Sub(begun))
		}
	}
	if f.from > -5*time.Millisecond {
		f.from = 0
	}
	f.from = -((-f.from + 249*time.Millisecond) / (250 * time.Millisecond) * (250 * time.Millisecond))
	return f
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

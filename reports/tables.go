package reports

import (
	"fmt"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/traffic"
)

// Everything that text and Markdown share is built as go-pretty tables, which
// render as either.

// patternTable is the base paper's Table 1 for one pattern: a row a step, in
// order of delay, with frame, payload and record lengths in bytes.
func patternTable(p analysis.Pattern) table.Writer {
	t := table.NewWriter()
	t.AppendHeader(table.Row{"direction", "frame", "payload", "length", "kind", "far end", "after", "in actions", "in controls"})
	for _, s := range p.Steps {
		kind := KindName(s.Kind)
		if s.Detail != "" {
			kind += " " + Printable(s.Detail)
		}
		if !s.Core {
			kind += " (optional)"
		}
		t.AppendRow(table.Row{
			s.Direction, Lengths(s.FrameMin, s.FrameMax) + " B", Lengths(s.PayloadMin, s.PayloadMax) + " B", Lengths(s.LengthMin, s.LengthMax) + " B",
			kind, Printable(s.Name), fmt.Sprintf("%.0f ms ± %.0f", s.DelayMS, s.DelayIQRMS/2),
			fmt.Sprintf("%d of %d", s.Seen, s.Of), fmt.Sprintf("%d of %d", s.SeenControl, s.OfControl),
		})
	}
	return t
}

// scopeTable has a row for each scope that the recording has seen.
func scopeTable(v analysis.Verdict) table.Writer {
	t := table.NewWriter()
	t.AppendHeader(table.Row{"who can see it", "verdict", "p", "packets seen"})
	for _, s := range v.Scopes {
		t.AppendRow(table.Row{fmt.Sprintf("%s (%s)", ScopeName(s.Scope), observer(s.Scope)), s.Verdict, optional(s.P), s.Packets})
	}
	return t
}

func observer(s traffic.Scope) string {
	if s == traffic.Internet {
		return "provider, cloud, anyone on the path"
	}
	return "whoever is in the home's network"
}

func optional(p *float64) string {
	if p == nil {
		return "–"
	}
	return Number(*p)
}

// powerTable says what "not detected" would have detected.
func powerTable(p analysis.Power) table.Writer {
	t := table.NewWriter()
	t.AppendHeader(table.Row{"an extra packet per action that is…", "always found when in", "found in 95 % of runs when the rate is"})
	for _, plant := range p.Plants {
		least, rate := "never", "–"
		if plant.KMin > 0 {
			least = fmt.Sprintf("%d actions", plant.KMin)
		}
		if plant.R95 > 0 {
			rate = fmt.Sprintf("%.0f %%", plant.R95*100)
		}
		t.AppendRow(table.Row{plantName(plant.Kind), least, rate})
	}
	return t
}

func plantName(kind string) string {
	switch kind {
	case "new-length":
		return "of a length not seen before"
	case "extra-record":
		return "of the channel's commonest length"
	case "extra-record-any-delay":
		return "of that length, any time in the window"
	}
	return Printable(kind)
}

package reports

import (
	"fmt"
	"math"
	"slices"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/traffic"
)

// Everything that text and Markdown share is built as go-pretty tables, which
// render as either. clean makes text safe for the place where the table goes.

// layout chooses a pattern table's columns.
type layout struct {
	// sizes shows payload and record lengths beside those of frames.
	sizes bool
	// farEnd names the far end in each row.
	farEnd bool
	// spread tells how far delays vary.
	spread bool
	clean  func(string) string
}

// patternTable is the base paper's Table 1 for one pattern: a row a step, in
// order of delay, with frame, payload and record lengths in bytes.
func patternTable(p analysis.Pattern, l layout) table.Writer {
	t := table.NewWriter()
	controls := hasControls(p)
	t.AppendHeader(pick(table.Row{"direction", "frame", "payload", "length", "kind", "far end", "after", "in actions", "in controls"}, l, controls))
	for _, s := range p.Steps {
		t.AppendRow(pick(table.Row{
			s.Direction.String(), Lengths(s.FrameMin, s.FrameMax) + " B", Lengths(s.PayloadMin, s.PayloadMax) + " B", Lengths(s.LengthMin, s.LengthMax) + " B",
			l.clean(stepKind(s)), l.clean(Printable(s.Name)), stepDelay(s, l.spread),
			fmt.Sprintf("%d of %d", s.Seen, s.Of), fmt.Sprintf("%d of %d", s.SeenControl, s.OfControl),
		}, l, controls))
	}
	return t
}

// pick leaves out the columns that the layout or the data do not have.
func pick(row table.Row, l layout, controls bool) table.Row {
	keep := []bool{true, true, l.sizes, l.sizes, true, l.farEnd, true, true, controls}
	i := -1
	return slices.DeleteFunc(row, func(any) bool { i++; return !keep[i] })
}

// hasControls tells whether the pattern was compared with control trials;
// labelled captures have none.
func hasControls(p analysis.Pattern) bool {
	return slices.ContainsFunc(p.Steps, func(s analysis.Step) bool { return s.OfControl > 0 })
}

func stepDelay(s analysis.Step, spread bool) string {
	if !spread {
		return delay(s.DelayMS)
	}
	return fmt.Sprintf("%s ± %.0f", delay(s.DelayMS), s.DelayIQRMS/2)
}

func stepKind(s analysis.Step) string {
	kind := KindName(s.Kind)
	if s.Detail != "" {
		kind += " " + Printable(s.Detail)
	}
	if s.Main {
		kind += " (main)"
	}
	if !s.Core {
		kind += " (optional)"
	}
	return kind
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

// powerTable says what "not detected" would have detected.
func powerTable(p analysis.Power, clean func(string) string) table.Writer {
	t := table.NewWriter()
	t.AppendHeader(table.Row{"an extra packet per action that is…", "always found when in", "found in 95 % of runs when the rate is"})
	for _, plant := range p.Plants {
		t.AppendRow(table.Row{clean(plantName(plant.Kind)), leastActions(plant), leastRate(plant)})
	}
	return t
}

func leastActions(p analysis.Plant) string {
	switch p.KMin {
	case 0:
		return "never"
	case 1:
		return "1 action"
	}
	return fmt.Sprintf("%d actions", p.KMin)
}

func leastRate(p analysis.Plant) string {
	if p.R95 == 0 {
		return "–"
	}
	return fmt.Sprintf("%.0f %%", math.Ceil(100*p.R95))
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

package reports

import (
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/hueprint/hueprint/analysis"
)

// Terminal shapes text for one reader.
type Terminal struct {
	// Width is the reader's line length; 0 means 100.
	Width int
	// Color allows ANSI colours.
	Color bool
}

// Text writes the findings for a terminal: the table of verdicts, and for each
// gateway the pattern, the reasons and what would change the answer.
func (o Terminal) Text(w io.Writer, f analysis.Findings) error {
	var b strings.Builder
	if f.Simulated {
		b.WriteString(o.paint(simulatedNote, text.FgYellow) + "\n\n")
	}
	if f.Exploratory {
		b.WriteString(o.paint(exploratoryNote, text.FgYellow) + "\n\n")
	}
	b.WriteString(o.verdicts(f) + "\n")
	for _, v := range f.Verdicts {
		o.gateway(&b, v)
	}
	for _, warning := range f.Warnings {
		b.WriteString(o.wrap("Warning: "+Prose(warning), "") + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

const (
	simulatedNote   = "SIMULATED: made from programs that imitate gateways; evidence for nothing about real ones."
	exploratoryNote = "EXPLORATORY: other parameters than the registered ones; only the registered analysis gives the verdict."
)

func (o Terminal) width() int {
	if o.Width <= 0 {
		return 100
	}
	return o.Width
}

// verdicts is the table that answers the question at a glance.
func (o Terminal) verdicts(f analysis.Findings) string {
	t := table.NewWriter()
	t.SetStyle(table.StyleRounded)
	t.Style().Format.Header = text.FormatDefault
	t.AppendHeader(table.Row{"gateway", "verdict", "p", "in plain words"})
	nameWidth := 8
	for _, v := range f.Verdicts {
		t.AppendRow(table.Row{Printable(v.Gateway), o.paint(Headline(v), verdictColor(v.Verdict)), optional(v.P), Sentence(v)})
		nameWidth = max(nameWidth, min(24, len(v.Gateway)))
	}
	t.SetColumnConfigs([]table.ColumnConfig{
		{Number: 1, WidthMax: 24}, {Number: 2, WidthMax: 16}, {Number: 4, WidthMax: max(24, o.width()-nameWidth-40), WidthMaxEnforcer: text.WrapSoft},
	})
	t.Style().Options.SeparateRows = true
	return t.Render()
}

func verdictColor(c analysis.Conclusion) text.Color {
	switch c {
	case analysis.CloudVisible:
		return text.FgRed
	case analysis.LANVisible:
		return text.FgYellow
	case analysis.NotDetected:
		return text.FgGreen
	}
	return text.FgMagenta
}

func (o Terminal) gateway(b *strings.Builder, v analysis.Verdict) {
	fmt.Fprintf(b, "\n%s: %s\n", o.paint(Printable(v.Gateway), text.Bold), o.paint(Headline(v), verdictColor(v.Verdict)))
	for _, r := range v.Reasons {
		b.WriteString(o.wrap(Prose(r), "  ") + "\n")
	}
	for _, s := range v.Scopes {
		if len(s.Pattern.Steps) > 0 {
			fmt.Fprintf(b, "  %s, p = %s:\n", ScopeName(s.Scope), optional(s.P))
			b.WriteString(indent(plain(patternTable(s.Pattern)), "  ") + "\n")
		}
	}
	if v.Verdict == analysis.NotDetected && v.Power.Sentence != "" {
		b.WriteString(o.wrap(Prose(v.Power.Sentence), "  ") + "\n")
	}
}

func plain(t table.Writer) string {
	style := table.StyleLight
	style.Format.Header = text.FormatDefault
	style.Options.DrawBorder = false
	style.Options.SeparateColumns = false
	t.SetStyle(style)
	return t.Render()
}

func (o Terminal) paint(s string, c text.Color) string {
	if !o.Color {
		return s
	}
	return "\x1b[" + fmt.Sprint(int(c)) + "m" + s + "\x1b[0m"
}

func (o Terminal) wrap(s, prefix string) string {
	return indent(text.WrapSoft(s, o.width()-len(prefix)), prefix)
}

func indent(s, prefix string) string {
	return prefix + strings.ReplaceAll(s, "\n", "\n"+prefix)
}

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
// gateway the pattern, the reasons and what would change the answer. Tables lose
// columns where the terminal is narrow.
func (o Terminal) Text(w io.Writer, f analysis.Findings) error {
	var b strings.Builder
	o.notes(&b, f)
	if len(f.Verdicts) == 0 {
		b.WriteString(noGateways + "\n")
	} else {
		b.WriteString(o.verdicts(f) + "\n")
	}
	for _, v := range f.Verdicts {
		b.WriteByte('\n')
		o.gateway(&b, v, o.width() < leastForWords)
		o.besideLines(&b, v)
	}
	for _, warning := range f.Warnings {
		b.WriteString(o.wrap("Warning: "+Prose(warning), "") + "\n")
	}
	_, err := io.WriteString(w, trimLines(b.String()))
	return err
}

// notes say first what must be known of everything below.
func (o Terminal) notes(b *strings.Builder, f analysis.Findings) {
	if f.Simulated {
		b.WriteString(o.paint(o.wrap(simulatedNote, ""), text.FgYellow) + "\n\n")
	}
	if f.Exploratory {
		b.WriteString(o.paint(o.wrap(exploratoryNote, ""), text.FgYellow) + "\n\n")
	}
}

const (
	simulatedNote   = "SIMULATED: made from programs that imitate gateways; evidence for nothing about real ones."
	exploratoryNote = "EXPLORATORY: other parameters than the registered ones; only the registered analysis gives the verdict."
	noGateways      = "No gateway was analysed."
)

func (o Terminal) width() int {
	if o.Width <= 0 {
		return 100
	}
	return o.Width
}

// leastForWords is the width from which a sentence fits beside the verdict.
const leastForWords = 84

// verdicts is the table that answers the question at a glance.
func (o Terminal) verdicts(f analysis.Findings) string {
	t := table.NewWriter()
	t.SetStyle(table.StyleRounded)
	t.Style().Format.Header = text.FormatDefault
	t.Style().Options.SeparateRows = true
	header := table.Row{"gateway", "verdict", "p", "in plain words"}
	if o.width() < leastForWords {
		header = header[:3]
	}
	t.AppendHeader(header)
	nameWidth := 8
	for _, v := range f.Verdicts {
		row := table.Row{Printable(v.Gateway), o.paint(Headline(v), verdictColor(v.Verdict)), optional(v.P), Sentence(v)}
		t.AppendRow(row[:len(header)])
		nameWidth = max(nameWidth, min(24, len(v.Gateway)))
	}
	t.SetColumnConfigs([]table.ColumnConfig{
		{Number: 1, WidthMax: 24}, {Number: 2, WidthMax: 16, WidthMaxEnforcer: text.WrapSoft},
		{Number: 4, WidthMax: max(24, o.width()-nameWidth-38), WidthMaxEnforcer: text.WrapSoft},
	})
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

// gateway says the verdict, why, and the pattern; with its sentence where no
// table has shown it.
func (o Terminal) gateway(b *strings.Builder, v analysis.Verdict, sentence bool) {
	fmt.Fprintf(b, "%s: %s\n", o.paint(text.WrapText(Printable(v.Gateway), o.width()-20), text.Bold), o.paint(Headline(v), verdictColor(v.Verdict)))
	if sentence {
		b.WriteString(o.wrap(Sentence(v), "  ") + "\n")
	}
	for _, r := range v.Reasons {
		b.WriteString(o.wrap(Prose(r), "  ") + "\n")
	}
	for _, s := range v.Scopes {
		if len(s.Pattern.Steps) > 0 {
			fmt.Fprintf(b, "  %s, p = %s:\n%s\n", ScopeName(s.Scope), optional(s.P), indent(o.pattern(s.Pattern), "  "))
		}
	}
	if v.Verdict == analysis.NotDetected && v.Power.Sentence != "" {
		b.WriteString(o.wrap(Prose(v.Power.Sentence), "  ") + "\n")
	}
}

// besideLines says in a line each what differs between on and off, and what an
// idle recording lacks; the series is a warning of its own.
func (o Terminal) besideLines(b *strings.Builder, v analysis.Verdict) {
	for _, s := range v.Secondary {
		if s.Answer == analysis.Shown || s.Answer == analysis.StateShown || s.Answer == analysis.LateOrState {
			b.WriteString(o.wrap(Prose(s.Sentence), "  ") + "\n")
		}
	}
	if v.Idle != nil {
		b.WriteString(o.wrap(idleLine(v), "  ") + "\n")
	}
}

// pattern shows the steps in as many columns as the terminal has room for: all;
// without payload and record lengths; or with each far end on its own line.
func (o Terminal) pattern(p analysis.Pattern) string {
	room := o.width() - 2
	for _, l := range []layout{{sizes: true, farEnd: true, spread: true, clean: Prose}, {farEnd: true, spread: true, clean: Prose}} {
		if s := plain(patternTable(p, l), 36); text.LongestLineLen(s) <= room {
			return s
		}
	}
	var parts []string
	for _, same := range byFarEnd(p.Steps) {
		parts = append(parts, text.WrapText(Printable(same[0].Name), room), plain(patternTable(analysis.Pattern{Steps: same}, layout{clean: Prose}), 22))
	}
	return strings.Join(parts, "\n")
}

// byFarEnd cuts the steps into runs of the same far end.
func byFarEnd(steps []analysis.Step) [][]analysis.Step {
	var runs [][]analysis.Step
	for i, s := range steps {
		if i == 0 || s.Name != steps[i-1].Name {
			runs = append(runs, nil)
		}
		runs[len(runs)-1] = append(runs[len(runs)-1], s)
	}
	return runs
}

// plain renders without frames; kinds beyond so many columns, and long names,
// are wrapped.
func plain(t table.Writer, kind int) string {
	style := table.StyleLight
	style.Format.Header = text.FormatDefault
	style.Options.DrawBorder = false
	style.Options.SeparateColumns = false
	t.SetStyle(style)
	t.SetColumnConfigs([]table.ColumnConfig{{Name: "kind", WidthMax: kind, WidthMaxEnforcer: text.WrapSoft}, {Name: "far end", WidthMax: 60}})
	return trimLines(t.Render())
}

// trimLines takes the blanks off the ends of lines, which tables pad.
func trimLines(s string) string {
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		lines[i] = strings.TrimRight(l, " ")
	}
	return strings.Join(lines, "\n")
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

package reports

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/hueprint/hueprint/analysis"
)

// Explain says in the terminal what the HTML report says of one gateway: the
// verdict and why, the pattern, who can see it, every trial as a row of
// characters, the evidence, and what would have been found. It fails when the
// document has no such gateway.
func (o Terminal) Explain(w io.Writer, d Document, gateway string) error {
	for _, p := range d.Parts {
		for _, v := range p.Findings.Verdicts {
			if v.Gateway == gateway {
				_, err := io.WriteString(w, trimLines(o.explain(p, v)))
				return err
			}
		}
	}
	var known []string
	for _, v := range d.Verdicts() {
		known = append(known, Printable(v.Gateway))
	}
	return fmt.Errorf("explain gateway %s: the runs have %s", Printable(gateway), orDash(strings.Join(known, ", ")))
}

// Explain writes [Terminal.Explain] for a terminal of usual width, without
// colours.
func Explain(w io.Writer, d Document, gateway string) error {
	return Terminal{}.Explain(w, d, gateway)
}

func (o Terminal) explain(p Part, v analysis.Verdict) string {
	var b strings.Builder
	o.notes(&b, p.Findings)
	verdict := v
	verdict.Power.Sentence = "" // has a section of its own
	o.gateway(&b, verdict, true)
	f := newFigures(p.Traces, v, p.Findings.Design)
	o.section(&b, "Who can see it", o.render(scopeTable(v)), len(v.Scopes) > 0)
	o.section(&b, o.trialsHeading(f), f.rows(o.width()-24), len(f.traces) > 0 && len(v.Trials) > 0 && f.to > f.from)
	o.beside(&b, v, p.Findings.Subject.Run)
	o.section(&b, "What would have been found", text.WrapSoft(Prose(v.Power.Sentence), o.width()-2)+"\n"+o.render(powerTable(v.Power, Prose)), len(v.Power.Plants) > 0)
	o.section(&b, "Evidence", o.facts(evidence(v, p)), true)
	o.section(&b, "Candidates with the smallest p", o.render(testTable(v)), len(v.Tests) > 0)
	o.section(&b, "Method", text.WrapSoft(Methods(p), o.width()-2), true)
	for _, warning := range p.Findings.Warnings {
		b.WriteString("\n" + o.wrap("Warning: "+Prose(warning), "") + "\n")
	}
	return b.String()
}

// beside says what stands beside the verdict.
func (o Terminal) beside(b *strings.Builder, v analysis.Verdict, run string) {
	o.section(b, secondaryHeading, o.secondary(v), len(v.Secondary) > 0)
	if s := v.Series; s != nil {
		words := strings.TrimSpace(s.Sentence + " " + thisLook(*s, run))
		o.section(b, seriesHeading, text.WrapSoft(Prose(words), o.width()-2)+"\n"+o.render(seriesTable(*s, run, Prose)), true)
	}
	if c := v.Idle; c != nil {
		body := text.WrapSoft(idleLine(v), o.width()-2)
		if len(c.OnlyRun)+len(c.OnlyIdle) > 0 {
			body += "\n" + o.render(idleTable(*c, Prose))
		}
		o.section(b, idleHeading, body, true)
	}
}

// secondary is each question with its answer below.
func (o Terminal) secondary(v analysis.Verdict) string {
	var lines []string
	for _, s := range v.Secondary {
		answer := string(s.Answer)
		if s.P != nil {
			answer += fmt.Sprintf(", p = %s (%s)", Number(*s.P), restsOn(s.Assumption))
		}
		lines = append(lines, text.WrapSoft(question(s.Question), o.width()-2), indent(answer, "  "), indent(text.WrapSoft(Prose(inWords(s)), o.width()-4), "  "))
	}
	return strings.Join(lines, "\n")
}

func (o Terminal) section(b *strings.Builder, heading, body string, present bool) {
	if present {
		fmt.Fprintf(b, "\n%s\n%s\n", o.paint(heading, text.Bold), indent(body, "  "))
	}
}

// render is plain, with every column kept to a part of the line.
func (o Terminal) render(t table.Writer) string {
	style := table.StyleLight
	style.Format.Header = text.FormatDefault
	style.Options.DrawBorder, style.Options.SeparateColumns = false, false
	style.Size.WidthMax = o.width() - 2
	t.SetStyle(style)
	t.SetColumnConfigs([]table.ColumnConfig{{Number: 1, WidthMax: max(20, o.width()/2), WidthMaxEnforcer: text.WrapSoft},
		{Number: 2, WidthMax: 20, WidthMaxEnforcer: text.WrapSoft}, {Number: 3, WidthMax: max(14, o.width()/4), WidthMaxEnforcer: text.WrapSoft}})
	return t.Render()
}

func (o Terminal) facts(facts []fact) string {
	const name = 24
	var b strings.Builder
	for i, f := range facts {
		if i > 0 {
			b.WriteByte('\n')
		}
		value := strings.ReplaceAll(text.WrapSoft(Prose(f.Value), max(20, o.width()-name-2)), "\n", "\n"+strings.Repeat(" ", name))
		fmt.Fprintf(&b, "%-*s%s", name, f.Name, value)
	}
	return b.String()
}

func (o Terminal) trialsHeading(f figures) string {
	return fmt.Sprintf("Trials from %s to %s (O sent, I received: of the pattern; . others)", tickLabel(f.from), tickLabel(f.to))
}

// rows draws every trial in n characters, actions above controls.
func (f figures) rows(n int) string {
	n = max(20, min(n, 100))
	points := f.bySlot()
	var lines []string
	for _, i := range f.order() {
		lines = append(lines, fmt.Sprintf("%18s |%s|", f.trialName(f.verdict.Trials[i]), f.rowOfCharacters(points[i], n)))
	}
	if first := slices.IndexFunc(f.order(), func(i int) bool { return f.verdict.Trials[i].Control }); first > 0 {
		lines = slices.Insert(lines, first, "")
	}
	return strings.Join(lines, "\n")
}

// testTable lists the candidates with the smallest p.
func testTable(v analysis.Verdict) table.Writer {
	t := table.NewWriter()
	t.AppendHeader(table.Row{"far end", "direction", "kind", "length", "feature", "raw p", "adjusted p"})
	for _, c := range v.Tests[:min(len(v.Tests), 8)] {
		t.AppendRow(table.Row{Printable(c.Channel), c.Direction.String(), KindName(c.Kind), Lengths(c.LengthMin, c.LengthMax) + " B", c.Feature, Number(c.RawP), Number(c.P)})
	}
	return t
}

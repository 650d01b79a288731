package reports

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/hueprint/hueprint/analysis"
)

// Markdown writes the document as GitHub-flavoured Markdown: each part with its
// gateways, their evidence, and how that part was made.
func Markdown(w io.Writer, d Document) error {
	var b strings.Builder
	f := d.Findings()
	fmt.Fprintf(&b, "# %s\n\n", title(f))
	if f.Simulated {
		fmt.Fprintf(&b, "> **%s**\n\n", simulatedNote)
	}
	if f.Exploratory {
		fmt.Fprintf(&b, "> **%s**\n\n", exploratoryNote)
	}
	markdownVerdicts(&b, f.Verdicts)
	for _, part := range d.Parts {
		for _, v := range part.Findings.Verdicts {
			markdownGateway(&b, v, part)
		}
		markdownMethod(&b, part, len(d.Parts) > 1)
	}
	for _, warning := range f.Warnings {
		fmt.Fprintf(&b, "\n> Warning: %s\n", markdownText(Prose(warning)))
	}
	if d.Command != "" {
		fmt.Fprintf(&b, "\nRepeat:\n\n    %s\n", Prose(d.Command))
	}
	if len(f.Verdicts) > 0 {
		fmt.Fprintf(&b, "\n## References\n\n%s\n", bibliography(d.Parts))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func markdownVerdicts(b *strings.Builder, verdicts []analysis.Verdict) {
	if len(verdicts) == 0 {
		b.WriteString(noGateways + "\n")
		return
	}
	t := table.NewWriter()
	t.AppendHeader(table.Row{"gateway", "verdict", "p", "link to the bulb", "in plain words"})
	for _, v := range verdicts {
		t.AppendRow(table.Row{markdownName(v.Gateway), Headline(v), optional(v.P), v.Link, markdownText(Sentence(v))})
	}
	b.WriteString(t.RenderMarkdown() + "\n")
}

// markdownMethod says how a part was made, and which run it is where there are
// several.
func markdownMethod(b *strings.Builder, part Part, several bool) {
	if len(part.Findings.Verdicts) == 0 {
		return
	}
	of := ""
	if several && part.Run != nil {
		of = " of run " + markdownName(part.Run.ID)
	}
	fmt.Fprintf(b, "\n## Method%s\n\n%s\n", of, markdownText(Methods(part)))
}

// bibliography has each entry of the parts' bibliographies once, as a block of
// code.
func bibliography(parts []Part) string {
	var entries []string
	for _, part := range parts {
		for entry := range strings.SplitAfterSeq(Bibliography(part.Findings), "\n}\n") {
			if entry = strings.TrimLeft(entry, "\n"); entry != "" && !slices.Contains(entries, entry) {
				entries = append(entries, entry)
			}
		}
	}
	lines := strings.Split(strings.TrimRight(strings.Join(entries, "\n"), "\n"), "\n")
	for i, line := range lines {
		if line != "" {
			lines[i] = "    " + line
		}
	}
	return strings.Join(lines, "\n")
}

func title(f analysis.Findings) string {
	switch {
	case f.Subject.Experiment != "":
		return "Correlation report: " + markdownName(f.Subject.Experiment)
	case len(f.Subject.Captures) > 0:
		return "Correlation report: labelled captures"
	}
	return "Correlation report"
}

func markdownGateway(b *strings.Builder, v analysis.Verdict, part Part) {
	fmt.Fprintf(b, "\n## %s: %s\n\n%s\n\n", markdownName(v.Gateway), Headline(v), markdownText(Sentence(v)))
	for _, r := range v.Reasons {
		fmt.Fprintf(b, "- %s\n", markdownText(Prose(r)))
	}
	if len(v.Scopes) > 0 {
		b.WriteString("\n" + scopeTable(v).RenderMarkdown() + "\n")
	}
	for _, s := range v.Scopes {
		if len(s.Pattern.Steps) > 0 {
			fmt.Fprintf(b, "\nPattern, %s:\n\n%s\n", ScopeName(s.Scope), patternTable(s.Pattern, layout{sizes: true, farEnd: true, spread: true, clean: markdownText}).RenderMarkdown())
		}
	}
	markdownBeside(b, v)
	if len(v.Power.Plants) > 0 {
		fmt.Fprintf(b, "\n%s\n\n%s\n", markdownText(Prose(v.Power.Sentence)), powerTable(v.Power, markdownText).RenderMarkdown())
	}
	b.WriteString("\n### Evidence\n\n")
	for _, f := range evidence(v, part) {
		fmt.Fprintf(b, "- %s: %s\n", f.Name, markdownText(f.Value))
	}
}

// markdownBeside says what stands beside the verdict.
func markdownBeside(b *strings.Builder, v analysis.Verdict) {
	if len(v.Secondary) > 0 {
		fmt.Fprintf(b, "\n### %s\n\n%s\n", secondaryHeading, secondaryTable(v, markdownText).RenderMarkdown())
	}
	if s := v.Series; s != nil {
		fmt.Fprintf(b, "\n### %s\n\n%s\n\n%s\n", seriesHeading, markdownText(Prose(s.Sentence)), seriesTable(*s, "", markdownText).RenderMarkdown())
	}
	if c := v.Idle; c != nil {
		fmt.Fprintf(b, "\n### %s\n\n%s\n", idleHeading, markdownText(idleLine(v)))
		if len(c.OnlyRun)+len(c.OnlyIdle) > 0 {
			fmt.Fprintf(b, "\n%s\n", idleTable(*c, markdownText).RenderMarkdown())
		}
	}
}

func markdownName(s string) string { return markdownText(Printable(s)) }

// markdownText keeps hostile text from becoming markup, in tables as well,
// where an escaped bar would still end the cell for some readers.
func markdownText(s string) string {
	return strings.NewReplacer(`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "~", `\~`, "$", `\$`, "&", "&amp;",
		"<", "&lt;", ">", "&gt;", "|", "&#124;", "[", `\[`, "]", `\]`, "#", `\#`, "://", "&#58;//").Replace(s)
}

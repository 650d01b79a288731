package reports

import (
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/hueprint/hueprint/analysis"
)

// Markdown writes the findings as GitHub-flavoured Markdown. command is the line
// that repeats the analysis; empty leaves it out.
func Markdown(w io.Writer, f analysis.Findings, command string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n", title(f))
	if f.Simulated {
		fmt.Fprintf(&b, "> **%s**\n\n", simulatedNote)
	}
	if f.Exploratory {
		fmt.Fprintf(&b, "> **%s**\n\n", exploratoryNote)
	}
	t := table.NewWriter()
	t.AppendHeader(table.Row{"gateway", "verdict", "p", "link to the bulb", "in plain words"})
	for _, v := range f.Verdicts {
		t.AppendRow(table.Row{markdownName(v.Gateway), Headline(v), optional(v.P), v.Link, markdownText(Sentence(v))})
	}
	if len(f.Verdicts) == 0 {
		b.WriteString(noGateways + "\n")
	} else {
		b.WriteString(t.RenderMarkdown() + "\n")
	}
	for _, v := range f.Verdicts {
		markdownGateway(&b, v)
	}
	if len(f.Verdicts) > 0 {
		fmt.Fprintf(&b, "\n## Method\n\n%s\n", Method(f.Design))
	}
	for _, warning := range f.Warnings {
		fmt.Fprintf(&b, "\n> Warning: %s\n", markdownText(Prose(warning)))
	}
	if command != "" {
		fmt.Fprintf(&b, "\nRepeat:\n\n    %s\n", Prose(command))
	}
	_, err := io.WriteString(w, b.String())
	return err
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

func markdownGateway(b *strings.Builder, v analysis.Verdict) {
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

package reports

import (
	"fmt"
	"strings"

	"github.com/hueprint/hueprint/analysis"
)

// LaTeX writes a gateway's pattern as a table for a paper, in the form of the
// base paper's Table 1. It needs the package booktabs.
func LaTeX(v analysis.Verdict) string {
	controls := hasControls(v.Pattern)
	columns, last := "lrrrlrr", `actions \\`
	if controls {
		columns, last = "lrrrlrrr", `actions & controls \\`
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%% requires \\usepackage{booktabs}\n\\begin{table}\n\\caption{Packets of %s that come with operating the light (lengths in bytes).}\n\\begin{tabular}{%s}\n\\toprule\n", texText(Printable(v.Gateway)), columns)
	fmt.Fprintf(&b, "direction & frame & payload & length & kind, far end & delay & %s\n\\midrule\n", last)
	for _, s := range v.Pattern.Steps {
		fmt.Fprintf(&b, "%s & %s & %s & %s & %s, %s & %.0f\\,ms & %d/%d", s.Direction, texLengths(s.FrameMin, s.FrameMax), texLengths(s.PayloadMin, s.PayloadMax),
			texLengths(s.LengthMin, s.LengthMax), texText(stepKind(s)), texText(Printable(s.Name)), s.DelayMS, s.Seen, s.Of)
		if controls {
			fmt.Fprintf(&b, " & %d/%d", s.SeenControl, s.OfControl)
		}
		b.WriteString(" \\\\\n")
	}
	b.WriteString("\\bottomrule\n\\end{tabular}\n\\end{table}\n")
	return b.String()
}

func texLengths(low, high int) string { return strings.ReplaceAll(Lengths(low, high), "–", "--") }

// texText keeps hostile text from becoming commands.
func texText(s string) string {
	return strings.NewReplacer(`\`, `\textbackslash{}`, "{", `\{`, "}", `\}`, "$", `\$`, "&", `\&`, "#", `\#`, "%", `\%`, "_", `\_`,
		"~", `\textasciitilde{}`, "^", `\textasciicircum{}`, "<", `\textless{}`, ">", `\textgreater{}`, "|", `\textbar{}`, `"`, `\textquotedbl{}`, "`", `\textasciigrave{}`, "−", "--").Replace(s)
}

// patternMarkdown is the same table in Markdown.
func patternMarkdown(v analysis.Verdict) string {
	return patternTable(v.Pattern, layout{sizes: true, farEnd: true, spread: true, clean: markdownText}).RenderMarkdown() + "\n"
}

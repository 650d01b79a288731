package reports

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/experiments"
)

//go:embed report.css
var styleSheet string

//go:embed report.html.tmpl
var pageTemplate string

// HTML writes the document as one self-contained file: no script, no request to
// anywhere, light and dark by the reader's preference, figures as inline SVG.
func HTML(w io.Writer, d Document) error {
	page, err := template.New("report").Funcs(template.FuncMap{
		"headline": Headline, "sentence": Sentence, "number": Number, "optional": optional, "lengths": Lengths,
		"kind": KindName, "scope": ScopeName, "observer": observer, "plant": plantName, "method": Method,
		"name": Printable, "prose": Prose, "percent": percent, "ms": milliseconds, "clock": clock, "when": when, "count": count,
	}).Parse(pageTemplate)
	if err != nil {
		return fmt.Errorf("read the report's template: %w", err)
	}
	if err := page.Execute(w, newPage(d)); err != nil {
		return fmt.Errorf("write the HTML report: %w", err)
	}
	return nil
}

// page is what the template shows.
type page struct {
	Title, Lab, Command string
	Style               template.CSS
	Simulated           bool
	Exploratory         bool
	Cards               []card
	Parts               []partView
	Warnings            []string
	Version             string
}

// card is one gateway's answer at a glance.
type card struct {
	analysis.Verdict
	Anchor string
}

// partView is one run, or one set of captures, with its gateways.
type partView struct {
	Part
	Gateways []gatewayView
	// Commands are the run's slots in order, for the step trace.
	Commands []commandView
}

// gatewayView is one gateway's section.
type gatewayView struct {
	analysis.Verdict
	Anchor                 string
	Timeline, Trials, Null template.HTML
	Evidence               []fact
	Recording              string
}

type fact struct{ Name, Value string }

type commandView struct {
	experiments.Command
	Control bool
}

func newPage(d Document) page {
	f := d.Findings()
	p := page{Title: "Correlation report", Lab: d.Lab, Command: d.Command, Style: template.CSS(styleSheet),
		Simulated: f.Simulated, Exploratory: f.Exploratory, Warnings: f.Warnings, Version: analysis.Version}
	if f.Subject.Experiment != "" {
		p.Title = "Correlation report: " + Printable(f.Subject.Experiment)
	}
	for _, part := range d.Parts {
		view := partView{Part: part}
		for _, v := range part.Findings.Verdicts {
			anchor := fmt.Sprintf("gateway-%d", len(p.Cards)+1)
			p.Cards = append(p.Cards, card{v, anchor})
			view.Gateways = append(view.Gateways, newGatewayView(part, v, anchor))
		}
		if part.Run != nil {
			for _, c := range part.Run.Commands {
				view.Commands = append(view.Commands, commandView{c, c.Outcome == experiments.Withheld})
			}
		}
		p.Parts = append(p.Parts, view)
	}
	return p
}

func newGatewayView(part Part, v analysis.Verdict, anchor string) gatewayView {
	g := gatewayView{Verdict: v, Anchor: anchor, Evidence: evidence(v, part), Null: nullFigure(v, part.Findings.Design)}
	for _, trace := range part.Traces {
		if trace.Gateway == v.Gateway {
			g.Timeline = timelineFigure(trace, v, part.Findings.Design.Window)
			g.Trials = trialsFigure(trace, v, part.Findings.Design.Window)
			break
		}
	}
	return g
}

// evidence lists what the verdict rests on, in the order in which a reviewer
// asks.
func evidence(v analysis.Verdict, part Part) []fact {
	e := v.Evidence
	facts := []fact{
		{"link to the bulb", string(v.Link)},
		{"packets of the gateway", fmt.Sprintf("%s (%s)", count(e.Packets), byteSize(e.Bytes))},
		{"packets with the bridge", count(e.BridgePackets)},
		{"lost by the recorder", fmt.Sprintf("%d frames, %d gaps", e.Dropped, e.Gaps)},
		{"left out", fmt.Sprintf("%d duplicates, %d retransmissions and keep-alives, %d undecoded", e.DroppedDup, e.Retransmits, e.Undecoded)},
		{"candidates tested", fmt.Sprintf("%d (%d more were the same in every redraw)", v.Candidates-v.Constant, v.Constant)},
	}
	if part.Run == nil {
		return facts
	}
	facts = append(facts,
		fact{"proof of recording", orDash(Printable(e.Proof))},
		fact{"commands", tally(e.Outcomes)},
		fact{"confirmed by", tally(e.Confirmed)},
		fact{"lateness against plan", fmt.Sprintf("median %v, 99th percentile %v, most %v", short(e.LatenessP50), short(e.LatenessP99), short(e.LatenessMax))},
		fact{"clock uncertainty", short(e.ClockUncertainty)},
		fact{"light put back", yesNo(e.Restored)},
	)
	return facts
}

// tally writes counts by word, most first.
func tally(counts map[string]int) string {
	words := make([]string, 0, len(counts))
	for w := range counts {
		words = append(words, w)
	}
	slices.SortFunc(words, func(a, b string) int {
		if counts[a] != counts[b] {
			return counts[b] - counts[a]
		}
		return strings.Compare(a, b)
	})
	for i, w := range words {
		words[i] = fmt.Sprintf("%d %s", counts[w], Printable(w))
	}
	return orDash(strings.Join(words, ", "))
}

func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func percent(x float64) string { return fmt.Sprintf("%.0f %%", x*100) }

func milliseconds(x float64) string { return fmt.Sprintf("%.0f ms", x) }

func short(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return d.Round(time.Microsecond).String()
	case d < time.Second:
		return d.Round(10 * time.Microsecond).String()
	}
	return d.Round(time.Millisecond).String()
}

// clock writes an instant's time of day in UTC, to the millisecond.
func clock(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.UTC().Format("15:04:05.000")
}

// when writes an instant in UTC.
func when(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}

// count writes a number with thin spaces between thousands.
func count(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "\u202f" + s[i:]
	}
	return s
}

func byteSize(n int64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%d B", n)
}

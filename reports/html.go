package reports

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"regexp"
	"slices"
	"strings"

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
		"headline": Headline, "sentence": flowing, "number": Number, "optional": optional, "lengths": Lengths,
		"kind": KindName, "scope": ScopeName, "observer": observer, "plant": plantName, "leastActions": leastActions, "leastRate": leastRate,
		"method": Method, "name": Printable, "prose": Prose, "farEnd": breakable, "delay": delay, "duration": duration,
		"clock": clock, "when": when, "count": count, "controls": hasControls,
	}).Parse(pageTemplate)
	if err != nil {
		return fmt.Errorf("read the report's template: %w", err)
	}
	if err := page.Execute(w, newPage(d)); err != nil {
		return fmt.Errorf("write the HTML report: %w", err)
	}
	return nil
}

// flowing is the verdict's sentence with breaks where they do no harm: none in
// p = 0.01, and some in the names of far ends.
func flowing(v analysis.Verdict) template.HTML {
	s := strings.ReplaceAll(template.HTMLEscapeString(Sentence(v)), " = ", "\u00a0=\u00a0")
	return template.HTML(insideName.ReplaceAllString(s, "$1.<wbr>$2"))
}

var insideName = regexp.MustCompile(`([0-9A-Za-z])\.([A-Za-z])`)

// breakable lets a far end's long name break into lines after its dots.
func breakable(name string) template.HTML {
	return template.HTML(strings.NewReplacer(".", ".<wbr>", ":", "<wbr>:").Replace(template.HTMLEscapeString(Printable(name))))
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
	// Labelled parts were made from captures with a list of actions: they have
	// actions, but no slots and no controls.
	Labelled bool
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
	// Number counts slots from 1, as the figures do.
	Number  int
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
		view := partView{Part: part, Labelled: part.Findings.Design.Method == analysis.CircularShift}
		for _, v := range part.Findings.Verdicts {
			anchor := fmt.Sprintf("gateway-%d", len(p.Cards)+1)
			p.Cards = append(p.Cards, card{v, anchor})
			view.Gateways = append(view.Gateways, newGatewayView(part, v, anchor))
		}
		if part.Run != nil {
			for _, c := range part.Run.Commands {
				view.Commands = append(view.Commands, commandView{c, c.Slot + 1, c.Outcome == experiments.Withheld})
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
			f := newFigures(trace, v, part.Findings.Design)
			g.Timeline, g.Trials = f.timeline(), f.trialRows()
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
		{"candidates tested", candidates(v)},
	}
	if part.Run == nil {
		return facts
	}
	facts = append(facts,
		fact{"proof of recording", orDash(Printable(e.Proof))},
		fact{"commands", tally(e.Outcomes)},
		fact{"confirmed by", tally(e.Confirmed)},
		fact{"lateness against plan", fmt.Sprintf("median %s, 99th percentile %s, most %s", duration(e.LatenessP50), duration(e.LatenessP99), duration(e.LatenessMax))},
		fact{"clock uncertainty", duration(e.ClockUncertainty)},
		fact{"light put back", yesNo(e.Restored)},
	)
	return facts
}

func candidates(v analysis.Verdict) string {
	s := count(v.Candidates - v.Constant)
	if v.Constant > 0 {
		s += fmt.Sprintf(" (%s more were the same in every redraw)", count(v.Constant))
	}
	return s
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

package reports

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"regexp"
	"strings"

	"github.com/hueprint/hueprint/analysis"
)

//go:embed report.css
var styleSheet string

//go:embed report.js
var script string

//go:embed *.tmpl
var pageTemplates embed.FS

// HTML writes the document as one self-contained file: no request to anywhere,
// light and dark by the reader's preference, figures as inline SVG. Its one
// script, which the page's policy knows by its hash, zooms timelines and copies
// filters; the page says the same without it.
func HTML(w io.Writer, d Document) error {
	page, err := template.New("report.html.tmpl").Funcs(template.FuncMap{
		"headline": Headline, "sentence": flowing, "number": Number, "optional": optional, "lengths": Lengths,
		"kind": KindName, "scope": ScopeName, "observer": observer, "plant": plantName, "leastActions": leastActions, "leastRate": leastRate,
		"name": Printable, "prose": Prose, "farEnd": breakable, "delay": delay, "clock": clock, "when": when, "count": count,
		"question": question, "restsOn": restsOn, "clearest": clearest, "idleLine": idleLine, "idleRows": idleRows, "lookName": lookName, "thisLook": thisLook,
	}).ParseFS(pageTemplates, "*.tmpl")
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
	s := insideName.ReplaceAllString(template.HTMLEscapeString(Sentence(v)), "$1.<wbr>$2")
	return template.HTML(value.ReplaceAllString(s, `<span class="value">$0</span>`))
}

// Where a sentence may break, and where not.
var (
	insideName = regexp.MustCompile(`([0-9A-Za-z])\.([A-Za-z])`)
	value      = regexp.MustCompile(`(p|α(/[0-9]+)?) = [0-9.e-]*[0-9]`)
)

// breakable lets a far end's long name break into lines after its dots.
func breakable(name string) template.HTML {
	return template.HTML(strings.NewReplacer(".", ".<wbr>", ":", "<wbr>:").Replace(template.HTMLEscapeString(Printable(name))))
}

// page is what the template shows.
type page struct {
	Title, Lab, Command string
	Style               template.CSS
	Script              template.JS
	// Policy is the page's content security policy.
	Policy      string
	Simulated   bool
	Exploratory bool
	Cards       []card
	Parts       []partView
	Warnings    []string
	Version     string
}

// card is one gateway's answer at a glance.
type card struct {
	analysis.Verdict
	Anchor string
}

// partView is one run, or one set of captures, with its gateways.
type partView struct {
	Part
	Methods, BibTeX string
	Gateways        []gatewayView
}

func newPage(d Document) page {
	f := d.Findings()
	p := page{Title: "Correlation report", Lab: d.Lab, Command: d.Command, Style: template.CSS(styleSheet),
		Script: template.JS(script), Policy: policy(),
		Simulated: f.Simulated, Exploratory: f.Exploratory, Warnings: f.Warnings, Version: analysis.Version}
	if f.Subject.Experiment != "" {
		p.Title = "Correlation report: " + Printable(f.Subject.Experiment)
	}
	for _, part := range d.Parts {
		view := partView{Part: part, Methods: Methods(part), BibTeX: Bibliography(part.Findings)}
		for _, v := range part.Findings.Verdicts {
			anchor := fmt.Sprintf("gateway-%d", len(p.Cards)+1)
			p.Cards = append(p.Cards, card{v, anchor})
			view.Gateways = append(view.Gateways, newGatewayView(part, v, anchor))
		}
		p.Parts = append(p.Parts, view)
	}
	return p
}

// policy forbids every request, and every script but the page's own.
func policy() string {
	hash := sha256.Sum256([]byte(script))
	return "default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) + "'"
}

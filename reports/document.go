package reports

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/experiments"
)

// A Document is what one report speaks of: the parts are runs, or captures that
// were analysed together.
type Document struct {
	// Lab names the bench; Command is the line that repeats the analysis.
	Lab     string
	Command string
	Parts   []Part
}

// A Part is one run with its findings, or the findings of labelled captures.
type Part struct {
	Findings analysis.Findings
	// Traces hold the events for figures; there may be none.
	Traces []analysis.Trace
	// Run is nil for labelled captures.
	Run *experiments.Run
	// Folder is where the run is kept.
	Folder string
}

// Verdicts are those of all parts, in their order.
func (d Document) Verdicts() []analysis.Verdict {
	var all []analysis.Verdict
	for _, p := range d.Parts {
		all = append(all, p.Findings.Verdicts...)
	}
	return all
}

// Simulated tells whether any part was made from a simulated lab.
func (d Document) Simulated() bool {
	return slices.ContainsFunc(d.Parts, func(p Part) bool { return p.Findings.Simulated })
}

// Findings is the document as one value for the readers that show no run by
// itself: verdicts and warnings of all parts, design and subject of the first.
func (d Document) Findings() analysis.Findings {
	var f analysis.Findings
	for i, p := range d.Parts {
		if i == 0 {
			f = p.Findings
			f.Verdicts, f.Warnings = nil, nil
		}
		f.Simulated = f.Simulated || p.Findings.Simulated
		f.Exploratory = f.Exploratory || p.Findings.Exploratory
		f.Verdicts = append(f.Verdicts, p.Findings.Verdicts...)
		for _, w := range p.Findings.Warnings {
			if !slices.Contains(f.Warnings, w) {
				f.Warnings = append(f.Warnings, w)
			}
		}
	}
	return f
}

// OutputSchema is the version of [Output]; output.schema.json describes it.
const OutputSchema = "hueprint/output/1"

// Output is the one object that demo, run and analyze print with --json.
type Output struct {
	Schema      string             `json:"schema"`
	Version     string             `json:"analysis_version"`
	Simulated   bool               `json:"simulated"`
	Exploratory bool               `json:"exploratory"`
	Verdicts    []analysis.Verdict `json:"verdicts"`
	Runs        []RunOutput        `json:"runs"`
	Warnings    []string           `json:"warnings,omitempty"`
	// Report is the path of the HTML report, empty when none was written.
	Report string `json:"report,omitempty"`
}

// RunOutput says what one part was made from.
type RunOutput struct {
	ID         string          `json:"id,omitempty"`
	Experiment string          `json:"experiment,omitempty"`
	Captures   []string        `json:"captures,omitempty"`
	Gateways   []string        `json:"gateways"`
	Folder     string          `json:"folder,omitempty"`
	Started    time.Time       `json:"started,omitzero"`
	Ended      time.Time       `json:"ended,omitzero"`
	Ending     string          `json:"ending,omitempty"`
	Design     analysis.Design `json:"design"`
}

// JSON writes the document as one [Output] object.
func JSON(w io.Writer, d Document, report string) error {
	f := d.Findings()
	out := Output{
		Schema: OutputSchema, Version: analysis.Version, Simulated: f.Simulated, Exploratory: f.Exploratory,
		Verdicts: f.Verdicts, Warnings: f.Warnings, Report: report,
	}
	for _, p := range d.Parts {
		s := p.Findings.Subject
		r := RunOutput{ID: s.Run, Experiment: s.Experiment, Captures: s.Captures, Folder: p.Folder,
			Started: s.Started, Ended: s.Ended, Ending: s.Ending, Design: p.Findings.Design}
		for _, v := range p.Findings.Verdicts {
			r.Gateways = append(r.Gateways, v.Gateway)
		}
		out.Runs = append(out.Runs, r)
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	if err := enc.Encode(out); err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	return nil
}

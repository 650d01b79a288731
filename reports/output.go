package reports

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/hueprint/hueprint/analysis"
)

// OutputSchema is the version of [Output]; docs/output.schema.json describes
// it. It changes when a field changes its meaning or goes; new fields do not
// change it.
const OutputSchema = "hueprint/output/1"

// Output is the one object that demo, run and analyze print with --json.
type Output struct {
	Schema  string `json:"schema"`
	Version string `json:"analysis_version"`
	// Simulated output is evidence for nothing about real gateways.
	Simulated bool `json:"simulated"`
	// Exploratory output was made with other parameters than the registered ones.
	Exploratory bool `json:"exploratory"`
	// Verdicts has one entry for each gateway.
	Verdicts []analysis.Verdict `json:"verdicts"`
	// Runs has one entry for each run, or for the labelled captures that were
	// analysed together.
	Runs     []RunOutput `json:"runs"`
	Warnings []string    `json:"warnings,omitempty"`
	// Report is the path of the HTML report, empty when none was written.
	Report string `json:"report,omitempty"`
}

// RunOutput says what one part was made from.
type RunOutput struct {
	ID         string   `json:"id,omitempty"`
	Experiment string   `json:"experiment,omitempty"`
	Captures   []string `json:"captures,omitempty"`
	Gateways   []string `json:"gateways"`
	Folder     string   `json:"folder,omitempty"`
	// Started and Ended are by the controller's clock.
	Started time.Time       `json:"started,omitzero"`
	Ended   time.Time       `json:"ended,omitzero"`
	Ending  string          `json:"ending,omitempty"`
	Design  analysis.Design `json:"design"`
}

// JSON writes the document as one [Output] object. Characters that a terminal
// would obey rather than show are written as JSON's escapes.
func JSON(w io.Writer, d Document, report string) error {
	f := d.Findings()
	out := Output{
		Schema: OutputSchema, Version: analysis.Version, Simulated: f.Simulated, Exploratory: f.Exploratory,
		Verdicts: []analysis.Verdict{}, Runs: []RunOutput{}, Warnings: f.Warnings, Report: report,
	}
	for _, v := range f.Verdicts {
		out.Verdicts = append(out.Verdicts, filled(v))
	}
	for _, p := range d.Parts {
		out.Runs = append(out.Runs, runOutput(p))
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetIndent("", "  ")
	if err := enc.Encode(out); err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	if _, err := io.WriteString(w, escapeUnseen(b.String())); err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	return nil
}

func runOutput(p Part) RunOutput {
	s := p.Findings.Subject
	r := RunOutput{ID: s.Run, Experiment: s.Experiment, Captures: s.Captures, Gateways: []string{}, Folder: p.Folder,
		Started: s.Started, Ended: s.Ended, Ending: s.Ending, Design: p.Findings.Design}
	r.Design.Assignments = min(r.Design.Assignments, math.MaxFloat64) // JSON knows no infinity
	for _, v := range p.Findings.Verdicts {
		r.Gateways = append(r.Gateways, v.Gateway)
	}
	return r
}

// filled writes empty lists as [] and empty tallies as {}, so that readers need
// not know null.
func filled(v analysis.Verdict) analysis.Verdict {
	v.Reasons, v.Trials = orEmpty(v.Reasons), orEmpty(v.Trials)
	v.Pattern.Steps, v.Power.Plants = orEmpty(v.Pattern.Steps), orEmpty(v.Power.Plants)
	v.Scopes = slices.Clone(orEmpty(v.Scopes))
	for i := range v.Scopes {
		v.Scopes[i].Pattern.Steps = orEmpty(v.Scopes[i].Pattern.Steps)
	}
	if v.Evidence.Outcomes == nil {
		v.Evidence.Outcomes = map[string]int{}
	}
	if v.Evidence.Confirmed == nil {
		v.Evidence.Confirmed = map[string]int{}
	}
	return v
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// escapeUnseen writes characters beyond ASCII that are not shown (control,
// format and bidirectional marks) as \u escapes; in JSON they can only stand
// inside strings.
func escapeUnseen(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r < utf8.RuneSelf || shown(r):
			b.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

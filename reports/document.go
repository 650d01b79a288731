package reports

import (
	"slices"

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

package tables

import (
	"embed"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/hueprint/hueprint/experiments"
)

// The notebook's code lies in files of its own, so that Python's tools can check
// it.
//
//go:embed cells/*.py
var cells embed.FS

// notebook is the file format nbformat 4.5
// (https://nbformat.readthedocs.io/en/latest/format_description.html).
type notebook struct {
	Cells    []notebookCell   `json:"cells"`
	Metadata notebookMetadata `json:"metadata"`
	Format   int              `json:"nbformat"`
	Minor    int              `json:"nbformat_minor"`
}

type notebookMetadata struct {
	Kernel   notebookKernel   `json:"kernelspec"`
	Language notebookLanguage `json:"language_info"`
	Hueprint map[string]any   `json:"hueprint"`
}

type notebookKernel struct {
	DisplayName string `json:"display_name"`
	Language    string `json:"language"`
	Name        string `json:"name"`
}

type notebookLanguage struct {
	Name string `json:"name"`
}

// notebookCell is a cell of text or of code; only code has a count and outputs.
type notebookCell struct {
	Kind     string             `json:"cell_type"`
	Count    *json.RawMessage   `json:"execution_count,omitempty"`
	ID       string             `json:"id"`
	Metadata struct{}           `json:"metadata"`
	Outputs  *[]json.RawMessage `json:"outputs,omitempty"`
	Source   []string           `json:"source"`
}

// Notebook writes analysis.ipynb, a starting point for own work: it reads the
// tables beside it with pandas, compares the arms, and draws trials and timeline.
// It holds no results; nothing was executed.
func Notebook(w io.Writer, run experiments.Run) error {
	n := notebook{
		Format: 4, Minor: 5,
		Metadata: notebookMetadata{
			Kernel:   notebookKernel{"Python 3", "python", "python3"},
			Language: notebookLanguage{"python"},
			Hueprint: map[string]any{"run": text(run.ID), "simulated": run.Simulated, "schema": Schema},
		},
	}
	for _, part := range story(run) {
		n.Cells = append(n.Cells, said(part.code, part.words))
		if part.code == "" {
			n.Cells[len(n.Cells)-1].ID = "about"
			continue
		}
		c, err := coded(part.code)
		if err != nil {
			return fmt.Errorf("write the notebook: %w", err)
		}
		n.Cells = append(n.Cells, c)
	}
	e := json.NewEncoder(w)
	e.SetIndent("", " ")
	if err := e.Encode(n); err != nil {
		return fmt.Errorf("write the notebook: %w", err)
	}
	return nil
}

// a passage is text and the code that follows it, by the name of its file.
type passage struct{ words, code string }

func story(run experiments.Run) []passage {
	about := "# Run " + code(run.ID) + "\n\nExperiment " + code(run.Plan.Experiment.Name) + ". What each column means: [columns.md](columns.md).\n\nNeeds pandas 2 or newer, matplotlib, and pyarrow for the Parquet files. Start it in the folder of the tables."
	if run.Simulated {
		about += "\n\n**" + simulatedWarning + "**"
	}
	return []passage{
		{about, ""},
		{"## Read the tables\n\nThe verdict of each gateway is the one that hueprint gave; what you find below is exploratory.", "read"},
		{"## Actions against controls\n\nTraffic in the windows after commands, and after moments at which nothing was sent.", "trials"},
		{"## The steps of the pattern\n\nThe share of trials that show each step. A gateway without a pattern has no rows.", "steps"},
		{"## Trials\n\nEvery event of every trial at its delay.", "delays"},
		{"## Timeline\n\nThe whole recording.", "timeline"},
		{"## Candidates\n\nWhat was tested, the smallest adjusted p first. Testing more on these data needs an adjustment of its own.", "candidates"},
	}
}

// said is a cell of text.
func said(id, words string) notebookCell {
	return notebookCell{Kind: "markdown", ID: id + "-text", Source: lines(words)}
}

// coded is a cell of code, not yet executed.
func coded(name string) (notebookCell, error) {
	source, err := cells.ReadFile("cells/" + name + ".py")
	if err != nil {
		return notebookCell{}, err
	}
	null := json.RawMessage("null")
	return notebookCell{
		Kind: "code", ID: name, Count: &null, Outputs: &[]json.RawMessage{},
		Source: lines(strings.TrimSuffix(string(source), "\n")),
	}, nil
}

// lines are those of a text, each with its end, as the format wants them.
func lines(s string) []string { return strings.SplitAfter(s, "\n") }

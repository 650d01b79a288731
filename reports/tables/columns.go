package tables

import (
	"fmt"
	"io"
	"strings"

	"github.com/hueprint/hueprint/experiments"
)

// simulatedWarning stands in everything made from a simulated lab.
const simulatedWarning = "These tables were made from a SIMULATED lab. They are evidence for nothing about real gateways."

// Columns writes columns.md: what each table and column means.
func Columns(w io.Writer, run experiments.Run, tables []Table) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# Tables of run %s\n\n", code(run.ID))
	if run.Simulated {
		fmt.Fprintf(&b, "**%s**\n\n", simulatedWarning)
	}
	fmt.Fprintf(&b, "Experiment %s, schema `%s`.\n\n", code(run.Plan.Experiment.Name), Schema)
	b.WriteString(rules)
	for _, t := range tables {
		fmt.Fprintf(&b, "\n## %s\n\n%s Rows: %d.\n\n| column | type | meaning |\n|---|---|---|\n", t.Name, t.Doc, t.Rows)
		for _, c := range t.Columns {
			kind := c.Type
			if c.Optional {
				kind += ", can be empty"
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", c.Name, kind, c.Doc)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// rules hold for all tables.
const rules = `A table is one file a format: NAME.csv (RFC 4180, UTF-8, comma, CRLF) and
NAME.parquet, with equal rows. The Parquet files carry this documentation in
their metadata, under hueprint.columns.

- text: control characters, marks of writing direction and invalid UTF-8 are
  visible escapes such as \x1b. In CSV a text begins with an apostrophe if a
  spreadsheet could take it for a formula (it begins with =, +, - or @, also after
  spaces) or if it begins with an apostrophe itself: take one apostrophe off.
- instant: nanoseconds, UTC. In CSV RFC 3339 with nine decimals; in Parquet
  TIMESTAMP(NANOS, UTC).
- truth: true or false. number: a whole number. real: a floating-point number.
- An empty cell is null in Parquet.
- Rows of different tables belong together by run, gateway, slot and step. Slots
  and steps count from 1, as in the report.
`

// code sets a name as code in Markdown, where nothing in it has a meaning.
func code(s string) string {
	return "`` " + strings.ReplaceAll(text(s), "`", "'") + " ``"
}

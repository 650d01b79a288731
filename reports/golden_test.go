package reports_test

import (
	"bytes"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hueprint/hueprint/reports"
)

var update = flag.Bool("update", false, "write the golden files anew")

// formats are all that one document is written as.
var formats = map[string]func(io.Writer, reports.Document) error{
	"html":       reports.HTML,
	"json":       func(w io.Writer, d reports.Document) error { return reports.JSON(w, d, "report.html") },
	"md":         reports.Markdown,
	"txt":        func(w io.Writer, d reports.Document) error { return reports.Terminal{}.Text(w, d.Findings()) },
	"narrow.txt": func(w io.Writer, d reports.Document) error { return reports.Terminal{Width: 60}.Text(w, d.Findings()) },
	"explain.txt": func(w io.Writer, d reports.Document) error {
		for _, v := range d.Verdicts() {
			if err := reports.Explain(w, d, v.Gateway); err != nil {
				return err
			}
		}
		return nil
	},
	"wide.txt": func(w io.Writer, d reports.Document) error { return reports.Terminal{Width: 160}.Text(w, d.Findings()) },
}

func render(t *testing.T, format string, d reports.Document) string {
	t.Helper()
	var b bytes.Buffer
	if err := formats[format](&b, d); err != nil {
		t.Fatalf("%s: %v", format, err)
	}
	return b.String()
}

// each calls f with every document in every format.
func each(t *testing.T, f func(t *testing.T, name, format, text string)) {
	for name, d := range documents() {
		for format := range formats {
			t.Run(name+"."+format, func(t *testing.T) { f(t, name, format, render(t, format, d)) })
		}
	}
}

func TestGolden(t *testing.T) {
	each(t, func(t *testing.T, name, format, got string) {
		if name == "hostile" && format != "md" && format != "txt" || name == "eight" && format != "txt" && strings.Contains(format, ".") {
			return // their properties are tested below
		}
		path := filepath.Join("testdata", name+"."+format)
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(want), got); d != "" {
			t.Errorf("differs from %s; if that is meant: go test ./reports -update\n%s", path, d)
		}
	})
}

func TestEqualDocumentsGiveEqualBytes(t *testing.T) {
	each(t, func(t *testing.T, name, format, got string) {
		if again := render(t, format, documents()[name]); again != got {
			t.Error(cmp.Diff(got, again))
		}
	})
}

// "Simulated" stands on every page that was made from a simulated lab, and
// nowhere otherwise.
func TestSimulated(t *testing.T) {
	for name, d := range documents() {
		for _, simulated := range []bool{true, false} {
			for i := range d.Parts {
				d.Parts[i].Findings.Simulated = simulated && i == len(d.Parts)-1
			}
			simulated = simulated && len(d.Parts) > 0
			for format := range formats {
				got := strings.ToLower(render(t, format, d))
				if format == "json" {
					got = strings.ReplaceAll(got, `"simulated": false`, "")
				}
				if strings.Contains(got, "simulated") != simulated {
					t.Errorf("%s.%s of simulated=%v: the word stands there: %v", name, format, simulated, !simulated)
				}
			}
		}
	}
}

func TestTextFitsTheTerminal(t *testing.T) {
	for name, d := range documents() {
		for _, width := range []int{60, 80, 100, 160} {
			var b bytes.Buffer
			if err := (reports.Terminal{Width: width}).Text(&b, d.Findings()); err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(b.String()) {
				line = strings.TrimRight(line, "\n")
				if n := columns(line); n > max(width, 80) && name != "hostile" {
					t.Errorf("%s at width %d: %d columns: %s", name, width, n, line)
				}
			}
		}
	}
}

func columns(s string) int { return len([]rune(s)) }

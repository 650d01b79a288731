package tables

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hueprint/hueprint/nodetest"
	"github.com/hueprint/hueprint/reports/exporttest"
)

// foreign is what an independent reader says of a Parquet file.
type foreign struct {
	Rows    int
	Columns []struct {
		Name, Type, Logical, Unit string
		UTC, Optional             bool
	}
	About map[string]string
	Cells [][]*string
}

func readForeign(t *testing.T, table Table) foreign {
	t.Helper()
	path := filepath.Join(t.TempDir(), table.Name+".parquet")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := table.Parquet(file); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	var got foreign
	if err := json.Unmarshal(nodetest.Run(t, "reports/tables/testdata/readers", "parquet.js", path), &got); err != nil {
		t.Fatal(err)
	}
	return got
}

// A reader that is not ours sees the columns, the documentation and every cell
// of the CSV file, instants to the nanosecond.
func TestAnotherReaderSeesTheSame(t *testing.T) {
	for name, o := range map[string]exporttest.Options{"plain": {}, "hostile": hostile(), "nothing found": {Silent: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := layOut(t, o)
			for name, table := range l.tables {
				got := readForeign(t, table)
				sameColumns(t, table, got)
				if got.About["hueprint.run"] != l.Run.ID || got.About["hueprint.schema"] != Schema || got.About["hueprint.table"] != name {
					t.Errorf("%s says of itself %v", name, got.About)
				}
				sameCells(t, table, got)
			}
		})
	}
}

// stored are the physical and logical types of each kind of column.
var stored = map[string]string{"text": "BYTE_ARRAY STRING", "truth": "BOOLEAN ", "real": "DOUBLE ", "instant": "INT64 TIMESTAMP NANOS"}

func sameColumns(t *testing.T, table Table, got foreign) {
	t.Helper()
	if got.Rows != table.Rows || len(got.Cells) != table.Rows || len(got.Columns) != len(table.Columns) {
		t.Fatalf("%s: %d rows and %d columns, want %d and %d", table.Name, got.Rows, len(got.Columns), table.Rows, len(table.Columns))
	}
	for i, c := range table.Columns {
		g := got.Columns[i]
		if g.Name != c.Name || g.Optional != c.Optional || g.UTC != (c.Type == "instant") {
			t.Errorf("%s, column %d: %+v, want %+v", table.Name, i+1, g, c)
		}
		kind := strings.TrimRight(g.Type+" "+g.Logical+" "+g.Unit, " ")
		if want, fixed := stored[c.Type]; fixed && kind != strings.TrimRight(want, " ") {
			t.Errorf("%s.%s is stored as %s, want %s", table.Name, c.Name, kind, want)
		}
		if c.Type == "number" && g.Type != "INT32" && g.Type != "INT64" {
			t.Errorf("%s.%s is stored as %s", table.Name, c.Name, kind)
		}
	}
}

func sameCells(t *testing.T, table Table, got foreign) {
	t.Helper()
	_, want := csvOf(t, table)
	for row, cells := range got.Cells {
		for i, c := range table.Columns {
			if text := want[row+1][i]; !sameCell(cells[i], text, c) {
				shown := "null"
				if cells[i] != nil {
					shown = strconv.Quote(*cells[i])
				}
				t.Fatalf("%s.%s, row %d: %s in Parquet, %q in CSV", table.Name, c.Name, row+1, shown, text)
			}
		}
	}
}

// sameCell compares a cell with its CSV form.
func sameCell(got *string, text string, c Column) bool {
	if got == nil || text == "" && c.Type != "text" {
		return got == nil && text == ""
	}
	switch c.Type {
	case "instant":
		at, err := time.Parse(time.RFC3339Nano, text)
		return err == nil && strconv.FormatInt(at.UnixNano(), 10) == *got
	case "real":
		a, err1 := strconv.ParseFloat(text, 64)
		b, err2 := strconv.ParseFloat(*got, 64)
		return err1 == nil && err2 == nil && a == b
	case "text":
		return strings.TrimPrefix(text, "'") == *got
	}
	return text == *got
}

package tables

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/parquet-go/parquet-go"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/reports"
	"github.com/hueprint/hueprint/reports/exporttest"
)

// laid is a sample with its tables, by name.
type laid struct {
	exporttest.Sample
	findings analysis.Findings
	traces   []analysis.Trace
	tables   map[string]Table
}

func layOut(t *testing.T, o exporttest.Options) laid {
	t.Helper()
	l := laid{Sample: exporttest.New(o), tables: map[string]Table{}}
	l.findings, l.traces = l.Analyze(t)
	for _, table := range New(l.Run, l.findings, l.traces) {
		l.tables[table.Name] = table
	}
	return l
}

func hostile() exporttest.Options {
	return exporttest.Options{Gateways: []string{exporttest.Hostile, "'quoted", " =cmd()"}, Name: exporttest.Hostile, Files: 2}
}

func csvOf(t *testing.T, table Table) (text []byte, rows [][]string) {
	t.Helper()
	var b bytes.Buffer
	if err := table.CSV(&b); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(b.Bytes())).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), rows
}

func parquetOf(t *testing.T, table Table) *bytes.Reader {
	t.Helper()
	var b bytes.Buffer
	if err := table.Parquet(&b); err != nil {
		t.Fatal(err)
	}
	return bytes.NewReader(b.Bytes())
}

// again reads a table's Parquet file and lays its rows out anew.
func again[T any](t *testing.T, table Table) Table {
	t.Helper()
	file := parquetOf(t, table)
	rows, err := parquet.Read[T](file, file.Size())
	if err != nil {
		t.Fatal(err)
	}
	return tableOf(table.Name, table.Doc, rows, nil)
}

// What was written as Parquet reads back to the same rows: the CSV of both is
// equal, to the nanosecond and the last bit.
func TestParquetReadsBackEqual(t *testing.T) {
	for name, o := range map[string]exporttest.Options{"plain": {}, "hostile": hostile(), "nothing found": {Silent: true}} {
		t.Run(name, func(t *testing.T) {
			l := layOut(t, o)
			read := map[string]func(*testing.T, Table) Table{
				"trials": again[Trial], "seen": again[Sighting], "steps": again[Step],
				"events": again[Event], "candidates": again[Candidate], "verdicts": again[Verdict],
			}
			if len(read) != len(l.tables) {
				t.Fatalf("%d tables, the test knows %d", len(l.tables), len(read))
			}
			for name, table := range l.tables {
				want, _ := csvOf(t, table)
				got, _ := csvOf(t, read[name](t, table))
				if !bytes.Equal(got, want) {
					t.Errorf("%s: read back\n%.300s\nwant\n%.300s", name, got, want)
				}
			}
		})
	}
}

// Instants are nanoseconds of UTC and empty cells are null, as pandas and others
// understand them without hueprint.
func TestParquetTypes(t *testing.T) {
	l := layOut(t, exporttest.Options{})
	for _, table := range l.tables {
		file := parquetOf(t, table)
		f, err := parquet.OpenFile(file, file.Size())
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range table.Columns {
			leaf, ok := f.Schema().Lookup(c.Name)
			if !ok || leaf.Node.Optional() != c.Optional {
				t.Errorf("%s.%s: missing, or optional in one place only", table.Name, c.Name)
				continue
			}
			if c.Type == "instant" {
				if got := leaf.Node.Type().String(); got != "TIMESTAMP(isAdjustedToUTC=true,unit=NANOS)" {
					t.Errorf("%s.%s is %s", table.Name, c.Name, got)
				}
			}
		}
	}
	sent := nulls(t, l.tables["trials"], "sent_at")
	for i, c := range l.Run.Commands {
		if sent[i] != c.Sent.IsZero() {
			t.Errorf("slot %d: sent_at null: %v, sent %v", i+1, sent[i], c.Sent)
		}
	}
}

// nulls tells for each row whether a column is null.
func nulls(t *testing.T, table Table, column string) (all []bool) {
	t.Helper()
	file := parquetOf(t, table)
	f, err := parquet.OpenFile(file, file.Size())
	if err != nil {
		t.Fatal(err)
	}
	leaf, _ := f.Schema().Lookup(column)
	rows := make([]parquet.Row, table.Rows)
	n, _ := f.RowGroups()[0].Rows().ReadRows(rows)
	for _, row := range rows[:n] {
		all = append(all, row[leaf.ColumnIndex].IsNull())
	}
	return all
}

func TestParquetDocumentsItself(t *testing.T) {
	l := layOut(t, hostile())
	for name, table := range l.tables {
		file := parquetOf(t, table)
		f, err := parquet.OpenFile(file, file.Size())
		if err != nil {
			t.Fatal(err)
		}
		for key, want := range map[string]string{
			"hueprint.run": l.Run.ID, "hueprint.simulated": "true", "hueprint.table": name, "hueprint.schema": Schema,
			"hueprint.experiment": reports.Prose(exporttest.Hostile), "hueprint.analysis": analysis.Version,
		} {
			if got, _ := f.Lookup(key); got != want {
				t.Errorf("%s: %s is %q, want %q", name, key, got, want)
			}
		}
		var columns []Column
		doc, _ := f.Lookup("hueprint.columns")
		if err := json.Unmarshal([]byte(doc), &columns); err != nil || !reflect.DeepEqual(columns, table.Columns) {
			t.Errorf("%s: hueprint.columns: %v, %d columns", name, err, len(columns))
		}
	}
}

func TestEveryColumnIsDocumented(t *testing.T) {
	for _, table := range layOut(t, exporttest.Options{}).tables {
		var names []string
		for _, c := range table.Columns {
			if len(c.Doc) < 3 || strings.ContainsAny(c.Doc, "|\n") {
				t.Errorf("%s.%s: doc %q", table.Name, c.Name, c.Doc)
			}
			if strings.HasSuffix(c.Name, "_at") != (c.Type == "instant") {
				t.Errorf("%s.%s: instants, and no others, end in _at", table.Name, c.Name)
			}
			if c.Name == "" || slices.Contains(names, c.Name) {
				t.Errorf("%s: column %q twice or without a name", table.Name, c.Name)
			}
			names = append(names, c.Name)
		}
		if !slices.Contains(names, "simulated") || !slices.Contains(names, "run") {
			t.Errorf("%s does not say of which run it is and whether that was simulated", table.Name)
		}
	}
}

// Whatever the names, CSV has as many lines as rows, nothing that a terminal or a
// spreadsheet would obey, and gives the names back.
func TestCSVIsHarmless(t *testing.T) {
	l := layOut(t, hostile())
	for name, table := range l.tables {
		text, rows := csvOf(t, table)
		if lines := strings.Count(string(text), "\r\n"); lines != len(rows) || len(rows) != table.Rows+1 || strings.Count(string(text), "\n") != lines {
			t.Errorf("%s: %d lines, %d records, %d rows", name, lines, len(rows), table.Rows)
		}
		for _, row := range rows[1:] {
			for i, c := range table.Columns {
				checkCell(t, name, c, row[i])
			}
		}
	}
	_, rows := csvOf(t, l.tables["verdicts"])
	at := slices.Index(rows[0], "gateway")
	for i, gateway := range hostile().Gateways {
		if got := strings.TrimPrefix(rows[i+1][at], "'"); got != reports.Prose(gateway) {
			t.Errorf("gateway %d reads %q, want %q", i+1, got, reports.Prose(gateway))
		}
		if !strings.HasPrefix(rows[i+1][at], "'") {
			t.Errorf("gateway %d, %q, is not protected", i+1, rows[i+1][at])
		}
	}
	_, rows = csvOf(t, l.tables["events"])
	if at := slices.Index(rows[0], "detail"); !slices.ContainsFunc(rows, func(r []string) bool { return strings.HasPrefix(r[at], "'=cmd()") }) {
		t.Error("the hostile question is not among the events")
	}
}

func checkCell(t *testing.T, table string, c Column, cell string) {
	t.Helper()
	if i := strings.IndexFunc(cell, func(r rune) bool { return !unicode.IsPrint(r) }); i >= 0 {
		t.Fatalf("%s.%s holds %q", table, c.Name, cell[i:])
	}
	if start := strings.TrimSpace(cell); c.Type == "text" && start != "" && strings.ContainsAny(start[:1], "=+-@") {
		t.Errorf("%s.%s is a formula: %q", table, c.Name, cell)
	}
}

func TestHarmless(t *testing.T) {
	for in, want := range map[string]string{
		"hub": "hub", "": "", " ": " ", "=1+1": "'=1+1", "-2": "'-2", "+49": "'+49", "@SUM(A1)": "'@SUM(A1)",
		"  =1": "'  =1", "\u00a0=1": "'\u00a0=1", "'x": "''x", "＝1": "'＝1", "a=1": "a=1",
	} {
		if got := harmless(in); got != want {
			t.Errorf("harmless(%q) = %q, want %q", in, got, want)
		}
	}
}

// The tables agree with the findings and with each other.
func TestTablesAgree(t *testing.T) {
	l := layOut(t, exporttest.Options{Gateways: []string{"a", "b"}, Offset: -time.Hour})
	slots, steps := len(l.Run.Plan.Slots), len(l.findings.Verdicts[0].Pattern.Steps)
	points := len(l.traces[0].Points) + len(l.traces[1].Points)
	for name, want := range map[string]int{"trials": 2 * slots, "seen": 2 * slots * steps, "steps": 2 * steps, "events": points, "verdicts": 2} {
		if got := l.tables[name].Rows; got != want || want == 0 {
			t.Errorf("%s has %d rows, want %d", name, got, want)
		}
	}
	lay := layout{run: l.Run, findings: l.findings}
	lay.gateway(l.findings.Verdicts[0], l.traces[0])
	for i, row := range lay.trials {
		trial := l.findings.Verdicts[0].Trials[i]
		inside := 0
		for _, e := range lay.events {
			if e.Slot == row.Slot {
				inside++
				if *e.DelayNS < 0 || *e.DelayNS >= row.WindowNS {
					t.Errorf("slot %d: an event has a delay of %d ns", row.Slot, *e.DelayNS)
				}
			}
		}
		if *row.Events != int64(inside) || *row.Packets != int64(trial.Packets) || *row.StepsSeen != int64(steps)*b(!row.Control) || !row.At.Equal(trial.At) {
			t.Errorf("slot %d: %+v, %d events inside", row.Slot, row, inside)
		}
	}
	for _, s := range lay.seen {
		if (s.Seen > 0) != (s.DelayNS != nil) {
			t.Errorf("slot %d step %d: seen %d, delay %v", s.Slot, s.Step, s.Seen, s.DelayNS)
		}
		if s.Seen > 0 && *s.DelayNS/1e6 != int64(120+s.Slot-1) && *s.DelayNS/1e6 != int64(135+s.Slot-1) {
			t.Errorf("slot %d step %d comes after %d ns", s.Slot, s.Step, *s.DelayNS)
		}
	}
}

func b(v bool) int64 {
	if v {
		return 1
	}
	return 0
}

// Slots that the run did not reach have rows, with nothing in them.
func TestSlotsThatWereNotReachedAreEmpty(t *testing.T) {
	s := exporttest.New(exporttest.Options{})
	s.Run.Commands = s.Run.Commands[:5]
	s.Run.Ended = s.Run.Commands[4].Begun.Add(time.Second)
	f, traces := s.Analyze(t)
	_, rows := csvOf(t, New(s.Run, f, traces)[0])
	if len(rows) != 13 {
		t.Fatalf("%d rows", len(rows)-1)
	}
	for i, row := range rows[1:] {
		cell := func(name string) string { return row[slices.Index(rows[0], name)] }
		if reached := i < 5; (cell("packets") != "") != reached || (cell("trial_at") != "") != reached || (cell("outcome") == string(experiments.Skipped)) == reached {
			t.Errorf("slot %d: %q", i+1, row)
		}
	}
}

func TestEqualRunsGiveEqualBytes(t *testing.T) {
	first, second := layOut(t, hostile()), layOut(t, hostile())
	for name := range first.tables {
		a, _ := csvOf(t, first.tables[name])
		b, _ := csvOf(t, second.tables[name])
		if !bytes.Equal(a, b) {
			t.Errorf("%s.csv differs", name)
		}
		p, q := parquetOf(t, first.tables[name]), parquetOf(t, second.tables[name])
		if !reflect.DeepEqual(p, q) {
			t.Errorf("%s.parquet differs", name)
		}
	}
}

func TestColumnsNamesEveryColumn(t *testing.T) {
	l := layOut(t, hostile())
	var out bytes.Buffer
	all := New(l.Run, l.findings, l.traces)
	if err := Columns(&out, l.Run, all); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "SIMULATED") {
		t.Error("columns.md does not say that the run was simulated")
	}
	for _, table := range all {
		_, section, _ := strings.Cut(out.String(), "\n## "+table.Name+"\n")
		section, _, _ = strings.Cut(section, "\n## ")
		for _, c := range table.Columns {
			if !strings.Contains(section, "| `"+c.Name+"` | "+c.Type) {
				t.Errorf("columns.md lacks %s.%s", table.Name, c.Name)
			}
		}
	}
	if i := strings.IndexFunc(out.String(), func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }); i >= 0 {
		t.Errorf("columns.md holds %q", out.String()[i:i+4])
	}
}

package tables

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go"
)

// Schema is the version of the tables. It changes when a column changes its
// meaning or goes; new columns do not change it.
const Schema = "hueprint/tables/1"

// A Table is one table with its documentation.
type Table struct {
	// Name is also the name of its file, without an ending.
	Name string
	// Doc says what a row is.
	Doc     string
	Columns []Column
	// Rows is their number.
	Rows int

	cells   func(row int) reflect.Value
	parquet func(io.Writer) error
}

// A Column documents itself.
type Column struct {
	Name string `json:"name"`
	// Type is text, truth, number, real or instant.
	Type string `json:"type"`
	// Optional columns can be empty (null).
	Optional bool   `json:"optional"`
	Doc      string `json:"doc"`
}

// tableOf makes a table of rows, documented by the tags of their type.
func tableOf[T any](name, doc string, rows []T, about map[string]string) Table {
	t := Table{Name: name, Doc: doc, Columns: columns(reflect.TypeFor[T]()), Rows: len(rows)}
	t.cells = func(i int) reflect.Value { return reflect.ValueOf(rows[i]) }
	t.parquet = func(w io.Writer) error {
		out := parquet.NewGenericWriter[T](w, t.options(about)...)
		if _, err := out.Write(rows); err != nil {
			return err
		}
		return out.Close()
	}
	return t
}

// columns reads the tags of a row's type.
func columns(row reflect.Type) []Column {
	var all []Column
	for i := range row.NumField() {
		f := row.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("parquet"), ",")
		all = append(all, Column{
			Name: name, Type: kind(f.Type), Doc: f.Tag.Get("doc"),
			Optional: slices.Contains(strings.Split(options, ","), "optional"),
		})
	}
	return all
}

// kind is the word for a field's type.
func kind(t reflect.Type) string {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case t == reflect.TypeFor[time.Time]():
		return "instant"
	case t.Kind() == reflect.Bool:
		return "truth"
	case t.Kind() == reflect.String:
		return "text"
	case t.Kind() == reflect.Float64:
		return "real"
	}
	return "number"
}

// options are those of the Parquet writer: the file says by itself what it is.
func (t Table) options(about map[string]string) []parquet.WriterOption {
	doc, _ := json.Marshal(t.Columns) // strings and truths only
	about = maps.Clone(about)
	about["hueprint.table"], about["hueprint.doc"], about["hueprint.columns"] = t.Name, t.Doc, string(doc)
	all := []parquet.WriterOption{parquet.Compression(&parquet.Snappy), parquet.CreatedBy("hueprint", Schema, "")}
	for _, key := range slices.Sorted(maps.Keys(about)) {
		all = append(all, parquet.KeyValueMetadata(key, about[key]))
	}
	return all
}

// Parquet writes the table as an Apache Parquet file: instants in nanoseconds of
// UTC, empty optional cells as null, and the documentation of the columns in the
// key hueprint.columns of its metadata.
func (t Table) Parquet(w io.Writer) error {
	if err := t.parquet(w); err != nil {
		return fmt.Errorf("write table %s as Parquet: %w", t.Name, err)
	}
	return nil
}

// CSV writes the table as RFC 4180 wants it, in UTF-8, with a line of names.
// Instants are RFC 3339 in UTC with nine decimals; empty cells are null.
//
// A text begins with an apostrophe if a spreadsheet could otherwise take it for a
// formula, or if it begins with one itself; so taking one apostrophe off the
// beginning of a text gives back what was meant.
func (t Table) CSV(w io.Writer) error {
	out := csv.NewWriter(w)
	out.UseCRLF = true
	line := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		line[i] = c.Name
	}
	_ = out.Write(line) // the writer keeps its first error until the end
	for row := range t.Rows {
		cells := t.cells(row)
		for i, c := range t.Columns {
			line[i] = cell(cells.Field(i), c)
		}
		_ = out.Write(line)
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("write table %s as CSV: %w", t.Name, err)
	}
	return nil
}

// cell is a field as text.
func cell(v reflect.Value, c Column) string {
	if c.Optional && v.IsZero() {
		return ""
	}
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	switch {
	case c.Type == "instant":
		return v.Interface().(time.Time).UTC().Format("2006-01-02T15:04:05.000000000Z07:00")
	case c.Type == "truth":
		return strconv.FormatBool(v.Bool())
	case c.Type == "real":
		return strconv.FormatFloat(v.Float(), 'g', -1, 64)
	case c.Type == "number":
		return strconv.FormatInt(v.Int(), 10)
	}
	return harmless(v.String())
}

// harmless keeps spreadsheets from running a text as a formula
// (https://owasp.org/www-community/attacks/CSV_Injection).
func harmless(s string) string {
	start := strings.TrimLeft(s, " \u00a0\u3000")
	if start != "" && strings.ContainsRune("=+-@'＝＋－＠", []rune(start)[0]) {
		return "'" + s
	}
	return s
}

package labelled

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hueprint/hueprint/analysis"
)

// mostMistakes bounds how many wrong lines an error lists.
const mostMistakes = 10

// ReadActions reads a table of actions: CSV with a header that names at least
// the columns time (Unix seconds, with a fraction if known, or RFC 3339) and
// action; other columns are kept as extras. Comma, semicolon and tab separate.
// The actions come back in order of time. The error names every wrong line, up
// to ten; name is what it calls the table.
func ReadActions(r io.Reader, name string) ([]analysis.LabelledAction, error) {
	br := bufio.NewReader(r)
	if bom, _ := br.Peek(3); string(bom) == "\ufeff" {
		_, _ = br.Discard(3)
	}
	rows := csv.NewReader(br)
	rows.Comma = separator(br)
	rows.TrimLeadingSpace = true
	rows.FieldsPerRecord = -1
	header, err := rows.Read()
	if errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s is empty: want a header with the columns time and action, then a line an action", name)
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	columns, err := columnsOf(header, name)
	if err != nil {
		return nil, err
	}
	return readRows(rows, columns, name)
}

// separator guesses the column separator from the header, which it leaves
// unread.
func separator(r *bufio.Reader) rune {
	start, _ := r.Peek(r.Size())
	line, _, _ := strings.Cut(string(start), "\n")
	best, most := ',', 0
	for _, c := range ",;\t" {
		if n := strings.Count(line, string(c)); n > most {
			best, most = c, n
		}
	}
	return best
}

func columnsOf(header []string, name string) ([]string, error) {
	for i := range header {
		header[i] = strings.ToLower(strings.TrimSpace(header[i]))
	}
	for _, want := range []string{"time", "action"} {
		if !slices.Contains(header, want) {
			return nil, fmt.Errorf("%s has no column %q: its header has %q; want at least time (Unix seconds or RFC 3339) and action", name, want, header)
		}
	}
	return header, nil
}

func readRows(rows *csv.Reader, columns []string, name string) ([]analysis.LabelledAction, error) {
	var actions []analysis.LabelledAction
	var errs []error
	for len(errs) < mostMistakes {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
			continue
		}
		line, _ := rows.FieldPos(0)
		a, err := action(columns, row)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s:%d: %w", name, line, err))
			continue
		}
		actions = append(actions, a)
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	if len(actions) == 0 {
		return nil, fmt.Errorf("%s lists no actions: want a line for each, below the header", name)
	}
	slices.SortStableFunc(actions, func(a, b analysis.LabelledAction) int { return a.Time.Compare(b.Time) })
	return actions, nil
}

func action(columns, row []string) (analysis.LabelledAction, error) {
	var a analysis.LabelledAction
	if len(row) != len(columns) {
		return a, fmt.Errorf("%d fields where the header has %d", len(row), len(columns))
	}
	for i, field := range row {
		field = strings.TrimSpace(field)
		switch columns[i] {
		case "time":
			at, err := parseTime(field)
			if err != nil {
				return a, err
			}
			a.Time = at
		case "action":
			if field == "" {
				return a, errors.New("the action is empty")
			}
			a.Action = field
		default:
			if a.Extra == nil {
				a.Extra = map[string]string{}
			}
			a.Extra[columns[i]] = field
		}
	}
	return a, nil
}

// parseTime reads Unix seconds, exactly to the nanosecond, or RFC 3339.
func parseTime(s string) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return t, nil
	}
	whole, fraction, _ := strings.Cut(s, ".")
	seconds, err := strconv.ParseInt(whole, 10, 64)
	nanos := int64(0)
	if err == nil && fraction != "" {
		digits := (fraction + "000000000")[:9]
		nanos, err = strconv.ParseInt(digits, 10, 64)
	}
	if err != nil || nanos < 0 || seconds < 0 || seconds > 1<<40 || strings.HasPrefix(fraction, "+") {
		return time.Time{}, fmt.Errorf("time %q is neither Unix seconds (1691328481.423) nor RFC 3339 (2023-08-06T13:28:01.423Z); a zone is needed", s)
	}
	return time.Unix(seconds, nanos).UTC(), nil
}

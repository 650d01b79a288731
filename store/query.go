package store

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"unicode/utf8"
)

// DefaultLimit is the length of a page that asks for none, MostLimit the longest
// one.
const (
	DefaultLimit = 50
	MostLimit    = 500
)

// mostText is the longest text that can be looked for, in bytes.
const mostText = 200

// Checked returns the query with its defaults filled in; [ErrQuery].
func (q RunQuery) Checked() (RunQuery, error) {
	if q.Sort == "" {
		q.Sort = ByTime
	}
	switch q.Sort {
	case ByTime, ByExperiment, ByGateway, ByVerdict, ByP, ByDuration:
	default:
		return q, fmt.Errorf("sort by %.40q (there are time, experiment, gateway, verdict, p and duration): %w", q.Sort, ErrQuery)
	}
	if len(q.Text) > mostText || !utf8.ValidString(q.Text) {
		return q, fmt.Errorf("look for a text of %d bytes (at most %d of UTF-8): %w", len(q.Text), mostText, ErrQuery)
	}
	var err error
	q.Limit, err = checkedLimit(q.Limit)
	return q, err
}

// Checked returns the query with its defaults filled in; [ErrQuery].
func (q FiringQuery) Checked() (FiringQuery, error) {
	var err error
	q.Limit, err = checkedLimit(q.Limit)
	return q, err
}

func checkedLimit(n int) (int, error) {
	switch {
	case n == 0:
		return DefaultLimit, nil
	case n < 0 || n > MostLimit:
		return n, fmt.Errorf("a page of %d (ask for 1 to %d): %w", n, MostLimit, ErrQuery)
	}
	return n, nil
}

// A Cursor is where a page ended: the key of its last entry in the list's order.
// Outside it is opaque; [Cursor.String] and [ParseCursor] are for
// implementations.
type Cursor struct {
	// List names the list and its order, so that a cursor fits no other.
	List string `json:"l"`
	// Number, Nanos or Text is the sort column's value; which one, the list knows.
	Number float64 `json:"n,omitempty"`
	Nanos  int64   `json:"i,omitempty"`
	Text   string  `json:"t,omitempty"`
	ID     string  `json:"k"`
}

// String is the cursor's outer form, plain in URLs.
func (c Cursor) String() string {
	text, _ := json.Marshal(c) // strings and finite numbers
	return base64.RawURLEncoding.EncodeToString(text)
}

// ParseCursor reads the cursor of that list; [ErrQuery] for anything else.
func ParseCursor(s, list string) (Cursor, error) {
	var c Cursor
	text, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err == nil {
		err = json.Unmarshal(text, &c)
	}
	if err != nil || c.List != list || c.ID == "" || c.String() != s {
		return Cursor{}, fmt.Errorf("the cursor belongs to another list (begin again without it): %w", ErrQuery)
	}
	return c, nil
}

package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A Mistake is one thing that is wrong in the file, and where.
type Mistake struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
	Text   string `json:"text"`
	// Incomplete tells that something is not there yet, as on a bench that is
	// being set up, and nothing is written wrongly.
	Incomplete bool `json:"incomplete,omitempty"`

	syntax bool // the text could not be read at all
}

// String is the form that editors understand: file:line:column: text.
func (m Mistake) String() string {
	return fmt.Sprintf("%s:%d:%d: %s", m.File, m.Line, m.Column, m.Text)
}

// Mistakes is everything that is wrong in a file, in the file's order.
type Mistakes []Mistake

// Error lists all mistakes, one a line.
func (ms Mistakes) Error() string {
	lines := make([]string, len(ms))
	for i, m := range ms {
		lines[i] = m.String()
	}
	if len(ms) == 1 {
		return lines[0]
	}
	return fmt.Sprintf("%d mistakes in the configuration:\n%s", len(ms), strings.Join(lines, "\n"))
}

func (ms Mistakes) sorted() Mistakes {
	slices.SortStableFunc(ms, func(a, b Mistake) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return ms
}

// Wrong are the mistakes that are more than something missing.
func (ms Mistakes) Wrong() Mistakes {
	return slices.DeleteFunc(slices.Clone(ms), func(m Mistake) bool { return m.Incomplete })
}

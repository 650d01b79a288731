package store

import (
	"errors"
	"testing"
)

func FuzzCursor(f *testing.F) {
	f.Add(Cursor{List: "runs time false", Nanos: 1, ID: "A"}.String())
	f.Add(Cursor{List: "runs p true", Number: 0.01, ID: "A"}.String())
	f.Add("")
	f.Add("eyJsIjoiIn0")
	f.Fuzz(func(t *testing.T, s string) {
		for _, list := range []string{"", "runs time false", "runs p true", "firings"} {
			c, err := ParseCursor(s, list)
			switch {
			case err != nil && !errors.Is(err, ErrQuery):
				t.Errorf("%q: %v is not ErrQuery", s, err)
			case err == nil && (c.List != list || c.ID == "" || c.String() != s):
				t.Errorf("%q was read as %+v", s, c)
			}
		}
	})
}

func FuzzCursorIsReadBack(f *testing.F) {
	f.Add(0.5, int64(-1), "x", "A")
	f.Fuzz(func(t *testing.T, number float64, nanos int64, text, id string) {
		c := Cursor{List: "l", Number: number, Nanos: nanos, Text: text, ID: id}
		got, err := ParseCursor(c.String(), "l")
		if again, _ := ParseCursor(got.String(), "l"); err == nil && again != got {
			t.Errorf("%+v became %+v", got, again)
		}
	})
}

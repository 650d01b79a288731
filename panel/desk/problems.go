package desk

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/hueprint/hueprint/config"
	"github.com/hueprint/hueprint/panel/access"
	"github.com/hueprint/hueprint/panel/lab"
	"github.com/hueprint/hueprint/reports"
	"github.com/hueprint/hueprint/runs"
	"github.com/hueprint/hueprint/store"
)

// A Problem is one thing that is wrong with a request, and in which field; Text
// says what to write instead.
type Problem struct {
	Field string `json:"field"`
	Text  string `json:"text"`
}

// Problems is everything that is wrong with a request.
type Problems []Problem

// Error lists all problems.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.Field + ": " + p.Text
	}
	return strings.Join(lines, "\n")
}

// Err is the problems as an error, nil when there are none.
func (ps Problems) Err() error {
	if len(ps) == 0 {
		return nil
	}
	return ps
}

// At is what is wrong with a field; empty when nothing is.
func (ps Problems) At(field string) string {
	for _, p := range ps {
		if p.Field == field {
			return p.Text
		}
	}
	return ""
}

func (ps *Problems) add(field, format string, args ...any) {
	*ps = append(*ps, Problem{field, fmt.Sprintf(format, args...)})
}

// statuses is the one table from errors to HTTP statuses, for pages and API.
var statuses = []struct {
	err    error
	status int
}{
	{store.ErrNotFound, http.StatusNotFound},
	{lab.ErrUnknown, http.StatusNotFound},
	{runs.ErrNotARun, http.StatusNotFound},
	{runs.ErrNotAnalysed, http.StatusNotFound},
	{store.ErrExists, http.StatusConflict},
	{store.ErrChanged, http.StatusConflict},
	{lab.ErrChanged, http.StatusConflict},
	{lab.ErrBusy, http.StatusConflict},
	{lab.ErrIdle, http.StatusConflict},
	{lab.ErrNotSetUp, http.StatusConflict},
	{lab.ErrButton, http.StatusConflict},
	{lab.ErrUnsupported, http.StatusConflict},
	{ErrGoesOn, http.StatusConflict},
	{lab.ErrInvalid, http.StatusUnprocessableEntity},
	{store.ErrQuery, http.StatusUnprocessableEntity},
	{store.ErrQuery, http.StatusUnprocessableEntity},
	{runs.ErrBadNote, http.StatusUnprocessableEntity},
	{reports.ErrForeign, http.StatusUnprocessableEntity},
	{access.ErrTooMany, http.StatusTooManyRequests}, // is also a wrong password
	{access.ErrLastAdmin, http.StatusConflict},
	{access.ErrBadName, http.StatusUnprocessableEntity},
	{access.ErrBadPassword, http.StatusUnprocessableEntity},
	{access.ErrBadScope, http.StatusUnprocessableEntity},
	{access.ErrWrongPassword, http.StatusUnprocessableEntity},
	{access.ErrPast, http.StatusUnprocessableEntity},
	{access.ErrBusy, http.StatusServiceUnavailable},
}

// Status is the HTTP status that an error answers with: 422 for what is wrong
// with a request, 404 for what is not there, 409 for what cannot be done now, 500
// for what nobody foresaw.
func Status(err error) int {
	var ps Problems
	var mistakes config.Mistakes
	if errors.As(err, &ps) || errors.As(err, &mistakes) {
		return http.StatusUnprocessableEntity
	}
	for _, s := range statuses {
		if errors.Is(err, s.err) {
			return s.status
		}
	}
	return http.StatusInternalServerError
}

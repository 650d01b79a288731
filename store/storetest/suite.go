// Package storetest says in tests what every implementation of the store's
// contracts must do. A new one calls [Store], or the suite of the contract that
// it implements, from its own tests:
//
//	func TestStore(t *testing.T) {
//		storetest.Store(t, func(t *testing.T) store.Store { … })
//	}
//
// The lists of runs are compared with a plain computation over random runs, so
// that order, filters and pages need no second implementation.
package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hueprint/hueprint/store"
)

// Store runs all suites. open returns an empty store each time.
func Store(t *testing.T, open func(t *testing.T) store.Store) {
	t.Run("Runs", func(t *testing.T) { Runs(t, func(t *testing.T) store.Runs { return open(t) }) })
	t.Run("Schedules", func(t *testing.T) { Schedules(t, func(t *testing.T) store.Schedules { return open(t) }) })
	t.Run("Firings", func(t *testing.T) { Firings(t, func(t *testing.T) store.Firings { return open(t) }) })
	t.Run("Access", func(t *testing.T) { Access(t, open) })
}

var noon = time.Date(2026, 11, 22, 12, 0, 0, 123456789, time.UTC)

// must fails the test at the first step that failed.
func must(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// want demands that the error is target, nil for none.
func want(t *testing.T, what string, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Errorf("%s: got error %v, want %v", what, err, target)
	}
}

// same compares two values of the contract; instants compare as instants.
func same(t *testing.T, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s differ (-want +got):\n%s", what, diff)
	}
}

// background is the context of calls that nobody cancels.
func background() context.Context { return context.Background() }

// Package desk is what the panel's pages and its API have in common: reading
// what somebody asks for, checking it, and doing it.
//
// A page reads a form, the API reads JSON; both then hand a [store.Task], a
// [store.Schedule] or a query to a [Desk], so that each rule stands in one place.
// What is wrong with a request comes back as [Problems], one a field, so that a
// form can show each beside its field; what went wrong otherwise comes back as an
// error that [Status] turns into an HTTP status.
//
// The package writes neither HTML nor JSON, and does not ask who may do what:
// package access has asked before.
package desk

import (
	"log/slog"
	"time"

	"github.com/hueprint/hueprint/panel/access"
	"github.com/hueprint/hueprint/panel/lab"
	"github.com/hueprint/hueprint/store"
)

// A Desk is where requests are dealt with. All fields but People and Log are
// needed.
type Desk struct {
	Bench lab.Bench
	Setup lab.Setup
	Feed  lab.Feed
	Store store.Store
	// People changes who may use the panel; nil makes one on Store.
	People *access.People
	// Now is the server's wall clock.
	Now     func() time.Time
	Version string
	// Log is told what the asker is not: the causes of failures.
	Log *slog.Logger
}

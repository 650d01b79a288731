// Package store says what the lab's server keeps beside its run folders: an
// index over them, schedules and what became of their firings, and who may use
// the panel.
//
// Every concept has a small contract of its own ([Runs], [Schedules], [Firings],
// [Accounts], [Sessions], [Tokens]); package storetest holds the suite that every
// implementation must pass, and package sqlite the one that the server uses.
//
// The run folders are the truth about runs. The index over them holds nothing
// that they do not hold and can be rebuilt at any time ([Digest], [Rebuild]).
// Schedules, firings and accounts exist here only. [Retention] says which runs may
// be removed when they are old or the disk is full.
//
// The package keeps no packets, and knows neither HTTP nor the bridge. All times
// are by the server's wall clock.
package store

import "errors"

// ErrNotFound says that there is no entry of that name.
var ErrNotFound = errors.New("no such entry")

// ErrExists says that an entry of that name is there already.
var ErrExists = errors.New("an entry of that name exists")

// ErrQuery says that a query asks for what does not exist: an unknown column, a
// page that is too long, or a cursor of another list.
var ErrQuery = errors.New("such a list cannot be asked for")

// ErrChanged says that an entry was changed since it was read; read it again.
var ErrChanged = errors.New("the entry was changed meanwhile (read it again)")

package store

import (
	"context"
	"time"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/experiments"
)

// A Run is a run folder's entry in the index: what a list shows and filters by.
type Run struct {
	ID string `json:"id"`
	// Dir is the folder's path; it never leaves the server.
	Dir        string   `json:"-"`
	Experiment string   `json:"experiment"`
	Gateways   []string `json:"gateways"`
	Light      string   `json:"light"`
	Simulated  bool     `json:"simulated"`
	// Idle tells a recording in which nothing was done.
	Idle     bool               `json:"idle"`
	Prepared time.Time          `json:"prepared"`
	Started  time.Time          `json:"started,omitzero"`
	Ended    time.Time          `json:"ended,omitzero"`
	Ending   experiments.Ending `json:"ending"`
	Cause    string             `json:"cause,omitempty"`
	Restored bool               `json:"restored"`
	// Slots were reached, of Planned.
	Slots   int `json:"slots"`
	Planned int `json:"planned"`
	// Verdicts are those of the registered findings; none before the analysis.
	Verdicts []RunVerdict `json:"verdicts"`
	// Schedule is the schedule that fired it; empty when started by hand. By
	// names who or what started it, Attempt counts from 1.
	Schedule string `json:"schedule,omitempty"`
	By       string `json:"by,omitempty"`
	Attempt  int    `json:"attempt,omitempty"`
	// Tags and Notes come from the folder's operator notes; Notes counts them.
	Tags  []string `json:"tags"`
	Notes int      `json:"notes"`
	// Bytes is the size of the folder.
	Bytes int64 `json:"bytes"`
	// Attention tells that somebody should look: the run did not complete, the
	// light was not put back, or a verdict is inconclusive; until the run is tagged
	// [SeenTag].
	Attention bool `json:"attention"`
}

// The tags that mean something to the program.
const (
	// KeepTag keeps a run from being removed ([Retention]).
	KeepTag = "keep"
	// SeenTag says that somebody has looked at a run that wanted attention.
	SeenTag = "seen"
)

// A RunVerdict is one gateway's verdict.
type RunVerdict struct {
	Gateway string              `json:"gateway"`
	Verdict analysis.Conclusion `json:"verdict"`
	P       *float64            `json:"p"`
	Alpha   float64             `json:"alpha"`
}

// A RunSort is the column by which a list is ordered; ties are in order of ID,
// in the same direction.
type RunSort string

// The columns. ByGateway compares the run's gateways joined by ", ". ByVerdict
// takes the verdict with the widest audience of the run's: cloud-visible,
// lan-visible, not-detected, inconclusive, none. ByP takes the smallest p; a run
// without one stands as if it were larger than any. ByDuration takes Ended after
// Started, 0 when either is not known.
const (
	ByTime       RunSort = "time"
	ByExperiment RunSort = "experiment"
	ByGateway    RunSort = "gateway"
	ByVerdict    RunSort = "verdict"
	ByP          RunSort = "p"
	ByDuration   RunSort = "duration"
)

// A RunQuery chooses runs; the zero value chooses all, newest first. All
// conditions must hold. With both Gateway and Verdict, that gateway has that
// verdict.
type RunQuery struct {
	Gateway, Verdict, Tag, Experiment, Schedule, Ending string
	// Text is looked for in ID, experiment, gateways, tags and cause, whatever
	// the case of its letters.
	Text      string
	From, To  time.Time // of Prepared; To is exclusive
	Attention bool      // only those that need somebody to look
	Sort      RunSort   // empty means ByTime
	// Ascending turns the order round; the zero value is descending.
	Ascending bool
	// Limit is the page's length, 1 to 500; 0 means 50. After is the cursor of
	// the page before, empty for the first.
	Limit int
	After string
}

// A RunPage is a page of a list. Total counts all runs that the query chooses.
type RunPage struct {
	Runs  []Run  `json:"runs"`
	Next  string `json:"next,omitempty"` // cursor of the next page; empty on the last
	Total int    `json:"total"`
}

// Facets are the values that occur in the index, sorted, for filters to offer.
type Facets struct {
	Gateways, Verdicts, Tags, Experiments []string
}

// Runs is the index over the run folders.
type Runs interface {
	// PutRun enters a run, or replaces its entry.
	PutRun(ctx context.Context, r Run) error
	// Run returns an entry; [ErrNotFound].
	Run(ctx context.Context, id string) (Run, error)
	// RemoveRun takes an entry out; one that is not there is no error.
	RemoveRun(ctx context.Context, id string) error
	// ListRuns returns a page; [ErrQuery]. Runs that are entered while somebody
	// turns the pages appear or not, and none is shown twice.
	ListRuns(ctx context.Context, q RunQuery) (RunPage, error)
	// RunFacets returns what filters can offer.
	RunFacets(ctx context.Context) (Facets, error)
}

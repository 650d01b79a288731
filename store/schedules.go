package store

import (
	"context"
	"time"
)

// A Task is what is to be done: an experiment of the configuration, or an idle
// recording.
type Task struct {
	// Experiment is its name in the configuration; empty for an idle recording.
	Experiment string `json:"experiment,omitempty"`
	// Gateways limits an experiment to these, and names those of an idle
	// recording; empty means all.
	Gateways []string `json:"gateways,omitempty"`
	// Idle is how long to record without doing anything; 0 for an experiment.
	Idle time.Duration `json:"idle_ns,omitempty"`
	// Seed is the plan's; 0 draws one.
	Seed uint64 `json:"seed,omitempty"`
	// Tags are put on its runs.
	Tags []string `json:"tags,omitempty"`
}

// A MissedPolicy says what becomes of firings that fell into a time in which
// the server did not run.
type MissedPolicy string

// SkipMissed records them as missed; RunOnce carries out one in the place of
// all that were missed, and records the others.
const (
	SkipMissed MissedPolicy = "skip"
	RunOnce    MissedPolicy = "run-once"
)

// A Schedule says when a task is carried out.
type Schedule struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Task Task   `json:"task"`
	// Cron is an expression of five fields, in Zone; At is a single instant. One
	// of them is set.
	Cron string    `json:"cron,omitempty"`
	At   time.Time `json:"at,omitzero"`
	// Zone is an IANA name; empty means UTC.
	Zone   string       `json:"zone,omitempty"`
	Missed MissedPolicy `json:"missed"`
	// Retries is how often a firing is tried again after a failure that the
	// evidence shows (drops, clock, commands), never because of a p.
	Retries int  `json:"retries"`
	Paused  bool `json:"paused"`
	// Since is the instant up to which all firings are accounted for: the
	// schedule's creation, its resumption, or its last firing.
	Since   time.Time `json:"since"`
	Created time.Time `json:"created"`
	By      string    `json:"by,omitempty"`
	// Revision counts changes, for [Schedules.PutSchedule].
	Revision int `json:"revision"`
}

// Schedules keeps them.
type Schedules interface {
	// PutSchedule enters a schedule of Revision 0 ([ErrExists] when its ID is
	// taken), or replaces the entry whose revision it has ([ErrChanged]
	// otherwise), and returns it with its new one.
	PutSchedule(ctx context.Context, s Schedule) (Schedule, error)
	// Schedule returns an entry; [ErrNotFound].
	Schedule(ctx context.Context, id string) (Schedule, error)
	// RemoveSchedule takes an entry out; its firings stay. One that is not there
	// is no error.
	RemoveSchedule(ctx context.Context, id string) error
	// ListSchedules returns all in order of name, then ID.
	ListSchedules(ctx context.Context) ([]Schedule, error)
}

// A FiringOutcome is what became of a firing.
type FiringOutcome string

// The outcomes. Running is the only one that is not final: a firing that is
// still running when the server starts becomes Interrupted.
const (
	Running     FiringOutcome = "running"
	Carried     FiringOutcome = "done"
	Failed      FiringOutcome = "failed"
	Stopped     FiringOutcome = "stopped"
	Interrupted FiringOutcome = "interrupted"
	Skipped     FiringOutcome = "skipped" // bulb or interface busy, quiet hours, another firing runs
	Missed      FiringOutcome = "missed"  // the server did not run, or slept
)

// A Firing is one due instant of a schedule, or one start by hand, and what
// became of it. A schedule has at most one firing for each due instant.
type Firing struct {
	ID string `json:"id"`
	// Schedule is empty, and Due the start, for one by hand.
	Schedule string        `json:"schedule,omitempty"`
	Name     string        `json:"name,omitempty"` // the schedule's at the time
	Task     Task          `json:"task"`
	Due      time.Time     `json:"due"`
	Began    time.Time     `json:"began,omitzero"`
	Ended    time.Time     `json:"ended,omitzero"`
	Outcome  FiringOutcome `json:"outcome"`
	// Reason says why, in a sentence, unless it was carried out.
	Reason string `json:"reason,omitempty"`
	// Runs lists all attempts' runs in order.
	Runs []string `json:"runs"`
	By   string   `json:"by,omitempty"`
}

// A FiringQuery chooses firings; newest due first.
type FiringQuery struct {
	Schedule string // empty chooses those of all
	Outcome  FiringOutcome
	Limit    int // 1 to 500; 0 means 50
	After    string
}

// A FiringPage is a page of firings.
type FiringPage struct {
	Firings []Firing `json:"firings"`
	Next    string   `json:"next,omitempty"`
	Total   int      `json:"total"`
}

// Firings keeps the history.
type Firings interface {
	// PutFiring enters a firing or replaces the one of its ID. A second firing
	// of the same schedule and due instant is [ErrExists].
	PutFiring(ctx context.Context, f Firing) error
	// Firing returns an entry; [ErrNotFound].
	Firing(ctx context.Context, id string) (Firing, error)
	// ListFirings returns a page; [ErrQuery].
	ListFirings(ctx context.Context, q FiringQuery) (FiringPage, error)
	// RunningFirings returns those without a final outcome, the oldest due first.
	RunningFirings(ctx context.Context) ([]Firing, error)
}

package lab

import (
	"context"
	"time"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/store"
)

// A Bench is the lab as its operator handles it.
type Bench interface {
	// State is a snapshot of the bench; it reads nothing from the bridge.
	State(ctx context.Context) State
	// Start begins a task by hand and returns its firing's ID once it has begun
	// or is refused: [ErrBusy], [ErrNotSetUp], [ErrUnknown], [ErrInvalid].
	Start(ctx context.Context, by string, t store.Task) (firing string, err error)
	// Stop ends the running task; the light is put back. It returns when the stop
	// is asked for, not when the run has ended. [ErrIdle].
	Stop(ctx context.Context, by string) error
	// Preview draws the plan that a start would carry out; it touches nothing.
	Preview(ctx context.Context, t store.Task) (Preview, error)
	// Blink lets the bulb under test blink once. [ErrBusy] while a run uses it.
	Blink(ctx context.Context) error
	// Reanalyze analyses a run with other parameters; the result is exploratory
	// unless these are the registered ones, and is not kept.
	Reanalyze(ctx context.Context, dir string, o analysis.Options) (analysis.Findings, []analysis.Trace, error)
	// Refresh enters a run's folder into the index again, after its notes have
	// changed.
	Refresh(ctx context.Context, dir string) error
	// Rescheduled tells the scheduler that schedules have changed.
	Rescheduled()
}

// State is the bench at one instant.
type State struct {
	At        time.Time `json:"at"`
	Lab       string    `json:"lab"`
	Version   string    `json:"version"`
	Simulated bool      `json:"simulated"`
	// Zone is the lab's IANA time zone.
	Zone string `json:"zone"`
	// Missing lists what must be set up before a run can begin, a sentence each;
	// none when ready.
	Missing     []string   `json:"missing"`
	Light       Light      `json:"light"`
	Gateways    []Gateway  `json:"gateways"`
	Experiments []string   `json:"experiments"`
	Running     *Running   `json:"running"`
	Next        []Upcoming `json:"next"` // the next firings, at most five
	Disk        Disk       `json:"disk"`
	// Troubles are standing problems, a sentence each: low disk, a light not put
	// back, a recorder that fails.
	Troubles []string `json:"troubles"`
}

// A Light is a bulb and what it is set to. Read is zero when that is not known;
// Trouble then says why.
type Light struct {
	ID        string                 `json:"id"`
	Name      string                 `json:"name"`
	Model     string                 `json:"model,omitempty"`
	State     experiments.LightState `json:"state"`
	Reachable bool                   `json:"reachable"`
	Read      time.Time              `json:"read,omitzero"`
	Trouble   string                 `json:"trouble,omitempty"`
}

// A Gateway is a configured device under test.
type Gateway struct {
	Name      string `json:"name"`
	Kind      string `json:"kind,omitempty"`
	Firmware  string `json:"firmware,omitempty"`
	Interface string `json:"interface"`
	// Heard is when its last packet was seen; Watched tells whether anybody
	// listens at all.
	Heard   time.Time `json:"heard,omitzero"`
	Watched bool      `json:"watched"`
	Trouble string    `json:"trouble,omitempty"`
	// Last is the verdict of its latest analysed run; nil before the first.
	Last    *store.RunVerdict `json:"last"`
	LastRun string            `json:"last_run,omitempty"`
}

// Running is the task that is going on. Gateways are those of the run that is
// going on now, of an experiment that may have several runs.
type Running struct {
	Firing     string               `json:"firing"`
	Schedule   string               `json:"schedule,omitempty"`
	By         string               `json:"by,omitempty"`
	Task       store.Task           `json:"task"`
	Run        string               `json:"run"` // its ID; empty until it has one
	Gateways   []string             `json:"gateways"`
	Phase      string               `json:"phase"`
	Slot       int                  `json:"slot"`
	Of         int                  `json:"of"`
	Began      time.Time            `json:"began"`
	Left       time.Duration        `json:"left_ns"`
	Attempt    int                  `json:"attempt"`
	Stopping   bool                 `json:"stopping"`
	Window     time.Duration        `json:"window_ns"`
	LastAction *experiments.Command `json:"last_command,omitempty"`
}

// Upcoming is a firing to come.
type Upcoming struct {
	Schedule string     `json:"schedule"`
	Name     string     `json:"name"`
	Task     store.Task `json:"task"`
	At       time.Time  `json:"at"`
}

// Disk is the room that recordings take and have left, in bytes.
type Disk struct {
	Used   int64 `json:"used"`
	Free   int64 `json:"free"`
	Budget int64 `json:"budget"` // 0: none
}

// A Preview is what a start would do.
type Preview struct {
	Plans    []experiments.Plan `json:"plans"` // one a run
	Duration time.Duration      `json:"duration_ns"`
	// LeastP is the smallest p that the design can give; Warnings say what would
	// weaken the result.
	LeastP   float64  `json:"least_p"`
	Warnings []string `json:"warnings"`
}

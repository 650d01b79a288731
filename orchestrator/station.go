package orchestrator

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/runs"
	"github.com/hueprint/hueprint/store"
)

// The errors of a [Station] that callers act on. ErrNotSetUp, ErrUnknown and
// ErrInvalid are for [Station.Prepare] to wrap: a task refused by one of them is
// not tried again.
var (
	// ErrBusy says that another task, or a run of another process, uses the bench.
	ErrBusy = errors.New("the bench is busy")
	// ErrIdle says that there is nothing to stop.
	ErrIdle = errors.New("no task is going on")
	// ErrNotSetUp says that the bench lacks something.
	ErrNotSetUp = errors.New("the bench is not set up")
	// ErrUnknown says that the task names what is not on the bench.
	ErrUnknown = errors.New("no such thing on this bench")
	// ErrInvalid says that the task is wrong in itself.
	ErrInvalid = errors.New("that cannot be done as asked")
	// ErrRoom says that the disk has too little room for recordings.
	ErrRoom = errors.New("the disk is too full for a recording (delete old runs, or lower the disk budget)")
	// ErrClosed says that the station was closed.
	ErrClosed = errors.New("the server is about to end")
	// ErrOtherBench is what [Station.Bridge] says of a light that is none of this
	// bench's; it is left to those who have its bridge.
	ErrOtherBench = errors.New("the light belongs to another bench")
)

// A Job is a task made concrete: runs to carry out one after another, with the
// means of the configuration that holds now.
type Job struct {
	Conductor Conductor
	Orders    []Order
	Idle      []IdleOrder
}

// A Station carries out tasks on one bench, one at a time: each run, its analysis,
// its report, its entry in the index; again after a failure that the evidence
// shows; and what a dead process has left behind. It is what a server adds to a
// [Conductor].
//
// A station keeps other tasks of its own process away; the locks of the runs keep
// other processes away. The fields are its means, to be set before use; those
// marked optional may be nil or zero. A Station must not be copied.
type Station struct {
	// Root is the folder that holds the run folders, State the host's state
	// directory ([runs.StateDir]).
	Root, State string

	// Prepare makes a task concrete. Its error is the reason why the task cannot
	// be carried out; it wraps [ErrNotSetUp], [ErrUnknown] or [ErrInvalid] where
	// trying again is useless, and is marked by [Away] where the bridge is silent.
	Prepare func(ctx context.Context, t store.Task) (Job, error)
	// Bridge gives the means to put back a light that an earlier run has left
	// changed; [ErrOtherBench] when it is not this bench's. It must return when
	// ctx ends.
	Bridge func(ctx context.Context, left runs.Unrestored) (Conductor, error)
	// Publish writes the report of registered findings into the run's folder;
	// optional.
	Publish func(ctx context.Context, folder *runs.Folder, found analysis.Findings, traces []analysis.Trace) error
	// Digest makes the entry of a run for Index; nil means [store.Digest].
	Digest  func(folder *runs.Folder) (store.Run, error)
	Index   store.Runs
	Firings store.Firings

	// Retries says how often a firing of a schedule, or of one by hand (the empty
	// ID), is tried again after a failure that the evidence shows; optional.
	Retries func(schedule string) int
	// RetryAfter is the wait before the second attempt, 0 means one minute; each
	// further wait is twice as long, RetryMost at most, 0 means 15 minutes.
	RetryAfter, RetryMost time.Duration

	// LeastRoom is the room in bytes that must be free before a run, 0 means
	// 1 GiB; Room tells what is free, nil asks the file system of Root. Before
	// that, runs are removed by the policy that Retention tells; nil removes none.
	LeastRoom int64
	Room      func() (free int64, err error)
	Retention func() store.Retention

	// Notify tells people who do not look at the panel, and should return soon;
	// optional.
	Notify func(ctx context.Context, n Notice) error
	// Tell is told what happens, in order, and must return at once; optional.
	Tell func(Happening)
	// Now is the wall clock, nil means the host's; Entropy is where the IDs of
	// firings come from, nil means the system's; Log is optional.
	Now     func() time.Time
	Entropy io.Reader
	Log     *slog.Logger

	once    sync.Once
	hands   chan struct{} // held by whoever operates the light: a run or the mender
	poked   chan struct{} // wakes the mender
	telling sync.Mutex

	mu      sync.Mutex
	task    *task // nil when idle
	closed  bool
	keeping context.CancelFunc // ends the mender; nil before Recover
	lights  map[string]*unmended
	lowRoom string // the trouble with the disk; empty when there is none
	full    string // the trouble with the budget; empty when there is none
	work    sync.WaitGroup
}

// A Happening is something that a station tells. Fields that do not apply are nil.
type Happening struct {
	// Firing has begun, has got a run, or has ended.
	Firing *store.Firing
	// Run is entered into the index, or has changed there.
	Run *store.Run
	// Event is the conductor's, with the Progress after it.
	Event    *Event
	Progress *Progress
}

// task is what the station is busy with.
type task struct {
	firing store.Firing
	ctx    context.Context
	cancel context.CancelCauseFunc
	// begun is closed when a run has got its locks, done when all is over.
	begun, done chan struct{}
	begin       sync.Once
	refused     error // why nothing could be begun: others hold the locks
	progress    Progress
	later       time.Duration // what the runs after the present one will take
}

// setUp makes what the zero value lacks.
func (s *Station) setUp() {
	s.once.Do(func() {
		s.hands, s.poked = make(chan struct{}, 1), make(chan struct{}, 1)
		s.lights = map[string]*unmended{}
		if s.Log == nil {
			s.Log = slog.New(slog.DiscardHandler)
		}
	})
}

// Start begins a task by hand and returns the ID of its firing once a run has
// begun, or the task is over, or ctx ends. It refuses with an error: [ErrBusy]
// (also when another process holds a lock; the text names it), [ErrRoom],
// [ErrClosed], or what Prepare says.
func (s *Station) Start(ctx context.Context, by string, t store.Task) (firing string, err error) {
	now := s.now()
	entropy := s.Entropy
	if entropy == nil {
		entropy = rand.Reader
	}
	id, err := runs.NewID(now, entropy)
	if err != nil {
		return "", err
	}
	claimed, err := s.claim(context.WithoutCancel(ctx), store.Firing{ID: id, Task: t, Due: now, By: by})
	if err != nil {
		return "", err
	}
	job, err := s.prepareUnless(ctx, claimed)
	if err != nil {
		s.free(claimed)
		s.over(claimed)
		return "", err
	}
	go s.carry(claimed, &job)
	select {
	case <-claimed.begun:
	case <-claimed.done:
		if claimed.refused != nil {
			return id, fmt.Errorf("%w: %w", ErrBusy, claimed.refused)
		}
	case <-ctx.Done():
	}
	return id, nil
}

// Carry carries out a firing with all its attempts and returns it with its
// outcome. One that falls into another task is skipped. When ctx ends, the run is
// stopped and the light put back. The firing is kept in Firings as it goes on;
// its ID must be set.
func (s *Station) Carry(ctx context.Context, f store.Firing) store.Firing {
	claimed, err := s.claim(ctx, f)
	if err != nil {
		f.Outcome, f.Reason, f.Ended = store.Skipped, err.Error(), s.now()
		return f
	}
	return s.carry(claimed, nil)
}

// Stop ends the running task; the light is put back. It returns at once.
// [ErrIdle] when there is none.
func (s *Station) Stop(by string) error {
	s.mu.Lock()
	t := s.task
	if t != nil {
		t.progress.Stopping = true
	}
	s.mu.Unlock()
	if t == nil {
		return ErrIdle
	}
	t.cancel(fmt.Errorf("stopped by %s", by))
	s.tellProgress(t, nil)
	return nil
}

// Close stops the running task, puts the light back, and waits until nothing of
// the station is left, or until ctx ends. Nothing can be started afterwards.
func (s *Station) Close(ctx context.Context) error {
	s.setUp()
	s.mu.Lock()
	s.closed = true
	if s.keeping != nil {
		s.keeping()
	}
	if s.task != nil {
		s.task.progress.Stopping = true
		s.task.cancel(errors.New("the server was stopped"))
	}
	s.mu.Unlock()
	done := make(chan struct{})
	go func() {
		s.work.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("end the running task: %w (its light is put back at the next start)", context.Cause(ctx))
	}
}

// claim makes the station busy with a firing.
func (s *Station) claim(ctx context.Context, f store.Firing) (*task, error) {
	s.setUp()
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return nil, ErrClosed
	case s.task != nil:
		return nil, fmt.Errorf("%w with %s since %s (wait for its end, or stop it)", ErrBusy, describeTask(s.task.firing), s.task.progress.Began.Format(time.DateTime))
	}
	if f.Runs == nil {
		f.Runs = []string{}
	}
	f.Began = s.now()
	t := &task{firing: f, begun: make(chan struct{}), done: make(chan struct{})}
	t.ctx, t.cancel = context.WithCancelCause(ctx)
	t.progress = Progress{Firing: f.ID, Schedule: f.Schedule, By: f.By, Task: f.Task, Gateways: f.Task.Gateways, Began: f.Began, Attempt: 1}
	s.task = t
	s.work.Add(1)
	return t, nil
}

// prepareUnless prepares a task within ctx, unless the task is stopped.
func (s *Station) prepareUnless(ctx context.Context, t *task) (Job, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(t.ctx, func() { cancel(context.Cause(t.ctx)) })()
	return s.prepare(ctx, t.firing.Task)
}

// over says that nothing more follows from the task, after free.
func (s *Station) over(t *task) {
	close(t.done)
	s.work.Done()
}

// free ends the claim, so that another task can begin.
func (s *Station) free(t *task) {
	t.cancel(nil)
	s.mu.Lock()
	s.task = nil
	s.mu.Unlock()
}

// describeTask names a firing's task for people.
func describeTask(f store.Firing) string {
	what := "experiment " + f.Task.Experiment
	if f.Task.Idle > 0 {
		what = "an idle recording"
	}
	if f.Name != "" {
		what += " of schedule " + f.Name
	}
	return what
}

func (s *Station) now() time.Time {
	if s.Now != nil {
		return s.Now()
	}
	return time.Now().Round(0)
}

func (s *Station) tell(h Happening) {
	s.telling.Lock()
	defer s.telling.Unlock()
	if s.Tell != nil {
		s.Tell(h)
	}
}

package orchestrator

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/hueprint/hueprint/store"
	"github.com/hueprint/hueprint/timetable"
)

// A Carrier carries out a firing with all its attempts. It returns when they are
// over, with the firing's Outcome, Reason, Runs, Began and Ended; when ctx ends it
// puts the light back and returns.
type Carrier interface {
	Carry(ctx context.Context, f store.Firing) store.Firing
}

// A Clock tells the wall clock's time, and wakes after a duration; stop ends that
// early. [WallClock] is the real one.
type Clock interface {
	Now() time.Time
	After(d time.Duration) (woken <-chan time.Time, stop func())
}

// WallClock is the system's.
type WallClock struct{}

// Now is the wall clock's time without the monotonic one, which a step of the
// clock and a suspended machine would not move.
func (WallClock) Now() time.Time { return time.Now().Round(0) }

// After waits by the monotonic clock.
func (WallClock) After(d time.Duration) (<-chan time.Time, func()) {
	t := time.NewTimer(d)
	return t.C, func() { t.Stop() }
}

const (
	// DefaultGrace is how late a firing may be and still be on time.
	DefaultGrace = 2 * time.Minute
	// wakes is the longest sleep, after which the wall clock is looked at again:
	// it may have been set, or the machine may have slept.
	wakes = time.Minute
	// troubled is the pause after the store has failed.
	troubled = 5 * time.Second
	// missedRows is how many missed instants of a schedule get a firing of their
	// own at a time; one more stands for all those before them. missedCount is up
	// to how many of these are counted.
	missedRows  = 100
	missedCount = 10_000
)

// A Scheduler carries out schedules when they are due.
//
// Every instant at which a schedule is due gets exactly one firing in the store,
// written before anything is done, and the store refuses a second: so nothing is
// done twice when the clock is set back, or after a restart. Up to when a schedule
// is accounted for is read from there, too: from its last firing or its Since,
// whichever is later.
//
// The firing is
//
//   - carried out, if the bench is free, at most Grace after it was due;
//   - skipped, if another task runs, or if it is due in quiet hours. Of several
//     that are due at once, that is carried out whose schedule is due again last:
//     the rarer one;
//   - missed, if it was noticed later than Grace: the server did not run, the
//     machine slept, or its clock was set forward. With [store.RunOnce] the last
//     instant missed is made up for as soon as the bench is free, after quiet
//     hours, unless the schedule's next one comes first.
//
// Of more than 100 instants missed at a time the oldest share one firing, which
// says how many they were. If the clock is then set back, those that share it can
// be due once more. While a schedule is paused, and before its Since, nothing is
// due; a Since later than now is from a clock that was wrong, and now counts.
// Whoever changes the times of a schedule or resumes it should set Since; if it
// is found unset, that is done here.
//
// The zero values of Quiet, Clock, Grace, Log and Tell are never, [WallClock],
// [DefaultGrace], none and nobody. A Scheduler carries out one task at a time and
// does not know of those that are started by hand: the carrier refuses then, and
// its answer is kept.
type Scheduler struct {
	Schedules store.Schedules
	Firings   store.Firings
	Carrier   Carrier
	Quiet     timetable.Quiet
	Clock     Clock
	Grace     time.Duration
	Log       *slog.Logger
	// Tell is called after every change of a firing and must return at once.
	Tell func(store.Firing)

	once  sync.Once
	nudge chan struct{}
}

// Due is an instant at which a schedule is due.
type Due struct {
	Schedule store.Schedule
	At       time.Time
}

// Run carries out schedules until ctx ends, waits until the task that runs has
// ended, too, and returns nil. At first it marks firings that the last server
// left running as interrupted; call it before anything can be started by hand.
// Only that can fail: later trouble with the store is logged, and nothing begins
// that the store does not hold.
func (s *Scheduler) Run(ctx context.Context) error {
	s.prepare()
	r := &round{Scheduler: s, known: map[string]*account{}, done: make(chan store.Firing, 1)}
	if err := r.interrupt(ctx); err != nil {
		return fmt.Errorf("scheduler: firings of the last start: %w", err)
	}
	for ctx.Err() == nil {
		wake := r.look(ctx)
		woken, stop := s.clock().After(wake)
		select {
		case <-ctx.Done():
		case <-woken:
		case <-s.nudge:
		case f := <-r.done:
			r.ended(ctx, f)
		}
		stop()
	}
	r.close(context.WithoutCancel(ctx))
	return nil
}

// Nudge says that schedules have changed. It returns at once.
func (s *Scheduler) Nudge() {
	s.prepare()
	select {
	case s.nudge <- struct{}{}:
	default:
	}
}

// Upcoming returns the next n instants of all schedules that are not paused, in
// their order.
func (s *Scheduler) Upcoming(ctx context.Context, n int) ([]Due, error) {
	schedules, err := s.Schedules.ListSchedules(ctx)
	if err != nil {
		return nil, fmt.Errorf("list schedules: %w", err)
	}
	var all []Due
	for _, schedule := range schedules {
		table, err := timetable.Of(schedule.Cron, schedule.At, schedule.Zone)
		if err != nil || schedule.Paused {
			continue
		}
		for _, at := range table.Upcoming(s.now(), n) {
			all = append(all, Due{schedule, at})
		}
	}
	slices.SortStableFunc(all, func(a, b Due) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Schedule.Name, b.Schedule.Name), cmp.Compare(a.Schedule.ID, b.Schedule.ID))
	})
	return all[:min(n, len(all))], nil
}

func (s *Scheduler) prepare() { s.once.Do(func() { s.nudge = make(chan struct{}, 1) }) }

func (s *Scheduler) clock() Clock {
	if s.Clock == nil {
		return WallClock{}
	}
	return s.Clock
}

func (s *Scheduler) now() time.Time       { return s.clock().Now().Round(0) }
func (s *Scheduler) grace() time.Duration { return cmp.Or(s.Grace, DefaultGrace) }

func (s *Scheduler) log() *slog.Logger {
	if s.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return s.Log
}

func (s *Scheduler) tell(f store.Firing) {
	if s.Tell != nil {
		s.Tell(f)
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

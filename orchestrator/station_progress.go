package orchestrator

import (
	"slices"
	"time"

	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/store"
)

// Waiting is the phase of a task between two attempts, Analyzing that after a run
// whose light is back; both belong to a [Station].
const (
	Waiting   Phase = "waiting"
	Analyzing Phase = "analyzing"
)

// Progress is how far a task has come.
type Progress struct {
	Firing, Schedule, By string
	Task                 store.Task
	// Run is the ID of the run that goes on, empty until it has one; Gateways
	// are those under test in it.
	Run      string
	Gateways []string
	Phase    Phase
	// Slot counts the slots that are over, of Of.
	Slot, Of int
	// Began is the start of the task by the wall clock. Left is what its runs
	// still take by their plans, retries and analyses not counted.
	Began time.Time
	Left  time.Duration
	// Attempt counts from 1. Until is the instant of the next one while the task
	// waits for it, else zero.
	Attempt int
	Until   time.Time
	// Stopping tells that somebody has stopped the task.
	Stopping bool
	// Window is how long after a command a reaction counts.
	Window time.Duration
	// Last is what was done in the latest slot; nil before the first.
	Last *experiments.Command
}

// Running is a snapshot of the task that goes on; nil when there is none.
func (s *Station) Running() *Progress {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.task == nil {
		return nil
	}
	p := s.task.progress
	p.Gateways = slices.Clone(p.Gateways)
	return &p
}

// observer hears a run's events for a task.
type observer struct {
	station *Station
	task    *task
	also    Observer // the job's own; may be nil
}

// Observe takes an event over into the task's progress and tells it.
func (o observer) Observe(e Event) {
	if o.also != nil {
		o.also.Observe(e)
	}
	o.station.mu.Lock()
	o.task.progress.take(e, o.task.later)
	o.station.mu.Unlock()
	if e.Phase != Locking {
		o.task.begin.Do(func() { close(o.task.begun) })
	}
	o.station.tellProgress(o.task, &e)
}

// take takes an event over; later is what the task's further runs will take.
func (p *Progress) take(e Event, later time.Duration) {
	p.Run, p.Phase, p.Of = e.Run, e.Phase, e.Of
	if e.Phase != Locking { // which does not tell what is left
		p.Left = e.Left + later
	}
	p.Slot = max(p.Slot, e.Slot)
	if e.Command != nil {
		c := *e.Command
		p.Last = &c
	}
}

// tellProgress tells how far the task has come, and the event that brought it
// there, if any; nothing of a task that is over.
func (s *Station) tellProgress(t *task, e *Event) {
	s.telling.Lock()
	defer s.telling.Unlock()
	s.mu.Lock()
	p, over := t.progress, s.task != t
	s.mu.Unlock()
	if s.Tell != nil && !over {
		p.Gateways = slices.Clone(p.Gateways)
		s.Tell(Happening{Event: e, Progress: &p})
	}
}

// step moves the task on to another phase of the station's own.
func (s *Station) step(t *task, change func(*Progress)) {
	s.mu.Lock()
	change(&t.progress)
	s.mu.Unlock()
	s.tellProgress(t, nil)
}

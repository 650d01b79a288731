package orchestrator

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hueprint/hueprint/store"
)

// drawer keeps schedules and firings as the contracts say, in memory. While it is
// shut it takes nothing, as a full disk, or as if the server had been killed.
type drawer struct {
	mu        sync.Mutex
	schedules map[string]store.Schedule
	firings   map[string]store.Firing
	shut      bool
}

var errShut = errors.New("the drawer is shut")

func newDrawer(schedules ...store.Schedule) *drawer {
	d := &drawer{schedules: map[string]store.Schedule{}, firings: map[string]store.Firing{}}
	for _, s := range schedules {
		s.Name = cmp.Or(s.Name, s.ID)
		s.Missed = cmp.Or(s.Missed, store.SkipMissed)
		s.Revision = 1
		d.schedules[s.ID] = s
	}
	return d
}

func (d *drawer) set(shut bool) { d.mu.Lock(); defer d.mu.Unlock(); d.shut = shut }

func (d *drawer) change(t *testing.T, id string, f func(*store.Schedule)) {
	t.Helper()
	s, err := d.Schedule(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	f(&s)
	if _, err := d.PutSchedule(t.Context(), s); err != nil {
		t.Fatal(err)
	}
}

func (d *drawer) PutSchedule(_ context.Context, s store.Schedule) (store.Schedule, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.shut {
		return s, errShut
	}
	if d.schedules[s.ID].Revision != s.Revision {
		return s, store.ErrChanged
	}
	s.Revision++
	d.schedules[s.ID] = s
	return s, nil
}

func (d *drawer) Schedule(_ context.Context, id string) (store.Schedule, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	s, ok := d.schedules[id]
	if !ok {
		return s, store.ErrNotFound
	}
	return s, nil
}

func (d *drawer) RemoveSchedule(_ context.Context, id string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.schedules, id)
	return nil
}

func (d *drawer) ListSchedules(context.Context) ([]store.Schedule, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var all []store.Schedule
	for _, s := range d.schedules {
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b store.Schedule) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	return all, nil
}

func (d *drawer) PutFiring(_ context.Context, f store.Firing) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.shut {
		return errShut
	}
	for _, other := range d.firings {
		if f.Schedule != "" && other.Schedule == f.Schedule && other.Due.Equal(f.Due) && other.ID != f.ID {
			return store.ErrExists
		}
	}
	d.firings[f.ID] = f
	return nil
}

func (d *drawer) Firing(_ context.Context, id string) (store.Firing, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f, ok := d.firings[id]
	if !ok {
		return f, store.ErrNotFound
	}
	return f, nil
}

func (d *drawer) ListFirings(_ context.Context, q store.FiringQuery) (store.FiringPage, error) {
	all := d.history(q.Schedule)
	slices.Reverse(all)
	from, _ := strconv.Atoi(q.After)
	to := min(len(all), from+min(7, cmp.Or(q.Limit, 50))) // short pages: the cursor must be followed
	page := store.FiringPage{Firings: all[from:to], Total: len(all)}
	if to < len(all) {
		page.Next = strconv.Itoa(to)
	}
	return page, nil
}

func (d *drawer) RunningFirings(context.Context) ([]store.Firing, error) {
	return slices.DeleteFunc(d.history(""), func(f store.Firing) bool { return f.Outcome != store.Running }), nil
}

// history is a schedule's firings, or all, oldest first.
func (d *drawer) history(schedule string) []store.Firing {
	d.mu.Lock()
	defer d.mu.Unlock()
	var all []store.Firing
	for _, f := range d.firings {
		if schedule == "" || f.Schedule == schedule {
			all = append(all, f)
		}
	}
	slices.SortFunc(all, func(a, b store.Firing) int { return cmp.Or(a.Due.Compare(b.Due), cmp.Compare(a.ID, b.ID)) })
	return all
}

// outcomes are "HH:MM outcome" of a schedule's firings, in UTC.
func (d *drawer) outcomes(schedule string) []string {
	var all []string
	for _, f := range d.history(schedule) {
		all = append(all, f.Due.UTC().Format("15:04 ")+string(f.Outcome))
	}
	return all
}

// setClock is a wall clock that somebody sets.
type setClock struct{ ahead, most atomic.Int64 }

func clockAt(at time.Time) *setClock {
	c := &setClock{}
	c.ahead.Store(int64(time.Until(at)))
	return c
}

func (c *setClock) Now() time.Time {
	now := time.Now().Round(0).Add(time.Duration(c.ahead.Load()))
	c.most.Store(max(c.most.Load(), now.UnixNano()))
	return now
}

func (c *setClock) After(d time.Duration) (<-chan time.Time, func()) { return WallClock{}.After(d) }

// step sets the clock; it is noticed within a minute.
func (c *setClock) step(d time.Duration) { c.Now(); c.ahead.Add(int64(d)); c.Now() }

// worker carries out firings by taking time.
type worker struct {
	t       *testing.T
	takes   map[string]time.Duration // by schedule
	mu      sync.Mutex
	at      string
	carried []store.Firing
}

func (w *worker) Carry(ctx context.Context, f store.Firing) store.Firing {
	w.mu.Lock()
	if w.at != "" {
		w.t.Errorf("%s begins while %s is carried out", f.Schedule, w.at)
	}
	w.at = f.Schedule
	w.carried = append(w.carried, f)
	w.mu.Unlock()
	f.Outcome = store.Carried
	select {
	case <-time.After(w.takes[f.Schedule]):
	case <-ctx.Done():
		f.Outcome, f.Reason = store.Stopped, "the server ends"
	}
	w.mu.Lock()
	w.at = ""
	w.mu.Unlock()
	f.Runs = []string{"run of " + f.Schedule}
	return f
}

// server is a scheduler that can be started, ended and killed.
type server struct {
	t      *testing.T
	drawer *drawer
	worker *worker
	clock  *setClock
	end    func()
	*Scheduler
}

func newServer(t *testing.T, at time.Time, takes map[string]time.Duration, schedules ...store.Schedule) *server {
	for i := range schedules {
		if schedules[i].Since.IsZero() {
			schedules[i].Since = at
		}
	}
	return &server{t: t, drawer: newDrawer(schedules...), worker: &worker{t: t, takes: takes}, clock: clockAt(at)}
}

func (s *server) start() {
	s.Scheduler = &Scheduler{Schedules: s.drawer, Firings: s.drawer, Carrier: s.worker, Clock: s.clock}
	s.run()
}

func (s *server) run() {
	ctx, cancel := context.WithCancel(s.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	s.end = func() {
		cancel()
		if err := <-ended; err != nil {
			s.t.Error(err)
		}
	}
}

// kill ends the server without its being able to write anything more.
func (s *server) kill() {
	s.drawer.set(true)
	s.end()
	s.drawer.set(false)
}

package orchestrator

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/hueprint/hueprint/store"
)

// A round is one [Scheduler.Run].
type round struct {
	*Scheduler
	began   time.Time
	known   map[string]*account // by schedule ID
	running *store.Firing
	done    chan store.Firing
	unsaved []store.Firing // what the store did not take
	trouble bool           // the store did not do what it was asked in this look
}

// newFiringID orders like the instant; a second firing of it has another one, so
// that the store can refuse it.
func newFiringID(due time.Time) string {
	return ulid.MustNew(ulid.Timestamp(later(due, time.Unix(0, 0))), rand.Reader).String()
}

// interrupt closes the firings that were running when the last server ended.
func (r *round) interrupt(ctx context.Context) error {
	r.began = r.now()
	running, err := r.Firings.RunningFirings(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, f := range running {
		f.Outcome, f.Ended = store.Interrupted, r.began
		f.Reason = "the server ended while it was carried out"
		errs = append(errs, r.put(ctx, f))
	}
	return errors.Join(errs...)
}

// look accounts for all that has become due, and returns how long to sleep.
func (r *round) look(ctx context.Context) time.Duration {
	select {
	case f := <-r.done: // or what is due as it ends would find the bench busy
		r.ended(ctx, f)
	default:
	}
	now := r.now()
	r.trouble = false
	r.save(ctx)
	accounts, err := r.accounts(ctx, now)
	if err != nil {
		r.log().Error("schedules not read; they will be tried again", "error", err)
		return wakes
	}
	var due []moment
	for _, a := range accounts {
		if err := r.miss(ctx, a, now.Add(-r.grace())); err != nil {
			continue
		}
		for at := a.table.Next(a.until); !at.IsZero() && !at.After(now); at = a.table.Next(at) {
			due = append(due, moment{a, at, a.table.Next(at)})
		}
	}
	slices.SortFunc(due, byTurn)
	for _, m := range due {
		r.fire(ctx, m, now)
	}
	r.makeUp(ctx, accounts, now)
	return r.sleep(accounts)
}

// A moment is an instant at which a schedule is due, and its next one.
type moment struct {
	*account
	at, next time.Time
}

// byTurn orders by time; of those due at once, that comes first which is due
// again last, or never.
func byTurn(a, b moment) int {
	turn := b.next.Compare(a.next)
	if a.next.IsZero() != b.next.IsZero() {
		turn = -turn // never is the zero time
	}
	return cmp.Or(a.at.Compare(b.at), turn, cmp.Compare(a.schedule.Name, b.schedule.Name), cmp.Compare(a.schedule.ID, b.schedule.ID))
}

// fire carries an instant out, or says why not. If the store does not take it, it
// stays due, and those of the schedule after it wait.
func (r *round) fire(ctx context.Context, m moment, now time.Time) {
	if !m.table.Next(m.until).Equal(m.at) {
		return
	}
	r.giveUp(ctx, m.account, "the schedule was due again before the bench was free")
	if err := r.begin(ctx, m.account, m.at, now, ""); err == nil {
		m.until = m.at
	}
}

// makeUp carries out an instant that is owed, once the bench is free and quiet
// hours are over.
func (r *round) makeUp(ctx context.Context, accounts []*account, now time.Time) {
	for _, a := range accounts {
		if a.owed.IsZero() || r.hindrance(now) != "" {
			continue
		}
		note := "made up for: " + r.lateness(a.owed)
		if a.missed > 1 {
			note += fmt.Sprintf("; it stands for %d that were missed", a.missed)
		}
		if err := r.begin(ctx, a, a.owed, now, note); err == nil {
			a.owed = time.Time{}
		}
	}
}

// begin enters a firing and has it carried out, unless there is a reason not to.
func (r *round) begin(ctx context.Context, a *account, due, now time.Time, note string) error {
	f := a.firing(due, store.Running, note)
	if why := r.hindrance(now); why != "" {
		f.Outcome, f.Reason = store.Skipped, why
		return r.put(ctx, f)
	}
	f.Began = now
	err := r.Firings.PutFiring(ctx, f)
	if errors.Is(err, store.ErrExists) {
		return nil // the clock was set back, or the store knows better
	}
	if err != nil {
		r.trouble = true
		r.log().Error("nothing begun, as the firing could not be entered; it will be tried again", "schedule", a.schedule.ID, "due", due, "error", err)
		return fmt.Errorf("enter firing: %w", err)
	}
	r.running = &f
	r.tell(f)
	go func() { r.done <- r.Carrier.Carry(ctx, f) }()
	return nil
}

func joined(note, why string) string {
	if note == "" {
		return why
	}
	return note + "; " + why
}

// hindrance says why nothing can begin now.
func (r *round) hindrance(now time.Time) string {
	if end := r.Quiet.End(now); !end.IsZero() {
		return "quiet hours until " + end.Format("15:04 (MST)")
	}
	if r.running != nil {
		return fmt.Sprintf("the bench was busy with %q, due at %s", cmp.Or(r.running.Name, r.running.Schedule), r.running.Due.Format(time.RFC3339))
	}
	return ""
}

// ended keeps what became of the firing that was carried out. What says why it
// was late stands before the carrier's own reason.
func (r *round) ended(ctx context.Context, f store.Firing) {
	begun := *r.running
	r.running = nil
	f.ID, f.Schedule, f.Due = begun.ID, begun.Schedule, begun.Due
	if !strings.HasPrefix(f.Reason, begun.Reason) {
		f.Reason = joined(begun.Reason, f.Reason)
	}
	if f.Outcome == store.Running || f.Outcome == "" {
		f.Outcome, f.Reason = store.Failed, joined(f.Reason, "how it ended was not told")
	}
	if f.Ended.IsZero() {
		f.Ended = r.now()
	}
	if f.Runs == nil {
		f.Runs = []string{}
	}
	if err := r.put(ctx, f); err != nil {
		r.unsaved = append(r.unsaved, f)
	}
}

// save tries again what the store did not take.
func (r *round) save(ctx context.Context) {
	r.unsaved = slices.DeleteFunc(r.unsaved, func(f store.Firing) bool { return r.put(ctx, f) == nil })
}

// close waits for the task that runs. What was owed stays so: the next start
// finds it missed.
func (r *round) close(ctx context.Context) {
	if r.running != nil {
		r.ended(ctx, <-r.done)
	}
	r.save(ctx)
}

// sleep is until the next instant, or a minute. What the store did not take is
// due already, and is not tried again at once.
func (r *round) sleep(accounts []*account) time.Duration {
	now := r.now()
	wake := wakes
	for _, a := range accounts {
		if next := a.table.Next(a.until); !next.IsZero() {
			wake = min(wake, next.Sub(now))
		}
	}
	if r.trouble {
		return max(wake, troubled)
	}
	return max(wake, time.Millisecond)
}

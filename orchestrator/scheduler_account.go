package orchestrator

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hueprint/hueprint/store"
	"github.com/hueprint/hueprint/timetable"
)

// An account says up to when a schedule's instants are accounted for.
type account struct {
	schedule store.Schedule
	table    timetable.Timetable
	until    time.Time
	// owed is a missed instant that is to be made up for; zero for none. Its
	// firing is not in the store yet. missed is how many it stands for.
	owed   time.Time
	missed int
	broken bool // its timetable cannot be read, and that has been said
}

// accounts brings what is known of the schedules up to date with the store.
func (r *round) accounts(ctx context.Context, now time.Time) ([]*account, error) {
	schedules, err := r.Schedules.ListSchedules(ctx)
	if err != nil {
		return nil, err
	}
	var all []*account
	seen := map[string]bool{}
	for _, schedule := range schedules {
		seen[schedule.ID] = true
		a, err := r.account(ctx, schedule, now)
		if err != nil {
			r.trouble = true
			r.log().Error("schedule not looked at; it will be tried again", "schedule", schedule.ID, "error", err)
			continue
		}
		if !a.broken && !schedule.Paused {
			all = append(all, a)
		}
	}
	for id, a := range r.known {
		if !seen[id] {
			r.giveUp(ctx, a, "its schedule was removed before the bench was free")
			delete(r.known, id)
		}
	}
	return all, nil
}

// account opens a schedule's account, or brings it up to date.
func (r *round) account(ctx context.Context, schedule store.Schedule, now time.Time) (*account, error) {
	a, known := r.known[schedule.ID]
	if !known {
		until, err := r.accountedFor(ctx, schedule, now)
		if err != nil {
			return nil, err
		}
		a = &account{schedule: schedule, until: until}
		a.read(r)
		r.known[schedule.ID] = a
	}
	before := a.schedule
	a.schedule = schedule
	if timing(before) != timing(schedule) || before.Paused != schedule.Paused {
		a.read(r)
		if err := r.reschedule(ctx, a, before, now); err != nil {
			a.schedule = before // tried again
			return nil, err
		}
	}
	if schedule.Since.After(a.until) && !schedule.Since.After(now) {
		a.until = schedule.Since
	}
	if a.until.After(now) {
		a.until = now.Add(-wakes) // set back at some time in the last sleep
	}
	if schedule.Paused {
		a.until = now
	}
	return a, nil
}

func timing(s store.Schedule) string { return fmt.Sprint(s.Cron, "|", s.Zone, "|", s.At.UnixNano()) }

// read makes the timetable; one that cannot be read is said once.
func (a *account) read(r *round) {
	table, err := timetable.Of(a.schedule.Cron, a.schedule.At, a.schedule.Zone)
	a.table, a.broken = table, err != nil
	if err != nil {
		r.log().Error("schedule is never due", "schedule", a.schedule.ID, "name", a.schedule.Name, "error", err)
	}
}

// reschedule begins anew from now: what new times would have been due before they
// were set, or while the schedule was paused, is not missed. The store is told,
// so that a restart does not see it otherwise.
func (r *round) reschedule(ctx context.Context, a *account, before store.Schedule, now time.Time) error {
	r.giveUp(ctx, a, "the schedule was changed before the bench was free")
	if a.schedule.Paused || a.schedule.Since.After(before.Since) {
		return nil
	}
	a.schedule.Since = now
	changed, err := r.Schedules.PutSchedule(ctx, a.schedule)
	if err != nil {
		return fmt.Errorf("begin schedule anew: %w", err)
	}
	a.schedule, a.until = changed, now
	return nil
}

// accountedFor reads from the store up to when a schedule is accounted for. A
// firing that was due later than now was written by a clock that was wrong.
func (r *round) accountedFor(ctx context.Context, schedule store.Schedule, now time.Time) (time.Time, error) {
	since := schedule.Since
	if since.IsZero() {
		since = later(schedule.Created, time.Unix(0, 0))
	}
	q := store.FiringQuery{Schedule: schedule.ID, Limit: 500}
	for {
		page, err := r.Firings.ListFirings(ctx, q)
		if err != nil {
			return time.Time{}, fmt.Errorf("list firings of schedule %s: %w", schedule.ID, err)
		}
		for _, f := range page.Firings {
			if !f.Due.After(now) {
				return later(since, f.Due), nil
			}
		}
		if q.After = page.Next; page.Next == "" {
			return since, nil
		}
	}
}

// miss accounts for the instants that were noticed too late, those before limit,
// and notes which of them is to be made up for.
func (r *round) miss(ctx context.Context, a *account, limit time.Time) error {
	if first := a.table.Next(a.until); first.IsZero() || !first.Before(limit) {
		return nil
	}
	r.giveUp(ctx, a, "the schedule's next firing was missed, too, before the bench was free")
	rows, before, count := a.missedUntil(limit.Add(-1))
	newest := rows[len(rows)-1]
	owed := a.schedule.Missed == store.RunOnce
	if owed {
		rows = rows[:len(rows)-1]
	}
	if count > 0 {
		if err := r.put(ctx, a.summary(before, count)); err != nil {
			return err
		}
		a.until = before
	}
	for _, at := range rows {
		if err := r.put(ctx, a.firing(at, store.Missed, r.lateness(at))); err != nil {
			return err
		}
		a.until = at
	}
	a.until = newest
	if owed {
		a.owed, a.missed = newest, len(rows)+count+1
	}
	return nil
}

// missedUntil returns the last instants up to one, in rising order, and the last
// of those before them with their number; that stops at missedCount.
func (a *account) missedUntil(last time.Time) (rows []time.Time, before time.Time, count int) {
	at := a.table.Previous(last)
	for ; at.After(a.until) && len(rows) < missedRows; at = a.table.Previous(at.Add(-1)) {
		rows = append([]time.Time{at}, rows...)
	}
	if !at.After(a.until) {
		return rows, time.Time{}, 0
	}
	for next := a.table.Next(a.until); !next.After(at) && count <= missedCount; next = a.table.Next(next) {
		count++
	}
	return rows, at, count
}

// summary stands for instants that get no firing of their own.
func (a *account) summary(last time.Time, count int) store.Firing {
	number := fmt.Sprintf("%d firings", count)
	if count > missedCount {
		number = fmt.Sprintf("more than %d firings", missedCount)
	}
	first := a.table.Next(a.until)
	return a.firing(last, store.Missed, fmt.Sprintf("%s were missed from %s to %s; this entry stands for all of them",
		number, first.Format(time.RFC3339), last.Format(time.RFC3339)))
}

// lateness says why an instant was missed.
func (r *round) lateness(at time.Time) string {
	if at.Before(r.began) {
		return "the server did not run when it was due"
	}
	return fmt.Sprintf("noticed more than %s after it was due: the machine slept, was too busy, or its clock was set forward", r.grace())
}

// giveUp accounts for an instant that is owed and will not be made up for.
func (r *round) giveUp(ctx context.Context, a *account, why string) {
	if a.owed.IsZero() {
		return
	}
	f := a.firing(a.owed, store.Missed, r.lateness(a.owed)+"; it was to be made up for, but "+why)
	if err := r.put(ctx, f); err != nil {
		r.unsaved = append(r.unsaved, f)
	}
	a.owed = time.Time{}
}

// firing is a new entry of the history.
func (a *account) firing(due time.Time, outcome store.FiringOutcome, reason string) store.Firing {
	return store.Firing{ID: newFiringID(due), Schedule: a.schedule.ID, Name: a.schedule.Name, Task: a.schedule.Task,
		Due: due.UTC(), Outcome: outcome, Reason: reason, Runs: []string{}, By: "schedule " + title(a.schedule)}
}

func title(s store.Schedule) string {
	if s.Name != "" {
		return s.Name
	}
	return s.ID
}

// put enters a firing. One of the same schedule and instant that is there already
// means that it is accounted for, which is no error.
func (r *round) put(ctx context.Context, f store.Firing) error {
	err := r.Firings.PutFiring(ctx, f)
	switch {
	case errors.Is(err, store.ErrExists):
		return nil
	case err != nil:
		r.trouble = true
		r.log().Error("firing not entered; it will be tried again", "schedule", f.Schedule, "due", f.Due, "error", err)
		return fmt.Errorf("enter firing: %w", err)
	}
	r.tell(f)
	return nil
}

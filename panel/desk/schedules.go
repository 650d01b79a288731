package desk

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/hueprint/hueprint/panel/lab"
	"github.com/hueprint/hueprint/reports"
	"github.com/hueprint/hueprint/runs"
	"github.com/hueprint/hueprint/store"
	"github.com/hueprint/hueprint/timetable"
)

// MostRetries bounds how often a firing is tried again.
const MostRetries = 5

const (
	mostName = 80
	// mostYears is how far ahead an instant may lie: beyond the year 9999 it could
	// not be written any more.
	mostYears = 100
)

// Timetable is when a schedule fires.
func Timetable(s store.Schedule) (timetable.Timetable, error) {
	return timetable.Of(s.Cron, s.At, s.Zone)
}

// CheckSchedule tells what is wrong with a schedule on this bench at the instant
// now, by its fields' names in JSON.
func CheckSchedule(s lab.State, x store.Schedule, now time.Time) Problems {
	ps := CheckTask(s, x.Task)
	if name := strings.TrimSpace(x.Name); name == "" || utf8.RuneCountInString(name) > mostName || reports.Printable(name) != name {
		ps.add("name", "write a name of at most %d printable characters", mostName)
	}
	if x.Missed != store.SkipMissed && x.Missed != store.RunOnce {
		ps.add("missed", "there are skip and run-once")
	}
	if x.Retries < 0 || x.Retries > MostRetries {
		ps.add("retries", "it must be a whole number from 0 to %d", MostRetries)
	}
	checkTimes(&ps, x, now)
	return ps
}

// checkTimes demands one way to say when, that works, and an instant to come.
func checkTimes(ps *Problems, x store.Schedule, now time.Time) {
	if _, err := timetable.Zone(x.Zone); err != nil {
		ps.add("zone", "%v", err)
		return
	}
	field := "cron"
	switch {
	case x.Cron == "" && x.At.IsZero():
		ps.add("cron", "write when: an expression of five fields such as 0 3 * * *, or one instant")
		return
	case x.Cron != "" && !x.At.IsZero():
		ps.add("at", "a schedule has an expression or one instant, not both")
		return
	case x.Cron == "":
		field = "at"
	}
	t, err := Timetable(x)
	if err != nil {
		ps.add(field, "%v", err)
		return
	}
	if t.Next(now).IsZero() && field == "at" {
		ps.add("at", "that instant has passed")
	} else if x.At.After(now.AddDate(mostYears, 0, 0)) {
		ps.add("at", "that instant is more than %d years away", mostYears)
	} else if t.Next(now).IsZero() {
		ps.add("cron", "there is no such day: it would never fire")
	}
}

// SaveSchedule checks a schedule and enters it: a new one when it has no ID, else
// in the place of the one whose revision it has ([store.ErrChanged] otherwise).
// A change of its times makes it begin anew now, so that instants of the new
// times before now are not taken for missed ones.
func (d Desk) SaveSchedule(ctx context.Context, x store.Schedule, by string) (store.Schedule, error) {
	now := d.Now()
	state := d.Bench.State(ctx)
	x.Name, x.Cron = strings.TrimSpace(x.Name), strings.TrimSpace(x.Cron)
	if x.Zone == "" {
		x.Zone = state.Zone
	}
	if x.Missed == "" {
		x.Missed = store.SkipMissed
	}
	if err := CheckSchedule(state, x, now).Err(); err != nil {
		return x, err
	}
	if err := d.renew(ctx, &x, by, now); err != nil {
		return x, err
	}
	saved, err := d.Store.PutSchedule(ctx, x)
	if err != nil {
		return saved, fmt.Errorf("save schedule %q: %w", x.Name, err)
	}
	d.Bench.Rescheduled()
	return saved, nil
}

// renew fills in what a request cannot say: who made a schedule, and since when
// its firings count.
func (d Desk) renew(ctx context.Context, x *store.Schedule, by string, now time.Time) error {
	x.Since = now
	if x.ID == "" {
		id, err := runs.NewID(now, rand.Reader)
		if err != nil {
			return fmt.Errorf("name schedule %q: %w", x.Name, err)
		}
		x.ID, x.Revision, x.Created, x.By = id, 0, now, by
		return nil
	}
	old, err := d.Store.Schedule(ctx, x.ID)
	if err != nil {
		return fmt.Errorf("change schedule %.64q: %w", x.ID, err)
	}
	x.Created, x.By = old.Created, old.By
	if old.Cron == x.Cron && old.At.Equal(x.At) && old.Zone == x.Zone && old.Paused == x.Paused {
		x.Since = old.Since
	}
	return nil
}

// PauseSchedule pauses a schedule, or lets it go on: then what fell into the
// pause is not made up for.
func (d Desk) PauseSchedule(ctx context.Context, id string, paused bool) (store.Schedule, error) {
	x, err := d.Store.Schedule(ctx, id)
	if err != nil {
		return x, fmt.Errorf("pause schedule %.64q: %w", id, err)
	}
	if x.Paused == paused {
		return x, nil
	}
	x.Paused = paused
	if !paused {
		x.Since = d.Now()
	}
	if x, err = d.Store.PutSchedule(ctx, x); err != nil {
		return x, fmt.Errorf("pause schedule %q: %w", x.Name, err)
	}
	d.Bench.Rescheduled()
	return x, nil
}

// RemoveSchedule takes a schedule out; its firings stay in the history.
func (d Desk) RemoveSchedule(ctx context.Context, id string) error {
	if _, err := d.Store.Schedule(ctx, id); err != nil {
		return fmt.Errorf("remove schedule %.64q: %w", id, err)
	}
	if err := d.Store.RemoveSchedule(ctx, id); err != nil {
		return fmt.Errorf("remove schedule %.64q: %w", id, err)
	}
	d.Bench.Rescheduled()
	return nil
}

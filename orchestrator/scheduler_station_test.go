package orchestrator

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/store"
	"github.com/hueprint/hueprint/store/sqlite"
)

// A schedule on the real station with a fake bench: what is due is carried out, a
// start by hand makes the next one skip, and the end of the server puts the bulb
// back in mid-run.
func TestTheStationCarriesOutSchedules(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, "echo")
		found := o.bench.light
		now := time.Now()
		hour := now.Truncate(time.Hour)
		d := newDrawer(store.Schedule{ID: "S1", Name: "nightly", Cron: "@hourly", Since: now, Task: store.Task{Experiment: "test"}})
		o.Firings = d
		s := &Scheduler{Schedules: d, Firings: d, Carrier: o.Station}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- s.Run(ctx) }()

		time.Sleep(time.Until(hour.Add(2*time.Hour - 10*time.Second)))
		if _, err := o.Start(t.Context(), "anna", store.Task{Experiment: "test"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Until(hour.Add(3*time.Hour + 47*time.Second)))
		if o.Running() == nil {
			t.Error("nothing runs in mid-run")
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		all := d.history("S1")
		if len(all) != 3 {
			t.Fatalf("firings %+v", all)
		}
		if f := all[0]; f.Outcome != store.Carried || len(f.Runs) != 1 || o.shelf.runs[f.Runs[0]].Schedule != "S1" {
			t.Errorf("first: %+v", f)
		}
		if f := all[1]; f.Outcome != store.Skipped || !strings.Contains(f.Reason, "busy with experiment test") {
			t.Errorf("while anna's ran: %+v", f)
		}
		if f := all[2]; f.Outcome == store.Carried || f.Outcome == store.Running || f.Reason == "" || len(f.Runs) != 1 {
			t.Errorf("ended in mid-run: %+v", f)
		} else if e := o.shelf.runs[f.Runs[0]]; e.Ending == experiments.Complete || !e.Restored || o.bench.light != found {
			t.Errorf("its run: %+v, light %+v", e, o.bench.light)
		}
		nothingPending(t, o.means)
	})
}

// handClock moves only when it is told to.
type handClock struct {
	now  chan time.Time
	wake chan time.Time
}

// Now is the last time that was set.
func (c handClock) Now() time.Time {
	now := <-c.now
	c.now <- now
	return now
}

// After wakes when the clock is set.
func (c handClock) After(time.Duration) (<-chan time.Time, func()) { return c.wake, func() {} }

// The store that the server uses, restarted in between.
func TestTheSchedulerOnSQLite(t *testing.T) {
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "lab.db"), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, schedule := range []store.Schedule{{ID: "a", Cron: "@hourly"}, {ID: "b", Cron: "0 20 * * *"}} {
		schedule.Name, schedule.Since, schedule.Created, schedule.Missed = schedule.ID, evening, evening, store.SkipMissed
		if _, err := db.PutSchedule(t.Context(), schedule); err != nil {
			t.Fatal(err)
		}
	}
	clock := handClock{make(chan time.Time, 1), make(chan time.Time)}
	clock.now <- evening
	told := make(chan store.Firing, 100)
	for _, hours := range []int{1, 2, 2, 1, 5, 6} { // one twice, one back, one beyond what was missed
		ctx, cancel := context.WithCancel(t.Context())
		s := &Scheduler{Schedules: db, Firings: db, Carrier: &worker{t: t}, Clock: clock, Tell: func(f store.Firing) { told <- f }}
		ended := make(chan error, 1)
		<-clock.now
		clock.now <- evening.Add(time.Duration(hours) * time.Hour)
		go func() { ended <- s.Run(ctx) }()
		clock.wake <- time.Time{}
		cancel()
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
	}
	page, err := db.ListFirings(t.Context(), store.FiringQuery{})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, f := range page.Firings {
		got[f.Schedule+f.Due.Format(" 15:04")] = string(f.Outcome)
	}
	for due, want := range map[string]string{"a 19:00": "done", "a 20:00": "skipped", "b 20:00": "done", "a 21:00": "missed", "a 22:00": "missed", "a 23:00": "done", "a 00:00": "done"} {
		if want == "done" && got[due] == "stopped" { // it was ended at once
			want = "stopped"
		}
		if got[due] != want {
			t.Errorf("%s: %s, want %s", due, got[due], want)
		}
	}
	if page.Total != 7 {
		t.Errorf("%d firings: %v", page.Total, got)
	}
}

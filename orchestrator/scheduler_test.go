package orchestrator

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hueprint/hueprint/store"
	"github.com/hueprint/hueprint/timetable"
)

var evening = time.Date(2027, 5, 3, 18, 0, 0, 0, time.UTC)

func lists(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\ngot  %q\nwant %q", what, got, want)
	}
}

func TestOfSeveralDueAtOnceTheRarestIsCarriedOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, evening, map[string]time.Duration{"a": 10 * time.Minute, "b": 10 * time.Minute, "c": 10 * time.Minute},
			store.Schedule{ID: "a", Cron: "@hourly"}, store.Schedule{ID: "b", At: evening.Add(time.Hour)}, store.Schedule{ID: "c", Cron: "0 19 * * *"})
		s.start()
		time.Sleep(2*time.Hour + 15*time.Minute)
		s.end()
		lists(t, "hourly", s.drawer.outcomes("a"), "19:00 skipped", "20:00 done")
		lists(t, "once", s.drawer.outcomes("b"), "19:00 done")
		lists(t, "daily", s.drawer.outcomes("c"), "19:00 skipped")
		if why := s.drawer.history("a")[0].Reason; why != `the bench was busy with "b", due at 2027-05-03T19:00:00Z` {
			t.Error(why)
		}
	})
}

func TestNothingBeginsInQuietHours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, evening, nil, store.Schedule{ID: "a", Cron: "@hourly"})
		quiet, err := timetable.ParseQuiet("21:00-22:30", "Europe/Prague")
		if err != nil {
			t.Fatal(err)
		}
		s.Scheduler = &Scheduler{Schedules: s.drawer, Firings: s.drawer, Carrier: s.worker, Clock: s.clock, Quiet: quiet}
		s.run()
		time.Sleep(3*time.Hour + time.Minute)
		s.end()
		lists(t, "firings", s.drawer.outcomes("a"), "19:00 skipped", "20:00 skipped", "21:00 done")
		if why := s.drawer.history("a")[0].Reason; why != "quiet hours until 22:30 (CEST)" {
			t.Error(why)
		}
	})
}

func TestWhatIsOwedWaitsForTheEndOfQuietHours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, evening, nil, store.Schedule{ID: "a", Cron: "0 19 * * *", Missed: store.RunOnce})
		quiet, err := timetable.ParseQuiet("20:00-04:00", "")
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(4 * time.Hour)
		s.Scheduler = &Scheduler{Schedules: s.drawer, Firings: s.drawer, Carrier: s.worker, Clock: s.clock, Quiet: quiet}
		s.run()
		time.Sleep(5 * time.Hour)
		lists(t, "in quiet hours", s.drawer.outcomes("a"))
		time.Sleep(time.Hour + time.Minute)
		s.end()
		lists(t, "afterwards", s.drawer.outcomes("a"), "19:00 done")
		if f := s.drawer.history("a")[0]; f.Began.Sub(evening) > 10*time.Hour+time.Minute || !strings.HasPrefix(f.Reason, "made up for") {
			t.Errorf("%+v", f)
		}
	})
}

func TestNothingIsDueWhilePaused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, evening, nil, store.Schedule{ID: "a", Cron: "@hourly", Missed: store.RunOnce})
		s.start()
		pause := func(paused bool) {
			s.drawer.change(t, "a", func(a *store.Schedule) { a.Paused = paused })
			s.Nudge()
			synctest.Wait()
		}
		time.Sleep(90 * time.Minute)
		pause(true)
		time.Sleep(2 * time.Hour)
		pause(false)
		s.end() // what was not due while paused is not missed by a restart
		s.start()
		time.Sleep(time.Hour)
		s.end()
		lists(t, "firings", s.drawer.outcomes("a"), "19:00 done", "22:00 done")
	})
}

func TestNewTimesBeginWhenTheyAreSet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, evening, nil, store.Schedule{ID: "a", Cron: "@daily"})
		s.start()
		time.Sleep(10*time.Hour + 30*time.Minute)
		s.drawer.change(t, "a", func(a *store.Schedule) { a.Cron = "@hourly" })
		s.Nudge()
		synctest.Wait()
		s.kill()
		s.start()
		time.Sleep(time.Hour)
		s.end()
		lists(t, "firings", s.drawer.outcomes("a"), "00:00 done", "05:00 done")
	})
}

func TestMissedFiringsByPolicy(t *testing.T) {
	for policy, want := range map[store.MissedPolicy]string{store.SkipMissed: "missed", store.RunOnce: "done"} {
		synctest.Test(t, func(t *testing.T) {
			var schedules []store.Schedule
			for _, id := range []string{"a", "b", "c"} {
				schedules = append(schedules, store.Schedule{ID: id, Cron: "30 * * * *", Missed: policy})
			}
			once := store.Schedule{ID: "once", At: evening.Add(time.Hour), Missed: policy}
			s := newServer(t, evening, map[string]time.Duration{"a": time.Minute, "b": time.Minute, "c": time.Minute}, append(schedules, once)...)
			time.Sleep(3 * time.Hour)
			s.start()
			time.Sleep(10 * time.Minute)
			s.end()
			for _, id := range []string{"a", "b", "c"} { // each waits for its turn
				lists(t, id, s.drawer.outcomes(id), "18:30 missed", "19:30 missed", "20:30 "+want)
			}
			lists(t, "once", s.drawer.outcomes("once"), "19:00 "+want)
			f := s.drawer.history("a")[2]
			if !strings.Contains(f.Reason, "the server did not run when it was due") || want == "done" && !strings.HasSuffix(f.Reason, "it stands for 3 that were missed") {
				t.Error(f.Reason)
			}
		})
	}
}

func TestWhatIsOwedGivesWayToTheNextFiring(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, evening, map[string]time.Duration{"a": 2 * time.Hour},
			store.Schedule{ID: "a", At: evening.Add(3 * time.Hour)}, store.Schedule{ID: "b", Cron: "30 * * * *", Missed: store.RunOnce})
		time.Sleep(3 * time.Hour)
		s.start()
		time.Sleep(4 * time.Hour)
		s.end()
		lists(t, "b", s.drawer.outcomes("b"), "18:30 missed", "19:30 missed", "20:30 missed", "21:30 skipped", "22:30 skipped", "23:30 done", "00:30 done")
		if why := s.drawer.history("b")[2].Reason; !strings.HasSuffix(why, "but the schedule was due again before the bench was free") {
			t.Error(why)
		}
	})
}

// A clock that is a year ahead and then set right costs a bounded history, and no
// year of silence.
func TestAStepOfAYear(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, evening, nil, store.Schedule{ID: "a", Cron: "* * * * *"}, store.Schedule{ID: "b", Cron: "@daily", Missed: store.RunOnce})
		s.start()
		time.Sleep(30 * time.Second)
		s.clock.step(366 * 24 * time.Hour)
		time.Sleep(2*time.Minute + 10*time.Second)
		s.clock.step(-366 * 24 * time.Hour)
		time.Sleep(2 * time.Minute)
		s.end()
		time.Sleep(10 * time.Minute)
		s.start() // the history of the other year does not hide this one's
		time.Sleep(2*time.Minute + 10*time.Second)
		s.end()
		all := s.drawer.history("a")
		if len(all) < 110 || len(all) > 125 {
			t.Fatalf("%d firings", len(all))
		}
		var summary, here, away int
		for _, f := range all {
			if strings.Contains(f.Reason, "more than 10000 firings were missed from 2027-05-03T18:01:00Z to 2028-05-03T") {
				summary++
			}
			if f.Due.Year() == 2027 && f.Outcome == store.Carried {
				here++
			}
			if f.Due.Year() == 2027 && f.Reason == "the server did not run when it was due" {
				away++
			}
		}
		if summary != 1 || here < 4 || away < 7 {
			t.Errorf("%d summaries, %d carried out this year, %d missed without a server", summary, here, away)
		}
		daily := s.drawer.history("b")
		if n := len(daily); n != 101 || daily[0].Reason == daily[1].Reason || !strings.HasPrefix(daily[0].Reason, "266 firings were missed from 2027-05-04T00:00:00Z to 2028-01-24T00:00:00Z") {
			t.Errorf("%d firings, first %q", n, daily[0].Reason)
		}
	})
}

func TestNothingIsDoneTwiceWhenTheClockIsSetBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, evening, nil, store.Schedule{ID: "a", Cron: "*/10 * * * *"})
		s.start()
		time.Sleep(35 * time.Minute)
		s.clock.step(-20 * time.Minute)
		time.Sleep(20 * time.Minute)
		s.kill()
		s.start()
		time.Sleep(10 * time.Minute)
		s.end()
		lists(t, "firings", s.drawer.outcomes("a"), "18:10 done", "18:20 done", "18:30 done", "18:40 done")
	})
}

func TestAScheduleOfAnotherYearsClockIsDueNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, evening.Add(2*time.Minute), nil, store.Schedule{ID: "a", Cron: "@hourly", Since: evening.AddDate(1, 0, 0)})
		s.start()
		time.Sleep(2*time.Hour + time.Minute)
		s.end()
		lists(t, "firings", s.drawer.outcomes("a"), "19:00 done", "20:00 done")
	})
}

func TestAFiringThatWasRunningIsInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, evening, map[string]time.Duration{"a": 30 * time.Minute}, store.Schedule{ID: "a", Cron: "@hourly"})
		s.start()
		time.Sleep(70 * time.Minute)
		lists(t, "before", s.drawer.outcomes("a"), "19:00 running")
		s.kill()
		time.Sleep(5 * time.Minute)
		s.start()
		synctest.Wait()
		lists(t, "after", s.drawer.outcomes("a"), "19:00 interrupted")
		if f := s.drawer.history("a")[0]; f.Reason == "" || !f.Ended.Equal(evening.Add(75*time.Minute)) {
			t.Errorf("%+v", f)
		}
		time.Sleep(50 * time.Minute)
		s.end() // in mid-task: it is waited for, and what it says is kept
		lists(t, "at the end", s.drawer.outcomes("a"), "19:00 interrupted", "20:00 stopped")
	})
}

func TestNothingBeginsThatTheStoreDoesNotHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, evening, map[string]time.Duration{"a": 3 * time.Minute}, store.Schedule{ID: "a", Cron: "0,30 * * * *"})
		s.start()
		time.Sleep(29 * time.Minute)
		s.drawer.set(true)
		time.Sleep(2 * time.Minute)
		if len(s.worker.carried) != 0 {
			t.Error("begun without an entry")
		}
		s.drawer.set(false)
		time.Sleep(time.Minute)
		s.drawer.set(true)
		time.Sleep(27 * time.Minute) // the end of the first cannot be kept
		lists(t, "before", s.drawer.outcomes("a"), "18:30 running")
		time.Sleep(10 * time.Minute)
		s.drawer.set(false)
		time.Sleep(time.Minute)
		s.end()
		lists(t, "after", s.drawer.outcomes("a"), "18:30 done", "19:00 missed")
	})
}

func TestUpcomingIsInOrderOfTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, evening, nil, store.Schedule{ID: "a", Cron: "@hourly"}, store.Schedule{ID: "b", At: evening.Add(90 * time.Minute)},
			store.Schedule{ID: "c", Cron: "@hourly", Paused: true}, store.Schedule{ID: "d", Cron: "nonsense"})
		s.start()
		defer func() { s.end() }()
		due, err := s.Upcoming(t.Context(), 3)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, d := range due {
			got = append(got, fmt.Sprint(d.Schedule.ID, d.At.Format(" 15:04")))
		}
		lists(t, "upcoming", got, "a 19:00", "b 19:30", "a 20:00")
	})
}

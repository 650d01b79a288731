package orchestrator

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hueprint/hueprint/store"
	"github.com/hueprint/hueprint/timetable"
)

// A rule is a schedule whose instants the test finds by itself, by walking a
// clock minute by minute.
type rule struct {
	store.Schedule
	takes   time.Duration
	hours   []int // none: every hour
	minutes []int
}

func rules() []rule {
	return []rule{
		{store.Schedule{ID: "nightly", Cron: "30 2 * * *", Zone: "Europe/Prague", Missed: store.RunOnce}, 20 * time.Minute, []int{2}, []int{30}},
		{store.Schedule{ID: "quarters", Cron: "*/15 * * * *", Zone: "Europe/Prague"}, 5 * time.Minute, nil, []int{0, 15, 30, 45}},
		{store.Schedule{ID: "hourly", Cron: "@hourly", Zone: "Europe/Prague"}, 37 * time.Minute, nil, []int{0}},
		{store.Schedule{ID: "small hours", Cron: "10,50 1-3 * * *", Zone: "Europe/Prague", Missed: store.RunOnce}, 3 * time.Minute, []int{1, 2, 3}, []int{10, 50}},
		{store.Schedule{ID: "abroad", Cron: "0 20,21 * * *", Zone: "America/New_York", Missed: store.RunOnce}, 12 * time.Minute, []int{20, 21}, []int{0}},
		{store.Schedule{ID: "half hours", Cron: "20 11-13 * * *", Zone: "Australia/Lord_Howe"}, time.Minute, []int{11, 12, 13}, []int{20}},
		{store.Schedule{ID: "UTC", Cron: "7,37 * * * *", Missed: store.RunOnce}, 9 * time.Minute, nil, []int{7, 37}},
	}
}

func (r rule) due(from, to time.Time) []time.Time {
	zone, _ := timetable.Zone(r.Zone)
	var due []time.Time
	shown := map[string]bool{}
	at := from.Add(-3 * time.Hour).Truncate(time.Minute)
	_, offset := at.In(zone).Zone()
	for ; !at.After(to); at = at.Add(time.Minute) {
		local := at.In(zone)
		match := r.matches(local.Hour(), local.Minute())
		_, now := local.Zone()
		if r.hours != nil {
			match = match && !shown[local.Format(time.DateTime)]
			for over := now - offset; over > 60; over -= 60 { // minutes that were jumped over
				missing := local.Add(-time.Duration(over-60) * time.Second)
				missing = time.Date(2000, 1, 1, local.Hour(), local.Minute(), 0, 0, time.UTC).Add(missing.Sub(local) - time.Minute)
				match = match || r.matches(missing.Hour(), missing.Minute())
			}
			shown[local.Format(time.DateTime)] = true
		}
		offset = now
		if match && at.After(from) {
			due = append(due, at)
		}
	}
	return due
}

func (r rule) matches(hour, minute int) bool {
	return (r.hours == nil || slices.Contains(r.hours, hour)) && slices.Contains(r.minutes, minute)
}

// Each due instant of eight hours has one firing, whatever happens to the server
// and to its clock, and no firing is of another instant.
func TestEveryInstantOfTwoNightsIsAccountedFor(t *testing.T) {
	seeds := 12
	if testing.Short() {
		seeds = 3
	}
	for name, from := range map[string]time.Time{
		"spring": time.Date(2027, 3, 27, 21, 0, 0, 0, time.UTC),
		"autumn": time.Date(2027, 10, 30, 21, 0, 0, 0, time.UTC),
	} {
		for seed := range seeds {
			t.Run(fmt.Sprint(name, seed), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { night(t, from, rand.New(rand.NewPCG(uint64(seed), 7))) })
			})
		}
	}
}

func night(t *testing.T, from time.Time, chance *rand.Rand) {
	takes := map[string]time.Duration{}
	var schedules []store.Schedule
	for _, r := range rules() {
		takes[r.ID] = r.takes
		schedules = append(schedules, r.Schedule)
	}
	s := newServer(t, from, takes, schedules...)
	s.start()
	var story []string
	for began := time.Now(); time.Since(began) < 8*time.Hour; {
		time.Sleep(time.Duration(chance.IntN(100*60)) * time.Second)
		away := time.Duration(chance.IntN(100*60)) * time.Second
		what := []string{"nothing", "restart", "kill", "forward", "back", "blink"}[chance.IntN(6)]
		story = append(story, fmt.Sprintf("%s %s by %s", s.clock.Now().Format("15:04:05"), what, away))
		switch what {
		case "restart":
			s.end()
			time.Sleep(away)
			s.start()
		case "kill":
			s.kill()
			time.Sleep(away)
			s.start()
		case "forward":
			s.clock.step(away)
		case "back":
			s.clock.step(-away)
		case "blink":
			s.kill()
			s.start()
		}
	}
	time.Sleep(90 * time.Minute) // what is owed can be made up for
	s.end()
	until := time.Unix(0, s.clock.most.Load())
	for _, r := range rules() {
		// A clock that was set back to before the beginning finds new instants.
		firings := slices.DeleteFunc(s.drawer.history(r.ID), func(f store.Firing) bool { return !f.Due.After(from) })
		accounted(t, r, firings, r.due(from, until))
	}
	onTime(t, s)
	if t.Failed() {
		t.Log(strings.Join(story, "\n"))
	}
}

func accounted(t *testing.T, r rule, firings []store.Firing, due []time.Time) {
	t.Helper()
	var got []time.Time
	for _, f := range firings {
		got = append(got, f.Due)
		if f.Outcome == store.Running || f.Outcome != store.Carried && f.Reason == "" {
			t.Errorf("%s at %v: outcome %s for %q", r.ID, f.Due, f.Outcome, f.Reason)
		}
	}
	if !slices.EqualFunc(got, due, time.Time.Equal) {
		t.Errorf("%s:\nfirings %v\ndue     %v", r.ID, got, due)
	}
}

// onTime checks what was carried out: each once, and not late unless it was made
// up for.
func onTime(t *testing.T, s *server) {
	t.Helper()
	once := map[string]bool{}
	for _, f := range s.worker.carried {
		key := f.Schedule + f.Due.String()
		if once[key] {
			t.Errorf("%s, due at %v, was carried out twice", f.Schedule, f.Due)
		}
		once[key] = true
		late := f.Began.Sub(f.Due)
		if madeUp := strings.HasPrefix(f.Reason, "made up for"); !madeUp && (late < 0 || late > DefaultGrace) {
			t.Errorf("%s, due at %v, began %v later", f.Schedule, f.Due, late)
		}
	}
	if len(once) < 10 {
		t.Errorf("only %d firings were carried out", len(once))
	}
}

package labtest

import (
	"testing"
	"time"

	"github.com/hueprint/hueprint/store"
)

// schedule enters schedules and what became of their firings.
func (l *Lab) schedule(t testing.TB) {
	t.Helper()
	hour := func(h int) time.Time { return Noon().Add(time.Duration(h) * time.Hour) }
	toggles := store.Task{Experiment: "ten-toggles"}
	for _, s := range []store.Schedule{
		{ID: "nightly", Name: "Every night", Task: toggles, Cron: "0 3 * * *", Zone: "Europe/Prague", Missed: store.RunOnce, Retries: 2},
		{ID: "weekend", Name: "Idle weekend", Task: store.Task{Idle: 24 * time.Hour, Gateways: []string{"nest"}}, At: hour(60), Missed: store.SkipMissed},
		{ID: "paused", Name: "Paper's design", Task: store.Task{Experiment: "paper", Tags: []string{"paper"}}, Cron: "30 12 * * 1-5", Missed: store.SkipMissed, Paused: true},
	} {
		s.Created, s.Since, s.By = hour(-200), hour(-10), "ada"
		_, err := l.Store.PutSchedule(t.Context(), s)
		check(t, err)
	}
	page, err := l.Store.ListRuns(t.Context(), store.RunQuery{Limit: 500})
	check(t, err)
	runs := map[int][]string{} // by hours before noon
	for _, r := range page.Runs {
		h := int(Noon().Sub(r.Prepared) / time.Hour)
		runs[h] = append(runs[h], r.ID)
	}
	for _, f := range []store.Firing{
		{ID: "f-1", Due: hour(-10), Outcome: store.Carried, Runs: runs[10]},
		{ID: "f-2", Due: hour(-34), Outcome: store.Carried, Runs: runs[34]},
		{ID: "f-3", Due: hour(-58), Outcome: store.Failed, Runs: runs[58], Reason: "The bridge did not answer for 10 s."},
		{ID: "f-5", Due: hour(-82), Outcome: store.Skipped, Reason: "The bench was busy with ten-toggles, started by ada."},
		{ID: "f-6", Due: hour(-106), Outcome: store.Missed, Reason: "The server did not run."},
	} {
		f.Schedule, f.Name, f.Task, f.By = "nightly", "Every night", toggles, "ada"
		if len(f.Runs) > 0 {
			f.Began, f.Ended = f.Due, f.Due.Add(16*time.Minute)
		}
		check(t, l.Store.PutFiring(t.Context(), f))
	}
	check(t, l.Store.PutFiring(t.Context(), store.Firing{ID: "f-hand", Task: toggles, Due: hour(-3), Began: hour(-3), Ended: hour(-3).Add(time.Minute),
		Outcome: store.Carried, Runs: runs[3], By: "ada"}))
}

// admit enters an account without a usable password and a token without a
// usable secret, for lists.
func (l *Lab) admit(t testing.TB) {
	t.Helper()
	check(t, l.Store.PutAccount(t.Context(), store.Account{Name: "ada", Scope: store.AdminScope, Created: Noon().Add(-240 * time.Hour)}))
	check(t, l.Store.PutToken(t.Context(), store.Token{ID: "t-1", Name: "grafana", Hash: "-", Scope: store.ViewScope, By: "ada",
		Created: Noon().Add(-239 * time.Hour), Seen: Noon().Add(-time.Minute)}))
}

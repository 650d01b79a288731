package storetest

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hueprint/hueprint/store"
)

// Schedules is the suite of [store.Schedules].
func Schedules(t *testing.T, open func(t *testing.T) store.Schedules) {
	t.Run("WhatIsPutIsReturned", func(t *testing.T) { schedulesRoundTrip(t, open(t)) })
	t.Run("OneOfSeveralChangesWins", func(t *testing.T) { schedulesRace(t, open(t)) })
}

func schedulesRoundTrip(t *testing.T, s store.Schedules) {
	ctx := background()
	first := store.Schedule{ID: "1", Name: "nightly", Cron: "0 3 * * *", Zone: "Europe/Prague", Missed: store.RunOnce, Retries: 2, Paused: true,
		Task: store.Task{Experiment: "toggles", Gateways: []string{"echo"}, Seed: 1<<64 - 1, Tags: []string{"night"}}, Since: noon, Created: noon, By: "desk"}
	kept, err := s.PutSchedule(ctx, first)
	must(t, err)
	first.Revision = kept.Revision
	same(t, "schedules", first, kept)
	got, err := s.Schedule(ctx, "1")
	must(t, err)
	same(t, "schedules", first, got)

	again := first
	again.Revision = 0
	_, err = s.PutSchedule(ctx, again)
	want(t, "a second one of its ID", err, store.ErrExists)
	changed := first
	changed.Name, changed.At, changed.Cron = "once", noon.Add(time.Hour), ""
	changed, err = s.PutSchedule(ctx, changed)
	must(t, err)
	_, err = s.PutSchedule(ctx, first)
	want(t, "a change of what was changed", err, store.ErrChanged)
	got, err = s.Schedule(ctx, "1")
	must(t, err)
	same(t, "schedules", changed, got)
	_, err = s.PutSchedule(ctx, store.Schedule{ID: "none", Revision: 3})
	want(t, "a change of none", err, store.ErrChanged)

	other, err := s.PutSchedule(ctx, store.Schedule{ID: "0", Name: "a first one"})
	must(t, err)
	all, err := s.ListSchedules(ctx)
	must(t, err)
	same(t, "lists", []store.Schedule{other, changed}, all)
	must(t, s.RemoveSchedule(ctx, "1"), s.RemoveSchedule(ctx, "1"))
	_, err = s.Schedule(ctx, "1")
	want(t, "a removed one", err, store.ErrNotFound)
}

func schedulesRace(t *testing.T, s store.Schedules) {
	ctx := background()
	old, err := s.PutSchedule(ctx, store.Schedule{ID: "1", Name: "old"})
	must(t, err)
	var won atomic.Int32
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			mine := old
			mine.Name = fmt.Sprint(i)
			if _, err := s.PutSchedule(ctx, mine); err == nil {
				won.Add(1)
			} else {
				want(t, "the others", err, store.ErrChanged)
			}
		})
	}
	all.Wait()
	if won.Load() != 1 {
		t.Errorf("%d changes of one revision were kept", won.Load())
	}
}

// Firings is the suite of [store.Firings].
func Firings(t *testing.T, open func(t *testing.T) store.Firings) {
	t.Run("WhatIsPutIsReturned", func(t *testing.T) { firingsRoundTrip(t, open(t)) })
	t.Run("ADueInstantFiresOnce", func(t *testing.T) { firingsOnce(t, open(t)) })
	t.Run("Pages", func(t *testing.T) { firingsPages(t, open(t)) })
}

func firingsRoundTrip(t *testing.T, s store.Firings) {
	ctx := background()
	f := store.Firing{ID: "1", Schedule: "nightly", Name: "Nightly", Task: store.Task{Idle: time.Hour}, Due: noon, Began: noon.Add(time.Second),
		Outcome: store.Running, Reason: "why", Runs: []string{"A", "B"}, By: "desk"}
	must(t, s.PutFiring(ctx, f))
	got, err := s.Firing(ctx, "1")
	must(t, err)
	same(t, "firings", f, got)
	running, err := s.RunningFirings(ctx)
	must(t, err)
	same(t, "running ones", []store.Firing{f}, running)
	f.Outcome, f.Ended, f.Runs = store.Carried, noon.Add(time.Hour), nil
	must(t, s.PutFiring(ctx, f))
	f.Runs = []string{}
	got, err = s.Firing(ctx, "1")
	must(t, err)
	same(t, "firings", f, got)
	running, err = s.RunningFirings(ctx)
	must(t, err)
	same(t, "running ones", []store.Firing{}, running)
	_, err = s.Firing(ctx, "2")
	want(t, "none", err, store.ErrNotFound)
}

func firingsOnce(t *testing.T, s store.Firings) {
	ctx := background()
	must(t, s.PutFiring(ctx, store.Firing{ID: "1", Schedule: "nightly", Due: noon, Outcome: store.Running}))
	err := s.PutFiring(ctx, store.Firing{ID: "2", Schedule: "nightly", Due: noon.In(time.FixedZone("CET", 3600)), Outcome: store.Missed})
	want(t, "a second one of the instant", err, store.ErrExists)
	must(t, s.PutFiring(ctx, store.Firing{ID: "3", Schedule: "nightly", Due: noon.Add(1)}),
		s.PutFiring(ctx, store.Firing{ID: "4", Schedule: "weekly", Due: noon}),
		s.PutFiring(ctx, store.Firing{ID: "5", Due: noon}), s.PutFiring(ctx, store.Firing{ID: "6", Due: noon}))
	want(t, "moving one onto another", s.PutFiring(ctx, store.Firing{ID: "3", Schedule: "nightly", Due: noon}), store.ErrExists)
	var kept atomic.Int32
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			err := s.PutFiring(ctx, store.Firing{ID: fmt.Sprint("race", i), Schedule: "nightly", Due: noon.Add(time.Hour)})
			if err == nil {
				kept.Add(1)
			} else {
				want(t, "the others", err, store.ErrExists)
			}
		})
	}
	all.Wait()
	if kept.Load() != 1 {
		t.Errorf("%d firings of one instant were kept", kept.Load())
	}
}

func firingsPages(t *testing.T, s store.Firings) {
	ctx := background()
	for i := range 10 {
		must(t, s.PutFiring(ctx, store.Firing{ID: fmt.Sprint(i), Schedule: fmt.Sprint(i % 2), Due: noon.Add(time.Duration(i/2) * time.Hour), Outcome: []store.FiringOutcome{store.Carried, store.Missed, store.Carried}[i%3]}))
	}
	for order, q := range map[string]store.FiringQuery{
		"9876543210": {Limit: 3}, "86420": {Limit: 2, Schedule: "0"}, "741": {Limit: 1, Outcome: store.Missed}, "4": {Schedule: "0", Outcome: store.Missed},
	} {
		got := ""
		for {
			page, err := s.ListFirings(ctx, q)
			must(t, err)
			if page.Total != len(order) {
				t.Fatalf("total %d, want %d", page.Total, len(order))
			}
			for _, f := range page.Firings {
				got += f.ID
			}
			if q.After = page.Next; page.Next == "" {
				break
			}
		}
		if got != order {
			t.Errorf("%+v: got %s, want %s", q, got, order)
		}
	}
	for what, q := range map[string]store.FiringQuery{"a long page": {Limit: 501}, "garbage": {After: "x"}, "a list of runs": {After: store.Cursor{List: "runs time false", ID: "A"}.String()}} {
		_, err := s.ListFirings(ctx, q)
		want(t, what, err, store.ErrQuery)
	}
}

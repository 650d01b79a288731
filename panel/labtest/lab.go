package labtest

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/hueprint/hueprint/panel/lab"
	"github.com/hueprint/hueprint/panel/live"
	"github.com/hueprint/hueprint/store"
	"github.com/hueprint/hueprint/store/sqlite"
)

// A Lab is all that the panel stands on.
type Lab struct {
	*Bench
	Hub   *live.Hub
	Store store.Store
	// Runs is the folder with the run folders.
	Runs string
}

// Noon is the instant at which every lab of this package stands still.
func Noon() time.Time { return time.Date(2026, 11, 18, 12, 0, 0, 0, time.UTC) }

// Now is [Noon].
func (l *Lab) Now() time.Time { return Noon() }

// Empty is a bench of which nothing is set up, on the first day.
func Empty(t testing.TB) *Lab {
	t.Helper()
	hub := live.NewHub(256)
	t.Cleanup(hub.Close)
	s := open(t)
	return &Lab{Bench: emptyBench(hub), Hub: hub, Store: s, Runs: t.TempDir()}
}

// Ready is a bench that is set up, before its first run.
func Ready(t testing.TB) *Lab {
	t.Helper()
	l := Empty(t)
	l.Bench.Change(func(b *Contents) { *b = fullContents() })
	return l
}

// Full is a bench in use: four gateways, runs of every kind, schedules with a
// past and a future, an account, a token.
func Full(t testing.TB) *Lab {
	t.Helper()
	l := Ready(t)
	l.recordAll(t)
	l.remember(t)
	l.schedule(t)
	l.admit(t)
	return l
}

// remember makes each gateway's latest verdict that of its latest analysed run.
func (l *Lab) remember(t testing.TB) {
	t.Helper()
	page, err := l.Store.ListRuns(t.Context(), store.RunQuery{Ascending: true, Limit: 500})
	check(t, err)
	l.Change(func(c *Contents) {
		for _, r := range page.Runs {
			for _, v := range r.Verdicts {
				i := slices.IndexFunc(c.State.Gateways, func(g lab.Gateway) bool { return g.Name == v.Gateway })
				c.State.Gateways[i].Last, c.State.Gateways[i].LastRun = &v, r.ID
			}
		}
	})
}

// Fill enters n more runs into the index, for lists of any length. They share
// the folders of the lab's own runs, of which there must be one.
func (l *Lab) Fill(t testing.TB, n int) {
	t.Helper()
	page, err := l.Store.ListRuns(t.Context(), store.RunQuery{Limit: 500})
	if err != nil || len(page.Runs) == 0 {
		t.Fatalf("no run to copy: %v", err)
	}
	for i := range n {
		r := page.Runs[i%len(page.Runs)]
		r.Prepared = Noon().Add(-time.Duration(i+48) * time.Hour)
		r.Started, r.Ended = r.Prepared.Add(time.Second), r.Prepared.Add(time.Minute)
		r.ID = fmt.Sprintf("01FILL%020d", n-i)
		check(t, l.Store.PutRun(t.Context(), r))
	}
}

// open makes an empty store whose clock stands still as well.
func open(t testing.TB) store.Store {
	t.Helper()
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "lab.db"), sqlite.Options{Now: Noon})
	check(t, err)
	t.Cleanup(func() { check(t, db.Close()) })
	return db
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

//go:build !race

package sqlite

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/store"
)

const many = 10_000

// year fills the store with the runs of a busy year, in one transaction.
func year(t testing.TB) *DB {
	t.Helper()
	db, rng := openNew(t), rand.New(rand.NewPCG(1, 0))
	err := db.within(t.Context(), func(tx *sql.Tx) error {
		for i := range many {
			if err := putRun(t.Context(), tx, one(rng, i)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func one(rng *rand.Rand, i int) store.Run {
	at := noon.Add(time.Duration(i) * 50 * time.Minute)
	p := rng.Float64()
	gateway := []string{"aeotec", "echo", "nest", "home-assistant"}[rng.IntN(4)]
	verdict := []analysis.Conclusion{analysis.CloudVisible, analysis.LANVisible, analysis.NotDetected, analysis.Inconclusive}[rng.IntN(4)]
	r := store.Run{ID: fmt.Sprintf("01KB%022d", i), Dir: fmt.Sprintf("/lab/runs/%d", i), Experiment: []string{"toggles", "paper", "demo"}[rng.IntN(3)],
		Gateways: []string{gateway}, Light: "3", Prepared: at, Started: at, Ended: at.Add(time.Duration(rng.IntN(3600)) * time.Second),
		Ending: experiments.Complete, Slots: 40, Planned: 40, Schedule: "nightly", By: "desk", Attempt: 1, Bytes: 1 << 20,
		Verdicts: []store.RunVerdict{{Gateway: gateway, Verdict: verdict, P: &p, Alpha: 0.01}}, Attention: verdict == analysis.Inconclusive}
	if rng.IntN(20) == 0 {
		r.Tags = []string{"keep"}
	}
	return r
}

// lists are what the page Runs can ask for.
func lists() map[string]store.RunQuery {
	all := map[string]store.RunQuery{
		"newest": {}, "gateway and verdict": {Gateway: "echo", Verdict: "cloud-visible", Sort: store.ByP, Ascending: true},
		"tag": {Tag: "keep"}, "attention": {Attention: true}, "text": {Text: "home-ass"}, "no such text": {Text: "zzz"},
		"a month": {From: noon.AddDate(0, 3, 0), To: noon.AddDate(0, 4, 0), Sort: store.ByDuration}, "longest page": {Limit: 500},
		"all filters": {Gateway: "echo", Verdict: "inconclusive", Tag: "keep", Experiment: "paper", Text: "e", Attention: true, Sort: store.ByVerdict},
	}
	for _, sort := range []store.RunSort{store.ByExperiment, store.ByGateway, store.ByVerdict, store.ByP, store.ByDuration} {
		all["by "+string(sort)] = store.RunQuery{Sort: sort}
	}
	return all
}

// A page of ten thousand runs must not make anybody wait; the bound is far above
// what a slow machine needs.
func TestPagesOfTenThousandRunsAreFastNoRace(t *testing.T) {
	db := year(t)
	for name, q := range lists() {
		took := make([]time.Duration, 0, 5)
		for range 5 {
			start := time.Now()
			if _, err := db.ListRuns(t.Context(), q); err != nil {
				t.Fatal(err)
			}
			took = append(took, time.Since(start))
		}
		t.Logf("%-20s %v", name, slices.Min(took))
		if slices.Min(took) > 100*time.Millisecond {
			t.Errorf("%s took %v, want less than 100 ms", name, slices.Min(took))
		}
	}
	start := time.Now()
	if _, err := db.RunFacets(t.Context()); err != nil || time.Since(start) > 200*time.Millisecond {
		t.Errorf("facets took %v, %v", time.Since(start), err)
	}
	start = time.Now()
	all, err := store.AllRuns(t.Context(), db, store.RunQuery{Sort: store.ByP})
	if err != nil || len(all) != many {
		t.Errorf("all pages have %d runs, %v", len(all), err)
	}
	t.Logf("%-20s %v", "all, 500 a page", time.Since(start))
}

// The last page costs what the first does, in time and memory.
func TestADeepPageNeedsNoMoreMemoryNoRace(t *testing.T) {
	db := year(t)
	q := store.RunQuery{Limit: 500}
	var first, last uint64
	for {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		page, err := db.ListRuns(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		last = after.TotalAlloc - before.TotalAlloc
		if first == 0 {
			first = last
		}
		if q.After = page.Next; page.Next == "" {
			break
		}
	}
	t.Logf("a page of 500 allocates %d kB at first and %d kB at last", first>>10, last>>10)
	if last > 2*first {
		t.Errorf("the last page allocated %d bytes, the first %d", last, first)
	}
}

func BenchmarkLists(b *testing.B) {
	db := year(b)
	for name, q := range lists() {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := db.ListRuns(b.Context(), q); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkPutRun(b *testing.B) {
	db, rng := openNew(b), rand.New(rand.NewPCG(1, 0))
	for i := 0; b.Loop(); i++ {
		if err := db.PutRun(b.Context(), one(rng, i)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRebuildOf200Folders(b *testing.B) {
	db, root := openNew(b), b.TempDir()
	for i := range 200 {
		folder(b, root, noon.Add(time.Duration(i)*time.Hour))
	}
	for b.Loop() {
		if err := store.Rebuild(b.Context(), root, db); err != nil {
			b.Fatal(err)
		}
	}
}

//go:build !race

package sqlite

import (
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/runs"
	"github.com/hueprint/hueprint/store"
	"github.com/hueprint/hueprint/traffic"
)

// drawFolder makes the folder of a random run, as far as it has come.
func drawFolder(t *rapid.T, root string) *runs.Folder {
	e, _ := experiments.Preset("demo")
	e.Name, e.Light = rapid.SampledFrom([]string{"demo", "nightly <b>", ""}).Draw(t, "experiment"), "1"
	at := noon.Add(time.Duration(rapid.IntRange(0, 1e6).Draw(t, "seconds")) * time.Second)
	id, err := runs.NewID(at, rand.Reader)
	check(t, err)
	facts := experiments.Run{ID: id, Prepared: at, Plan: experiments.NewPlan(e, 1), Simulated: rapid.Bool().Draw(t, "simulated"),
		Idle:     rapid.Bool().Draw(t, "idle"),
		Gateways: []experiments.Gateway{{Addresses: traffic.Gateway{Name: "echo"}, Interface: "eth0"}},
		Occasion: experiments.Occasion{Schedule: "nightly", By: "desk", Attempt: 1, Tags: []string{"night"}}}
	f, err := runs.Create(root, facts)
	check(t, err)
	check(t, f.Started(at.Add(time.Second)))
	if rapid.Bool().Draw(t, "ends") {
		ending := rapid.SampledFrom([]experiments.Ending{experiments.Complete, experiments.Stopped, experiments.Aborted}).Draw(t, "ending")
		check(t, errors.Join(f.Restored(rapid.Bool().Draw(t, "restored"), ""), f.End(at.Add(time.Minute), ending, rapid.StringN(0, 20, 40).Draw(t, "cause"))))
	}
	if rapid.Bool().Draw(t, "analysed") {
		p := rapid.Float64Range(0, 1).Draw(t, "p")
		check(t, f.WriteFindings(analysis.Findings{Verdicts: []analysis.Verdict{{Gateway: "echo",
			Verdict: rapid.SampledFrom([]analysis.Conclusion{analysis.CloudVisible, analysis.Inconclusive}).Draw(t, "verdict"), P: &p, Alpha: 0.01}}}))
	}
	if rapid.Bool().Draw(t, "noted") {
		check(t, f.AddNote(runs.Note{Text: "x", Tag: []string{rapid.SampledFrom([]string{"keep", "seen"}).Draw(t, "tag")}, Untag: []string{"night"}}))
	}
	check(t, f.Close())
	return f
}

func check(t *rapid.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// The index that the server has kept run by run, and one made anew from the
// folders, are the same.
func TestTheIndexRebuiltFromTheFoldersEqualsTheOriginalNoRace(t *testing.T) {
	kept, anew := openNew(t), openNew(t)
	rapid.Check(t, func(r *rapid.T) {
		root, err := os.MkdirTemp(t.TempDir(), "")
		check(r, err)
		for range rapid.IntRange(0, 4).Draw(r, "runs") {
			entry, err := store.Digest(drawFolder(r, root))
			check(r, err)
			check(r, kept.PutRun(t.Context(), entry))
		}
		check(r, store.Rebuild(t.Context(), root, anew)) // takes out those of the case before
		got, err := store.AllRuns(t.Context(), anew, store.RunQuery{})
		check(r, err)
		want := []store.Run{}
		all, err := store.AllRuns(t.Context(), kept, store.RunQuery{})
		check(r, err)
		for _, one := range all {
			if filepath.Dir(one.Dir) == root {
				want = append(want, one)
			}
		}
		if diff := cmp.Diff(want, append([]store.Run{}, got...)); diff != "" {
			r.Fatalf("the index differs (-kept +rebuilt):\n%s", diff)
		}
	})
}

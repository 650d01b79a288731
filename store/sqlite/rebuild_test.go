package sqlite

import (
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"strings"
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

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

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
func TestTheIndexRebuiltFromTheFoldersEqualsTheOriginal(t *testing.T) {
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

// folder makes a plain complete run.
func folder(t *testing.T, root string, at time.Time) *runs.Folder {
	t.Helper()
	e, _ := experiments.Preset("demo")
	id, err := runs.NewID(at, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	f, err := runs.Create(root, experiments.Run{ID: id, Prepared: at, Plan: experiments.NewPlan(e, 1)})
	if err == nil {
		err = errors.Join(f.Restored(true, ""), f.End(at, experiments.Complete, ""), f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestABrokenFolderIsReportedAndTheOthersAreEntered(t *testing.T) {
	db, root := openNew(t), t.TempDir()
	whole, broken, odd, copied, gone := folder(t, root, noon), folder(t, root, noon.Add(1e9)), folder(t, root, noon.Add(2e9)), folder(t, root, noon.Add(3e9)), folder(t, root, noon.Add(4e9))
	if err := store.Rebuild(t.Context(), root, db); err != nil {
		t.Fatal(err)
	}
	err := errors.Join(os.WriteFile(filepath.Join(broken.Dir(), "run.json"), []byte("{"), 0o644),
		os.WriteFile(filepath.Join(odd.Dir(), "findings.json"), []byte("{"), 0o644),
		os.CopyFS(filepath.Join(root, "0-copy-"+copied.ID()), os.DirFS(copied.Dir())),
		os.Mkdir(filepath.Join(root, "no run"), 0o755), os.RemoveAll(gone.Dir()))
	if err != nil {
		t.Fatal(err)
	}
	err = store.Rebuild(t.Context(), root, db)
	if err == nil || !strings.Contains(err.Error(), broken.ID()) || !strings.Contains(err.Error(), odd.ID()) || !strings.Contains(err.Error(), "hold the same run") {
		t.Errorf("reported: %v", err)
	}
	for _, f := range []*runs.Folder{whole, broken, odd, copied} {
		if r, err := db.Run(t.Context(), f.ID()); err != nil || r.Attention != (f == odd) {
			t.Errorf("run %s: %+v, %v", f.ID(), r, err)
		}
	}
	if _, err := db.Run(t.Context(), gone.ID()); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the run whose folder is gone: %v", err)
	}
}

func TestARenamedFolderIsNotIndexedUnderAnotherName(t *testing.T) {
	root := t.TempDir()
	f := folder(t, root, noon)
	if err := os.Rename(f.Dir(), filepath.Join(root, "mine")); err != nil {
		t.Fatal(err)
	}
	db := openNew(t)
	if err := store.Rebuild(t.Context(), root, db); err == nil || !strings.Contains(err.Error(), "give the folder its name back") {
		t.Errorf("reported: %v", err)
	}
}

func TestARunThatSomebodyHasSeenWantsNoAttention(t *testing.T) {
	root := t.TempDir()
	f := folder(t, root, noon)
	if err := f.WriteFindings(analysis.Findings{Verdicts: []analysis.Verdict{{Gateway: "echo", Verdict: analysis.Inconclusive}}}); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		note runs.Note
		want bool
	}{{runs.Note{Text: "looked"}, true}, {runs.Note{Tag: []string{store.SeenTag}}, false}, {runs.Note{Untag: []string{store.SeenTag}}, true}} {
		if err := f.AddNote(step.note); err != nil {
			t.Fatal(err)
		}
		if r, err := store.Digest(f); err != nil || r.Attention != step.want || r.Notes != 1 {
			t.Errorf("after %+v: %+v, %v", step.note, r, err)
		}
	}
}

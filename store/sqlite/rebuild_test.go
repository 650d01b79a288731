package sqlite

import (
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/runs"
	"github.com/hueprint/hueprint/store"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// folder makes a plain complete run.
func folder(t testing.TB, root string, at time.Time) *runs.Folder {
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

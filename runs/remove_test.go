package runs

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/hueprint/hueprint/experiments"
)

// ended is a folder of a run that has ended.
func ended(t *testing.T) *Folder {
	t.Helper()
	f := newFolder(t)
	must(t, f.Setting(experiments.On), f.Restored(true, ""), f.End(noon, experiments.Complete, ""), f.Seal())
	return f
}

func TestARemovedRunIsGone(t *testing.T) {
	f, state := ended(t), t.TempDir()
	u, err := f.Unrestored()
	must(t, err, Register(state, u))
	root := filepath.Dir(f.Dir())
	left := filepath.Join(root, removedPrefix+"earlier")
	must(t, os.MkdirAll(filepath.Join(left, captureDir), 0o700))
	must(t, Remove(state, f))
	entries, err := os.ReadDir(root)
	if err != nil || len(entries) != 0 {
		t.Errorf("left: %v, %v", entries, err)
	}
	if pending, err := Pending(state); err != nil || len(pending) != 0 {
		t.Errorf("the register still knows it: %v, %v", pending, err)
	}
}

func TestARunWhoseLightWasNotPutBackIsNotRemoved(t *testing.T) {
	f := newFolder(t)
	must(t, f.Setting(experiments.On), f.NotRestored("no answer"), f.End(noon, experiments.Aborted, ""))
	if err := Remove(t.TempDir(), f); !errors.Is(err, ErrInUse) {
		t.Errorf("removed: %v", err)
	}
	facts(t, f)
}

func TestARunThatGoesOnIsNotRemoved(t *testing.T) {
	for _, idle := range []bool{false, true} {
		r, state := registered(t), t.TempDir()
		r.Idle = idle
		f, err := Create(t.TempDir(), r)
		must(t, err)
		lock, err := Acquire(state, RunResource(r), Holder{PID: os.Getpid(), Run: f.ID()})
		must(t, err)
		if err := Remove(state, f); !errors.Is(err, ErrInUse) {
			t.Errorf("removed: %v", err)
		}
		must(t, lock.Release(), Remove(state, f)) // its process died before it touched the light
	}
}

func TestARemovalThatWasCutShortIsFinished(t *testing.T) {
	f := ended(t)
	root := filepath.Dir(f.Dir())
	must(t, os.Rename(f.Dir(), filepath.Join(root, removedPrefix+filepath.Base(f.Dir()))))
	if folders, err := List(root); err != nil || len(folders) != 0 {
		t.Errorf("a run that is being removed is listed: %v, %v", folders, err)
	}
	must(t, FinishRemovals(root), FinishRemovals(filepath.Join(root, "none")))
	if entries, _ := os.ReadDir(root); len(entries) != 0 {
		t.Errorf("left: %v", entries)
	}
}

package orchestrator

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/capture"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/runs"
	"github.com/hueprint/hueprint/store"
)

func TestNothingBeginsOnAFullDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, "echo")
		free := int64(1 << 29)
		o.Room = func() (int64, error) { return free, nil }
		if _, err := o.Start(t.Context(), "anna", store.Task{Experiment: "test"}); !errors.Is(err, ErrRoom) {
			t.Errorf("start: %v", err)
		}
		f := o.Carry(t.Context(), due)
		if f.Outcome != store.Failed || !strings.Contains(f.Reason, "512 MB are free, 1024 MB must be") || o.bench.heard() != 0 {
			t.Errorf("the firing is %+v", f)
		}
		if ns := o.noticesOf(DiskNotice); len(ns) != 1 || len(o.Troubles()) != 1 {
			t.Errorf("notices %+v, troubles %q", ns, o.Troubles())
		}
		free = 1 << 31
		if f := o.Carry(t.Context(), due); f.Outcome != store.Carried || len(o.Troubles()) != 0 {
			t.Errorf("with room again: %+v, %q", f, o.Troubles())
		}
	})
}

func TestOldRunsMakeRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, "echo")
		o.Digest = func(f *runs.Folder) (store.Run, error) {
			e, err := entryOf(f)
			e.Prepared, e.Bytes = e.Ended, 100<<20
			e.Verdicts = []store.RunVerdict{{Gateway: "echo", Verdict: analysis.NotDetected}}
			return e, err
		}
		var made []string
		for range 4 {
			made = append(made, o.Carry(t.Context(), due).Runs...)
		}
		o.Retention = func() store.Retention { return store.Retention{Budget: 150 << 20} }
		made = append(made, o.Carry(t.Context(), due).Runs...)
		folders, err := runs.List(o.Root)
		if err != nil || len(folders) != 2 || folders[0].ID() != made[3] || folders[1].ID() != made[4] || len(o.shelf.runs) != 2 {
			t.Errorf("%d folders, %d entries of %v: %v", len(folders), len(o.shelf.runs), made, err)
		}
		o.Retention = func() store.Retention { return store.Retention{Budget: 50 << 20} }
		for range 2 {
			o.Carry(t.Context(), due)
			if ns := o.noticesOf(DiskNotice); len(ns) != 1 || len(o.Troubles()) != 1 || !strings.Contains(o.Troubles()[0], "50 MB more than the budget of 50 MB") {
				t.Errorf("notices %+v, troubles %q", ns, o.Troubles())
			}
		}
	})
}

func TestAChangeOfVerdictIsToldOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, "echo")
		verdict, ending := analysis.NotDetected, experiments.Complete
		o.Digest = func(f *runs.Folder) (store.Run, error) {
			e, err := entryOf(f)
			e.Ending, e.Verdicts = ending, []store.RunVerdict{{Gateway: "echo", Verdict: verdict}}
			return e, err
		}
		steps := []struct {
			verdict analysis.Conclusion
			ending  experiments.Ending
			told    int
		}{
			{analysis.NotDetected, experiments.Complete, 0}, // the first
			{analysis.NotDetected, experiments.Complete, 0},
			{analysis.Inconclusive, experiments.Aborted, 0}, // tells itself otherwise
			{analysis.CloudVisible, experiments.Complete, 1},
			{analysis.CloudVisible, experiments.Complete, 1},
			{analysis.NotDetected, experiments.Complete, 2},
		}
		for i, step := range steps {
			verdict, ending = step.verdict, step.ending
			time.Sleep(time.Second)
			o.Carry(t.Context(), due)
			if ns := o.noticesOf(VerdictNotice); len(ns) != step.told {
				t.Fatalf("step %d: notices %+v", i, ns)
			}
		}
		if n := o.noticesOf(VerdictNotice)[0]; n.Before != "not-detected" || n.After != "cloud-visible" || n.Gateway != "echo" || n.Previous == "" {
			t.Errorf("the notice is %+v", n)
		}
	})
}

// An attempt whose evidence failed is no news; what the last one says is.
func TestAnAttemptThatIsTriedAgainChangesNoVerdict(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, "echo")
		o.Retries = func(string) int { return 1 }
		said := []analysis.Conclusion{analysis.CloudVisible, analysis.Inconclusive, analysis.CloudVisible, analysis.Inconclusive, analysis.Inconclusive}
		n := -1
		o.Digest = func(f *runs.Folder) (store.Run, error) {
			n++
			e, err := entryOf(f)
			e.Verdicts = []store.RunVerdict{{Gateway: "echo", Verdict: said[n]}}
			return e, err
		}
		lossy := func(attempts int) {
			o.bench.whenPut = func(put int) {
				if put == 2 && attempts > 0 {
					attempts--
					o.tapes["echo"].started.count(func(s *capture.Stats) { s.Dropped++ })
				}
				if put == 5 {
					o.bench.puts = 0
				}
			}
		}
		for i, step := range []struct{ lossy, runs, told int }{{0, 1, 0}, {1, 2, 0}, {2, 2, 1}} {
			o.bench.puts = 0
			lossy(step.lossy)
			f := o.Carry(t.Context(), due)
			if len(f.Runs) != step.runs || f.Outcome != store.Carried || len(o.noticesOf(VerdictNotice)) != step.told {
				t.Errorf("step %d: %+v, notices %+v", i, f, o.notices)
			}
			if unresolved := step.lossy == 2; unresolved != strings.Contains(f.Reason, "lost in windows") {
				t.Errorf("step %d: reason %q", i, f.Reason)
			}
		}
	})
}

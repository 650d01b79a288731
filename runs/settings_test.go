package runs_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/runs"
)

// The changes of the light outside the slots can be read from the journal,
// whatever became of them.
func TestSettingsAreWhatTheJournalTells(t *testing.T) {
	id, err := runs.NewID(time.Now(), zeros{})
	if err != nil {
		t.Fatal(err)
	}
	f, err := runs.Create(t.TempDir(), experiments.Run{ID: id, Prepared: time.Now(), Found: experiments.LightState{On: true}})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	sent := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, err := range []error{
		f.Setting(experiments.Off), f.Set(experiments.Off, experiments.Receipt{Sent: sent, Outcome: experiments.Done}),
		f.Restoring(), f.NotRestored("the bridge is away"), f.Restoring(), f.Restored(true, ""),
		f.Restored(true, "the light was not touched"), f.Restoring(),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	got, err := f.Settings()
	if err != nil {
		t.Fatal(err)
	}
	if got[0].At != sent {
		t.Errorf("the initial setting is at %v, want when it was sent, %v", got[0].At, sent)
	}
	for i := range got {
		if got[i].At.IsZero() {
			t.Errorf("setting %d has no time", i)
		}
		got[i].At = time.Time{}
	}
	back := func(sent bool, o experiments.Outcome) experiments.Setting {
		return experiments.Setting{Purpose: experiments.Restoration, On: true, Sent: sent, Outcome: o}
	}
	want := []experiments.Setting{
		{Purpose: experiments.Initial, Sent: true, Outcome: experiments.Done},
		back(true, experiments.Failed), back(true, experiments.Done), back(false, experiments.Done), back(true, experiments.Unknown),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

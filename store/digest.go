package store

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"time"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/runs"
)

// Digest reads a run's entry from its folder. It may be called while the run
// goes on; the entry then says interrupted, as the folder cannot know better.
//
// With findings or notes that cannot be read, the entry is returned without
// them, wants attention, and comes with the error. It has no ID when there is no
// entry at all.
func Digest(folder *runs.Folder) (Run, error) {
	facts, err := folder.Run()
	if err != nil {
		return Run{}, err
	}
	if facts.ID != folder.ID() {
		return Run{}, fmt.Errorf("index run %s: its folder %s must end with that ID (give the folder its name back)", facts.ID, filepath.Base(folder.Dir()))
	}
	dir, err := filepath.Abs(folder.Dir())
	if err != nil {
		return Run{}, fmt.Errorf("index run %s: %w", facts.ID, err)
	}
	entry := entryOf(facts)
	entry.Dir = dir
	errs := []error{entry.addVerdicts(folder), entry.addNotes(folder, facts.Occasion.Tags), entry.addSize()}
	err = errors.Join(errs...)
	entry.Attention = entry.wantsAttention(err != nil)
	if err != nil {
		err = fmt.Errorf("index run %s: %w", facts.ID, err)
	}
	return entry, err
}

// entryOf is what the facts tell.
func entryOf(r experiments.Run) Run {
	e := Run{
		ID: r.ID, Experiment: r.Plan.Experiment.Name, Gateways: []string{}, Light: r.Plan.Experiment.Light,
		Simulated: r.Simulated, Idle: r.Idle,
		Prepared: utc(r.Prepared), Started: utc(r.Started), Ended: utc(r.Ended),
		Ending: r.Ending, Cause: r.Cause, Restored: r.Restored,
		Slots: len(r.Commands), Planned: len(r.Plan.Slots), Verdicts: []RunVerdict{},
		Schedule: r.Occasion.Schedule, By: r.Occasion.By, Attempt: r.Occasion.Attempt,
	}
	for _, g := range r.Gateways {
		e.Gateways = append(e.Gateways, g.Name())
	}
	return e
}

// utc is the same instant without a monotonic clock, as a store returns it.
func utc(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Round(0)
}

// addVerdicts takes the verdicts of the registered findings; a run that was not
// analysed yet has none.
func (r *Run) addVerdicts(folder *runs.Folder) error {
	found, err := folder.Findings()
	if errors.Is(err, runs.ErrNotAnalysed) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, v := range found.Verdicts {
		r.Verdicts = append(r.Verdicts, RunVerdict{Gateway: v.Gateway, Verdict: v.Verdict, P: v.P, Alpha: v.Alpha})
	}
	return nil
}

func (r *Run) addNotes(folder *runs.Folder, ordered []string) error {
	notes, err := folder.Notes()
	r.Tags, r.Notes = runs.Tags(notes, ordered...), 0
	for _, n := range notes {
		if n.Text != "" {
			r.Notes++
		}
	}
	return err
}

// addSize adds up the folder's files.
func (r *Run) addSize() error {
	return filepath.WalkDir(r.Dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return ignoreGone(err)
		}
		info, err := d.Info()
		if err == nil {
			r.Bytes += info.Size()
		}
		return ignoreGone(err)
	})
}

// ignoreGone passes over a file that was replaced between listing and looking.
func ignoreGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func (r *Run) wantsAttention(broken bool) bool {
	if broken {
		return true
	}
	if slices.Contains(r.Tags, SeenTag) {
		return false
	}
	inconclusive := func(v RunVerdict) bool { return v.Verdict == analysis.Inconclusive }
	return r.Ending != experiments.Complete || !r.Idle && !r.Restored || slices.ContainsFunc(r.Verdicts, inconclusive)
}

package orchestrator

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/runs"
	"github.com/hueprint/hueprint/store"
)

// Recover cleans up after a server that died, before anything new begins: lights
// are put back as their runs found them, firings that were going on become
// interrupted and get the runs that were made for them, recorded runs without
// findings are analysed as far as recorded, and the index is brought up to date
// with the folders. From then on, and until Close, the station looks after lights
// that could not be put back and after the room on the disk.
//
// It may be repeated. A bridge that does not answer holds it up for some seconds
// only: it is tried again in the background and is one of [Station.Troubles]
// meanwhile. The error tells what could not be cleaned up; the server can work.
func (s *Station) Recover(ctx context.Context) error {
	s.setUp()
	errs := []error{s.mendFirst(ctx), runs.FinishRemovals(s.Root)}
	folders, err := runs.List(s.Root)
	errs = append(errs, err)
	stale, err := s.stale(ctx, folders)
	errs = append(errs, err, s.settleFirings(ctx, folders))
	for _, folder := range stale {
		if ctx.Err() != nil {
			errs = append(errs, context.Cause(ctx))
			break
		}
		errs = append(errs, s.contain("recover run "+folder.ID(), func() error { return s.settleRun(ctx, folder) }))
	}
	s.keep()
	return errors.Join(errs...)
}

// stale are the folders that the index does not have as they are; entries
// without a folder are taken out.
func (s *Station) stale(ctx context.Context, folders []*runs.Folder) ([]*runs.Folder, error) {
	if s.Index == nil {
		return folders, nil
	}
	entries, err := s.entries(ctx)
	if err != nil {
		return folders, fmt.Errorf("bring the index up to date: %w", err)
	}
	var stale []*runs.Folder
	for _, f := range folders {
		entry, known := entries[f.ID()]
		delete(entries, f.ID())
		if dir, err := filepath.Abs(f.Dir()); err != nil || !known || entry.Dir != dir || entry.Ending == experiments.Interrupted && len(entry.Verdicts) == 0 {
			stale = append(stale, f)
		}
	}
	var errs []error
	for id := range entries {
		errs = append(errs, s.Index.RemoveRun(ctx, id))
	}
	return stale, errors.Join(errs...)
}

// entries reads the whole index.
func (s *Station) entries(ctx context.Context) (map[string]store.Run, error) {
	all := map[string]store.Run{}
	for q := (store.RunQuery{Limit: 500}); ; {
		page, err := s.Index.ListRuns(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, r := range page.Runs {
			all[r.ID] = r
		}
		if q.After = page.Next; q.After == "" {
			return all, nil
		}
	}
}

// settleRun brings one folder to its end: analysed, reported, sealed, indexed. A
// run that a living process carries out is left to it; one that needs nothing is
// only indexed.
func (s *Station) settleRun(ctx context.Context, folder *runs.Folder) error {
	run, err := folder.Run()
	if err != nil {
		return err
	}
	if run.Ending == experiments.Interrupted {
		if alive, err := runs.Alive(s.State, run); err != nil || alive {
			return err
		}
	}
	_, analysed := folder.Findings()
	ours := run.Ending == experiments.Interrupted || run.Occasion.Firing != ""
	if run.Idle || !ours || !errors.Is(analysed, runs.ErrNotAnalysed) {
		return errors.Join(s.seal(folder), s.index(ctx, folder), folder.Close())
	}
	_, _, err = s.conclude(ctx, folder)
	return errors.Join(s.seal(folder), err)
}

// seal writes the manifest of a run whose process died before it could, or before
// it had entered findings and report there.
func (s *Station) seal(folder *runs.Folder) error {
	unlisted, err := folder.Unlisted()
	if unlisted || errors.Is(err, runs.ErrUnsealed) {
		return folder.Seal()
	}
	return err
}

// settleFirings ends the firings that a server was carrying out when it died.
func (s *Station) settleFirings(ctx context.Context, folders []*runs.Folder) error {
	if s.Firings == nil {
		return nil
	}
	running, err := s.Firings.RunningFirings(ctx)
	if err != nil || len(running) == 0 {
		return err
	}
	made, err := madeFor(running, folders)
	errs := []error{err}
	for _, f := range running {
		if s.carrying(f.ID) {
			continue
		}
		for _, id := range made[f.ID] {
			if !slices.Contains(f.Runs, id) {
				f.Runs = append(f.Runs, id)
			}
		}
		if f.Runs == nil {
			f.Runs = []string{}
		}
		f.Outcome, f.Ended = store.Interrupted, s.now()
		f.Reason = "the server ended while the task was going on"
		if err := s.Firings.PutFiring(ctx, f); err != nil {
			errs = append(errs, err)
			continue
		}
		s.tell(Happening{Firing: &f})
		s.notifyOutcome(ctx, f)
	}
	return errors.Join(errs...)
}

func (s *Station) carrying(firing string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.task != nil && s.task.firing.ID == firing
}

// madeFor finds the runs that were made for the firings, which may lie in no
// index yet. IDs sort by time, so that only folders since the first firing are
// opened.
func madeFor(firings []store.Firing, folders []*runs.Folder) (map[string][]string, error) {
	earliest := firings[0].Began
	for _, f := range firings {
		if f.Began.Before(earliest) {
			earliest = f.Began
		}
	}
	const clocks = time.Hour // by which the clock may have been set back
	least, err := runs.NewID(earliest.Add(-clocks), bytes.NewReader(make([]byte, 16)))
	if err != nil {
		least = "" // a firing without a time: all are looked at
	}
	made := map[string][]string{}
	var errs []error
	for _, folder := range folders {
		if folder.ID() < least {
			continue
		}
		run, err := folder.Run()
		errs = append(errs, err)
		if id := run.Occasion.Firing; id != "" {
			made[id] = append(made[id], run.ID)
		}
	}
	return made, errors.Join(errs...)
}

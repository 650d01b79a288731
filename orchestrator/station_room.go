package orchestrator

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/hueprint/hueprint/runs"
	"github.com/hueprint/hueprint/store"
)

// leastRoom is the default of Station.LeastRoom.
const leastRoom = 1 << 30

// makeRoom applies the retention policy and refuses when the disk is too full
// nevertheless.
func (s *Station) makeRoom(ctx context.Context) error {
	if s.Retention != nil && s.Index != nil {
		if err := s.contain("make room for recordings", func() error { return s.retain(ctx, s.Retention()) }); err != nil {
			s.Log.Error("the retention policy was not carried out in full", "error", err)
		}
	}
	return s.CheckRoom(ctx)
}

// retain removes the runs that the policy chooses, folder before entry: an entry
// without a folder is found at the next start, a folder without an entry would
// be entered again.
func (s *Station) retain(ctx context.Context, policy store.Retention) error {
	if policy == (store.Retention{}) {
		return nil
	}
	entries, err := s.entries(ctx)
	if err != nil {
		return err
	}
	choice := policy.Choose(slices.Collect(maps.Values(entries)), s.now())
	var errs []error
	for _, r := range choice.Remove {
		err := s.remove(ctx, r)
		errs = append(errs, err)
		if err == nil {
			s.Log.Info("a run was removed by the retention policy", "run", r.ID, "prepared", r.Prepared, "bytes", r.Bytes)
		}
	}
	s.overBudget(ctx, policy, choice.Over)
	return errors.Join(errs...)
}

func (s *Station) remove(ctx context.Context, r store.Run) error {
	folder, err := runs.Open(r.Dir)
	if err == nil {
		err = runs.Remove(s.State, folder)
	}
	if err != nil && !errors.Is(err, runs.ErrNotARun) {
		return err
	}
	return s.Index.RemoveRun(ctx, r.ID)
}

// overBudget says that runs which must stay take more than the budget.
func (s *Station) overBudget(ctx context.Context, policy store.Retention, over int64) {
	trouble := ""
	if over > 0 {
		trouble = fmt.Sprintf("the runs take %d MB more than the budget of %d MB, and none of them may be removed by itself (look at those that want attention, or raise the budget)", over>>20, policy.Budget>>20)
	}
	s.mu.Lock()
	news := trouble != "" && s.full == ""
	s.full = trouble
	s.mu.Unlock()
	if news {
		s.notify(context.WithoutCancel(ctx), Notice{Kind: DiskNotice, Title: "the runs take more room than their budget", Text: trouble})
	}
}

// CheckRoom looks at the room for recordings: [ErrRoom] when it is less than
// LeastRoom. People are told when it becomes so; [Station.Troubles] says it as
// long as it is. A file system that does not tell its room is no error.
func (s *Station) CheckRoom(ctx context.Context) error {
	s.setUp()
	least := s.LeastRoom
	if least == 0 {
		least = leastRoom
	}
	room := s.Room
	if room == nil {
		room = func() (int64, error) { return freeBelow(s.Root) }
	}
	free, err := room()
	if err != nil {
		s.Log.Error("the free room is not known", "error", err)
		return nil
	}
	trouble := ""
	if free < least {
		trouble = fmt.Sprintf("%d MB are free for recordings, %d MB must be: no run can begin (delete old runs, or give the disk more room)", free>>20, least>>20)
	}
	s.mu.Lock()
	news := trouble != "" && s.lowRoom == ""
	s.lowRoom = trouble
	s.mu.Unlock()
	if news {
		s.notify(context.WithoutCancel(ctx), Notice{Kind: DiskNotice, Title: "the disk for recordings is nearly full", Text: trouble})
	}
	if trouble != "" {
		return fmt.Errorf("%w: %d MB are free, %d MB must be", ErrRoom, free>>20, least>>20)
	}
	return nil
}

// freeBelow is what this user may still write where dir is or will be.
func freeBelow(dir string) (int64, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return 0, err
	}
	var st unix.Statfs_t
	for {
		err := unix.Statfs(dir, &st)
		if err == nil {
			return int64(st.Bavail) * int64(st.Bsize), nil
		}
		if !errors.Is(err, os.ErrNotExist) || dir == filepath.Dir(dir) {
			return 0, fmt.Errorf("free room at %s: %w", dir, err)
		}
		dir = filepath.Dir(dir)
	}
}

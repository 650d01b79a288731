package orchestrator

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// leastRoom is the default of Station.LeastRoom.
const leastRoom = 1 << 30

// makeRoom applies the retention policy and refuses when the disk is too full
// nevertheless.
func (s *Station) makeRoom(ctx context.Context) error {
	if s.Retain != nil {
		if err := s.contain("make room for recordings", func() error { return s.Retain(ctx) }); err != nil {
			s.Log.Error("no room was made by the retention policy", "error", err)
		}
	}
	return s.CheckRoom(ctx)
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

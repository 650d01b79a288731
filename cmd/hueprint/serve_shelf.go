package main

import (
	"context"
	"maps"
	"sync"
	"time"

	"github.com/hueprint/hueprint/store"
)

// A shelf remembers of the runs what every look at the bench needs, so that no
// look goes through the whole index: how much room they take, and each gateway's
// latest verdict.
type shelf struct {
	mu     sync.Mutex
	bytes  map[string]int64 // by run
	used   int64
	latest map[string]standing // by gateway
}

func newShelf() *shelf { return &shelf{bytes: map[string]int64{}, latest: map[string]standing{}} }

// standing is a gateway's verdict in one run.
type standing struct {
	run      string
	prepared time.Time
	verdict  store.RunVerdict
}

// load reads the whole index.
func (s *shelf) load(ctx context.Context, index store.Runs) error {
	all, err := allRuns(ctx, index)
	if err != nil {
		return err
	}
	for _, r := range all {
		s.put(r)
	}
	return nil
}

// put takes over a run's entry.
func (s *shelf) put(r store.Run) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.used += r.Bytes - s.bytes[r.ID]
	s.bytes[r.ID] = r.Bytes
	for _, v := range r.Verdicts {
		if old, ok := s.latest[v.Gateway]; !ok || old.run == r.ID || r.Prepared.After(old.prepared) {
			s.latest[v.Gateway] = standing{r.ID, r.Prepared, v}
		}
	}
}

// remove forgets a run.
func (s *shelf) remove(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.used -= s.bytes[id]
	delete(s.bytes, id)
	maps.DeleteFunc(s.latest, func(_ string, l standing) bool { return l.run == id })
}

// room is how many bytes all runs take.
func (s *shelf) room() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.used
}

// last is a gateway's latest verdict and its run; nil before the first.
func (s *shelf) last(gateway string) (*store.RunVerdict, string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l, ok := s.latest[gateway]
	if !ok {
		return nil, ""
	}
	return &l.verdict, l.run
}

// shelved is an index whose changes the shelf remembers.
type shelved struct {
	store.Runs
	shelf *shelf
}

// PutRun enters a run.
func (s shelved) PutRun(ctx context.Context, r store.Run) error {
	if err := s.Runs.PutRun(ctx, r); err != nil {
		return err
	}
	s.shelf.put(r)
	return nil
}

// RemoveRun takes a run out.
func (s shelved) RemoveRun(ctx context.Context, id string) error {
	if err := s.Runs.RemoveRun(ctx, id); err != nil {
		return err
	}
	s.shelf.remove(id)
	return nil
}

// allRuns reads the whole index.
func allRuns(ctx context.Context, index store.Runs) ([]store.Run, error) {
	var all []store.Run
	for q := (store.RunQuery{Limit: 500}); ; {
		page, err := index.ListRuns(ctx, q)
		if err != nil {
			return nil, err
		}
		all = append(all, page.Runs...)
		if q.After = page.Next; q.After == "" {
			return all, nil
		}
	}
}

package orchestrator

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/capture"
	"github.com/hueprint/hueprint/runs"
	"github.com/hueprint/hueprint/store"
)

// shelf is an index and a history in memory.
type shelf struct {
	mu      sync.Mutex
	runs    map[string]store.Run
	firings map[string]store.Firing
}

func newShelf() *shelf {
	return &shelf{runs: map[string]store.Run{}, firings: map[string]store.Firing{}}
}

func (s *shelf) PutRun(_ context.Context, r store.Run) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.runs[r.ID] = r
	return nil
}

func (s *shelf) Run(_ context.Context, id string) (store.Run, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.runs[id]
	if !ok {
		return r, store.ErrNotFound
	}
	return r, nil
}

func (s *shelf) RemoveRun(_ context.Context, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.runs, id)
	return nil
}

func (s *shelf) ListRuns(_ context.Context, q store.RunQuery) (page store.RunPage, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.runs {
		if (q.Experiment == "" || q.Experiment == r.Experiment) && (q.Ending == "" || q.Ending == string(r.Ending)) &&
			(q.Gateway == "" || slices.Contains(r.Gateways, q.Gateway)) {
			page.Runs = append(page.Runs, r)
		}
	}
	slices.SortFunc(page.Runs, func(a, b store.Run) int { return strings.Compare(b.ID, a.ID) })
	return page, nil
}

func (s *shelf) RunFacets(context.Context) (store.Facets, error) { return store.Facets{}, nil }

func (s *shelf) PutFiring(_ context.Context, f store.Firing) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.firings[f.ID] = f
	return nil
}

func (s *shelf) Firing(_ context.Context, id string) (store.Firing, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, ok := s.firings[id]
	if !ok {
		return f, store.ErrNotFound
	}
	return f, nil
}

func (s *shelf) ListFirings(context.Context, store.FiringQuery) (store.FiringPage, error) {
	return store.FiringPage{}, errors.ErrUnsupported
}

func (s *shelf) RunningFirings(context.Context) (fs []store.Firing, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.firings {
		if f.Outcome == store.Running {
			fs = append(fs, f)
		}
	}
	return fs, nil
}

// entryOf is a plain digest: what the tests look at.
func entryOf(f *runs.Folder) (store.Run, error) {
	r, err := f.Run()
	e := store.Run{ID: r.ID, Dir: f.Dir(), Experiment: r.Plan.Experiment.Name, Ending: r.Ending, Ended: r.Ended, Restored: r.Restored,
		Schedule: r.Occasion.Schedule, By: r.Occasion.By, Attempt: r.Occasion.Attempt, Idle: r.Idle}
	for _, g := range r.Gateways {
		e.Gateways = append(e.Gateways, g.Name())
	}
	found, findingsErr := f.Findings()
	if findingsErr == nil {
		for _, v := range found.Verdicts {
			e.Verdicts = append(e.Verdicts, store.RunVerdict{Gateway: v.Gateway, Verdict: v.Verdict})
		}
	}
	return e, err
}

// office is a station over a bench, with everything that it told.
type office struct {
	*Station
	bench *bench
	shelf *shelf
	tapes map[string]*tape
	means Conductor

	mu        sync.Mutex
	told      []Happening
	notices   []Notice
	published []string
}

// newOffice has a station whose task is one run for each of the gateways.
func newOffice(t *testing.T, gateways ...string) *office {
	o := &office{bench: newBench(), shelf: newShelf(), tapes: map[string]*tape{}}
	o.means = newConductor(t, o.bench)
	for _, g := range gateways {
		o.tapes[g] = &tape{}
	}
	o.Station = &Station{Root: o.means.Root, State: o.means.State, Digest: entryOf, Index: o.shelf, Firings: o.shelf,
		Room: func() (int64, error) { return 1 << 40, nil },
		Prepare: func(context.Context, store.Task) (Job, error) {
			job := Job{Conductor: o.means}
			for _, g := range gateways {
				one := order(map[string]capture.Recorder{g: o.tapes[g]})
				one.Registered = analysis.Registered(one.Plan.Experiment)
				job.Orders = append(job.Orders, one)
			}
			return job, nil
		},
		Bridge: func(context.Context, runs.Unrestored) (Conductor, error) { return o.means, nil },
		Publish: func(_ context.Context, f *runs.Folder, _ analysis.Findings, _ []analysis.Trace) error {
			o.note(func() { o.published = append(o.published, f.ID()) })
			return nil
		},
		Notify: func(_ context.Context, n Notice) error {
			o.note(func() { o.notices = append(o.notices, n) })
			return nil
		},
		Tell: func(h Happening) { o.note(func() { o.told = append(o.told, h) }) },
	}
	t.Cleanup(func() {
		if err := o.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return o
}

func (o *office) note(do func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	do()
}

func (o *office) noticesOf(k NoticeKind) (ns []Notice) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, n := range o.notices {
		if n.Kind == k {
			ns = append(ns, n)
		}
	}
	return ns
}

// idle waits until no task goes on.
func (o *office) idle() {
	for o.Running() != nil {
		time.Sleep(time.Second)
	}
	synctest.Wait()
}

func (o *office) firing(t *testing.T, id string) store.Firing {
	t.Helper()
	f, err := o.shelf.Firing(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

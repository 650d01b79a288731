package orchestrator

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/runs"
	"github.com/hueprint/hueprint/store"
)

// mostRetries bounds what a schedule may ask for.
const mostRetries = 10

// piece is one run of a job: an order or an idle recording.
type piece struct {
	order *Order
	idle  *IdleOrder
}

func (j Job) pieces() (ps []piece) {
	for i := range j.Orders {
		ps = append(ps, piece{order: &j.Orders[i]})
	}
	for i := range j.Idle {
		ps = append(ps, piece{idle: &j.Idle[i]})
	}
	return ps
}

func (p piece) gateways() []string {
	under := p.underTest()
	names := make([]string, len(under))
	for i, g := range under {
		names[i] = g.Name()
	}
	return names
}

func (p piece) underTest() []experiments.Gateway {
	if p.idle != nil {
		return p.idle.Gateways
	}
	return p.order.Gateways
}

// name tells the pieces of a job apart, also when it is prepared again.
func (p piece) name() string { return strings.Join(p.gateways(), " + ") }

func (p piece) length() time.Duration {
	if p.idle != nil {
		return p.idle.For
	}
	return p.order.Plan.Duration
}

// result is what became of a piece in its latest attempt.
type result struct {
	name  string
	run   string // its ID; empty when there is no folder
	err   error
	again string // what the evidence shows that makes another attempt worthwhile
}

func (r result) held() bool {
	var held *runs.HeldError
	return r.run == "" && errors.As(r.err, &held)
}

// carry carries out a claimed firing, frees the station, and returns the firing
// with its outcome. job is nil where it is yet to be prepared.
func (s *Station) carry(t *task, job *Job) store.Firing {
	s.setFiring(t, func(f *store.Firing) { f.Outcome = store.Running })
	s.tellProgress(t, nil)
	var outcome store.FiringOutcome
	var reason string
	err := s.contain("carry out the task", func() error {
		outcome, reason = s.attempts(t, job)
		return nil
	})
	if err != nil {
		outcome, reason = store.Failed, err.Error()
	}
	ended := t.firing
	ended.Outcome, ended.Reason, ended.Ended = outcome, reason, s.now()
	s.free(t) // first, so that whoever hears of the end can begin something else
	s.enter(ended)
	s.notifyOutcome(context.WithoutCancel(t.ctx), ended)
	s.poke()
	s.over(t)
	return ended
}

// setFiring changes the firing, keeps it and tells it.
func (s *Station) setFiring(t *task, change func(*store.Firing)) {
	s.mu.Lock()
	change(&t.firing)
	f := t.firing
	s.mu.Unlock()
	s.enter(f)
}

func (s *Station) enter(f store.Firing) {
	f.Runs = slices.Clone(f.Runs)
	if s.Firings != nil {
		if err := s.Firings.PutFiring(context.Background(), f); err != nil {
			s.Log.Error("a firing was not kept", "firing", f.ID, "error", err)
		}
	}
	s.tell(Happening{Firing: &f})
}

// attempts goes through the job's runs, and again through those whose evidence
// asks for it.
func (s *Station) attempts(t *task, job *Job) (store.FiringOutcome, string) {
	most := 1
	if s.Retries != nil {
		most += min(max(0, s.Retries(t.firing.Schedule)), mostRetries)
	}
	var results []result
	for attempt := 1; ; attempt++ {
		results = s.attempt(t, job, attempt, attempt == most, results)
		job = nil
		if attempt >= most || t.ctx.Err() != nil || !slices.ContainsFunc(results, func(r result) bool { return r.again != "" }) {
			break
		}
		if !s.pause(t, attempt) {
			break
		}
	}
	if len(t.firing.Runs) == 0 && !slices.ContainsFunc(results, func(r result) bool { return !r.held() }) {
		t.refused = results[0].err
		return store.Skipped, "the bench was busy: " + oneLine(t.refused)
	}
	return conclude(results, context.Cause(t.ctx))
}

// attempt carries out the runs of the first attempt, or those that need another.
func (s *Station) attempt(t *task, job *Job, attempt int, last bool, before []result) []result {
	ctx := t.ctx
	if job == nil {
		prepared, err := s.prepare(ctx, t.firing.Task)
		if err != nil {
			again, _ := Again(experiments.Run{}, nil, err)
			return merge(before, result{err: err, again: again})
		}
		job = &prepared
	}
	pieces := slices.DeleteFunc(job.pieces(), func(p piece) bool { return !wanted(before, p.name()) })
	results := slices.DeleteFunc(slices.Clone(before), func(r result) bool { return r.name == "" })
	for i, p := range pieces {
		if ctx.Err() != nil {
			results = merge(results, result{name: p.name(), err: stopped(ctx)})
			continue
		}
		var later time.Duration
		for _, next := range pieces[i+1:] {
			later += next.length()
		}
		r := s.run(t, job.Conductor, p, attempt, later)
		if r.run != "" && (r.again == "" || last) {
			s.notifyVerdicts(context.WithoutCancel(ctx), r.run, t.firing.Runs)
		}
		results = merge(results, r)
	}
	return results
}

// wanted tells whether a piece has not been tried, or needs another attempt.
func wanted(before []result, name string) bool {
	i := slices.IndexFunc(before, func(r result) bool { return r.name == name })
	return i < 0 || before[i].again != ""
}

// merge puts a result into the place of the one that the same piece had before.
func merge(results []result, r result) []result {
	if i := slices.IndexFunc(results, func(old result) bool { return old.name == r.name }); i >= 0 {
		results[i] = r
		return results
	}
	return append(results, r)
}

// run carries out one run with everything that follows from it.
func (s *Station) run(t *task, c Conductor, p piece, attempt int, later time.Duration) result {
	s.mu.Lock()
	t.later = later
	t.progress.Run, t.progress.Last, t.progress.Slot, t.progress.Until = "", nil, 0, time.Time{}
	t.progress.Gateways, t.progress.Attempt, t.progress.Left = p.gateways(), attempt, p.length()+later
	if p.order != nil {
		t.progress.Window = p.order.Plan.Experiment.Window
	}
	s.mu.Unlock()
	c.Observer = observer{s, t, c.Observer}
	r := result{name: p.name()}
	var folder *runs.Folder
	r.err = s.contain("run "+r.name, func() (err error) {
		folder, err = s.perform(t, c, p, attempt)
		return err
	})
	var facts experiments.Run
	var found *analysis.Findings
	if folder != nil {
		r.run = folder.ID()
		s.setFiring(t, func(f *store.Firing) { f.Runs = append(slices.Clone(f.Runs), r.run) })
		s.step(t, func(pr *Progress) { pr.Phase, pr.Left = Analyzing, later })
		var err error
		facts, found, err = s.conclude(context.WithoutCancel(t.ctx), folder)
		r.err = errors.Join(r.err, err)
	}
	r.again, _ = Again(facts, found, r.err)
	switch {
	case r.err != nil && facts.Ending == experiments.Stopped:
		s.Log.Info("a run was stopped", "run", r.run, "gateways", r.name, "attempt", attempt, "cause", r.err)
	case r.err != nil:
		s.Log.Warn("a run failed", "run", r.run, "gateways", r.name, "attempt", attempt, "error", r.err)
	}
	return r
}

// perform lets the conductor carry out a piece as an attempt of the firing.
func (s *Station) perform(t *task, c Conductor, p piece, attempt int) (*runs.Folder, error) {
	f := t.firing
	occasion := experiments.Occasion{Firing: f.ID, Schedule: f.Schedule, By: f.By, Attempt: attempt, Tags: f.Task.Tags}
	if err := s.makeRoom(t.ctx); err != nil {
		return nil, err
	}
	if p.idle != nil {
		o := *p.idle
		o.Occasion = occasion
		return c.RecordIdle(t.ctx, o)
	}
	select {
	case s.hands <- struct{}{}: // the mender needs half a minute at most
		defer func() { <-s.hands }()
	case <-t.ctx.Done():
		return nil, stopped(t.ctx)
	}
	o := *p.order
	o.Occasion = occasion
	return c.Run(t.ctx, o)
}

// conclude analyses a recorded run, publishes the report and enters the run into
// the index. Whatever fails, the rest is done, and the folder keeps the record.
func (s *Station) conclude(ctx context.Context, folder *runs.Folder) (experiments.Run, *analysis.Findings, error) {
	facts, err := folder.Run()
	if err != nil {
		return facts, nil, err
	}
	var found *analysis.Findings
	errs := []error{s.contain("analyse run "+facts.ID, func() error {
		if facts.Idle {
			return nil
		}
		f, traces, err := Analyze(folder, analysis.Options{})
		if err != nil {
			return err
		}
		found = &f
		if s.Publish == nil {
			return nil
		}
		return s.Publish(ctx, folder, f, traces)
	})}
	errs = append(errs, s.index(ctx, folder), folder.Close())
	return facts, found, errors.Join(errs...)
}

// index enters a run into the index.
func (s *Station) index(ctx context.Context, folder *runs.Folder) error {
	if s.Index == nil {
		return nil
	}
	digest := s.Digest
	if digest == nil {
		digest = store.Digest
	}
	return s.contain("enter run "+folder.ID()+" into the index", func() error {
		entry, unread := digest(folder)
		if entry.ID == "" {
			return unread
		}
		if err := s.Index.PutRun(ctx, entry); err != nil {
			return errors.Join(unread, fmt.Errorf("enter run %s into the index: %w", entry.ID, err))
		}
		s.tell(Happening{Run: &entry})
		return unread
	})
}

// prepare makes a task concrete.
func (s *Station) prepare(ctx context.Context, t store.Task) (job Job, err error) {
	err = s.contain("prepare the task", func() error {
		if err := s.makeRoom(ctx); err != nil {
			return err
		}
		if job, err = s.Prepare(ctx, t); err == nil && len(job.Orders)+len(job.Idle) == 0 {
			err = fmt.Errorf("%w: the task has no run (name a gateway)", ErrInvalid)
		}
		return err
	})
	return job, err
}

// pause waits before another attempt; false when the task was stopped meanwhile.
func (s *Station) pause(t *task, attempt int) bool {
	wait := retryAfter(s.RetryAfter, s.RetryMost, attempt)
	s.step(t, func(p *Progress) { p.Phase, p.Left, p.Until, p.Run = Waiting, wait, s.now().Add(wait), "" })
	return sleepUntil(t.ctx, time.Now().Add(wait)) == nil
}

// contain lets a panic end what it happened in, and nothing else.
func (s *Station) contain(what string, do func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			s.Log.Error("a defect of the program (please report it)", "in", what, "panic", fmt.Sprint(r), "stack", string(debug.Stack()))
			err = errors.Join(err, fmt.Errorf("%s: a defect of the program ended it (please report it): %v", what, r))
		}
	}()
	return do()
}

// conclude draws the outcome of a firing from its runs' latest attempts.
func conclude(results []result, stopped error) (store.FiringOutcome, string) {
	var reasons []string
	for _, r := range results {
		switch {
		case r.err != nil && r.name != "":
			reasons = append(reasons, r.name+": "+oneLine(r.err))
		case r.err != nil:
			reasons = append(reasons, oneLine(r.err))
		}
	}
	reason, open := strings.Join(reasons, "; "), unresolved(results)
	switch {
	case errors.Is(stopped, context.Canceled) && reason+open != "":
		return store.Stopped, "the server was stopped"
	case stopped != nil && reason+open != "":
		return store.Stopped, stopped.Error()
	case reason == "":
		return store.Carried, open
	}
	return store.Failed, reason
}

// unresolved says of what was carried out why its evidence is still not good.
func unresolved(results []result) string {
	var reasons []string
	for _, r := range results {
		if r.again != "" {
			reasons = append(reasons, r.name+": "+r.again)
		}
	}
	return strings.Join(reasons, "; ")
}

// oneLine is an error's text as a reason.
func oneLine(err error) string {
	var lines []string
	for line := range strings.Lines(err.Error()) {
		if line = strings.TrimSpace(line); line != "" && !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	const most = 6
	return strings.Join(lines[:min(len(lines), most)], "; ")
}

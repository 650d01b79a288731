package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/capture"
	"github.com/hueprint/hueprint/config"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/orchestrator"
	"github.com/hueprint/hueprint/reports"
	"github.com/hueprint/hueprint/runs"
	"github.com/hueprint/hueprint/store"
)

// missing lists what must be set up before a run can begin.
func (s *server) missing() []string {
	c, mistakes := s.settings.now()
	list := []string{}
	if c.Bridge.Address == "" {
		list = append(list, "No bridge is paired: find it and press its button.")
	} else if _, err := s.link.open(); err != nil {
		list = append(list, sentence(err.Error()))
	}
	if c.Light == "" {
		list = append(list, "No light is chosen: pick the bulb under test.")
	}
	if len(c.Gateways) == 0 {
		list = append(list, "No gateway is named: pick those under test from the hosts that are heard.")
	}
	if len(c.Experiments) == 0 {
		list = append(list, "There is no experiment: add one to the configuration.")
	}
	if wrong := mistakes.Wrong(); len(wrong) > 0 {
		list = append(list, fmt.Sprintf("The configuration has mistakes (%d); the first: line %d: %s.", len(wrong), wrong[0].Line, strings.TrimSuffix(wrong[0].Text, ".")))
	}
	return list
}

// sentence begins with a capital and ends with a full stop.
func sentence(text string) string {
	if text == "" {
		return text
	}
	return strings.ToUpper(text[:1]) + strings.TrimSuffix(text[1:], ".") + "."
}

// prepare makes a task concrete for the station.
func (s *server) prepare(ctx context.Context, t store.Task) (orchestrator.Job, error) {
	c, mistakes := s.settings.now()
	if wrong := mistakes.Wrong(); len(wrong) > 0 {
		return orchestrator.Job{}, like(orchestrator.ErrNotSetUp, wrong)
	}
	if t.Idle > 0 {
		return s.idleJob(c, t)
	}
	if missing := s.missing(); len(missing) > 0 {
		return orchestrator.Job{}, like(orchestrator.ErrNotSetUp, errors.New(strings.Join(missing, " ")))
	}
	e, err := designOf(c, t)
	if err != nil {
		return orchestrator.Job{}, err
	}
	s.restLight()
	job, err := s.experimentJob(ctx, e, t.Seed)
	if err != nil {
		s.resumeLight()
	}
	return job, err
}

// designOf is the experiment that a task names, on the gateways that it names.
func designOf(c config.Config, t store.Task) (experiments.Experiment, error) {
	e, ok := c.Experiment(t.Experiment)
	if !ok {
		return e, like(orchestrator.ErrUnknown, fmt.Errorf("the configuration has no experiment %q (it has %s)", t.Experiment, strings.Join(c.ExperimentNames(), ", ")))
	}
	if len(t.Gateways) > 0 {
		e.Gateways = t.Gateways
	}
	for _, name := range e.Gateways {
		if !slices.ContainsFunc(c.Gateways, func(g config.Gateway) bool { return g.Name == name }) {
			return e, like(orchestrator.ErrUnknown, fmt.Errorf("the configuration has no gateway %q", name))
		}
	}
	if err := e.Validate(); err != nil {
		return e, like(orchestrator.ErrInvalid, err)
	}
	return e, nil
}

func (s *server) experimentJob(ctx context.Context, e experiments.Experiment, seed uint64) (orchestrator.Job, error) {
	b, err := s.link.bench(ctx)
	if err != nil {
		return orchestrator.Job{}, err
	}
	job := orchestrator.Job{Conductor: s.conductor(b)}
	for i, group := range groups(e) {
		draw := seed + uint64(i)
		if seed == 0 {
			draw = drawSeed()
		}
		o, err := b.order(group, draw)
		if err != nil {
			return job, like(orchestrator.ErrInvalid, err)
		}
		job.Orders = append(job.Orders, o)
	}
	return job, nil
}

// conductor has the bench's means; what a run sees of the light, the light's
// keeper hears.
func (s *server) conductor(b bench) orchestrator.Conductor {
	c := b.conductor()
	c.Root, c.State, c.Watcher = s.root, s.state, eavesdropper{b.act, s.light}
	return c
}

func (s *server) idleJob(c config.Config, t store.Task) (orchestrator.Job, error) {
	names := t.Gateways
	if len(names) == 0 {
		for _, g := range c.Gateways {
			names = append(names, g.Name)
		}
	}
	o := orchestrator.IdleOrder{Recorders: map[string]capture.Recorder{}, For: t.Idle, Simulated: s.site.simulated(), Keep: c.Keep, Version: programVersion()}
	for _, name := range names {
		g, ok := c.Gateway(name, addressesOf(context.Background(), c.Bridge.Address)...)
		if !ok {
			return orchestrator.Job{}, like(orchestrator.ErrUnknown, fmt.Errorf("the configuration has no gateway %q", name))
		}
		o.Gateways = append(o.Gateways, g)
		o.Recorders[name] = s.site.tap(g)
	}
	if len(o.Gateways) == 0 {
		return orchestrator.Job{}, like(orchestrator.ErrNotSetUp, errors.New("no gateway is named (pick those under test on the page Set up)"))
	}
	return orchestrator.Job{Conductor: orchestrator.Conductor{Root: s.root, State: s.state}, Idle: []orchestrator.IdleOrder{o}}, nil
}

// bridgeOf gives the means to put back a light that an earlier run left changed.
func (s *server) bridgeOf(ctx context.Context, left runs.Unrestored) (orchestrator.Conductor, error) {
	if left.Simulated != s.site.simulated() {
		return orchestrator.Conductor{}, orchestrator.ErrOtherBench
	}
	b, err := s.link.bench(ctx)
	if err != nil {
		return orchestrator.Conductor{}, err
	}
	if left.Bridge.ID != b.identity.ID {
		return orchestrator.Conductor{}, orchestrator.ErrOtherBench
	}
	return s.conductor(b), nil
}

// publish writes a run's report into its folder.
func (s *server) publish(_ context.Context, folder *runs.Folder, found analysis.Findings, traces []analysis.Trace) error {
	run, err := folder.Run()
	if err != nil {
		return err
	}
	part := reports.Part{Findings: found, Traces: traces, Run: &run, Folder: folder.Dir()}
	return keepReport(folder, part, fmt.Sprintf("hueprint run %s --seed %d", shellQuote(run.Plan.Experiment.Name), run.Plan.Seed))
}

// restLight keeps the light's keeper away from the bridge while a task goes on.
func (s *server) restLight() {
	s.mu.Lock()
	already := s.lightRests
	s.lightRests = true
	s.mu.Unlock()
	if !already {
		s.light.rest()
	}
}

func (s *server) resumeLight() {
	s.mu.Lock()
	rests := s.lightRests
	s.lightRests = false
	s.mu.Unlock()
	if rests {
		s.light.resume()
	}
}

package labtest

import (
	"context"
	"sync"
	"time"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/config"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/panel/lab"
	"github.com/hueprint/hueprint/panel/live"
	"github.com/hueprint/hueprint/runs"
	"github.com/hueprint/hueprint/store"
)

// Contents are what a bench answers with.
type Contents struct {
	State   lab.State
	Bridges []lab.Bridge
	Paired  lab.Bridge
	// Pressed tells that the button of the simulated bridge was pressed.
	Pressed    bool
	Lights     []lab.Light
	Interfaces []lab.Interface
	Hosts      []lab.Host
	Gateways   []config.Gateway
	Checks     []lab.Check
	File       lab.Configuration
	Preview    lab.Preview
	// Errors are what the method of that name fails with.
	Errors map[string]error
}

// A Bench is a [lab.Bench] and a [lab.Setup] that a test turns as it likes.
type Bench struct {
	hub *live.Hub

	mu    sync.Mutex
	now   Contents
	asked []string
}

var (
	_ lab.Bench = (*Bench)(nil)
	_ lab.Setup = (*Bench)(nil)
)

// Change changes what the bench answers, and tells the feed of its new state.
func (b *Bench) Change(f func(*Contents)) {
	b.mu.Lock()
	f(&b.now)
	state := b.now.State
	b.mu.Unlock()
	b.hub.Publish(lab.KindState, state)
}

// Fail makes the method of that name fail with err; nil makes it work again.
func (b *Bench) Fail(method string, err error) {
	b.Change(func(c *Contents) {
		if c.Errors == nil {
			c.Errors = map[string]error{}
		}
		c.Errors[method] = err
	})
}

// Asked lists what was asked of the bench so far: the method's name, and after a
// space the thing that it was about.
func (b *Bench) Asked() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string(nil), b.asked...)
}

// ask notes a call and returns the contents and what the method must fail with.
func (b *Bench) ask(method, about string) (Contents, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	note := method
	if about != "" {
		note += " " + about
	}
	b.asked = append(b.asked, note)
	return b.now, b.now.Errors[method]
}

// State is the bench at [Noon].
func (b *Bench) State(context.Context) lab.State {
	c, _ := b.ask("State", "")
	return c.State
}

// Start begins the task, if the bench is ready and idle.
func (b *Bench) Start(_ context.Context, by string, t store.Task) (string, error) {
	c, err := b.ask("Start", t.Experiment)
	switch {
	case err != nil:
		return "", err
	case len(c.State.Missing) > 0:
		return "", lab.ErrNotSetUp
	case c.State.Running != nil:
		return "", lab.ErrBusy
	}
	running := runningTask(by, t)
	b.Change(func(c *Contents) { c.State.Running = &running })
	b.hub.Publish(lab.KindProgress, running)
	return running.Firing, nil
}

func runningTask(by string, t store.Task) lab.Running {
	return lab.Running{Firing: "01FIRINGBYHAND000000000000", By: by, Task: t, Gateways: []string{"aeotec"},
		Phase: "baseline", Of: 30, Began: Noon(), Left: 15 * time.Minute, Attempt: 1, Window: 6 * time.Second}
}

// Stop ends the running task at once.
func (b *Bench) Stop(_ context.Context, by string) error {
	c, err := b.ask("Stop", by)
	if err != nil {
		return err
	}
	if c.State.Running == nil {
		return lab.ErrIdle
	}
	b.Change(func(c *Contents) { c.State.Running = nil })
	b.hub.Publish(lab.KindProgress, nil)
	return nil
}

// Preview draws the plan of the preset toggles, whatever the task.
func (b *Bench) Preview(_ context.Context, t store.Task) (lab.Preview, error) {
	c, err := b.ask("Preview", t.Experiment)
	if err != nil || len(c.Preview.Plans) > 0 {
		return c.Preview, err
	}
	e, _ := experiments.Preset("toggles")
	e.Light, e.Gateways = "1", []string{"aeotec"}
	p := experiments.NewPlan(e, max(t.Seed, 1))
	return lab.Preview{Plans: []experiments.Plan{p}, Duration: p.Duration, LeastP: e.LeastP(), Warnings: e.Warnings()}, nil
}

// Blink blinks, unless a run is going on.
func (b *Bench) Blink(context.Context) error {
	c, err := b.ask("Blink", "")
	if err == nil && c.State.Running != nil {
		return lab.ErrBusy
	}
	return err
}

// Reanalyze analyses the run anew.
func (b *Bench) Reanalyze(_ context.Context, dir string, o analysis.Options) (analysis.Findings, []analysis.Trace, error) {
	if _, err := b.ask("Reanalyze", ""); err != nil {
		return analysis.Findings{}, nil, err
	}
	f, err := runs.Open(dir)
	if err != nil {
		return analysis.Findings{}, nil, err
	}
	defer f.Close()
	return analyse(f, o)
}

// Refresh only notes that it was asked.
func (b *Bench) Refresh(context.Context, string) error {
	_, err := b.ask("Refresh", "")
	return err
}

// Rescheduled only notes that it was told.
func (b *Bench) Rescheduled() { _, _ = b.ask("Rescheduled", "") }

package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"syscall"
	"time"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/capture"
	"github.com/hueprint/hueprint/config"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/orchestrator"
	"github.com/hueprint/hueprint/panel/lab"
	"github.com/hueprint/hueprint/runs"
	"github.com/hueprint/hueprint/store"
)

// benchPort is the bench as the panel operates it.
type benchPort struct{ *server }

var _ lab.Bench = benchPort{}

// upcomingFirings is how many firings to come the bench shows.
const upcomingFirings = 5

// State is a snapshot; it reads nothing from the bridge.
func (b benchPort) State(ctx context.Context) lab.State {
	c, mistakes := b.settings.now()
	s := lab.State{At: b.clock(), Lab: c.Lab, Version: programVersion(), Simulated: b.site.simulated(), Zone: b.zone(c),
		Missing: b.missing(), Light: b.light.now(), Gateways: b.gateways(c), Experiments: append([]string{}, c.ExperimentNames()...),
		Running: runningOf(b.station.Running()), Next: b.next(ctx), Disk: b.disk(c), Troubles: append([]string{}, b.station.Troubles()...)}
	if s.Light.ID == "" {
		s.Light.ID = c.Light
	}
	for _, m := range mistakes.Wrong() {
		s.Troubles = append(s.Troubles, m.String())
	}
	for _, g := range s.Gateways {
		if g.Trouble != "" {
			s.Troubles = append(s.Troubles, "gateway "+g.Name+": "+g.Trouble)
		}
	}
	s.Troubles = append(s.Troubles, b.standing()...)
	return s
}

func (s *server) zone(c config.Config) string {
	if c.Serve.Zone == "" {
		return "UTC"
	}
	return c.Serve.Zone
}

func (s *server) gateways(c config.Config) []lab.Gateway {
	taps := s.monitor.Taps()
	all := make([]lab.Gateway, 0, len(c.Gateways))
	for _, g := range c.Gateways {
		tap := taps[g.Name]
		one := lab.Gateway{Name: g.Name, Kind: g.Kind, Firmware: g.Firmware, Interface: g.Interface,
			Heard: tap.Heard, Watched: tap.Watched, Trouble: tap.Trouble}
		one.Last, one.LastRun = s.shelf.last(g.Name)
		all = append(all, one)
	}
	return all
}

// taps are recorders of the configured gateways.
func (s *server) taps(c config.Config) map[string]capture.Recorder {
	taps := map[string]capture.Recorder{}
	for _, one := range c.Gateways {
		if g, ok := c.Gateway(one.Name); ok {
			taps[one.Name] = s.site.tap(g)
		}
	}
	return taps
}

func (s *server) next(ctx context.Context) []lab.Upcoming {
	due, err := s.scheduler.Upcoming(ctx, upcomingFirings)
	if err != nil && ctx.Err() == nil {
		s.log.Error("the next firings are not known", "error", err)
	}
	all := make([]lab.Upcoming, 0, len(due))
	for _, d := range due {
		all = append(all, lab.Upcoming{Schedule: d.Schedule.ID, Name: d.Schedule.Name, Task: d.Schedule.Task, At: d.At})
	}
	return all
}

func (s *server) disk(c config.Config) lab.Disk {
	d := lab.Disk{Used: s.shelf.room(), Budget: int64(c.Serve.Disk.Budget)}
	var fs syscall.Statfs_t
	if syscall.Statfs(existing(s.root), &fs) == nil {
		d.Free = int64(fs.Bavail) * int64(fs.Bsize)
	}
	return d
}

// Start begins a task by hand.
func (b benchPort) Start(ctx context.Context, by string, t store.Task) (string, error) {
	firing, err := b.station.Start(ctx, by, t)
	return firing, forPanel(err)
}

// Stop ends the running task.
func (b benchPort) Stop(_ context.Context, by string) error { return forPanel(b.station.Stop(by)) }

// Preview draws the plans of a task; it touches nothing.
func (b benchPort) Preview(_ context.Context, t store.Task) (lab.Preview, error) {
	p := lab.Preview{Plans: []experiments.Plan{}, Warnings: []string{}, Duration: t.Idle}
	if t.Idle > 0 {
		return p, nil
	}
	c, mistakes := b.settings.now()
	if wrong := mistakes.Wrong(); len(wrong) > 0 {
		return p, like(lab.ErrNotSetUp, wrong)
	}
	e, err := designOf(c, t)
	if err != nil {
		return p, forPanel(err)
	}
	for i, group := range groups(e) {
		seed := t.Seed + uint64(i)
		if t.Seed == 0 {
			seed = drawSeed()
		}
		plan := experiments.NewPlan(group, seed)
		p.Plans = append(p.Plans, plan)
		p.Duration += plan.Duration
	}
	p.LeastP = e.LeastP()
	for _, w := range e.Warnings() {
		p.Warnings = append(p.Warnings, fmt.Sprint(w))
	}
	return p, nil
}

// Blink lets the bulb under test blink once.
func (b benchPort) Blink(ctx context.Context) error {
	c, _ := b.settings.now()
	if c.Light == "" {
		return like(lab.ErrNotSetUp, errors.New("no light is chosen yet (see the page Set up)"))
	}
	return b.blink(ctx, c.Light)
}

// blink blinks any light, under the lock by which runs keep each other from it.
func (s *server) blink(ctx context.Context, light string) (err error) {
	if err := s.idle(); err != nil {
		return err
	}
	bridge, err := s.link.open()
	if err != nil {
		return err
	}
	lock, err := runs.Acquire(s.state, runs.LightResource(s.link.paired().ID, light), runs.Holder{PID: s.pid, User: "panel", Since: s.clock()})
	var held *runs.HeldError
	if errors.As(err, &held) {
		return like(lab.ErrBusy, err)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Release()) }()
	return forPanel(bridge.Blink(ctx, light))
}

// idle is [lab.ErrBusy] while a task goes on.
func (s *server) idle() error {
	if s.station.Running() != nil {
		return lab.ErrBusy
	}
	return nil
}

// Reanalyze analyses a run with other parameters, one at a time.
func (b benchPort) Reanalyze(ctx context.Context, dir string, o analysis.Options) (analysis.Findings, []analysis.Trace, error) {
	select {
	case b.analyses <- struct{}{}:
		defer func() { <-b.analyses }()
	case <-ctx.Done():
		return analysis.Findings{}, nil, context.Cause(ctx)
	}
	folder, err := runs.Open(dir)
	if err != nil {
		return analysis.Findings{}, nil, err
	}
	return orchestrator.Analyze(folder, o)
}

// Refresh enters a run's folder into the index again.
func (b benchPort) Refresh(ctx context.Context, dir string) error {
	folder, err := runs.Open(dir)
	if err != nil {
		return err
	}
	entry, err := store.Digest(folder)
	if err != nil && entry.ID == "" {
		return err
	}
	if err := b.index.PutRun(ctx, entry); err != nil {
		return err
	}
	b.happened(orchestrator.Happening{Run: &entry})
	return err
}

// Rescheduled tells the scheduler that schedules have changed.
func (b benchPort) Rescheduled() {
	b.scheduler.Nudge()
	b.stir()
}

// existing is the nearest folder of path that is there.
func existing(path string) string {
	for {
		var fs syscall.Statfs_t
		if syscall.Statfs(path, &fs) == nil || filepath.Dir(path) == path {
			return path
		}
		path = filepath.Dir(path)
	}
}

// clock is the server's wall clock.
func (s *server) clock() time.Time { return time.Now().Round(0) }

package main

import (
	"context"
	"time"

	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/orchestrator"
	"github.com/hueprint/hueprint/panel/lab"
	"github.com/hueprint/hueprint/store"
)

// happened tells the panel what the station tells. It returns at once.
func (s *server) happened(h orchestrator.Happening) {
	if h.Event != nil && h.Event.Command != nil {
		s.light.commanded(*h.Event.Command)
		s.hub.Publish(lab.KindSlot, slotOf(h.Event.Run, *h.Event.Command))
	}
	if h.Progress != nil {
		s.hub.Publish(lab.KindProgress, runningOf(h.Progress))
	}
	if h.Run != nil {
		s.hub.Publish(lab.KindRun, h.Run)
		s.stir()
	}
	if h.Firing != nil {
		s.hub.Publish(lab.KindFiring, h.Firing)
		if h.Firing.Outcome != store.Running {
			s.resumeLight()
			s.hub.Publish(lab.KindProgress, runningOf(s.station.Running()))
		}
		s.stir()
	}
}

// slotOf is a command as a mark on the live strip.
func slotOf(run string, c experiments.Command) lab.Slot {
	return lab.Slot{Run: run, Number: c.Slot, At: c.Instant(), Action: c.Action, Command: &c}
}

// runningOf is the station's progress as the panel shows it; nil when idle.
func runningOf(p *orchestrator.Progress) *lab.Running {
	if p == nil {
		return nil
	}
	gateways := p.Gateways
	if gateways == nil {
		gateways = []string{}
	}
	return &lab.Running{Firing: p.Firing, Schedule: p.Schedule, By: p.By, Task: p.Task, Run: p.Run, Gateways: gateways,
		Phase: string(p.Phase), Slot: p.Slot, Of: p.Of, Began: p.Began, Left: p.Left, Attempt: p.Attempt,
		Stopping: p.Stopping, Window: p.Window, LastAction: p.Last}
}

// heard tells the panel what a gateway said.
func (s *server) heard(gateway string, b orchestrator.Batch) {
	p := lab.Packets{Gateway: gateway, Blips: make([]lab.Blip, len(b.Blips)), Count: b.Count, Bytes: b.Bytes}
	for i, blip := range b.Blips {
		p.Blips[i] = lab.Blip(blip)
	}
	s.hub.Publish(lab.KindPackets, p)
}

// stir has the bench's state told soon; several calls make one telling.
func (s *server) stir() {
	select {
	case s.stirred <- struct{}{}:
	default:
	}
}

// stirEvery bounds how often the state is told.
const stirEvery = 250 * time.Millisecond

// tellState tells the state whenever it was stirred, until ctx ends.
func (s *server) tellState(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.stirred:
		}
		s.hub.Publish(lab.KindState, benchPort{s}.State(ctx))
		wait(ctx, nil, stirEvery)
	}
}

// watchGateways lets the monitor listen to the configured gateways.
func (s *server) watchGateways() {
	c, _ := s.settings.now()
	var all []experiments.Gateway
	taps := s.taps(c)
	for _, one := range c.Gateways {
		if g, ok := c.Gateway(one.Name); ok {
			all = append(all, g)
		}
	}
	s.monitor.Watch(all, taps)
}

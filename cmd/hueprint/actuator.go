package main

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/hue"
)

// actuator speaks to a bridge in the words of experiments: the conductor's
// switch, preparer, reader, restorer and watcher.
type actuator struct{ bridge *hue.Bridge }

// Switch turns the light on or off.
func (a actuator) Switch(ctx context.Context, light string, on bool) (experiments.Receipt, error) {
	r, err := a.bridge.Switch(ctx, light, on)
	receipt := experiments.Receipt{Sent: r.Written, Answered: r.FirstByte, Outcome: experiments.Outcome(r.Outcome)}
	if err != nil {
		receipt.Failure = err.Error()
	}
	return receipt, err
}

// Prepare opens the connection that the next command will use.
func (a actuator) Prepare(ctx context.Context) error { return a.bridge.Prepare(ctx) }

// Release closes it unused.
func (a actuator) Release() { a.bridge.Release() }

// State reads what the bridge believes the light is set to.
func (a actuator) State(ctx context.Context, light string) (experiments.LightState, error) {
	s, err := a.bridge.State(ctx, light)
	return experiments.LightState(s), err
}

// Restore puts the light back.
func (a actuator) Restore(ctx context.Context, light string, s experiments.LightState) error {
	_, err := a.bridge.Set(ctx, light, hue.State(s))
	return err
}

// Watch follows the bridge's event stream.
func (a actuator) Watch(ctx context.Context, light string) (<-chan experiments.Change, error) {
	w, err := a.bridge.Watch(ctx, light)
	if errors.Is(err, hue.ErrNoEventStream) {
		return nil, fmt.Errorf("%w: %w", errors.ErrUnsupported, err)
	}
	if err != nil {
		return nil, err
	}
	changes := make(chan experiments.Change)
	go func() {
		defer close(changes)
		defer w.Close()
		for {
			select {
			case <-ctx.Done():
				return
			case c, ok := <-w.Changes():
				if !ok {
					return
				}
				select {
				case changes <- told(c, light):
				case <-ctx.Done():
					return
				}
			}
		}
	}()
	return changes, nil
}

// told is a change of the event stream in the words of experiments.
func told(c hue.Change, light string) experiments.Change {
	change := experiments.Change{At: c.At, Light: light, Source: experiments.ByEventStream, OnUntold: c.On == nil}
	if c.On != nil {
		change.State.On = *c.On
	}
	if c.Brightness != nil {
		change.State.Brightness = uint8(max(1, min(254, math.Round(*c.Brightness*2.54))))
	}
	switch {
	case c.Mired != nil:
		change.State.ColorMode, change.State.Mired = "ct", *c.Mired
	case c.XY != nil:
		change.State.ColorMode, change.State.XY = "xy", [2]float32{float32(c.XY[0]), float32(c.XY[1])}
	}
	return change
}

// identify asks the bridge who it is, for the run's facts.
func (a actuator) identify(ctx context.Context) (experiments.BridgeIdentity, error) {
	id, err := a.bridge.Identity(ctx)
	if err != nil {
		return experiments.BridgeIdentity{}, err
	}
	return experiments.BridgeIdentity{Name: id.Name, ID: id.ID, Model: id.Model, Software: id.Software, Address: id.Address}, nil
}

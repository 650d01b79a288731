package main

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"time"

	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/hue"
	"github.com/hueprint/hueprint/panel/lab"
)

const (
	// pollEvery is how often a bridge without an event stream is asked; retryEvery
	// the wait after a failure.
	pollEvery  = 15 * time.Second
	retryEvery = 10 * time.Second
)

// A lightKeeper knows the bulb's state for those who look. Between runs it
// follows the bridge's event stream, or asks from time to time where there is
// none. While a run goes on it keeps away from the bridge, so that no read of its
// own falls into a window, and learns from what the run sees.
type lightKeeper struct {
	link     *link
	settings *settings
	changed  func() // called after every change, without the lock

	mu      sync.Mutex
	light   lab.Light
	resting int           // how many want it away from the bridge
	wake    chan struct{} // closed when something has changed that watch must know
	gone    chan struct{} // closed while nothing of it uses the bridge
}

func newLightKeeper(l *link, s *settings) *lightKeeper {
	gone := make(chan struct{})
	close(gone)
	return &lightKeeper{link: l, settings: s, changed: func() {}, wake: make(chan struct{}), gone: gone}
}

// now is the bulb's state as it is known.
func (k *lightKeeper) now() lab.Light {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.light
}

// rest keeps it away from the bridge until resume; it returns when it is away.
func (k *lightKeeper) rest() {
	k.mu.Lock()
	k.resting++
	k.signal()
	gone := k.gone
	k.mu.Unlock()
	<-gone
}

// resume ends a rest.
func (k *lightKeeper) resume() {
	k.mu.Lock()
	k.resting--
	k.signal()
	k.mu.Unlock()
}

// look makes it begin anew: another light or another bridge was chosen.
func (k *lightKeeper) look() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.signal()
}

// signal wakes the watcher; the caller holds the lock.
func (k *lightKeeper) signal() {
	close(k.wake)
	k.wake = make(chan struct{})
}

// run keeps the state until ctx ends.
func (k *lightKeeper) run(ctx context.Context) {
	for ctx.Err() == nil {
		k.mu.Lock()
		wake := k.wake
		if k.resting > 0 {
			k.mu.Unlock()
			wait(ctx, wake, 0)
			continue
		}
		k.gone = make(chan struct{})
		k.mu.Unlock()
		k.watch(ctx, wake)
		k.mu.Lock()
		close(k.gone)
		k.mu.Unlock()
		wait(ctx, wake, retryEvery)
	}
}

// wait returns when ctx ends, when wake is closed, or after d; 0 means never.
func wait(ctx context.Context, wake <-chan struct{}, d time.Duration) {
	var timer <-chan time.Time
	if d > 0 {
		t := time.NewTimer(d)
		defer t.Stop()
		timer = t.C
	}
	select {
	case <-ctx.Done():
	case <-wake:
	case <-timer:
	}
}

// watch follows the light until ctx ends, it is woken, or something fails.
func (k *lightKeeper) watch(ctx context.Context, wake <-chan struct{}) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		wait(ctx, wake, 0)
		cancel()
	}()
	c, _ := k.settings.now()
	if c.Light == "" || c.Bridge.Address == "" {
		k.set(func(l *lab.Light) { *l = lab.Light{ID: c.Light, Trouble: "no light is chosen yet"} })
		wait(ctx, wake, 0)
		return
	}
	b, err := k.link.open()
	if err == nil {
		err = k.follow(ctx, b, c.Light)
	}
	if err != nil && ctx.Err() == nil {
		k.set(func(l *lab.Light) { *l = lab.Light{ID: c.Light, Name: l.Name, Model: l.Model, Trouble: err.Error()} })
	}
}

// follow reads the light and then its changes.
func (k *lightKeeper) follow(ctx context.Context, b *hue.Bridge, light string) error {
	watcher, err := b.Watch(ctx, light)
	if err != nil && !errors.Is(err, hue.ErrNoEventStream) {
		return err
	}
	var changes <-chan hue.Change
	poll := time.NewTicker(pollEvery)
	defer poll.Stop()
	if watcher != nil {
		defer watcher.Close()
		changes = watcher.Changes()
		poll.Stop()
	}
	if err := k.read(ctx, b, light); err != nil {
		return err
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-poll.C:
			if err := k.read(ctx, b, light); err != nil {
				return err
			}
		case c, ok := <-changes:
			if !ok {
				return cmp.Or(watcher.Err(), errors.New("the bridge's event stream has ended"))
			}
			k.told(told(c, light))
		}
	}
}

func (k *lightKeeper) read(ctx context.Context, b *hue.Bridge, light string) error {
	l, err := b.Light(ctx, light)
	if err != nil {
		return err
	}
	k.set(func(now *lab.Light) { *now = lightOf(l) })
	return nil
}

// lightOf is a light of the bridge as the panel shows it.
func lightOf(l hue.Light) lab.Light {
	return lab.Light{ID: l.ID, Name: l.Name, Model: l.Model, State: experiments.LightState(l.State), Reachable: l.Reachable, Read: time.Now()}
}

// told takes over a change that the bridge told, to the keeper or to a run.
func (k *lightKeeper) told(c experiments.Change) {
	k.set(func(l *lab.Light) {
		if !c.OnUntold {
			l.State.On = c.State.On
		}
		if c.State.Brightness > 0 {
			l.State.Brightness = c.State.Brightness
		}
		switch c.State.ColorMode {
		case "ct":
			l.State.ColorMode, l.State.Mired = "ct", c.State.Mired
		case "xy":
			l.State.ColorMode, l.State.XY = "xy", c.State.XY
		}
		l.Read = c.At
	})
}

// commanded takes over what a run's command has done.
func (k *lightKeeper) commanded(c experiments.Command) {
	if c.Action == "" || c.Outcome != experiments.Done {
		return
	}
	k.set(func(l *lab.Light) { l.State.On, l.Read = c.Action == experiments.On, c.Answered })
}

func (k *lightKeeper) set(change func(*lab.Light)) {
	k.mu.Lock()
	before := k.light
	change(&k.light)
	after := k.light
	k.mu.Unlock()
	before.Read = after.Read // that it was read again is no news
	if before != after {
		k.changed()
	}
}

// eavesdropper is a run's watcher whose changes the keeper hears, too.
type eavesdropper struct {
	actuator
	keeper *lightKeeper
}

// Watch follows the bridge's event stream.
func (e eavesdropper) Watch(ctx context.Context, light string) (<-chan experiments.Change, error) {
	changes, err := e.actuator.Watch(ctx, light)
	if err != nil {
		return nil, err
	}
	both := make(chan experiments.Change)
	go func() {
		defer close(both)
		for c := range changes {
			select {
			case both <- c:
				e.keeper.told(c)
			case <-ctx.Done(): // the actuator closes changes then, too
			}
		}
	}()
	return both, nil
}

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/hueprint/hueprint/config"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/hue"
	"github.com/hueprint/hueprint/orchestrator"
	"github.com/hueprint/hueprint/panel/lab"
)

// A link is the server's way to the configured bridge. The bridge is made anew
// when the configuration or the key has changed.
type link struct {
	site     site
	settings *settings
	state    string // the host's state directory

	mu       sync.Mutex
	settled  config.Bridge // what bridge was made from
	bridge   *hue.Bridge
	key      hue.Key
	identity experiments.BridgeIdentity // as it last told it; zero before
}

// open gives the configured bridge; it sends nothing. A bench without one is
// [lab.ErrNotSetUp].
func (l *link) open() (*hue.Bridge, error) {
	c, _ := l.settings.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.bridge != nil && l.settled == c.Bridge {
		return l.bridge, nil
	}
	if c.Bridge.Address == "" {
		return nil, like(lab.ErrNotSetUp, errors.New("no bridge is paired yet (see the page Set up)"))
	}
	key, err := hue.LoadKey(c.Bridge.KeyFile)
	if errors.Is(err, os.ErrNotExist) {
		return nil, like(lab.ErrNotSetUp, fmt.Errorf("there is no application key of the bridge at %s (pair with it on the page Set up)", c.Bridge.Address))
	}
	if err != nil {
		return nil, err
	}
	client, err := siteClient(l.site, c.Bridge)
	if err != nil {
		return nil, err
	}
	b, err := hue.New(c.Bridge.Address, key, client)
	if err != nil {
		return nil, err
	}
	l.bridge, l.settled, l.key, l.identity = b, c.Bridge, key, experiments.BridgeIdentity{}
	return b, nil
}

// drop forgets the bridge, so that the next use reads its key again.
func (l *link) drop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.bridge = nil
}

// bench asks the bridge who it is and gives the bench for runs. A bridge that is
// silent is marked by [orchestrator.Away].
func (l *link) bench(ctx context.Context) (bench, error) {
	b, err := l.open()
	if err != nil {
		return bench{}, err
	}
	c, _ := l.settings.now()
	ready, err := newBench(ctx, c, b)
	if err != nil {
		if errors.Is(err, hue.ErrUnreachable) || errors.Is(err, hue.ErrTimeout) || errors.Is(err, hue.ErrLost) || errors.Is(err, hue.ErrBusy) {
			err = orchestrator.Away(err)
		}
		return bench{}, err
	}
	ready.site, ready.state = l.site, l.state
	l.mu.Lock()
	l.identity = ready.identity
	l.mu.Unlock()
	return ready, nil
}

// paired is the bench's bridge as far as it is known without asking it.
func (l *link) paired() lab.Bridge {
	c, _ := l.settings.now()
	if c.Bridge.Address == "" {
		return lab.Bridge{}
	}
	b := lab.Bridge{Address: c.Bridge.Address}
	if _, err := l.open(); err != nil {
		b.Trouble = err.Error()
		return b
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	b.ID, b.Name, b.Model = l.key.BridgeID, l.identity.Name, l.identity.Model
	return b
}

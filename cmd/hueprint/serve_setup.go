package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/hueprint/hueprint/config"
	"github.com/hueprint/hueprint/hue"
	"github.com/hueprint/hueprint/panel/lab"
)

// setupPort is the bench as the panel sets it up.
type setupPort struct{ *server }

var _ lab.Setup = setupPort{}

const (
	// pairWithin bounds a pairing whose asker names no end.
	pairWithin = time.Minute
	// discoverWithin is how long bridges have time to answer.
	discoverWithin = 4 * time.Second
	// examineWithin is how long each gateway has to be heard.
	examineWithin = 15 * time.Second
)

// Discover asks the local network for bridges.
func (p setupPort) Discover(ctx context.Context) ([]lab.Bridge, error) {
	ctx, cancel := context.WithTimeout(ctx, discoverWithin)
	defer cancel()
	return p.site.discover(ctx)
}

// Pair asks a bridge for a key, keeps it, and makes the bridge the bench's.
func (p setupPort) Pair(ctx context.Context, address string) (lab.Bridge, error) {
	if err := p.idle(); err != nil {
		return lab.Bridge{}, err
	}
	address, err := bridgeAddress(address)
	if err != nil {
		return lab.Bridge{}, err
	}
	c, _ := p.settings.now()
	client, err := siteClient(p.site, c.Bridge)
	if err != nil {
		return lab.Bridge{}, err
	}
	if _, bounded := ctx.Deadline(); !bounded {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, pairWithin)
		defer cancel()
	}
	if err := p.pair(ctx, address, c.Bridge.KeyFile, client); err != nil {
		return lab.Bridge{}, forPanel(err)
	}
	p.log.Info("paired with a bridge", "address", address)
	p.link.drop()
	p.light.look()
	p.stir()
	if _, err := p.link.bench(ctx); err != nil {
		b := p.link.paired()
		b.Trouble = err.Error()
		return b, nil // it is paired; that it does not tell its name is a trouble
	}
	return p.link.paired(), nil
}

// pair gets the key and keeps it before the configuration names the bridge.
func (p setupPort) pair(ctx context.Context, address, keyFile string, client *http.Client) error {
	// Before anybody presses the button: a key that cannot be kept is lost.
	if err := os.MkdirAll(filepath.Dir(keyFile), 0o700); err != nil {
		return fmt.Errorf("make the folder for the key: %w", err)
	}
	key, err := hue.Pair(ctx, address, appName(), client)
	if err != nil {
		return err
	}
	if err := hue.SaveKey(keyFile, key); err != nil {
		return err
	}
	return p.settings.edit(func(text []byte) ([]byte, error) { return config.SetBridge(text, address) })
}

// bridgeAddress is an address as the configuration has it: with its scheme.
func bridgeAddress(address string) (string, error) {
	address = strings.TrimSpace(address)
	if !strings.Contains(address, "://") {
		address = "https://" + address
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || strings.Trim(u.Path, "/") != "" {
		return "", like(lab.ErrInvalid, fmt.Errorf("%q is not a bridge's address (write https://HOST or http://HOST)", address))
	}
	return strings.TrimSuffix(address, "/"), nil
}

// PressButton presses the button of a simulated bridge.
func (p setupPort) PressButton(context.Context) error { return p.site.pressButton() }

// Paired is the bench's bridge.
func (p setupPort) Paired(context.Context) lab.Bridge { return p.link.paired() }

// Lights lists the bridge's lights.
func (p setupPort) Lights(ctx context.Context) ([]lab.Light, error) {
	if err := p.quietBench(); err != nil {
		return nil, err
	}
	b, err := p.link.open()
	if err != nil {
		return nil, err
	}
	found, err := b.Lights(ctx)
	all := make([]lab.Light, 0, len(found))
	for _, l := range found {
		all = append(all, lightOf(l))
	}
	return all, err
}

// quietBench is [lab.ErrBusy] while a run's windows must stay free of reads of
// the bridge; idle recordings have none.
func (p setupPort) quietBench() error {
	if r := p.station.Running(); r != nil && r.Task.Idle == 0 {
		return lab.ErrBusy
	}
	return nil
}

// BlinkLight lets a light blink.
func (p setupPort) BlinkLight(ctx context.Context, id string) error { return p.blink(ctx, id) }

// ChooseLight makes a light the bulb under test.
func (p setupPort) ChooseLight(ctx context.Context, id string) error {
	if err := p.idle(); err != nil {
		return err
	}
	lights, err := p.Lights(ctx)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(lights, func(l lab.Light) bool { return l.ID == id }) {
		return like(lab.ErrUnknown, fmt.Errorf("the bridge has no light %q (choose one of those it lists)", id))
	}
	return p.settings.edit(func(text []byte) ([]byte, error) { return config.SetLight(text, id) })
}

// Interfaces lists where gateways can be recorded.
func (p setupPort) Interfaces(context.Context) ([]lab.Interface, error) { return p.site.interfaces() }

// Gateways lists the configured ones.
func (p setupPort) Gateways(context.Context) []config.Gateway {
	c, _ := p.settings.now()
	return c.Gateways
}

// SaveGateway adds a gateway or replaces the one of its name.
func (p setupPort) SaveGateway(_ context.Context, g config.Gateway) error {
	if err := p.idle(); err != nil {
		return err
	}
	return p.settings.edit(func(text []byte) ([]byte, error) { return config.PutGateway(text, g) })
}

// RemoveGateway takes a gateway out.
func (p setupPort) RemoveGateway(_ context.Context, name string) error {
	if err := p.idle(); err != nil {
		return err
	}
	err := p.settings.edit(func(text []byte) ([]byte, error) { return config.RemoveGateway(text, name) })
	if errors.Is(err, config.ErrNoEntry) {
		return like(lab.ErrUnknown, fmt.Errorf("there is no gateway %q", name))
	}
	return err
}

// Checks runs the doctor's checks; each is told to the feed as it comes.
func (p setupPort) Checks(ctx context.Context) []lab.Check {
	checks := []lab.Check{}
	e := examination{
		path: p.settings.path,
		load: func() (config.Config, error) {
			c, mistakes := p.settings.now()
			if len(mistakes) > 0 {
				return c, mistakes
			}
			return c, nil
		},
		site: p.site,
		tell: func(c check) {
			checks = append(checks, c)
			p.hub.Publish(lab.KindCheck, c)
		},
	}
	if p.quietBench() == nil {
		e.open = p.link.bench
		e.mend = func(context.Context, bench, string) error {
			return errors.New("it is not; the server tries again by itself")
		}
	}
	e.examine(ctx, examineWithin)
	return checks
}

// Configuration is the file as it stands.
func (p setupPort) Configuration(context.Context) (lab.Configuration, error) {
	text, err := os.ReadFile(p.settings.path)
	if err != nil {
		return lab.Configuration{}, fmt.Errorf("read configuration: %w", err)
	}
	mistakes := p.settings.check(text)
	if mistakes == nil {
		mistakes = config.Mistakes{}
	}
	return lab.Configuration{Path: p.settings.path, Text: string(text), Revision: config.Revision(text), Mistakes: mistakes}, nil
}

// Check reads a text as the file would be read.
func (p setupPort) Check(text string) config.Mistakes { return p.settings.check([]byte(text)) }

// SaveConfiguration replaces the file's text.
func (p setupPort) SaveConfiguration(_ context.Context, text, revision string) error {
	if err := p.idle(); err != nil {
		return err
	}
	return p.settings.save([]byte(text), revision)
}

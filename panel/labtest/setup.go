package labtest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/hueprint/hueprint/config"
	"github.com/hueprint/hueprint/panel/lab"
)

// Discover lists the bridges of the contents.
func (b *Bench) Discover(context.Context) ([]lab.Bridge, error) {
	c, err := b.ask("Discover", "")
	return c.Bridges, err
}

// Pair succeeds once the button was pressed.
func (b *Bench) Pair(_ context.Context, address string) (lab.Bridge, error) {
	c, err := b.ask("Pair", address)
	if err != nil {
		return lab.Bridge{}, err
	}
	if !c.Pressed {
		return lab.Bridge{}, lab.ErrButton
	}
	paired := lab.Bridge{Address: address, ID: "001788fffe0000aa", Model: "BSB002", Name: "Simulated bridge"}
	b.Change(func(c *Contents) { c.Paired = paired })
	return paired, nil
}

// PressButton presses the simulated button.
func (b *Bench) PressButton(context.Context) error {
	c, err := b.ask("PressButton", "")
	if err == nil && !c.State.Simulated {
		return lab.ErrUnsupported
	}
	b.Change(func(c *Contents) { c.Pressed = true })
	return err
}

// Paired is the bridge of the contents.
func (b *Bench) Paired(context.Context) lab.Bridge {
	c, _ := b.ask("Paired", "")
	return c.Paired
}

// Lights lists those of the contents.
func (b *Bench) Lights(context.Context) ([]lab.Light, error) {
	c, err := b.ask("Lights", "")
	return c.Lights, err
}

func light(c Contents, id string) (lab.Light, error) {
	i := slices.IndexFunc(c.Lights, func(l lab.Light) bool { return l.ID == id })
	if i < 0 {
		return lab.Light{}, fmt.Errorf("light %q: %w", id, lab.ErrUnknown)
	}
	return c.Lights[i], nil
}

// BlinkLight blinks a light that there is.
func (b *Bench) BlinkLight(_ context.Context, id string) error {
	c, err := b.ask("BlinkLight", id)
	if err == nil {
		_, err = light(c, id)
	}
	return err
}

// ChooseLight makes a light that there is the bulb under test.
func (b *Bench) ChooseLight(_ context.Context, id string) error {
	c, err := b.ask("ChooseLight", id)
	if err != nil {
		return err
	}
	chosen, err := light(c, id)
	if err == nil {
		b.Change(func(c *Contents) { c.State.Light = chosen })
	}
	return err
}

// Interfaces lists those of the contents.
func (b *Bench) Interfaces(context.Context) ([]lab.Interface, error) {
	c, err := b.ask("Interfaces", "")
	return c.Interfaces, err
}

// Hosts lists those of the contents at once, without listening.
func (b *Bench) Hosts(_ context.Context, iface string, _ time.Duration) ([]lab.Host, error) {
	c, err := b.ask("Hosts", iface)
	if err == nil && !slices.ContainsFunc(c.Interfaces, func(i lab.Interface) bool { return i.Name == iface }) {
		return nil, fmt.Errorf("interface %q: %w", iface, lab.ErrUnknown)
	}
	return c.Hosts, err
}

// Gateways lists the configured ones.
func (b *Bench) Gateways(context.Context) []config.Gateway {
	c, _ := b.ask("Gateways", "")
	return c.Gateways
}

// SaveGateway keeps a gateway that has a name and an interface.
func (b *Bench) SaveGateway(_ context.Context, g config.Gateway) error {
	if _, err := b.ask("SaveGateway", g.Name); err != nil {
		return err
	}
	if g.Name == "" || g.Interface == "" {
		return fmt.Errorf("%w: a gateway needs a name and an interface", lab.ErrInvalid)
	}
	b.Change(func(c *Contents) {
		c.Gateways = slices.DeleteFunc(slices.Clone(c.Gateways), func(o config.Gateway) bool { return o.Name == g.Name })
		c.Gateways = append(c.Gateways, g)
	})
	return nil
}

// RemoveGateway takes out one that there is.
func (b *Bench) RemoveGateway(_ context.Context, name string) error {
	c, err := b.ask("RemoveGateway", name)
	if err != nil {
		return err
	}
	left := slices.DeleteFunc(slices.Clone(c.Gateways), func(o config.Gateway) bool { return o.Name == name })
	if len(left) == len(c.Gateways) {
		return fmt.Errorf("gateway %q: %w", name, lab.ErrUnknown)
	}
	b.Change(func(c *Contents) { c.Gateways = left })
	return nil
}

// Checks tells each check to the feed and returns all.
func (b *Bench) Checks(context.Context) []lab.Check {
	c, _ := b.ask("Checks", "")
	for _, check := range c.Checks {
		b.hub.Publish(lab.KindCheck, check)
	}
	return c.Checks
}

// Configuration is the file of the contents.
func (b *Bench) Configuration(context.Context) (lab.Configuration, error) {
	c, err := b.ask("Configuration", "")
	return c.File, err
}

// Check reads a text as the configuration file would be read.
func (b *Bench) Check(text string) config.Mistakes {
	_, err := config.Parse([]byte(text), "hueprint.yaml", "")
	mistakes, _ := err.(config.Mistakes)
	return mistakes
}

// SaveConfiguration keeps a text without mistakes.
func (b *Bench) SaveConfiguration(_ context.Context, text, revision string) error {
	c, err := b.ask("SaveConfiguration", revision)
	if err != nil {
		return err
	}
	if revision != c.File.Revision {
		return lab.ErrChanged
	}
	if mistakes := b.Check(text).Wrong(); len(mistakes) > 0 {
		return mistakes
	}
	b.Change(func(c *Contents) { c.File.Text, c.File.Revision = text, c.File.Revision+"+" })
	return nil
}

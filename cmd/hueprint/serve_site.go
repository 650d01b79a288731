package main

import (
	"context"
	"crypto/x509"
	"fmt"
	"net/http"
	"os"

	"github.com/hueprint/hueprint/capture"
	"github.com/hueprint/hueprint/config"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/hue"
	"github.com/hueprint/hueprint/panel/lab"
	"github.com/hueprint/hueprint/traffic"
)

// A site is where the bench's devices are: in the real network, or in a lab
// inside this process. Everything else about the server is the same.
type site interface {
	// simulated tells that nothing here is evidence about real devices.
	simulated() bool
	// dial is how bridges are reached; nil means the host's network.
	dial() dialer
	// discover asks for bridges.
	discover(ctx context.Context) ([]lab.Bridge, error)
	// pressButton presses the bridge's button where a program can.
	pressButton() error
	// interfaces lists where gateways can be recorded.
	interfaces() ([]lab.Interface, error)
	// recordable says what to do before an interface can be recorded.
	recordable(iface string) error
	// tap records a gateway, ears an interface with everybody on it.
	tap(g experiments.Gateway) capture.Recorder
	ears(iface string) ([]ear, error)
	// self are the addresses of the computer that records.
	self() []traffic.MAC
	close() error
}

// An ear is a recorder, of those frames only that one MAC address sent where
// several of them together hear each frame more than once.
type ear struct {
	capture.Recorder
	from traffic.MAC
}

// realSite is the host's own network.
type realSite struct{}

func (realSite) simulated() bool    { return false }
func (realSite) dial() dialer       { return nil }
func (realSite) pressButton() error { return lab.ErrUnsupported }
func (realSite) close() error       { return nil }

func (realSite) discover(ctx context.Context) ([]lab.Bridge, error) {
	found, err := hue.Discover(ctx, "")
	bridges := make([]lab.Bridge, 0, len(found))
	for _, f := range found {
		bridges = append(bridges, lab.Bridge{Address: f.Address(), ID: f.ID, Model: f.Model, Name: f.Name})
	}
	return bridges, err
}

func (realSite) interfaces() ([]lab.Interface, error) {
	found, err := capture.Interfaces()
	all := make([]lab.Interface, 0, len(found))
	for _, i := range found {
		one := lab.Interface{Name: i.Name, Up: i.Up, Addresses: []string{}, Recordable: true}
		for _, a := range i.Addrs {
			one.Addresses = append(one.Addresses, a.String())
		}
		if err := capture.Check(i.Name); err != nil {
			one.Recordable, one.Trouble = false, err.Error()
		}
		all = append(all, one)
	}
	return all, err
}

func (realSite) recordable(iface string) error { return capture.Check(iface) }

func (realSite) tap(g experiments.Gateway) capture.Recorder { return tapOf(g) }

func (realSite) ears(iface string) ([]ear, error) {
	return []ear{{Recorder: capture.Live{Interface: iface, Promiscuous: true}}}, nil
}

// siteClient makes the client for a bridge of the site. The process's default
// client, which huego's requests pass through, was set once at the start.
func siteClient(s site, b config.Bridge) (*http.Client, error) {
	o := hue.ClientOptions{Dial: s.dial()}
	if b.Roots == "" {
		return hue.NewClient(o), nil
	}
	pem, err := os.ReadFile(b.Roots)
	if err != nil {
		return nil, fmt.Errorf("read the bridge's authority: %w", err)
	}
	o.Roots = x509.NewCertPool()
	if !o.Roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s holds no certificate in PEM form", b.Roots)
	}
	return hue.NewClient(o), nil
}

func (realSite) self() []traffic.MAC {
	found, err := capture.Interfaces()
	if err != nil {
		return nil // nobody is then marked as this computer
	}
	var all []traffic.MAC
	for _, i := range found {
		if i.MAC != (traffic.MAC{}) {
			all = append(all, i.MAC)
		}
	}
	return all
}

package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/hueprint/hueprint/capture"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/hue"
	"github.com/hueprint/hueprint/panel/lab"
	"github.com/hueprint/hueprint/simulator"
	"github.com/hueprint/hueprint/simulator/bridge"
	"github.com/hueprint/hueprint/simulator/gateways"
	"github.com/hueprint/hueprint/traffic"
)

// simulatedInterface is the name of the one interface of a simulated bench.
const simulatedInterface = "simulated"

// simulatedSite is a lab inside this process. The server reaches its bridge over
// HTTP and its gateways' packets through taps, as on a real bench.
type simulatedSite struct {
	lab *simulator.Lab
	// relay is where connections from loopback are carried to the bridge, for other
	// programs; empty when they are not. stop ends it.
	relay string
	stop  func() error
}

// simulation says which lab to build; it is read from flags.
type simulation struct {
	kinds []string
	pace  float64
	seed  uint64
	relay string
	// keys are what earlier processes paired with the bridge.
	keys []hue.Key
	log  *slog.Logger
}

func (s simulation) options() (simulator.LabOptions, error) {
	o := simulator.LabOptions{Wire: userspace, Subnet: 11, Seed: s.seed, Log: s.log, Bridge: bridge.Options{Keys: map[string]string{}}}
	for i, k := range s.keys {
		o.Bridge.Keys[fmt.Sprintf("paired before %d", i+1)] = k.Username
	}
	for i, kind := range s.kinds {
		if !slices.Contains(kindNames(), kind) {
			return o, usageError{fmt.Errorf("--simulated: there is no simulated %q; there are %s", kind, strings.Join(kindNames(), ", "))}
		}
		if slices.Contains(s.kinds[:i], kind) {
			return o, usageError{fmt.Errorf("--simulated: %s stands there twice", kind)}
		}
		g := gateways.Defaults(gateways.Kind(kind))
		g.Pace, g.Seed = s.pace, s.seed+uint64(i)
		if err := g.Check(); err != nil {
			return o, usageError{fmt.Errorf("--pace: %w", err)}
		}
		if i == 0 {
			o.Gateway = g
		} else {
			o.More = append(o.More, g)
		}
	}
	return o, nil
}

// openSimulated builds the lab and waits until its gateways talk.
func openSimulated(ctx context.Context, s simulation) (*simulatedSite, error) {
	o, err := s.options()
	if err != nil {
		return nil, err
	}
	l, err := simulator.New(o)
	if err != nil {
		return nil, err
	}
	site := &simulatedSite{lab: l, stop: func() error { return nil }}
	ready, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	if err := l.Ready(ready); err != nil {
		_ = site.close()
		return nil, fmt.Errorf("the simulated lab does not get ready: %w", err)
	}
	if s.relay == "" {
		return site, nil
	}
	port, err := listen(ctx, s.relay)
	if err != nil {
		_ = site.close()
		return nil, err
	}
	serving, end := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan error, 1)
	go func() { done <- simulator.Relay(serving, l, port) }()
	site.relay = port.Addr().String()
	site.stop = func() error {
		end()
		return <-done
	}
	return site, nil
}

func (s *simulatedSite) simulated() bool { return true }

// dial reaches the lab only.
func (s *simulatedSite) dial() dialer {
	home := s.lab.BridgeAddr()
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		if host, _, _ := net.SplitHostPort(address); host != home.String() {
			return nil, fmt.Errorf("%s is not in the simulated lab (its bridge is https://%s)", address, home)
		}
		return s.lab.Controller().Dial(ctx, network, address)
	}
}

func (s *simulatedSite) address() string { return "https://" + s.lab.BridgeAddr().String() }

func (s *simulatedSite) discover(context.Context) ([]lab.Bridge, error) {
	return []lab.Bridge{{Address: s.address(), ID: s.lab.Bridge().ID(), Model: "BSB002", Name: "Simulated bridge"}}, nil
}

func (s *simulatedSite) pressButton() error {
	s.lab.Bridge().PressLinkButton()
	return nil
}

func (s *simulatedSite) interfaces() ([]lab.Interface, error) {
	return []lab.Interface{{Name: simulatedInterface, Up: true, Recordable: true, Addresses: []string{s.lab.Controller().Addr().String()}}}, nil
}

func (s *simulatedSite) recordable(iface string) error {
	if iface != simulatedInterface {
		return fmt.Errorf("the simulated lab has no interface %q (it has one: %s)", iface, simulatedInterface)
	}
	return nil
}

// tap records the cable of the host that has one of the gateway's addresses.
func (s *simulatedSite) tap(g experiments.Gateway) capture.Recorder {
	for _, h := range s.lab.Hosts() {
		if slices.Contains(g.Addresses.MACs, h.MAC()) || slices.Contains(g.Addresses.Addrs, h.Addr()) {
			if r, ok := s.lab.RecorderOf(h.MAC()); ok && g.Interface == simulatedInterface {
				return r
			}
		}
	}
	return noRecorder{g}
}

// noRecorder stands for a gateway that is not in the lab.
type noRecorder struct{ gateway experiments.Gateway }

// Start says so.
func (n noRecorder) Start(context.Context, capture.Sink) (capture.Session, error) {
	return nil, fmt.Errorf("the simulated lab has no gateway with the addresses of %s on interface %q (choose one of those that are heard on %s)",
		n.gateway.Name(), n.gateway.Interface, simulatedInterface)
}

func (s *simulatedSite) ears(iface string) ([]ear, error) {
	if err := s.recordable(iface); err != nil {
		return nil, err
	}
	var all []ear
	for _, h := range s.lab.Hosts() {
		if r, ok := s.lab.RecorderOf(h.MAC()); ok {
			all = append(all, ear{r, h.MAC()})
		}
	}
	return all, nil
}

func (s *simulatedSite) self() []traffic.MAC { return []traffic.MAC{s.lab.Controller().MAC()} }

func (s *simulatedSite) close() error {
	err := s.stop()
	if closeErr := s.lab.Close(); err == nil {
		err = closeErr
	}
	return err
}

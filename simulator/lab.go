package simulator

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/hueprint/hueprint/capture"
	"github.com/hueprint/hueprint/simulator/bridge"
	"github.com/hueprint/hueprint/simulator/far"
	"github.com/hueprint/hueprint/simulator/gateways"
	"github.com/hueprint/hueprint/simulator/wire"
	"github.com/hueprint/hueprint/traffic"
)

// LabOptions say which lab to build.
type LabOptions struct {
	// Gateway turns the gateway under test; see [gateways.Defaults].
	Gateway gateways.Options
	// More are further gateways in the same home on the same bridge, each of
	// another kind.
	More []gateways.Options
	// Wire makes the network: New of package memory, netstack or veth.
	Wire func(wire.Options) (wire.Network, error)
	// Subnet is the third number of the home's network, 192.168.Subnet.0/24.
	Subnet uint8
	// Bridge shapes the bridge; its keys are kept, and the lab's are added.
	Bridge bridge.Options
	// Line shapes the lines; the zero value is a quiet home with a cloud 8 ms
	// away. Only its delays, jitter and loss are used. A wire that cannot do
	// this does without.
	Line wire.Options
	// Seed decides, with Subnet, the bridge's identity, keys and delays; the
	// gateway has a seed of its own.
	Seed uint64
	// Log hears of failures; nil hears nothing.
	Log *slog.Logger
}

// A Lab is a running lab. Its methods may be called from several goroutines.
type Lab struct {
	options    LabOptions
	log        *slog.Logger
	network    wire.Network
	devices    []*device // the gateways; the first is that of LabOptions.Gateway
	bridge     *bridge.Bridge
	controller wire.Host
	hosts      homeHosts
	key        string

	group  *errgroup.Group
	ctx    context.Context // ends when the lab closes or a program fails
	cancel context.CancelCauseFunc

	closing    atomic.Bool
	mu         sync.Mutex
	stopBridge func() // ends the bridge's serving and waits
	closed     bool
	closeErr   error
}

// New builds a lab and starts its programs. Call [Lab.Ready] before an
// experiment and [Lab.Close] at the end.
func New(o LabOptions) (_ *Lab, err error) {
	if o.Wire == nil {
		return nil, errors.New("simulated lab: no wire chosen (set Wire to netstack.New, veth.New or memory.New)")
	}
	lab := &Lab{stopBridge: func() {}}
	o.Log = lab.heard(cmp.Or(o.Log, slog.New(slog.DiscardHandler)))
	lab.options, lab.log = o, o.Log
	if err := lab.addDevices(); err != nil {
		return nil, fmt.Errorf("simulated lab: %w", err)
	}
	if lab.network, err = openNetwork(o); err != nil {
		return nil, fmt.Errorf("simulated lab: %w", err)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	lab.cancel = cancel
	lab.group, lab.ctx = errgroup.WithContext(ctx)
	if err := lab.build(); err != nil {
		return nil, fmt.Errorf("simulated lab of %s: %w", o.Gateway.Kind, errors.Join(err, lab.Close()))
	}
	return lab, nil
}

// heard is the log until the lab closes.
func (l *Lab) heard(log *slog.Logger) *slog.Logger {
	return slog.New(hush{log.Handler(), &l.closing})
}

// openNetwork makes the network with its lines, or without their faults on a
// wire that has none.
func openNetwork(o LabOptions) (wire.Network, error) {
	line := o.Line
	if line.Delay == 0 && line.CloudDelay == 0 && line.Jitter == 0 && line.Loss == 0 {
		line.Delay, line.CloudDelay, line.Jitter = 200*time.Microsecond, 8*time.Millisecond, 200*time.Microsecond
	}
	line.Home, line.Router, line.RouterMAC, line.Seed = homePrefix(o.Subnet), homeAddr(o.Subnet, 1), routerMAC(o.Subnet), o.Seed
	network, err := o.Wire(line)
	if errors.Is(err, wire.ErrLine) {
		line.Delay, line.CloudDelay, line.Jitter, line.Loss = 0, 0, 0, 0
		network, err = o.Wire(line)
	}
	return network, err
}

// build adds the machines and starts the programs: far ends first, the gateway
// last.
func (l *Lab) build() error {
	if err := l.addBridge(); err != nil {
		return err
	}
	if err := l.addHome(); err != nil {
		return err
	}
	authority, err := far.NewAuthority()
	if err != nil {
		return err
	}
	if err := l.addFarEnds(authority); err != nil {
		return err
	}
	if err := l.startBridge(); err != nil {
		return err
	}
	for _, d := range l.devices {
		if err := l.startDevice(d, authority); err != nil {
			return err
		}
	}
	l.startPhone()
	return nil
}

// addBridge makes the bridge with the keys of gateways and controller.
func (l *Lab) addBridge() error {
	o := l.options.Bridge
	keys := map[string]string{"hueprint#controller": l.secret("controller")}
	for _, d := range l.devices {
		keys[string(d.options.Kind)+"#link"] = l.secret(d.name)
	}
	maps.Copy(keys, o.Keys)
	o.Keys, o.Seed, o.Logger = keys, cmp.Or(o.Seed, l.options.Seed<<8|uint64(l.options.Subnet)), cmp.Or(o.Logger, l.options.Log)
	var err error
	l.bridge, err = bridge.New(o)
	l.key = keys["hueprint#controller"]
	return err
}

// secret makes a key of 40 characters, as a bridge's are.
func (l *Lab) secret(whose string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "simulated key\x00%d\x00%d\x00%s", l.options.Seed, l.options.Subnet, whose))
	return hex.EncodeToString(sum[:20])
}

// Ready waits until the gateways' streams, subscriptions and first polls are
// up, or says which are missing when ctx ends first.
func (l *Lab) Ready(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop := context.AfterFunc(l.ctx, func() { cancel(fmt.Errorf("the lab has ended: %w", context.Cause(l.ctx))) })
	defer stop()
	for _, d := range l.devices {
		if err := d.program.Ready(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Controller is the computer that commands the bridge and captures; the HTTP
// client that reaches the bridge uses its Dial.
func (l *Lab) Controller() wire.Host { return l.controller }

// Network is the lab's wire.
func (l *Lab) Network() wire.Network { return l.network }

// Bridge is the simulated bridge: for turning its faults and, in tests, for
// knowing what the bulb did. Commands go over HTTP.
func (l *Lab) Bridge() *bridge.Bridge { return l.bridge }

// BridgeAddr is the bridge's address in the lab; it serves HTTP on port 80 and
// HTTPS on port 443.
func (l *Lab) BridgeAddr() netip.Addr { return homeAddr(l.options.Subnet, 2) }

// Key is the application key with which the controller is paired.
func (l *Lab) Key() string { return l.key }

// Truth is what the gateway was made to do. It is for tests.
func (l *Lab) Truth() gateways.Truth { return l.devices[0].program.Truth() }

// Gateway is the device under test as the wire knows it.
func (l *Lab) Gateway() traffic.Gateway { return l.devices[0].known() }

// Gateways are all devices under test; their names are their kinds.
func (l *Lab) Gateways() []traffic.Gateway {
	var all []traffic.Gateway
	for _, d := range l.devices {
		all = append(all, d.known())
	}
	return all
}

// Peers says which addresses in the home have a role.
func (l *Lab) Peers() traffic.Peers {
	peers := traffic.Peers{Bridge: []netip.Addr{l.BridgeAddr()}, Home: []netip.Prefix{homePrefix(l.options.Subnet)}}
	if l.hosts.phone != nil {
		peers.Phones = []netip.Addr{l.hosts.phone.Addr()}
	}
	return peers
}

// Recorder records the frames on the gateway's cable, on wires that can inject
// its marker frames. Over package veth, capture the cable that its Cable names
// for [GatewayHost] instead, as an interface.
func (l *Lab) Recorder() capture.Recorder { return l.recorder(GatewayHost) }

// RecorderOf records the frames on the cable of whoever has that MAC in the
// home.
func (l *Lab) RecorderOf(mac traffic.MAC) (capture.Recorder, bool) {
	for _, h := range l.Hosts() {
		if h.MAC() == mac {
			return l.recorder(h.Name()), true
		}
	}
	return nil, false
}

func (l *Lab) recorder(host string) capture.Recorder {
	return wire.TapRecorder{Network: l.network, Host: host, MAC: l.controller.MAC()}
}

// Close ends all programs and waits for them, then takes down the network. It
// is idempotent. It returns what made the lab fail before, if anything did.
func (l *Lab) Close() error {
	l.closing.Store(true)
	l.cancel(errors.New("the lab was closed")) // before the lock: it ends a RestartBridge
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return l.closeErr
	}
	l.closed = true
	l.stopBridge()
	err := l.group.Wait()
	l.closeErr = errors.Join(err, l.network.Close())
	return l.closeErr
}

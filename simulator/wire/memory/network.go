// Package memory is the wire of virtual time: hosts whose TCP, UDP, ICMP and
// ARP are a small model kept in memory, so that inside testing/synctest a week
// of traffic passes in seconds. Programs get real net.Conns; taps get real
// Ethernet frames, made only where somebody looks.
//
// The TCP is enough to look right on a tap: handshake, timestamps, delayed
// acknowledgements, windows, retransmission, keep-alive, FIN and RST. It has no
// congestion control and no selective acknowledgement. All waiting is on
// channels and timers of the standard library, which is what synctest needs;
// a network must be made inside the bubble that uses it. [New] is the entry.
package memory

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/google/gopacket"
	"github.com/hueprint/hueprint/simulator/wire"
	"github.com/hueprint/hueprint/traffic"
)

// A Network is one home and its clouds in memory. One lock guards all of it:
// every program's call and every event of the agenda holds it for a moment.
type Network struct {
	options wire.Options
	start   time.Time
	wake    chan struct{} // tells run that the agenda has a new head
	done    chan struct{} // closed when run has returned

	mu          sync.Mutex
	agenda      agenda
	chance      *rand.Rand
	roster      wire.Roster
	home, cloud *segment
	router      *host
	hosts       map[string]*host
	scratch     gopacket.SerializeBuffer
	closed      bool
}

var (
	_ wire.Network  = (*Network)(nil)
	_ wire.Injector = (*Network)(nil)
)

// New makes a network with its router and starts its clock.
func New(options wire.Options) (*Network, error) {
	options, err := options.Filled()
	if err != nil {
		return nil, fmt.Errorf("memory wire: %w", err)
	}
	n := &Network{
		options: options,
		start:   time.Now(),
		wake:    make(chan struct{}, 1),
		done:    make(chan struct{}),
		chance:  rand.New(rand.NewPCG(options.Seed, 0x77697265)),
		hosts:   map[string]*host{},
		scratch: gopacket.NewSerializeBuffer(),
	}
	n.home = newSegment(n, options.Delay)
	n.cloud = newSegment(n, options.CloudDelay)
	n.router = newHost(n, wire.HostOptions{Name: wire.RouterName, Addr: options.Router, MAC: options.RouterMAC}, n.home)
	n.router.uplink = n.cloud.plug(n.router, options.RouterMAC, wire.UplinkAddr)
	n.hosts[wire.RouterName] = n.router
	go n.run()
	return n, nil
}

// Add puts a host on the network.
func (n *Network) Add(o wire.HostOptions) (wire.Host, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return nil, fmt.Errorf("add host %q: %w", o.Name, errNetworkClosed)
	}
	if err := n.roster.Enter(n.options, o); err != nil {
		return nil, err
	}
	side := n.home
	if o.Cloud {
		side = n.cloud
	}
	h := newHost(n, o, side)
	n.hosts[o.Name] = h
	return h, nil
}

// Router is the home's default gateway.
func (n *Network) Router() wire.Host { return n.router }

// Tap mirrors the frames on the host's cable (for the router: on its cable in
// the home).
func (n *Network) Tap(name string, see func(traffic.Frame)) (func(), error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	h, ok := n.hosts[name]
	if !ok {
		return nil, fmt.Errorf("tap %q: no such host on this network", name)
	}
	t := &tap{see: see}
	h.port.taps = append(h.port.taps, t)
	return func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		h.port.untap(t)
	}, nil
}

// Inject shows a frame to the taps of the host's cable.
func (n *Network) Inject(name string, frame []byte) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	h, ok := n.hosts[name]
	if !ok || n.closed {
		return fmt.Errorf("inject on %q: no such host, or the network is closed", name)
	}
	h.port.show(frame)
	return nil
}

var errNetworkClosed = errors.New("network is closed")

// Close fails every connection and waits until the clock has stopped.
func (n *Network) Close() error {
	n.mu.Lock()
	if !n.closed {
		n.closed = true
		for _, h := range n.hosts {
			h.shut()
		}
		n.nudge()
	}
	n.mu.Unlock()
	<-n.done
	return nil
}

// Package netstack is the wire of real time without root: every host has its
// own userspace TCP/IP stack (gVisor's), and the stacks are joined by a virtual
// Ethernet switch on each side of a forwarding router. What a tap sees are the
// frames that the stacks made; lines delay, jitter and lose them as asked.
//
// It does not run inside testing/synctest: the stacks' goroutines wait in ways
// that virtual time does not know (package memory is for that). [New] is the
// entry.
package netstack

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"sync"

	"github.com/hueprint/hueprint/simulator/wire"
	"github.com/hueprint/hueprint/traffic"
	"gvisor.dev/gvisor/pkg/tcpip"
)

// A Network is one home and its clouds over userspace stacks.
type Network struct {
	options     wire.Options
	home, cloud *ethernetSwitch
	router      *host

	mu     sync.Mutex
	roster wire.Roster
	hosts  map[string]*host
	closed bool
}

var (
	_ wire.Network  = (*Network)(nil)
	_ wire.Injector = (*Network)(nil)
)

// New makes a network with its router.
func New(options wire.Options) (*Network, error) {
	options, err := options.Filled()
	if err != nil {
		return nil, fmt.Errorf("netstack wire: %w", err)
	}
	n := &Network{options: options, hosts: map[string]*host{}}
	n.home = newSwitch(options, options.Delay, 1)
	n.cloud = newSwitch(options, options.CloudDelay, 2)
	if n.router, err = n.newRouter(); err != nil {
		return nil, errors.Join(fmt.Errorf("netstack wire: router: %w", err), n.Close())
	}
	n.hosts[wire.RouterName] = n.router
	return n, nil
}

// The interfaces of hosts; the router has both.
const homeNIC, cloudNIC tcpip.NICID = 1, 2

// everywhere is the destination of a default route.
var everywhere = netip.PrefixFrom(netip.IPv4Unspecified(), 0)

// newRouter makes the host that forwards between the two switches.
func (n *Network) newRouter() (*host, error) {
	h := newHost(wire.HostOptions{Name: wire.RouterName, Addr: n.options.Router, MAC: n.options.RouterMAC}, n.options.Loss > 0)
	h.port = n.home.plug(h.options.MAC, true)
	h.uplink = n.cloud.plug(h.options.MAC, true)
	err := errors.Join(
		h.attach(homeNIC, h.port, netip.PrefixFrom(n.options.Router, n.options.Home.Bits())),
		h.attach(cloudNIC, h.uplink, netip.PrefixFrom(wire.UplinkAddr, 32)),
		h.forward())
	h.stack.SetRouteTable([]tcpip.Route{
		route(n.options.Home, netip.Addr{}, homeNIC), route(everywhere, netip.Addr{}, cloudNIC)})
	return h, err
}

// Add puts a host on the network.
func (n *Network) Add(o wire.HostOptions) (wire.Host, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return nil, fmt.Errorf("add host %q: network is closed", o.Name)
	}
	if err := n.roster.Enter(n.options, o); err != nil {
		return nil, err
	}
	h := newHost(o, n.options.Loss > 0)
	n.hosts[o.Name] = h
	if err := n.connect(h); err != nil {
		return nil, fmt.Errorf("add host %q: %w", o.Name, err)
	}
	return h, nil
}

// connect plugs the host into its side's switch and routes the other side by
// the router.
func (n *Network) connect(h *host) error {
	if h.options.Cloud {
		h.port = n.cloud.plug(h.options.MAC, false)
		h.stack.SetRouteTable([]tcpip.Route{
			route(n.options.Home, wire.UplinkAddr, homeNIC), route(everywhere, netip.Addr{}, homeNIC)})
		return h.attach(homeNIC, h.port, netip.PrefixFrom(h.options.Addr, 32))
	}
	h.port = n.home.plug(h.options.MAC, false)
	h.stack.SetRouteTable([]tcpip.Route{
		route(n.options.Home, netip.Addr{}, homeNIC), route(everywhere, n.options.Router, homeNIC)})
	return h.attach(homeNIC, h.port, netip.PrefixFrom(h.options.Addr, n.options.Home.Bits()))
}

// Router is the home's default gateway.
func (n *Network) Router() wire.Host { return n.router }

// port finds the cable of a host; the router's is the one in the home.
func (n *Network) port(name string) (*port, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	h, ok := n.hosts[name]
	if !ok || n.closed {
		return nil, fmt.Errorf("no host %q on this network, or it is closed", name)
	}
	return h.port, nil
}

// Tap mirrors the frames on the host's cable.
func (n *Network) Tap(name string, see func(traffic.Frame)) (func(), error) {
	p, err := n.port(name)
	if err != nil {
		return nil, fmt.Errorf("tap: %w", err)
	}
	return p.tap(see), nil
}

// Inject shows a frame to the taps of the host's cable.
func (n *Network) Inject(name string, frame []byte) error {
	p, err := n.port(name)
	if err != nil {
		return fmt.Errorf("inject: %w", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.show(frame)
	return nil
}

// Close ends the sockets, then the stacks, then the switches, and returns when
// no goroutine is left.
func (n *Network) Close() error {
	n.mu.Lock()
	closed, hosts := n.closed, slices.Collect(maps.Values(n.hosts))
	n.closed = true
	n.mu.Unlock()
	if closed {
		return nil
	}
	for _, h := range hosts {
		h.shut()
	}
	for _, h := range hosts {
		h.stack.Wait()
	}
	n.home.close()
	n.cloud.close()
	return nil
}

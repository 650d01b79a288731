package veth

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"

	"github.com/hueprint/hueprint/simulator/wire"
	"github.com/hueprint/hueprint/traffic"
)

// A Network is one home and its clouds in kernel namespaces.
type Network struct {
	options wire.Options
	prefix  string
	ground  Namespace // the switch: both bridges and the near ends of all cables
	router  *host

	mu         sync.Mutex
	roster     wire.Roster
	hosts      map[string]*host
	namespaces []Namespace
	taps       map[*tap]struct{}
	closed     bool
}

var _ wire.Network = (*Network)(nil)

// networks tells the networks of one process apart in their namespaces' names.
var networks atomic.Uint32

// New makes a network with its router, as root. It removes what dead processes
// left first.
func New(options wire.Options) (*Network, error) {
	options, err := options.Filled()
	if err != nil {
		return nil, fmt.Errorf("veth wire: %w", err)
	}
	if options.Delay+options.CloudDelay+options.Jitter > 0 || options.Loss > 0 {
		return nil, wire.ErrLine
	}
	if err := Available(); err != nil {
		return nil, err
	}
	n := &Network{options: options, hosts: map[string]*host{}, taps: map[*tap]struct{}{},
		prefix: fmt.Sprintf("%s%d-%d-", namePrefix, os.Getpid(), networks.Add(1))}
	if err := n.build(); err != nil {
		return nil, errors.Join(fmt.Errorf("veth wire: %w", err), n.Close())
	}
	return n, nil
}

// Available says why there can be no kernel network here, or nil.
func Available() error {
	if os.Geteuid() != 0 {
		return errors.New("veth wire: needs root to make network namespaces (run as root, or use the netstack wire)")
	}
	if _, err := exec.LookPath("ip"); err != nil {
		return fmt.Errorf("veth wire: needs the ip command (install iproute2): %w", err)
	}
	return nil
}

// build makes the switch and the router.
func (n *Network) build() (err error) {
	if err := removeStale(); err != nil {
		return err
	}
	if n.ground, err = n.namespace("switch"); err != nil {
		return err
	}
	if err := n.ground.ip(bridge("home"), bridge("cloud"), "link set home up", "link set cloud up"); err != nil {
		return err
	}
	n.router, err = n.newRouter()
	return err
}

// bridge is the line that makes a bridge which forwards at once and floods
// multicast.
func bridge(name string) string {
	return "link add " + name + " type bridge stp_state 0 forward_delay 0 mcast_snooping 0"
}

// namespace makes a namespace whose name ends with last.
func (n *Network) namespace(last string) (Namespace, error) {
	ns := Namespace(n.prefix + last)
	if err := Namespace("").ip("netns add " + string(ns)); err != nil {
		return "", err
	}
	n.namespaces = append(n.namespaces, ns)
	return ns, errors.Join(ns.quieten(), ns.ip("link set lo up"))
}

// newRouter makes the namespace that forwards between the two bridges.
func (n *Network) newRouter() (*host, error) {
	h, err := n.newHost(wire.HostOptions{Name: wire.RouterName, Addr: n.options.Router, MAC: n.options.RouterMAC})
	if err != nil {
		return nil, err
	}
	return h, errors.Join(
		n.cable(h, "eth0", n.cableOf(wire.RouterName), "home"),
		n.cable(h, "eth1", "uplink", "cloud"),
		h.namespace.ip(
			fmt.Sprintf("addr add %v/%d dev eth0", n.options.Router, n.options.Home.Bits()),
			fmt.Sprintf("addr add %v/32 dev eth1", wire.UplinkAddr),
			"link set eth0 up", "link set eth1 up", "route add default dev eth1"),
		h.namespace.set("net/ipv4/ip_forward", "1"))
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
	h, err := n.newHost(o)
	if err == nil {
		err = n.connect(h)
	}
	if err != nil {
		return nil, fmt.Errorf("add host %q: %w", o.Name, err)
	}
	return h, nil
}

// newHost makes a host's namespace, without cable. The namespaces are numbered,
// since a host's name need not be a file's.
func (n *Network) newHost(o wire.HostOptions) (*host, error) {
	ns, err := n.namespace(fmt.Sprintf("host%d", len(n.hosts)))
	if err != nil {
		return nil, err
	}
	h := newHost(o, ns)
	n.hosts[o.Name] = h
	h.near = fmt.Sprintf("cable%d", len(n.hosts))
	return h, nil
}

// cableOf names the near end of the host's cable.
func (n *Network) cableOf(name string) string { return n.hosts[name].near }

// connect lays the host's cable and routes the other side by the router.
func (n *Network) connect(h *host) error {
	side, lines := "home", []string{
		fmt.Sprintf("addr add %v/%d dev eth0", h.options.Addr, n.options.Home.Bits()), "link set eth0 up",
		fmt.Sprintf("route add default via %v", n.options.Router)}
	if h.options.Cloud {
		side, lines = "cloud", []string{
			fmt.Sprintf("addr add %v/32 dev eth0", h.options.Addr), "link set eth0 up",
			fmt.Sprintf("route add %v dev eth0", wire.UplinkAddr),
			fmt.Sprintf("route add %v via %v", n.options.Home.Masked(), wire.UplinkAddr), "route add default dev eth0"}
	}
	if err := n.cable(h, "eth0", h.near, side); err != nil {
		return err
	}
	return h.namespace.ip(lines...)
}

// cable lays a cable from the host's interface to a bridge, without offloads.
func (n *Network) cable(h *host, far, near, side string) error {
	err := Namespace("").ip(fmt.Sprintf("link add %s netns %s type veth peer name %s address %v netns %s",
		near, n.ground, far, h.options.MAC, h.namespace))
	if err != nil {
		return err
	}
	return errors.Join(
		h.namespace.Enter(func() error { return plain(far) }),
		n.ground.Enter(func() error { return plain(near) }),
		n.ground.ip(fmt.Sprintf("link set %s master %s up", near, side)))
}

// Router is the home's default gateway.
func (n *Network) Router() wire.Host { return n.router }

// A Cable is where a host's traffic can be captured: the end of its cable at
// the switch.
type Cable struct {
	Interface string
	Namespace Namespace
}

// Cable tells where to capture the named host's traffic: open the socket inside
// the namespace's Enter.
func (n *Network) Cable(name string) (Cable, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	h, ok := n.hosts[name]
	if !ok || n.closed {
		return Cable{}, fmt.Errorf("cable of %q: no such host on this network, or it is closed", name)
	}
	return Cable{h.near, n.ground}, nil
}

// Tap mirrors the frames on the host's cable, as far as this process keeps up.
func (n *Network) Tap(name string, see func(traffic.Frame)) (func(), error) {
	cable, err := n.Cable(name)
	if err != nil {
		return nil, fmt.Errorf("tap: %w", err)
	}
	t, err := openTap(cable, see)
	if err != nil {
		return nil, fmt.Errorf("tap %q: %w", name, err)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.taps[t] = struct{}{}
	return t.stop, nil
}

// Close ends all sockets and taps and removes the namespaces.
func (n *Network) Close() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return nil
	}
	n.closed = true
	for t := range n.taps {
		t.stop()
	}
	for _, h := range n.hosts {
		h.shut()
	}
	var lines []string
	for _, ns := range n.namespaces {
		lines = append(lines, "netns del "+string(ns))
	}
	if len(lines) == 0 {
		return nil
	}
	if err := Namespace("").ip(lines...); err != nil {
		return fmt.Errorf("close veth wire: %w", err)
	}
	return nil
}

// addrPort reads an address literal.
func addrPort(address string) (netip.AddrPort, error) {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return to, fmt.Errorf("dial %s: want an address literal, resolve names by Lookup: %w", address, err)
	}
	return to, nil
}

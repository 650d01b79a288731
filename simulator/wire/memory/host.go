package memory

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/google/gopacket/layers"
	"github.com/hueprint/hueprint/simulator/wire"
	"github.com/hueprint/hueprint/traffic"
)

// A host is one machine: its port, and the sockets of its programs.
type host struct {
	network   *Network
	options   wire.HostOptions
	port      *port
	uplink    *port // of the router only: its port beyond the home
	conns     map[connKey]*endpoint
	listeners map[uint16]*listener
	datagrams map[uint16]*socket
	groups    map[netip.AddrPort]*socket
	pings     map[uint16]chan uint16
	nextPort  uint16
	nextID    uint16
}

var _ wire.Host = (*host)(nil)

// connKey names a TCP connection on its host.
type connKey struct {
	port   uint16
	remote netip.AddrPort
}

// The range of ports for those who do not choose one (RFC 6335's dynamic ports).
const firstPort, lastPort = 49152, 65535

func newHost(n *Network, o wire.HostOptions, side *segment) *host {
	h := &host{network: n, options: o,
		conns: map[connKey]*endpoint{}, listeners: map[uint16]*listener{},
		datagrams: map[uint16]*socket{}, groups: map[netip.AddrPort]*socket{}, pings: map[uint16]chan uint16{},
		nextPort: firstPort + uint16(n.chance.IntN(lastPort-firstPort)), nextID: uint16(n.chance.Uint32()),
	}
	h.port = side.plug(h, o.MAC, o.Addr)
	return h
}

func (h *host) Name() string     { return h.options.Name }
func (h *host) Addr() netip.Addr { return h.options.Addr }
func (h *host) MAC() traffic.MAC { return h.options.MAC }

// Dial connects over tcp or udp to an address literal.
func (h *host) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	remote, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil, fmt.Errorf("dial %s: want an address literal, resolve names by Lookup: %w", address, err)
	}
	switch network {
	case "tcp", "tcp4":
		return h.dialTCP(ctx, remote)
	case "udp", "udp4":
		return h.dialUDP(remote)
	}
	return nil, &net.OpError{Op: "dial", Net: network, Err: net.UnknownNetworkError(network)}
}

// Lookup asks the host's resolver.
func (h *host) Lookup(ctx context.Context, name string) ([]netip.Addr, error) {
	return wire.LookupA(ctx, h, h.options.Resolver, name)
}

// shut ends all that runs on the host. The lock is held.
func (h *host) shut() {
	for _, e := range h.conns {
		e.fail(errNetworkClosed)
	}
	for _, l := range h.listeners {
		l.shut()
	}
	for _, s := range h.datagrams {
		s.shut()
	}
	for _, s := range h.groups {
		s.shut()
	}
}

// sourcePort finds a free port for an outgoing conversation.
func (h *host) sourcePort(taken func(uint16) bool) (uint16, error) {
	for range lastPort - firstPort + 1 {
		if h.nextPort == lastPort {
			h.nextPort = firstPort
		} else {
			h.nextPort++
		}
		if !taken(h.nextPort) {
			return h.nextPort, nil
		}
	}
	return 0, fmt.Errorf("host %q has no free port", h.options.Name)
}

// ttl is what hosts send with; the router takes one off.
const ttl = 64

// send routes a packet of this host.
func (h *host) send(p *packet) {
	h.nextID++
	p.id = h.nextID
	if p.ttl == 0 {
		p.ttl = ttl
	}
	to := p.dst.Addr()
	switch {
	case to == h.options.Addr:
		h.network.after(0, func() { h.receive(p) })
	case to.IsMulticast():
		h.port.transmit(frame{src: h.port.mac, dst: groupMAC(to), packet: p})
	case h.uplink != nil && !h.network.options.Home.Contains(to):
		h.uplink.send(to, p)
	default:
		h.port.send(h.hop(to), p)
	}
}

// hop is who the packet goes to first: the router when the address is on its
// other side.
func (h *host) hop(to netip.Addr) netip.Addr {
	switch inHome := h.network.options.Home.Contains(to); {
	case inHome != h.options.Cloud:
		return to
	case inHome:
		return wire.UplinkAddr
	}
	return h.network.options.Router
}

// groupMAC maps a multicast address to its Ethernet group (RFC 1112).
func groupMAC(group netip.Addr) traffic.MAC {
	a := group.As4()
	return traffic.MAC{0x01, 0x00, 0x5e, a[1] & 0x7f, a[2], a[3]}
}

// receive hands a packet to whom it is for; the router forwards what is not its
// own.
func (h *host) receive(p *packet) {
	to := p.dst.Addr()
	switch {
	case to.IsMulticast():
		h.receiveGroup(p)
	case to != h.options.Addr && to != wire.UplinkAddr:
		h.forward(p)
	case p.tcp != nil:
		h.receiveTCP(p)
	case p.icmp != nil:
		h.receiveICMP(p)
	default:
		h.receiveUDP(p)
	}
}

// forward passes a packet on to the router's other side.
func (h *host) forward(p *packet) {
	if h.uplink == nil || p.ttl <= 1 {
		return
	}
	onward := *p
	onward.ttl--
	if out := h.uplink; h.network.options.Home.Contains(p.src.Addr()) {
		out.send(p.dst.Addr(), &onward)
		return
	}
	h.port.send(p.dst.Addr(), &onward)
}

// refuse tells the sender of a datagram that nobody serves its port.
func (h *host) refuse(p *packet) {
	h.send(&packet{src: p.dst, dst: p.src, icmp: &icmpHeader{original: p,
		kind: layers.CreateICMPv4TypeCode(layers.ICMPv4TypeDestinationUnreachable, layers.ICMPv4CodePort)}})
}

// elapsed is the network's age, by which packets are stamped.
func (n *Network) elapsed() time.Duration { return time.Since(n.start) }

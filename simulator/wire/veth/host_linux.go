package veth

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"

	"github.com/hueprint/hueprint/simulator/wire"
	"github.com/hueprint/hueprint/traffic"
	"golang.org/x/net/ipv4"
)

// A host is one namespace and the sockets that its programs have open.
type host struct {
	options   wire.HostOptions
	namespace Namespace
	near      string // the end of its cable at the switch

	mu      sync.Mutex
	sockets map[io.Closer]struct{}
	closed  bool
	pings   uint16
}

var _ wire.Host = (*host)(nil)

func newHost(o wire.HostOptions, ns Namespace) *host {
	return &host{options: o, namespace: ns, sockets: map[io.Closer]struct{}{}}
}

func (h *host) Name() string     { return h.options.Name }
func (h *host) Addr() netip.Addr { return h.options.Addr }
func (h *host) MAC() traffic.MAC { return h.options.MAC }

// Lookup asks the host's resolver.
func (h *host) Lookup(ctx context.Context, name string) ([]netip.Addr, error) {
	return wire.LookupA(ctx, h, h.options.Resolver, name)
}

// Dial connects over tcp or udp to an address literal.
func (h *host) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	if _, err := addrPort(address); err != nil {
		return nil, err
	}
	dialer := net.Dialer{KeepAlive: -1}
	if every := h.options.KeepAlive; every > 0 {
		dialer.KeepAliveConfig = net.KeepAliveConfig{Enable: true, Idle: every, Interval: every}
	}
	return open(h, func() (net.Conn, error) {
		switch conn, err := dialer.DialContext(ctx, network, address); conn := conn.(type) {
		case *net.TCPConn:
			return &stream{conn, h}, nil
		case *net.UDPConn:
			return &datagrams{conn, h}, nil
		case nil:
			return nil, err
		default:
			conn.Close()
			return nil, &net.OpError{Op: "dial", Net: network, Err: net.UnknownNetworkError(network)}
		}
	})
}

// Listen serves a TCP port, without keep-alive and without multipath TCP.
func (h *host) Listen(network, address string) (net.Listener, error) {
	local, err := wire.ListenAddr(h, network, "tcp", address)
	if err != nil {
		return nil, err
	}
	config := net.ListenConfig{KeepAlive: -1}
	config.SetMultipathTCP(false)
	return open(h, func() (net.Listener, error) {
		l, err := config.Listen(context.Background(), "tcp4", local.String())
		if err != nil {
			return nil, err
		}
		return &listener{l.(*net.TCPListener), h}, nil
	})
}

// ListenPacket serves a UDP port.
func (h *host) ListenPacket(network, address string) (net.PacketConn, error) {
	local, err := wire.ListenAddr(h, network, "udp", address)
	if err != nil {
		return nil, err
	}
	return open(h, func() (net.PacketConn, error) {
		conn, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(local))
		if err != nil {
			return nil, err
		}
		return &datagrams{conn, h}, nil
	})
}

// Multicast joins a group.
func (h *host) Multicast(group netip.AddrPort, ttl int) (net.PacketConn, error) {
	if !group.Addr().Is4() || !group.Addr().IsMulticast() {
		return nil, fmt.Errorf("join %v: not an IPv4 multicast group", group)
	}
	return open(h, func() (net.PacketConn, error) {
		card, err := net.InterfaceByName("eth0")
		if err != nil {
			return nil, err
		}
		conn, err := net.ListenMulticastUDP("udp4", card, net.UDPAddrFromAddrPort(group))
		if err != nil {
			return nil, err
		}
		options := ipv4.NewPacketConn(conn)
		if err := options.SetMulticastTTL(ttl); err != nil {
			conn.Close()
			return nil, err
		}
		return &datagrams{conn, h}, nil
	})
}

// open makes a socket inside the host's namespace and notes it, so that shut
// can end it.
func open[S io.Closer](h *host, make func() (S, error)) (socket S, err error) {
	err = h.namespace.Enter(func() (err error) {
		socket, err = make()
		return err
	})
	if err != nil {
		return socket, err
	}
	if err := h.own(socket); err != nil {
		socket.Close()
		return socket, err
	}
	return socket, nil
}

func (h *host) own(socket io.Closer) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return fmt.Errorf("host %q: network is closed", h.options.Name)
	}
	h.sockets[socket] = struct{}{}
	return nil
}

func (h *host) disown(socket io.Closer) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.sockets, socket)
}

// shut ends all sockets.
func (h *host) shut() {
	h.mu.Lock()
	sockets := h.sockets
	h.sockets, h.closed = nil, true
	h.mu.Unlock()
	for socket := range sockets {
		socket.Close()
	}
}

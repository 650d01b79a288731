package netstack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/hueprint/hueprint/simulator/wire"
	"github.com/hueprint/hueprint/traffic"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/link/ethernet"
	"gvisor.dev/gvisor/pkg/tcpip/network/arp"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/icmp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/udp"
)

// A host is one machine: its stack and the sockets that its programs have open.
type host struct {
	options wire.HostOptions
	stack   *stack.Stack
	port    *port
	uplink  *port // of the router only: its port beyond the home

	mu      sync.Mutex
	sockets map[io.Closer]struct{}
	closed  bool
}

var _ wire.Host = (*host)(nil)

func newHost(o wire.HostOptions, lossy bool) *host {
	h := &host{options: o, sockets: map[io.Closer]struct{}{}, stack: stack.New(stack.Options{
		NetworkProtocols:   []stack.NetworkProtocolFactory{ipv4.NewProtocol, arp.NewProtocol},
		TransportProtocols: []stack.TransportProtocolFactory{tcp.NewProtocol, udp.NewProtocol, icmp.NewProtocol4},
		HandleLocal:        true,
	})}
	h.tune(lossy)
	return h
}

// patience is how long TCP waits for an acknowledgement before it repeats, on
// lines that lose nothing: RFC 6298's least. The stack's own 200 ms can pass on
// a busy machine.
const patience = time.Second

// tune makes the stack's TCP that of an ordinary host on a busy machine: no
// waiting for more to send, and no early probes for lost segments, which on
// lines of less than a millisecond a late goroutine suffices to set off.
func (h *host) tune(lossy bool) {
	sack, delay, recovery, rto := tcpip.TCPSACKEnabled(true), tcpip.TCPDelayEnabled(false), tcpip.TCPRecovery(0), tcpip.TCPMinRTOOption(patience)
	options := []tcpip.SettableTransportProtocolOption{&sack, &delay, &recovery}
	if !lossy {
		options = append(options, &rto)
	}
	for _, option := range options {
		h.stack.SetTransportProtocolOption(tcp.ProtocolNumber, option)
	}
}

// attach makes the port an interface of the stack, with an address.
func (h *host) attach(nic tcpip.NICID, p *port, addr netip.Prefix) error {
	if err := h.stack.CreateNIC(nic, ethernet.New(p)); err != nil {
		return fmt.Errorf("create interface: %v", err)
	}
	err := h.stack.AddProtocolAddress(nic, tcpip.ProtocolAddress{Protocol: ipv4.ProtocolNumber,
		AddressWithPrefix: tcpip.AddressWithPrefix{Address: address(addr.Addr()), PrefixLen: addr.Bits()}},
		stack.AddressProperties{})
	if err != nil {
		return fmt.Errorf("set address %v: %v", addr, err)
	}
	return nil
}

// forward makes the stack a router.
func (h *host) forward() error {
	if err := h.stack.SetForwardingDefaultAndAllNICs(ipv4.ProtocolNumber, true); err != nil {
		return errors.New(err.String())
	}
	return nil
}

func (h *host) Name() string     { return h.options.Name }
func (h *host) Addr() netip.Addr { return h.options.Addr }
func (h *host) MAC() traffic.MAC { return h.options.MAC }

// Lookup asks the host's resolver.
func (h *host) Lookup(ctx context.Context, name string) ([]netip.Addr, error) {
	return wire.LookupA(ctx, h, h.options.Resolver, name)
}

// Dial connects over tcp or udp to an address literal.
func (h *host) Dial(ctx context.Context, network, to string) (net.Conn, error) {
	remote, err := netip.ParseAddrPort(to)
	if err != nil {
		return nil, fmt.Errorf("dial %s: want an address literal, resolve names by Lookup: %w", to, err)
	}
	switch network {
	case "tcp", "tcp4":
		return h.dialTCP(ctx, remote)
	case "udp", "udp4":
		return h.dialUDP(remote)
	}
	return nil, &net.OpError{Op: "dial", Net: network, Err: net.UnknownNetworkError(network)}
}

// own notes an open socket, so that shut can end it.
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

// shut ends all sockets and the stack.
func (h *host) shut() {
	h.mu.Lock()
	sockets := h.sockets
	h.sockets, h.closed = nil, true
	h.mu.Unlock()
	for socket := range sockets {
		socket.Close()
	}
	h.stack.Close()
}

// address, fullAddress and route put addresses in the stack's terms.
func address(a netip.Addr) tcpip.Address { return tcpip.AddrFrom4(a.As4()) }

func fullAddress(a netip.AddrPort) tcpip.FullAddress {
	return tcpip.FullAddress{Addr: address(a.Addr()), Port: a.Port()}
}

func route(to netip.Prefix, by netip.Addr, nic tcpip.NICID) tcpip.Route {
	r := tcpip.Route{NIC: nic, Destination: tcpip.AddressWithPrefix{
		Address: address(to.Masked().Addr()), PrefixLen: to.Bits()}.Subnet()}
	if by.IsValid() {
		r.Gateway = address(by)
	}
	return r
}

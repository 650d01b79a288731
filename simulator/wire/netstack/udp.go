package netstack

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/hueprint/hueprint/simulator/wire"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/adapters/gonet"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/transport/udp"
	"gvisor.dev/gvisor/pkg/waiter"
)

// A datagrams is a UDP socket whose errors are those of package net.
type datagrams struct {
	*gonet.UDPConn
	socket
	queue *waiter.Queue
	// refusal wakes a reader when an ICMP error came in, which gonet's reads do
	// not wait for; waking counts its goroutines.
	refusal waiter.Entry
	waking  sync.WaitGroup
}

var (
	_ net.Conn       = (*datagrams)(nil)
	_ net.PacketConn = (*datagrams)(nil)
)

// dialUDP makes a connected socket.
func (h *host) dialUDP(remote netip.AddrPort) (net.Conn, error) {
	conn, err := h.openUDP(func(endpoint tcpip.Endpoint) tcpip.Error {
		return endpoint.Connect(fullAddress(remote))
	})
	if err != nil {
		return nil, dialError("udp", net.UDPAddrFromAddrPort(remote), err)
	}
	return conn, nil
}

// ListenPacket serves a UDP port.
func (h *host) ListenPacket(network, on string) (net.PacketConn, error) {
	local, err := wire.ListenAddr(h, network, "udp", on)
	if err != nil {
		return nil, err
	}
	conn, err := h.openUDP(func(endpoint tcpip.Endpoint) tcpip.Error { return endpoint.Bind(fullAddress(local)) })
	if err != nil {
		return nil, &net.OpError{Op: "listen", Net: network, Addr: net.UDPAddrFromAddrPort(local), Err: err}
	}
	return conn, nil
}

// Multicast joins a group.
func (h *host) Multicast(group netip.AddrPort, ttl int) (net.PacketConn, error) {
	if !group.Addr().Is4() || !group.Addr().IsMulticast() {
		return nil, fmt.Errorf("join %v: not an IPv4 multicast group", group)
	}
	conn, err := h.openUDP(func(endpoint tcpip.Endpoint) tcpip.Error { return join(endpoint, group, ttl) })
	if err != nil {
		return nil, fmt.Errorf("join %v: %w", group, err)
	}
	return conn, nil
}

func join(endpoint tcpip.Endpoint, group netip.AddrPort, ttl int) tcpip.Error {
	endpoint.SocketOptions().SetReuseAddress(true)
	endpoint.SocketOptions().SetMulticastLoop(false)
	for _, fault := range []tcpip.Error{
		endpoint.SetSockOptInt(tcpip.MulticastTTLOption, ttl),
		endpoint.SetSockOpt(&tcpip.MulticastInterfaceOption{NIC: homeNIC}),
		endpoint.SetSockOpt(&tcpip.AddMembershipOption{NIC: homeNIC, MulticastAddr: address(group.Addr())}),
		endpoint.Bind(tcpip.FullAddress{Port: group.Port()}),
	} {
		if fault != nil {
			return fault
		}
	}
	return nil
}

// openUDP makes a socket of the host and sets it up, here since gonet offers
// neither groups nor TTLs.
func (h *host) openUDP(setUp func(tcpip.Endpoint) tcpip.Error) (*datagrams, error) {
	queue := new(waiter.Queue)
	endpoint, fault := h.stack.NewEndpoint(udp.ProtocolNumber, ipv4.ProtocolNumber, queue)
	if fault != nil {
		return nil, translate(fault)
	}
	if fault := setUp(endpoint); fault != nil {
		endpoint.Close()
		return nil, translate(fault)
	}
	d := &datagrams{UDPConn: gonet.NewUDPConn(queue, endpoint), queue: queue}
	d.host = h
	d.refusal = waiter.NewFunctionEntry(waiter.EventErr, func(waiter.EventMask) {
		d.waking.Go(func() { queue.Notify(waiter.ReadableEvents) })
	})
	queue.EventRegister(&d.refusal)
	if err := h.own(d); err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

// Read and ReadFrom wait for a datagram. To the end of its socket, which gonet
// calls io.EOF, package net says that it is closed.
func (d *datagrams) Read(b []byte) (int, error) {
	n, _, err := d.ReadFrom(b)
	return n, err
}

func (d *datagrams) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := d.UDPConn.ReadFrom(b)
	if err == io.EOF {
		err = net.ErrClosed
	}
	return n, from, d.fault(err)
}

func (d *datagrams) Write(b []byte) (int, error) {
	n, err := d.UDPConn.Write(b)
	return n, d.fault(err)
}

// WriteTo sends a datagram.
func (d *datagrams) WriteTo(b []byte, to net.Addr) (int, error) {
	addr, ok := to.(*net.UDPAddr)
	if !ok || addr.IP.To4() == nil {
		return 0, &net.OpError{Op: "write", Net: "udp", Addr: to, Err: fmt.Errorf("%v is not an IPv4 UDP address", to)}
	}
	n, err := d.UDPConn.WriteTo(b, &net.UDPAddr{IP: addr.IP.To4(), Port: addr.Port})
	return n, d.fault(err)
}

// SetReadBuffer and SetWriteBuffer keep quic-go from complaining: the stack's
// buffers have one size.
func (d *datagrams) SetReadBuffer(int) error  { return nil }
func (d *datagrams) SetWriteBuffer(int) error { return nil }

// Close frees the port and ends what waits on it.
func (d *datagrams) Close() error {
	if !d.shut() {
		return net.ErrClosed
	}
	d.host.disown(d)
	d.queue.EventUnregister(&d.refusal)
	d.waking.Wait()
	d.UDPConn.SetDeadline(time.Unix(1, 0))
	return d.UDPConn.Close()
}

package memory

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"

	"github.com/hueprint/hueprint/simulator/wire"
)

// maxDatagram is the most that fits an Ethernet frame; there is no
// fragmentation here.
const maxDatagram = 1472

// maxQueue is how many datagrams wait for a slow program before more are lost.
const maxQueue = 4096

// A socket is a UDP port of a host, as a PacketConn and, when connected, a Conn.
type socket struct {
	host        *host
	local       netip.AddrPort
	remote      netip.AddrPort // valid when connected
	group       netip.AddrPort // valid when joined
	ttl         uint8
	queue       []datagram
	fault       error
	closed      bool
	changed     chan struct{}
	read, write *deadline
}

var (
	_ net.Conn       = (*socket)(nil)
	_ net.PacketConn = (*socket)(nil)
)

type datagram struct {
	from    netip.AddrPort
	payload []byte
}

func newSocket(h *host, port uint16) *socket {
	return &socket{host: h, local: netip.AddrPortFrom(h.options.Addr, port),
		changed: make(chan struct{}), read: newDeadline(), write: newDeadline()}
}

func (h *host) dialUDP(remote netip.AddrPort) (net.Conn, error) {
	h.network.mu.Lock()
	defer h.network.mu.Unlock()
	s, err := h.bindUDP(0)
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: "udp", Addr: net.UDPAddrFromAddrPort(remote), Err: err}
	}
	s.remote = remote
	return s, nil
}

// ListenPacket serves a UDP port.
func (h *host) ListenPacket(network, address string) (net.PacketConn, error) {
	local, err := wire.ListenAddr(h, network, "udp", address)
	if err != nil {
		return nil, err
	}
	h.network.mu.Lock()
	defer h.network.mu.Unlock()
	s, err := h.bindUDP(local.Port())
	if err != nil {
		return nil, &net.OpError{Op: "listen", Net: network, Err: err}
	}
	return s, nil
}

// bindUDP takes a port, any when it is 0. The lock is held.
func (h *host) bindUDP(port uint16) (*socket, error) {
	if h.network.closed {
		return nil, errNetworkClosed
	}
	taken := func(p uint16) bool { return h.datagrams[p] != nil }
	var err error
	if port == 0 {
		port, err = h.sourcePort(taken)
	} else if taken(port) {
		err = os.NewSyscallError("bind", syscall.EADDRINUSE)
	}
	if err != nil {
		return nil, err
	}
	s := newSocket(h, port)
	h.datagrams[port] = s
	return s, nil
}

// Multicast joins a group.
func (h *host) Multicast(group netip.AddrPort, ttl int) (net.PacketConn, error) {
	if !group.Addr().Is4() || !group.Addr().IsMulticast() {
		return nil, fmt.Errorf("join %v: not an IPv4 multicast group", group)
	}
	h.network.mu.Lock()
	defer h.network.mu.Unlock()
	if h.network.closed || h.groups[group] != nil {
		return nil, fmt.Errorf("join %v: network is closed or the group is joined already", group)
	}
	s := newSocket(h, group.Port())
	s.group, s.ttl = group, uint8(ttl)
	h.groups[group] = s
	return s, nil
}

// receiveUDP queues a datagram for the program that serves its port.
func (h *host) receiveUDP(p *packet) {
	s := h.datagrams[p.dst.Port()]
	if s == nil || s.remote.IsValid() && s.remote != p.src {
		h.refuse(p)
		return
	}
	s.enqueue(p)
}

// receiveGroup queues a datagram for the program that joined its group.
func (h *host) receiveGroup(p *packet) {
	if s := h.groups[p.dst]; s != nil {
		s.enqueue(p)
	}
}

// refused tells the connected socket that sent p that nobody serves its port.
func (h *host) refused(p *packet) {
	if p == nil || p.tcp != nil || p.icmp != nil {
		return
	}
	if s := h.datagrams[p.src.Port()]; s != nil && s.remote == p.dst {
		s.fault = os.NewSyscallError("read", syscall.ECONNREFUSED)
		s.notify()
	}
}

func (s *socket) enqueue(p *packet) {
	if len(s.queue) < maxQueue {
		s.queue = append(s.queue, datagram{p.src, p.payload})
		s.notify()
	}
}

// notify wakes all who wait. The lock is held.
func (s *socket) notify() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// ReadFrom waits for a datagram; what does not fit b is cut off.
func (s *socket) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		d, changed, err := s.take()
		if err != nil {
			return 0, nil, s.opError("read", err)
		}
		if changed == nil {
			return copy(b, d.payload), net.UDPAddrFromAddrPort(d.from), nil
		}
		select {
		case <-changed:
		case <-s.read.wait():
		}
	}
}

// take gives the next datagram, or a channel to wait on when there is none.
func (s *socket) take() (datagram, <-chan struct{}, error) {
	s.host.network.mu.Lock()
	defer s.host.network.mu.Unlock()
	switch {
	case s.closed:
		return datagram{}, nil, net.ErrClosed
	case isClosed(s.read.wait()):
		return datagram{}, nil, os.ErrDeadlineExceeded
	case s.fault != nil:
		err := s.fault
		s.fault = nil
		return datagram{}, nil, err
	case len(s.queue) == 0:
		return datagram{}, s.changed, nil
	}
	d := s.queue[0]
	s.queue = s.queue[1:]
	return d, nil, nil
}

// WriteTo sends a datagram.
func (s *socket) WriteTo(b []byte, to net.Addr) (int, error) {
	addr, ok := to.(*net.UDPAddr)
	if !ok {
		return 0, s.opError("write", fmt.Errorf("%v is not a UDP address", to))
	}
	target := addr.AddrPort()
	return s.sendTo(b, netip.AddrPortFrom(target.Addr().Unmap(), target.Port()))
}

func (s *socket) sendTo(b []byte, to netip.AddrPort) (int, error) {
	s.host.network.mu.Lock()
	defer s.host.network.mu.Unlock()
	switch {
	case s.closed:
		return 0, s.opError("write", net.ErrClosed)
	case isClosed(s.write.wait()):
		return 0, s.opError("write", os.ErrDeadlineExceeded)
	case len(b) > maxDatagram:
		return 0, s.opError("write", os.NewSyscallError("sendto", syscall.EMSGSIZE))
	case !to.Addr().Is4():
		return 0, s.opError("write", fmt.Errorf("%v is not an IPv4 address", to))
	}
	s.host.send(&packet{src: s.local, dst: to, ttl: s.ttl, payload: append([]byte(nil), b...)})
	return len(b), nil
}

// Read and Write are ReadFrom and WriteTo of a connected socket.
func (s *socket) Read(b []byte) (int, error) {
	n, _, err := s.ReadFrom(b)
	return n, err
}

func (s *socket) Write(b []byte) (int, error) { return s.sendTo(b, s.remote) }

// Close frees the port and wakes all who wait.
func (s *socket) Close() error {
	s.host.network.mu.Lock()
	defer s.host.network.mu.Unlock()
	if s.closed {
		return s.opError("close", net.ErrClosed)
	}
	s.shut()
	return nil
}

func (s *socket) shut() {
	if s.closed {
		return
	}
	s.closed = true
	if s.group.IsValid() {
		delete(s.host.groups, s.group)
	} else {
		delete(s.host.datagrams, s.local.Port())
	}
	s.read.set(time.Time{})
	s.write.set(time.Time{})
	s.notify()
}

func (s *socket) LocalAddr() net.Addr { return net.UDPAddrFromAddrPort(s.local) }
func (s *socket) RemoteAddr() net.Addr {
	if !s.remote.IsValid() {
		return nil
	}
	return net.UDPAddrFromAddrPort(s.remote)
}

func (s *socket) SetDeadline(t time.Time) error {
	s.read.set(t)
	s.write.set(t)
	return nil
}
func (s *socket) SetReadDeadline(t time.Time) error  { s.read.set(t); return nil }
func (s *socket) SetWriteDeadline(t time.Time) error { s.write.set(t); return nil }

// SetReadBuffer and SetWriteBuffer keep quic-go from complaining: the queue has
// one size.
func (s *socket) SetReadBuffer(int) error  { return nil }
func (s *socket) SetWriteBuffer(int) error { return nil }

func (s *socket) opError(op string, err error) error {
	return &net.OpError{Op: op, Net: "udp", Source: s.LocalAddr(), Addr: s.RemoteAddr(), Err: err}
}

package memory

import (
	"net"
	"net/netip"
	"os"
	"syscall"

	"github.com/hueprint/hueprint/simulator/wire"
	"github.com/hueprint/hueprint/traffic"
)

// A listener is a TCP port that is served.
type listener struct {
	host    *host
	port    uint16
	queue   []*endpoint
	closed  bool
	changed chan struct{}
}

var _ net.Listener = (*listener)(nil)

// Listen serves a TCP port, any free one when it is 0.
func (h *host) Listen(network, address string) (net.Listener, error) {
	local, err := wire.ListenAddr(h, network, "tcp", address)
	if err != nil {
		return nil, err
	}
	port := local.Port()
	h.network.mu.Lock()
	defer h.network.mu.Unlock()
	taken := func(p uint16) bool { return h.listeners[p] != nil }
	if h.network.closed {
		err = errNetworkClosed
	} else if port == 0 {
		port, err = h.sourcePort(taken)
	} else if taken(port) {
		err = os.NewSyscallError("bind", syscall.EADDRINUSE)
	}
	if err != nil {
		return nil, &net.OpError{Op: "listen", Net: network, Err: err}
	}
	l := &listener{host: h, port: port, changed: make(chan struct{})}
	h.listeners[port] = l
	return l, nil
}

// Accept waits for a connection whose handshake is done.
func (l *listener) Accept() (net.Conn, error) {
	for {
		e, changed, err := l.take()
		if err != nil {
			return nil, &net.OpError{Op: "accept", Net: "tcp", Addr: l.Addr(), Err: err}
		}
		if e != nil {
			return e, nil
		}
		<-changed
	}
}

func (l *listener) take() (*endpoint, <-chan struct{}, error) {
	l.host.network.mu.Lock()
	defer l.host.network.mu.Unlock()
	switch {
	case l.closed:
		return nil, nil, net.ErrClosed
	case len(l.queue) == 0:
		return nil, l.changed, nil
	}
	e := l.queue[0]
	l.queue = l.queue[1:]
	return e, nil, nil
}

// offer queues an established connection for Accept. The lock is held.
func (l *listener) offer(e *endpoint) {
	if l.closed {
		e.reset(net.ErrClosed)
		return
	}
	l.queue = append(l.queue, e)
	l.notify()
}

func (l *listener) notify() {
	close(l.changed)
	l.changed = make(chan struct{})
}

// Close stops serving; connections that nobody accepted are reset.
func (l *listener) Close() error {
	l.host.network.mu.Lock()
	defer l.host.network.mu.Unlock()
	if l.closed {
		return &net.OpError{Op: "close", Net: "tcp", Addr: l.Addr(), Err: net.ErrClosed}
	}
	l.shut()
	return nil
}

func (l *listener) shut() {
	if l.closed {
		return
	}
	l.closed = true
	delete(l.host.listeners, l.port)
	for _, e := range l.queue {
		e.reset(net.ErrClosed)
	}
	l.queue = nil
	l.notify()
}

func (l *listener) Addr() net.Addr {
	return net.TCPAddrFromAddrPort(netip.AddrPortFrom(l.host.options.Addr, l.port))
}

// receiveTCP hands a segment to its connection, opens one for a SYN to a served
// port, and resets the rest.
func (h *host) receiveTCP(p *packet) {
	if e := h.conns[connKey{p.dst.Port(), p.src}]; e != nil {
		e.receive(p)
		return
	}
	l := h.listeners[p.dst.Port()]
	switch {
	case l != nil && p.tcp.flags == traffic.SYN:
		e := newEndpoint(h, p.dst.Port(), p.src)
		e.listener = l
		e.openPassive(p)
	case !p.tcp.flags.Has(traffic.RST):
		h.send(&packet{src: p.dst, dst: p.src, tcp: &tcpHeader{
			seq: p.tcp.ack, ack: p.end(), flags: traffic.RST | traffic.ACK}})
	}
}

// end is the sequence number after the segment.
func (p *packet) end() uint32 {
	end := p.tcp.seq + uint32(len(p.payload))
	if p.tcp.flags.Has(traffic.SYN) {
		end++
	}
	if p.tcp.flags.Has(traffic.FIN) {
		end++
	}
	return end
}

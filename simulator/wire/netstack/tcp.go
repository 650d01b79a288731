package netstack

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"time"

	"github.com/hueprint/hueprint/simulator/wire"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/adapters/gonet"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/waiter"
)

// A stream is a TCP connection whose errors are those of package net.
type stream struct {
	*gonet.TCPConn
	socket
}

var _ net.Conn = (*stream)(nil)

// dialTCP connects and waits for the handshake. The endpoint is made here since
// gonet offers no keep-alive.
func (h *host) dialTCP(ctx context.Context, remote netip.AddrPort) (net.Conn, error) {
	queue := new(waiter.Queue)
	endpoint, fault := h.stack.NewEndpoint(tcp.ProtocolNumber, ipv4.ProtocolNumber, queue)
	if fault != nil {
		return nil, dialError("tcp", net.TCPAddrFromAddrPort(remote), translate(fault))
	}
	h.keepAlive(endpoint)
	if err := connect(ctx, endpoint, queue, remote); err != nil {
		endpoint.Close()
		return nil, dialError("tcp", net.TCPAddrFromAddrPort(remote), err)
	}
	return h.stream(gonet.NewTCPConn(queue, endpoint))
}

// keepAlive sets the host's interval.
func (h *host) keepAlive(endpoint tcpip.Endpoint) {
	if h.options.KeepAlive <= 0 {
		return
	}
	idle := tcpip.KeepaliveIdleOption(h.options.KeepAlive)
	interval := tcpip.KeepaliveIntervalOption(h.options.KeepAlive)
	endpoint.SetSockOpt(&idle)
	endpoint.SetSockOpt(&interval)
	endpoint.SocketOptions().SetKeepAlive(true)
}

// connect does the handshake, as long as the context lasts.
func connect(ctx context.Context, endpoint tcpip.Endpoint, queue *waiter.Queue, remote netip.AddrPort) error {
	entry, writable := waiter.NewChannelEntry(waiter.WritableEvents | waiter.EventErr | waiter.EventHUp)
	queue.EventRegister(&entry)
	defer queue.EventUnregister(&entry)
	fault := endpoint.Connect(fullAddress(remote))
	if _, started := fault.(*tcpip.ErrConnectStarted); started {
		select {
		case <-writable:
			fault = endpoint.LastError()
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return os.ErrDeadlineExceeded
			}
			return context.Cause(ctx)
		}
	}
	return translate(fault)
}

// stream wraps a connection of the host.
func (h *host) stream(conn *gonet.TCPConn) (net.Conn, error) {
	s := &stream{TCPConn: conn}
	s.host = h
	if err := h.own(s); err != nil {
		conn.Close()
		return nil, err
	}
	return s, nil
}

func (s *stream) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	n, err := s.TCPConn.Read(b)
	return n, s.fault(err)
}

func (s *stream) Write(b []byte) (int, error) {
	n, err := s.TCPConn.Write(b)
	return n, s.fault(err)
}

// Close ends the connection and what waits on it.
func (s *stream) Close() error {
	if !s.shut() {
		return net.ErrClosed
	}
	s.host.disown(s)
	s.TCPConn.SetDeadline(time.Unix(1, 0))
	return s.TCPConn.Close()
}

// A listener is a served TCP port whose errors are those of package net.
type listener struct {
	*gonet.TCPListener
	socket
}

// Listen serves a TCP port.
func (h *host) Listen(network, on string) (net.Listener, error) {
	local, err := wire.ListenAddr(h, network, "tcp", on)
	if err != nil {
		return nil, err
	}
	inner, err := h.listenTCP(local)
	if err != nil {
		return nil, &net.OpError{Op: "listen", Net: network, Addr: net.TCPAddrFromAddrPort(local), Err: err}
	}
	l := &listener{TCPListener: inner}
	l.host = h
	if err := h.own(l); err != nil {
		inner.Close()
		return nil, err
	}
	return l, nil
}

// listenTCP takes the port. The endpoint is made here since gonet cannot set
// SO_REUSEADDR, without which a server that restarts finds its port in use by
// connections that have just ended.
func (h *host) listenTCP(local netip.AddrPort) (*gonet.TCPListener, error) {
	const backlog = 4096 // Linux's
	queue := new(waiter.Queue)
	endpoint, fault := h.stack.NewEndpoint(tcp.ProtocolNumber, ipv4.ProtocolNumber, queue)
	if fault != nil {
		return nil, translate(fault)
	}
	endpoint.SocketOptions().SetReuseAddress(true)
	if fault = endpoint.Bind(fullAddress(local)); fault == nil {
		fault = endpoint.Listen(backlog)
	}
	if fault != nil {
		endpoint.Close()
		return nil, translate(fault)
	}
	return gonet.NewTCPListener(h.stack, queue, endpoint), nil
}

// Accept waits for a connection.
func (l *listener) Accept() (net.Conn, error) {
	conn, err := l.TCPListener.Accept()
	if err != nil {
		return nil, l.fault(err)
	}
	return l.host.stream(conn.(*gonet.TCPConn))
}

// Close stops serving.
func (l *listener) Close() error {
	if !l.shut() {
		return net.ErrClosed
	}
	l.host.disown(l)
	l.TCPListener.Shutdown()
	return l.TCPListener.Close()
}

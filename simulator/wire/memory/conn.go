package memory

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"

	"github.com/hueprint/hueprint/traffic"
)

var _ net.Conn = (*endpoint)(nil)

// dialTCP connects and waits for the handshake.
func (h *host) dialTCP(ctx context.Context, remote netip.AddrPort) (net.Conn, error) {
	e, err := h.connect(remote)
	if err == nil {
		err = e.awaitHandshake(ctx)
	}
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Addr: net.TCPAddrFromAddrPort(remote), Err: err}
	}
	return e, nil
}

func (h *host) connect(remote netip.AddrPort) (*endpoint, error) {
	h.network.mu.Lock()
	defer h.network.mu.Unlock()
	if h.network.closed {
		return nil, errNetworkClosed
	}
	port, err := h.sourcePort(func(p uint16) bool { return h.conns[connKey{p, remote}] != nil })
	if err != nil {
		return nil, err
	}
	e := newEndpoint(h, port, remote)
	e.openActive()
	return e, nil
}

func (e *endpoint) awaitHandshake(ctx context.Context) error {
	n := e.host.network
	for {
		n.mu.Lock()
		established, err, changed := e.established, e.err, e.changed
		n.mu.Unlock()
		if established || err != nil {
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			n.mu.Lock()
			defer n.mu.Unlock()
			e.fail(context.Cause(ctx))
			return dialFailure(ctx)
		}
	}
}

// dialFailure is a timeout for a deadline, as net.Dialer's is.
func dialFailure(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return os.ErrDeadlineExceeded
	}
	return context.Cause(ctx)
}

// Read takes what has come in.
func (e *endpoint) Read(b []byte) (int, error) {
	for {
		n, changed, err := e.take(b)
		switch {
		case err == io.EOF:
			return 0, io.EOF
		case err != nil:
			return 0, e.opError("read", err)
		case changed == nil:
			return n, nil
		}
		select {
		case <-changed:
		case <-e.read.wait():
		}
	}
}

// take copies into b, or gives a channel to wait on when there is nothing.
func (e *endpoint) take(b []byte) (int, <-chan struct{}, error) {
	e.host.network.mu.Lock()
	defer e.host.network.mu.Unlock()
	switch {
	case e.closed:
		return 0, nil, net.ErrClosed
	case isClosed(e.read.wait()):
		return 0, nil, os.ErrDeadlineExceeded
	case len(b) == 0:
		return 0, nil, nil
	case len(e.buffer) > 0:
		n := copy(b, e.buffer)
		e.buffer = e.buffer[n:]
		e.openWindow()
		return n, nil, nil
	case e.ended:
		return 0, nil, io.EOF
	case e.err != nil:
		return 0, nil, e.err
	}
	e.buffer = nil
	return 0, e.changed, nil
}

// openWindow tells the peer when there is much more room than it knows of.
func (e *endpoint) openWindow() {
	room := e.want + uint32(maxBuffer-len(e.buffer)) - e.edge
	if room >= maxBuffer/2 && !e.removed {
		e.segment(traffic.ACK, nil)
	}
}

// Write sends b, waiting while the peer has no room for it.
func (e *endpoint) Write(b []byte) (int, error) {
	sent := 0
	own := append([]byte(nil), b...)
	for {
		n, changed, err := e.give(own[sent:])
		if sent += n; err != nil {
			return sent, e.opError("write", err)
		}
		if sent == len(own) {
			return sent, nil
		}
		select {
		case <-changed:
		case <-e.write.wait():
		}
	}
}

// give sends as much of b as the peer has room for. The last segment of what a
// program wrote is pushed.
func (e *endpoint) give(b []byte) (sent int, changed <-chan struct{}, err error) {
	e.host.network.mu.Lock()
	defer e.host.network.mu.Unlock()
	if err := e.unwritable(); err != nil {
		return 0, nil, err
	}
	for sent < len(b) {
		room := int(int32(e.limit - e.next))
		if room <= 0 {
			break
		}
		n := min(maxSegment, room, len(b)-sent)
		flags := traffic.ACK
		if sent+n == len(b) {
			flags |= traffic.PSH
		}
		e.segment(flags, b[sent:sent+n])
		sent += n
	}
	if sent < len(b) && len(e.unacked) == 0 {
		e.persist()
	}
	return sent, e.changed, nil
}

func (e *endpoint) unwritable() error {
	switch {
	case e.closed:
		return net.ErrClosed
	case e.err != nil:
		return e.err
	case e.finished:
		return os.NewSyscallError("write", syscall.EPIPE)
	case isClosed(e.write.wait()):
		return os.ErrDeadlineExceeded
	}
	return nil
}

// CloseWrite ends the sending half.
func (e *endpoint) CloseWrite() error {
	e.host.network.mu.Lock()
	defer e.host.network.mu.Unlock()
	if e.closed {
		return e.opError("close", net.ErrClosed)
	}
	e.finish()
	e.notify()
	return nil
}

// finish sends FIN once.
func (e *endpoint) finish() {
	if !e.finished && !e.removed {
		e.finished = true
		e.segment(traffic.FIN|traffic.ACK, nil)
	}
}

// Close ends both halves. Data that nobody read makes it a reset, as in Linux.
func (e *endpoint) Close() error {
	e.host.network.mu.Lock()
	defer e.host.network.mu.Unlock()
	if e.closed {
		return e.opError("close", net.ErrClosed)
	}
	e.closed = true
	e.read.set(time.Time{})
	e.write.set(time.Time{})
	if len(e.buffer) > 0 {
		e.reset(net.ErrClosed)
	}
	e.finish()
	e.notify()
	e.host.network.after(lingering, e.remove)
	return nil
}

func (e *endpoint) LocalAddr() net.Addr  { return net.TCPAddrFromAddrPort(e.local) }
func (e *endpoint) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(e.remote) }

func (e *endpoint) SetDeadline(t time.Time) error {
	e.read.set(t)
	e.write.set(t)
	return nil
}
func (e *endpoint) SetReadDeadline(t time.Time) error  { e.read.set(t); return nil }
func (e *endpoint) SetWriteDeadline(t time.Time) error { e.write.set(t); return nil }

func (e *endpoint) opError(op string, err error) error {
	return &net.OpError{Op: op, Net: "tcp", Source: e.LocalAddr(), Addr: e.RemoteAddr(), Err: err}
}

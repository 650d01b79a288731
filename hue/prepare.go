package hue

import (
	"context"
	"errors"
	"net"
	"os"
	"time"
)

// Prepare opens ahead of time the connection that the bridge's next request will
// ride on: name look-up, ARP, TCP and TLS handshake. So the instant of a command
// is not delayed by them, and a slot in which nothing is sent looks the same on
// the wire up to the request, when [Bridge.Release] ends it. A living prepared
// connection is kept; a dead one is replaced. The bridge's web server closes a
// connection that says nothing for 10 s: prepare some seconds ahead, not more.
func (b *Bridge) Prepare(ctx context.Context) error {
	ctx, cancel := b.bounded(ctx)
	defer cancel()
	if conn := b.takeReady(); conn != nil {
		return b.hold(conn)
	}
	conn, err := b.open(ctx)
	if err != nil {
		return explain("prepare a connection to the bridge", err, *b.key)
	}
	return b.hold(conn)
}

// Release closes the prepared connection if no request took it.
func (b *Bridge) Release() {
	if conn := b.takeReady(); conn != nil {
		conn.Close()
	}
}

func (b *Bridge) open(ctx context.Context) (net.Conn, error) {
	if b.secure {
		return b.line.secure(ctx, "tcp", b.dialAddress, b.trust())
	}
	return b.line.connect(ctx, "tcp", b.dialAddress)
}

func (b *Bridge) hold(conn net.Conn) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ready != nil { // another Prepare was faster
		return conn.Close()
	}
	b.ready = watchIdle(conn)
	return nil
}

// takeReady returns the prepared connection, or nil when there is none or the
// bridge has closed it.
func (b *Bridge) takeReady() net.Conn {
	b.mu.Lock()
	ready := b.ready
	b.ready = nil
	b.mu.Unlock()
	if ready == nil {
		return nil
	}
	return ready.take()
}

// idle is a connection that waits for its request while a reader watches
// whether the far end closes it.
type idle struct {
	conn net.Conn
	done chan struct{}
	n    int
	err  error
}

func watchIdle(conn net.Conn) *idle {
	i := &idle{conn: conn, done: make(chan struct{})}
	go func() {
		defer close(i.done)
		i.n, i.err = conn.Read(make([]byte, 1))
	}()
	return i
}

// take stops the reader. A reader that was still waiting means that the
// connection lives; anything else (an end, an answer before any request) that
// it is of no use.
func (i *idle) take() net.Conn {
	stopped := i.conn.SetReadDeadline(time.Unix(1, 0))
	if stopped != nil {
		i.conn.Close()
	}
	<-i.done
	var timeout net.Error
	waiting := errors.Is(i.err, os.ErrDeadlineExceeded) || errors.As(i.err, &timeout) && timeout.Timeout()
	if stopped != nil || i.n > 0 || !waiting || i.conn.SetReadDeadline(time.Time{}) != nil {
		i.conn.Close()
		return nil
	}
	return i.conn
}

package bridge

import (
	"net"
	"sync"
)

// A roll is a listener that knows its open connections, below TLS, and can hang
// them all up. The web server would close them one by one with a lock held, and TLS takes
// leave of each client first: over an in-memory connection that waits for a reader.
type roll struct {
	net.Listener

	mu     sync.Mutex
	open   map[*member]struct{}
	closed bool
}

type member struct {
	net.Conn
	roll *roll
}

func newRoll(l net.Listener) *roll { return &roll{Listener: l, open: map[*member]struct{}{}} }

// Accept returns the next connection and takes it on the roll.
func (r *roll) Accept() (net.Conn, error) {
	conn, err := r.Listener.Accept()
	if err != nil {
		return nil, err
	}
	m := &member{Conn: conn, roll: r}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		conn.Close()
	} else {
		r.open[m] = struct{}{}
	}
	return m, nil
}

// hangUp closes all connections, also those that are still to come.
func (r *roll) hangUp() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	for m := range r.open {
		m.Conn.Close()
	}
	clear(r.open)
}

// Close closes the connection and takes it off the roll.
func (m *member) Close() error {
	m.roll.mu.Lock()
	delete(m.roll.open, m)
	m.roll.mu.Unlock()
	return m.Conn.Close()
}

// NetConn returns the connection as it was accepted.
func (m *member) NetConn() net.Conn { return m.Conn }

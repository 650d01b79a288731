package hue

import (
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"
)

// counted is a server that counts connections and can close them.
type counted struct {
	*httptest.Server
	mu    sync.Mutex
	conns map[net.Conn]http.ConnState
	total int
}

func count(t *testing.T, h http.Handler) *counted {
	c := &counted{Server: httptest.NewUnstartedServer(h), conns: map[net.Conn]http.ConnState{}}
	c.Config.ConnState = func(conn net.Conn, s http.ConnState) {
		c.mu.Lock()
		defer c.mu.Unlock()
		if s == http.StateNew {
			c.total++
		}
		c.conns[conn] = s
	}
	t.Cleanup(c.Close)
	return c
}

func (c *counted) opened() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.total
}

// A prepared command rides on the prepared connection and opens no other.
func TestPrepare(t *testing.T) {
	leaf := certificate(t, testID, nil)
	for _, version := range []uint16{0, tls.VersionTLS12, tls.VersionTLS13} {
		s := count(t, answer(200, success))
		key := testKey()
		if version != 0 {
			s.TLS = &tls.Config{Certificates: []tls.Certificate{leaf}, MaxVersion: version}
			key.Pin = digest(leaf.Leaf.Raw)
			s.StartTLS()
		} else {
			s.Start()
		}
		b := adapter(t, s.URL, key, ClientOptions{})
		for n := 1; n <= 3; n++ {
			for range 2 { // a second Prepare keeps the first connection
				if err := b.Prepare(within(t, patience)); err != nil {
					t.Fatal(err)
				}
			}
			r, err := b.Switch(within(t, patience), "1", true)
			if err != nil || !r.Prepared || s.opened() != n {
				t.Fatalf("TLS %#x, command %d: %+v, %v, %d connections", version, n, r, err, s.opened())
			}
		}
		r, err := b.Switch(within(t, patience), "1", true)
		if err != nil || r.Prepared || s.opened() != 4 {
			t.Errorf("unprepared: %+v, %v, %d connections", r, err, s.opened())
		}
	}
}

// A control slot opens a connection as an action slot does, sends nothing on
// it, and closes it.
func TestRelease(t *testing.T) {
	asked := false
	s := count(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	s.Start()
	b := adapter(t, s.URL, testKey(), ClientOptions{})
	if err := b.Prepare(within(t, patience)); err != nil {
		t.Fatal(err)
	}
	b.Release()
	b.Release()
	eventually(t, "the connection is closed", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, state := range s.conns {
			if state == http.StateClosed {
				return true
			}
		}
		return false
	})
	if asked {
		t.Error("a request arrived")
	}
}

// A prepared connection that the bridge closed meanwhile is not used.
func TestPreparedDied(t *testing.T) {
	s := count(t, answer(200, success))
	s.Start()
	b := adapter(t, s.URL, testKey(), ClientOptions{})
	if err := b.Prepare(within(t, patience)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the connection is there", func() bool { return s.opened() == 1 })
	s.mu.Lock()
	for conn := range s.conns {
		conn.Close()
	}
	s.mu.Unlock()
	time.Sleep(20 * time.Millisecond)
	r, err := b.Switch(within(t, patience), "1", true)
	if err != nil || r.Prepared || s.opened() != 2 {
		t.Errorf("%+v, %v, %d connections", r, err, s.opened())
	}
}

// Preparing for a bridge that is not there says so.
func TestPrepareUnreachable(t *testing.T) {
	s := httptest.NewServer(nil)
	s.Close()
	b := adapter(t, s.URL, testKey(), ClientOptions{})
	if err := b.Prepare(within(t, patience)); !errors.Is(err, ErrUnreachable) {
		t.Error(err)
	}
	b.Release()
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not in time: %s", what)
		}
	}
}

// A connection on which the bridge speaks unasked is of no use.
func TestPreparedTalks(t *testing.T) {
	near, far := net.Pipe()
	i := watchIdle(near)
	if _, err := far.Write([]byte("H")); err != nil {
		t.Fatal(err)
	}
	if i.take() != nil {
		t.Error("taken")
	}
	if _, err := far.Write([]byte("x")); err == nil {
		t.Error("left open")
	}
}

// Preparing and commanding at once from several goroutines loses nothing.
func TestPrepareTogether(t *testing.T) {
	s := count(t, answer(200, success))
	s.Start()
	b := adapter(t, s.URL, testKey(), ClientOptions{Timeout: patience})
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 10 {
				if err := b.Prepare(t.Context()); err != nil {
					t.Error(err)
				}
				if r, err := b.Switch(t.Context(), "1", true); err != nil || r.Outcome != Done {
					t.Errorf("%+v, %v", r, err)
				}
			}
		})
	}
	all.Wait()
	b.Release()
}

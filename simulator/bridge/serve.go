package bridge

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"
)

// Serve answers on a listener for plain HTTP and on one for HTTPS; either may
// be nil. It closes both, and returns when ctx ends or a listener fails; then
// no connection and no goroutine of it is left. The end of ctx is no error.
// It may be called again, and on several networks at once.
func (b *Bridge) Serve(ctx context.Context, plain, secure net.Listener) error {
	b.startServing()
	defer b.stopServing()
	group, ctx := errgroup.WithContext(ctx)
	if plain != nil {
		group.Go(func() error { return b.serve(ctx, plain, false) })
	}
	if secure != nil {
		group.Go(func() error { return b.serve(ctx, secure, true) })
	}
	group.Go(func() error { <-ctx.Done(); return nil })
	return group.Wait()
}

func (b *Bridge) startServing() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.serving++
}

// stopServing switches the bridge off once nobody serves it any more.
func (b *Bridge) stopServing() {
	b.mu.Lock()
	b.serving--
	off := b.serving == 0
	b.mu.Unlock()
	if off {
		b.alarms.callOff()
		b.stream.forget()
	}
}

// serve runs one web server until ctx ends, and waits for all that it started.
func (b *Bridge) serve(ctx context.Context, listener net.Listener, secure bool) error {
	var open sync.WaitGroup
	server := &http.Server{
		Handler:           b.handler(&open, secure),
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       10 * time.Minute,
		ErrorLog:          slog.NewLogLogger(b.logger.Handler(), slog.LevelDebug),
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ConnContext:       withConnection,
		ConnState:         countOpen(&open),
		TLSNextProto:      map[string]func(*http.Server, *tls.Conn, http.Handler){}, // no HTTP/2
	}
	accepting := newRoll(listener)
	above := net.Listener(accepting)
	if secure {
		above = tls.NewListener(accepting, b.tlsConfig())
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(above) }()
	var err error
	select {
	case err = <-failed:
	case <-ctx.Done():
		accepting.hangUp()
		server.Close()
		<-failed
	}
	accepting.hangUp()
	server.Close()
	open.Wait()
	if ctx.Err() != nil || errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serve the simulated bridge on %v: %w", listener.Addr(), err)
}

func countOpen(open *sync.WaitGroup) func(net.Conn, http.ConnState) {
	return func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			open.Add(1)
		case http.StateClosed, http.StateHijacked:
			open.Done()
		}
	}
}

// A connection is what the bridge keeps about one client connection.
type connection struct {
	requests atomic.Int32
	limiter  *rate.Limiter
}

type connectionKey struct{}

func withConnection(ctx context.Context, _ net.Conn) context.Context {
	// nginx: limit_req 10 r/s, burst 20, nodelay.
	return context.WithValue(ctx, connectionKey{}, &connection{limiter: rate.NewLimiter(10, 21)})
}

func connectionOf(r *http.Request) *connection {
	return r.Context().Value(connectionKey{}).(*connection)
}

// handler answers all requests of one web server.
func (b *Bridge) handler(open *sync.WaitGroup, secure bool) http.Handler {
	var busy busy
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		open.Add(1) // a hijacked connection is no longer counted
		defer open.Done()
		c, err := b.read(w, r, secure)
		if err != nil {
			refuseBody(w, err)
			return
		}
		if !secure && b.currentFault() != FaultCloseIdle {
			w.Header().Set("Connection", "close")
		}
		defer busy.enter(c)()
		if refused, ok := b.limit(c, connectionOf(r), &busy); ok {
			b.note(c, refused.status, FaultNone, nil)
			refused.write(w)
			return
		}
		b.answer(w, r, c)
	})
}

func (b *Bridge) currentFault() Fault {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.fault.Name()
}

// refuseBody answers a body that is too large. One that did not come whole is
// not answered: its client has gone.
func refuseBody(w http.ResponseWriter, err error) {
	var large *http.MaxBytesError
	if !errors.As(err, &large) {
		panic(http.ErrAbortHandler)
	}
	page(http.StatusRequestEntityTooLarge).write(w)
}

// The web server serves so many requests at once, API v2 so many of them.
const mostAtOnce, mostAtOnceV2 = 20, 3

// busy counts the requests that are being served.
type busy struct{ all, v2 atomic.Int32 }

func (n *busy) enter(c call) (leave func()) {
	n.all.Add(1)
	if !c.v2 || c.stream() {
		return func() { n.all.Add(-1) }
	}
	n.v2.Add(1)
	return func() { n.all.Add(-1); n.v2.Add(-1) }
}

// limit refuses a request as nginx and the bridge's own server do, if that is
// asked for. On plain HTTP each request has its own connection, so no rate applies.
func (b *Bridge) limit(c call, conn *connection, n *busy) (answer, bool) {
	switch {
	case !b.limits:
		return answer{}, false
	case n.all.Load() > mostAtOnce, c.secure && !conn.limiter.AllowN(time.Now(), 1):
		return page(http.StatusServiceUnavailable), true
	case c.v2 && n.v2.Load() > mostAtOnceV2:
		return page(http.StatusTooManyRequests), true
	default:
		return answer{}, false
	}
}

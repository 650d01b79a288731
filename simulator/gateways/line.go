package gateways

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"github.com/hueprint/hueprint/simulator/far"
)

// The lengths of a stream's greeting, its answer, and its signs of life.
const helloSize, welcomeSize, heartbeatSize = 260, 140, 40

// A line is a long-lived TLS stream of messages to one cloud. It is opened
// again when it ends.
type line struct {
	gateway *Gateway
	name    string // the cloud's DNS name
	highest uint16 // TLS version; 0 for the newest
	// life is how long a stream lives before the gateway replaces it.
	life func(*rand.Rand) time.Duration
	// heartbeat is how often the gateway says that it is alive; 0 for never.
	heartbeat time.Duration
	met       func()

	mu   sync.Mutex
	conn net.Conn      // nil while there is none
	up   chan struct{} // closed while there is a connection
	id   uint32
}

// line makes a stream that must be up before the gateway is ready.
func (g *Gateway) line(name string, highest uint16, life func(*rand.Rand) time.Duration, heartbeat time.Duration) *line {
	return &line{
		gateway: g, name: name, highest: highest, life: life, heartbeat: heartbeat,
		met: g.ready.need("stream to " + name), up: make(chan struct{}),
	}
}

func (l *line) errand() errand {
	rng := l.gateway.chance("life of " + l.name)
	return errand{"stream to " + l.name, func(ctx context.Context) error {
		for {
			if err := l.live(ctx, l.life(rng)); err != nil {
				return err
			}
		}
	}}
}

// live is one connection, from its opening to its end. It returns nil when the
// connection had lived as long as it should.
func (l *line) live(ctx context.Context, life time.Duration) error {
	conn, err := l.open(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	errExpired := errors.New("the stream had lived long enough")
	ctx, cancel := context.WithTimeoutCause(ctx, life, errExpired)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	l.setUp(conn)
	defer l.setDown()
	var beating sync.WaitGroup
	defer beating.Wait()
	defer cancel()
	if l.heartbeat > 0 {
		beating.Go(func() { l.beat(ctx, conn) })
	}
	err = l.listen(ctx, conn)
	if context.Cause(ctx) == errExpired {
		return nil
	}
	return fmt.Errorf("stream to %s: %w", l.name, err)
}

// open connects and introduces the gateway; the cloud answers.
func (l *line) open(ctx context.Context) (net.Conn, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, 15*time.Second, errors.New("not open after 15 s"))
	defer cancel()
	raw, err := l.gateway.dial(ctx, "tcp", net.JoinHostPort(l.name, "443"))
	if err != nil {
		return nil, fmt.Errorf("open stream: %w", err)
	}
	conn := tls.Client(raw, l.gateway.security(l.name, l.highest))
	if err := l.greet(ctx, conn); err != nil {
		raw.Close()
		return nil, fmt.Errorf("open stream to %s: %w", l.name, err)
	}
	return conn, nil
}

func (l *line) greet(ctx context.Context, conn *tls.Conn) error {
	stop := context.AfterFunc(ctx, func() { conn.NetConn().Close() })
	defer stop()
	if err := conn.HandshakeContext(ctx); err != nil {
		return err
	}
	hello, err := l.message(far.Hello, helloSize, map[string]any{"hello": string(l.gateway.options.Kind)})
	if err != nil {
		return err
	}
	hello.Answers[0] = welcomeSize
	if err := hello.Write(conn); err != nil {
		return err
	}
	_, err = far.ReadMessage(conn)
	return err
}

func (l *line) message(kind far.Kind, size int, v any) (far.Message, error) {
	l.mu.Lock()
	l.id++
	id := l.id
	l.mu.Unlock()
	return far.NewMessage(kind, id, size, v)
}

// listen answers what the cloud asks.
func (l *line) listen(ctx context.Context, conn net.Conn) error {
	for {
		m, err := far.ReadMessage(conn)
		if err != nil {
			return err
		}
		if err := far.Answer(ctx, conn, m); err != nil {
			return err
		}
	}
}

func (l *line) beat(ctx context.Context, conn net.Conn) {
	for far.Sleep(ctx, l.heartbeat) == nil {
		m, err := l.message(far.Heartbeat, heartbeatSize, nil)
		if err != nil {
			return
		}
		m.Answers[0] = heartbeatSize
		if m.Write(conn) != nil {
			return
		}
	}
}

func (l *line) setUp(conn net.Conn) {
	l.mu.Lock()
	l.conn = conn
	close(l.up)
	l.mu.Unlock()
	l.met()
}

func (l *line) setDown() {
	l.mu.Lock()
	l.conn, l.up = nil, make(chan struct{})
	l.mu.Unlock()
}

// wait returns the connection as soon as there is one.
func (l *line) wait(ctx context.Context) (net.Conn, error) {
	for {
		l.mu.Lock()
		conn, up := l.conn, l.up
		l.mu.Unlock()
		if conn != nil {
			return conn, nil
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("no stream to %s: %w", l.name, context.Cause(ctx))
		case <-up:
		}
	}
}

// speak sends one message of a reaction. All but the last announce only that
// something follows.
func (l *line) speak(ctx context.Context, s Step, last bool, answers [2]uint16) error {
	ctx, cancel := context.WithTimeoutCause(ctx, 5*time.Second, errors.New("none came within 5 s"))
	defer cancel()
	conn, err := l.wait(ctx)
	if err != nil {
		return err
	}
	kind, body := far.Notice, any(s.Plain)
	if last {
		kind, body = far.Event, map[string]any{"device": "light", "capability": "switch", "state": "changed"}
	}
	m, err := l.message(kind, s.Plain, body)
	if err != nil {
		return err
	}
	m.Answers = answers
	return m.Write(conn)
}

// between draws evenly from a range.
func between(least, most time.Duration) func(*rand.Rand) time.Duration {
	return func(rng *rand.Rand) time.Duration { return least + time.Duration(rng.Int64N(int64(most-least)+1)) }
}

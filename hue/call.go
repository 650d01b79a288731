package hue

import (
	"context"
	"errors"
	"net"
	"net/http/httptrace"
	"sync"
	"time"
)

// A call is one request as its maker follows it through huego and net/http: its
// context carries it to the line, which gives it the answer.
type call struct {
	line   *line
	trust  *Trust
	bridge *Bridge // whose prepared connection the call rides on; nil for none
	stream bool    // the answer has no end; the caller reads it
	probe  bool    // only to learn whether requests reach a line

	mu                           sync.Mutex
	passed, connected            bool
	rode                         bool // on a prepared connection
	body                         []byte
	whole                        bool
	written, firstByte, finished time.Time
}

type callKey struct{}

var errProbe = errors.New("hue: probe")

// attach returns the context that carries the call and notes its instants.
func (c *call) attach(ctx context.Context) context.Context {
	ctx = context.WithValue(ctx, callKey{}, c)
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { c.note(func() { c.connected = true }) },
		WroteRequest: func(i httptrace.WroteRequestInfo) {
			now := time.Now()
			if i.Err == nil {
				c.note(func() { c.written = now })
			}
		},
		GotFirstResponseByte: func() {
			now := time.Now()
			c.note(func() { c.firstByte = now })
		},
	})
}

// callOf returns the context's call, or an empty one for a request that no
// bridge made.
func callOf(ctx context.Context) *call {
	if c, ok := ctx.Value(callKey{}).(*call); ok {
		return c
	}
	return &call{}
}

func (c *call) note(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f()
}

func (c *call) passes() { c.note(func() { c.passed = true }) }

func (c *call) answered(body []byte) {
	now := time.Now()
	c.note(func() { c.body, c.whole, c.finished = body, true, now })
}

// prepared takes the bridge's prepared connection if there is one that lives.
func (c *call) prepared() net.Conn {
	if c.bridge == nil {
		return nil
	}
	conn := c.bridge.takeReady()
	c.note(func() { c.rode = conn != nil })
	return conn
}

// seen is what a finished call learnt.
type seen struct {
	written, firstByte, answered time.Time
	passed, connected, rode      bool
	body                         []byte
	whole                        bool
}

func (c *call) seen() seen {
	c.mu.Lock()
	defer c.mu.Unlock()
	return seen{c.written, c.firstByte, c.finished, c.passed, c.connected, c.rode, c.body, c.whole}
}

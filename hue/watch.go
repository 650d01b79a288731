package hue

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"time"
)

const (
	// silence is how long a stream may be silent before it counts as dead: the
	// bridge sends nothing to keep it alive, and it often dies without a word.
	silence = 90 * time.Second
	// afresh is how long after a reconnection events count as replayed.
	afresh       = time.Second
	firstBackoff = 250 * time.Millisecond
	mostBackoff  = 30 * time.Second
)

// A Change is what the bridge's event stream told about one light. Nil values
// were not told.
type Change struct {
	// At is when the event came, by this host's clock; Created when the bridge
	// made it, by its own clock, in whole seconds.
	At      time.Time
	Created time.Time
	// Light is the number in API v1, Resource the id in API v2.
	Light      string
	Resource   string
	On         *bool
	Brightness *float64 // percent
	XY         *[2]float64
	Mired      *uint16
	// Replayed marks an event that came right after a reconnection: it may be
	// older than At says.
	Replayed bool
}

// A Watcher follows the event stream until it is closed. It reconnects by
// itself, with growing pauses, and asks for what it missed.
type Watcher struct {
	changes      chan Change
	cancel       context.CancelFunc
	done         chan struct{}
	err          error
	lost, breaks atomic.Uint64
}

// Changes gives the changes; it is closed when the watcher has ended. A change
// for which there is no room (the receiver is 256 behind) is counted and lost.
func (w *Watcher) Changes() <-chan Change { return w.changes }

// Lost counts the changes that the receiver was too slow for.
func (w *Watcher) Lost() uint64 { return w.lost.Load() }

// Breaks counts how often the stream had to be opened anew; a silent one is
// after 90 s.
func (w *Watcher) Breaks() uint64 { return w.breaks.Load() }

// Err says, after Changes is closed, why the watcher ended; nil after Close.
func (w *Watcher) Err() error {
	<-w.done
	return w.err
}

// Close ends the watcher and waits until it has ended.
func (w *Watcher) Close() error {
	w.cancel()
	<-w.done
	return nil
}

// Watch follows the changes of a light, or of all for "". It returns when the
// stream is open. The bridge sends at most one event a second, with the last
// value only: changes less than a second apart may be missing.
// [ErrNoEventStream] means that this bridge has none and that its lights must be
// read back instead. The context ends the watcher, too.
func (b *Bridge) Watch(ctx context.Context, light string) (*Watcher, error) {
	operation := "watch light " + printable(light)
	if !b.secure {
		return nil, explain(operation, ErrNoEventStream, *b.key)
	}
	numbers, err := b.lightResources(ctx)
	if err != nil {
		return nil, explain(operation, err, *b.key)
	}
	if light != "" && !contains(numbers, light) {
		return nil, explain(operation, ErrNoSuchLight, *b.key)
	}
	ctx, cancel := context.WithCancel(ctx)
	s := &stream{bridge: b, light: light, numbers: numbers,
		watcher: &Watcher{changes: make(chan Change, 256), cancel: cancel, done: make(chan struct{})}}
	body, err := s.open(ctx)
	if err != nil {
		cancel()
		return nil, explain(operation, noStream(err), *b.key)
	}
	go s.run(ctx, body)
	return s.watcher, nil
}

func contains(numbers map[string]string, light string) bool {
	for _, n := range numbers {
		if n == light {
			return true
		}
	}
	return false
}

// noStream recognises a bridge without API v2.
func noStream(err error) error {
	var status *statusError
	if errors.As(err, &status) && (status.code == http.StatusNotFound || status.code == http.StatusMethodNotAllowed) {
		return fmt.Errorf("%w: HTTP status %d", ErrNoEventStream, status.code)
	}
	return withoutURL(err)
}

// lightResources maps the ids of API v2 to the numbers of API v1.
func (b *Bridge) lightResources(ctx context.Context) (map[string]string, error) {
	ctx, cancel := b.bounded(ctx)
	defer cancel()
	if err := b.waitTurn(ctx); err != nil {
		return nil, err
	}
	defer func() { <-b.turn }()
	answer, err := b.get(ctx, b.client, "/clip/v2/resource/light", nil, false)
	if err != nil {
		return nil, noStream(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	return parseResources(body)
}

// get sends one request of API v2.
func (b *Bridge) get(ctx context.Context, c *http.Client, path string, header http.Header, stream bool) (*http.Response, error) {
	caller := &call{line: b.line, trust: b.trust(), stream: stream}
	r, err := http.NewRequestWithContext(caller.attach(ctx), http.MethodGet, b.url+path, nil)
	if err != nil {
		return nil, err
	}
	for name, values := range header {
		r.Header[name] = values
	}
	r.Header.Set("hue-application-key", b.key.Username)
	return c.Do(r)
}

// stream is a watcher's work.
type stream struct {
	bridge  *Bridge
	watcher *Watcher
	light   string
	numbers map[string]string // API v2 id → API v1 number
	lastID  string
	opened  time.Time
	again   bool
}

// run reads the stream, and opens it again until the context ends or the bridge
// refuses the key.
func (s *stream) run(ctx context.Context, body *watched) {
	defer close(s.watcher.done)
	defer close(s.watcher.changes)
	wait := firstBackoff
	for {
		if body != nil {
			if s.read(body) {
				wait = firstBackoff
			}
			body.Close()
		}
		if ctx.Err() != nil || !pause(ctx, wait/2+rand.N(wait)) {
			return
		}
		wait = min(2*wait, mostBackoff)
		s.watcher.breaks.Add(1)
		s.again = true
		var err error
		if body, err = s.open(ctx); err != nil {
			body = nil
			if errors.Is(err, ErrUnauthorized) || errors.Is(err, ErrUntrusted) {
				s.watcher.err = explain("watch lights", err, *s.bridge.key)
				return
			}
		}
	}
}

// pause waits; it reports false when the context ended first.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// open starts the stream; its head must come within the client's time limit.
func (s *stream) open(ctx context.Context) (*watched, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	watchdog := time.AfterFunc(s.bridge.line.options.Timeout, func() { cancel(context.DeadlineExceeded) })
	header := http.Header{"Accept": {"text/event-stream"}}
	if s.lastID != "" {
		header.Set("Last-Event-Id", s.lastID)
	}
	client := &http.Client{Transport: s.bridge.line, CheckRedirect: s.bridge.client.CheckRedirect} // no time limit
	answer, err := s.bridge.get(ctx, client, "/eventstream/clip/v2", header, true)
	if err != nil {
		watchdog.Stop()
		if cause := context.Cause(ctx); cause != nil && !errors.Is(err, cause) {
			err = cause
		}
		cancel(nil)
		return nil, err
	}
	// A head that comes in the instant of the deadline belongs to a stream that
	// is being given up already.
	if !watchdog.Stop() {
		return nil, errors.Join(context.DeadlineExceeded, answer.Body.Close())
	}
	s.opened = time.Now()
	watchdog.Reset(silence)
	return &watched{body: answer.Body, watchdog: watchdog, cancel: cancel}, nil
}

// watched is a body whose watchdog is calmed by every byte.
type watched struct {
	body     io.ReadCloser
	watchdog *time.Timer
	cancel   context.CancelCauseFunc
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.body.Read(p)
	if n > 0 {
		w.watchdog.Reset(silence)
	}
	return n, err
}

func (w *watched) Close() error {
	w.watchdog.Stop()
	w.cancel(nil)
	return w.body.Close()
}

// read passes events on until the stream ends; it reports whether any came.
func (s *stream) read(body io.Reader) (any bool) {
	events := newEventReader(body)
	for {
		e, err := events.next()
		if err != nil {
			return any
		}
		any = true
		now := time.Now()
		if e.id != "" {
			s.lastID = e.id
		}
		for _, c := range parseChanges(e.data, s.numbers) {
			s.pass(c, now)
		}
	}
}

func (s *stream) pass(c Change, now time.Time) {
	if s.light != "" && c.Light != s.light {
		return
	}
	c.At, c.Replayed = now, s.again && now.Sub(s.opened) < afresh
	select {
	case s.watcher.changes <- c:
	default:
		s.watcher.lost.Add(1)
	}
}

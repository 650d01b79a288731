package hue

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// v2 is a bridge's API v2: each connection to its stream is served by the next
// function, the last one again and again.
type v2 struct {
	mu      sync.Mutex
	headers []http.Header
	streams []func(ctx context.Context, send func(string))
}

const twoLights = `{"errors":[],"data":[{"id":"aaaa","id_v1":"/lights/1","type":"light"},{"id":"bbbb","id_v1":"/lights/2","type":"light"},
	{"id":"cccc","id_v1":"/groups/1","type":"light"},null,{"id":7}]}`

func (v *v2) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Hue-Application-Key") != testUser {
		http.Error(w, "{}", http.StatusForbidden)
		return
	}
	if r.URL.Path == "/clip/v2/resource/light" {
		io.WriteString(w, twoLights)
		return
	}
	v.mu.Lock()
	v.headers = append(v.headers, r.Header)
	n := min(len(v.headers), len(v.streams)) - 1
	v.mu.Unlock()
	w.Header().Set("Content-Type", "text/event-stream")
	io.WriteString(w, ": hi\n\n")
	w.(http.Flusher).Flush()
	v.streams[n](r.Context(), func(s string) {
		io.WriteString(w, s)
		w.(http.Flusher).Flush()
	})
}

func (v *v2) seen() []http.Header {
	v.mu.Lock()
	defer v.mu.Unlock()
	return append([]http.Header(nil), v.headers...)
}

func open(ctx context.Context, _ func(string)) { <-ctx.Done() }

func update(n int, id, what string) string {
	return fmt.Sprintf("id: %d:0\ndata: [{\"creationtime\":\"2026-11-22T12:00:0%dZ\",\"data\":[{\"id\":%q,\"owner\":{},\"type\":\"light\",%s}],\"id\":\"u\",\"type\":\"update\"}]\n\n", n, n, id, what)
}

// watched serves the bridge over TLS and watches it.
func watch(t *testing.T, v *v2, light string) (*Watcher, error) {
	c := certificate(t, testID, nil)
	key := testKey()
	key.Pin = digest(c.Leaf.Raw)
	b := adapter(t, serveTLS(t, c, v), key, ClientOptions{Timeout: patience})
	w, err := b.Watch(context.Background(), light)
	if err == nil {
		t.Cleanup(func() { w.Close() })
	}
	return w, err
}

func receive(t *testing.T, w *Watcher) Change {
	t.Helper()
	select {
	case c, open := <-w.Changes():
		if !open {
			t.Fatalf("ended: %v", w.Err())
		}
		return c
	case <-time.After(patience):
		t.Fatal("no change")
		return Change{}
	}
}

func TestWatch(t *testing.T) {
	v := &v2{streams: []func(context.Context, func(string)){
		func(ctx context.Context, send func(string)) {
			send("id: 0:0\ndata: not json\n\n" + update(1, "bbbb", `"on":{"on":true}`))
			send(update(2, "aaaa", `"id_v1":"/lights/1","on":{"on":true},"dimming":{"brightness":54.3}`))
			send(strings.Replace(update(3, "aaaa", `"on":{"on":false}`), "update", "add", 1))
			send(update(4, "aaaa", `"color":{"xy":{"x":0.3,"y":0.4}},"color_temperature":{"mirek":null}`))
		}, // and the bridge closes the stream
		func(ctx context.Context, send func(string)) {
			send(update(5, "aaaa", `"on":{"on":false}`))
			<-ctx.Done()
		},
	}}
	begin := time.Now()
	w, err := watch(t, v, "1")
	if err != nil {
		t.Fatal(err)
	}
	on := receive(t, w)
	if on.Light != "1" || on.On == nil || !*on.On || on.Brightness == nil || *on.Brightness != 54.3 || on.Replayed ||
		on.At.Before(begin) || on.Created.Second() != 2 || on.Resource != "aaaa" {
		t.Errorf("first change: %+v", on)
	}
	if colour := receive(t, w); colour.On != nil || colour.XY == nil || *colour.XY != [2]float64{0.3, 0.4} || colour.Mired != nil {
		t.Errorf("second change: %+v", colour)
	}
	if off := receive(t, w); off.On == nil || *off.On || !off.Replayed || off.Light != "1" {
		t.Errorf("third change, after the break: %+v", off)
	}
	h := v.seen()
	if len(h) != 2 || h[0].Get("Last-Event-Id") != "" || h[1].Get("Last-Event-Id") != "4:0" || h[1].Get("Accept") != "text/event-stream" {
		t.Errorf("asked with %v", h)
	}
	if w.Close(); w.Err() != nil || w.Breaks() != 1 || w.Lost() != 0 {
		t.Errorf("after Close: %v, %d breaks, %d lost", w.Err(), w.Breaks(), w.Lost())
	}
}

func TestWatchRefused(t *testing.T) {
	v := &v2{streams: []func(context.Context, func(string)){open}}
	if _, err := watch(t, v, "9"); !errors.Is(err, ErrNoSuchLight) {
		t.Errorf("no such light: %v", err)
	}
	if _, err := serve(t, v.ServeHTTP).Watch(within(t, patience), "1"); !errors.Is(err, ErrNoEventStream) {
		t.Errorf("plain http: %v", err)
	}
	c := certificate(t, testID, nil)
	key := testKey()
	key.Pin = digest(c.Leaf.Raw)
	for _, test := range []struct {
		name   string
		bridge http.HandlerFunc
		want   error
	}{
		{"no API v2", http.NotFound, ErrNoEventStream},
		{"unauthorized", page(403), ErrUnauthorized},
		{"busy", page(429), ErrBusy},
		{"garbage", answer(200, `[]`), ErrAnswer},
		{"silent", silent, ErrTimeout},
		{"stream missing", onlyLights(http.NotFound), ErrNoEventStream},
		{"stream silent", onlyLights(silent), ErrTimeout},
	} {
		t.Run(test.name, func(t *testing.T) {
			timeout := patience
			if test.want == ErrTimeout {
				timeout = 200 * time.Millisecond
			}
			b := adapter(t, serveTLS(t, c, test.bridge), key, ClientOptions{Timeout: timeout})
			_, err := b.Watch(context.Background(), "1")
			if !errors.Is(err, test.want) {
				t.Errorf("%v, want %v", err, test.want)
			}
			noSecret(t, tell(err))
		})
	}
}

// onlyLights answers the list of lights, and the stream as given.
func onlyLights(stream http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/clip/v2/resource/light" {
			io.WriteString(w, twoLights)
			return
		}
		stream(w, r)
	}
}

// A key that is taken away while watching ends the watcher, and says so.
func TestWatchKeyTakenAway(t *testing.T) {
	n := 0
	c := certificate(t, testID, nil)
	key := testKey()
	key.Pin = digest(c.Leaf.Raw)
	url := serveTLS(t, c, onlyLights(func(w http.ResponseWriter, r *http.Request) {
		if n++; n > 1 {
			page(403)(w, r)
		}
	}))
	w, err := adapter(t, url, key, ClientOptions{}).Watch(within(t, patience), "")
	if err != nil {
		t.Fatal(err)
	}
	for range w.Changes() {
		t.Error("a change")
	}
	if !errors.Is(w.Err(), ErrUnauthorized) {
		t.Error(w.Err())
	}
}

// A stream that died without a word is opened anew after 90 s; a living one,
// with an event a minute, is kept. In virtual time.
func TestWatchSilence(t *testing.T) {
	c := certificate(t, testID, nil)
	synctest.Test(t, func(t *testing.T) {
		v := &v2{streams: []func(context.Context, func(string)){
			func(ctx context.Context, send func(string)) {
				for n := range 5 {
					time.Sleep(time.Minute)
					send(update(n, "aaaa", `"on":{"on":true}`))
				}
				<-ctx.Done() // dead
			},
			open,
		}}
		l := newPipes()
		s := &http.Server{Handler: v, TLSConfig: serverTLS(c)}
		go s.ServeTLS(l, "", "")
		key := testKey()
		key.Pin = digest(c.Leaf.Raw)
		b := adapter(t, "https://192.0.2.1", key, ClientOptions{Dial: l.dial})
		w, err := b.Watch(t.Context(), "1")
		if err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		for range 5 {
			<-w.Changes()
		}
		time.Sleep(80 * time.Second)
		if n := len(v.seen()); n != 1 {
			t.Errorf("%d streams after %v", n, time.Since(begin))
		}
		time.Sleep(15 * time.Second)
		if h := v.seen(); len(h) != 2 || h[1].Get("Last-Event-Id") != "4:0" {
			t.Errorf("after 95 s of silence: %v", h)
		}
		w.Close()
		s.Close()
		synctest.Wait()
	})
}

// pipes is a network in memory.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), closed: make(chan struct{})} }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case p.conns <- far:
		return near, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error { p.once.Do(func() { close(p.closed) }); return nil }
func (p *pipes) Addr() net.Addr {
	return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 443}
}

// A receiver that sleeps loses changes and learns how many; the watcher goes on.
func TestWatchSlowReceiver(t *testing.T) {
	v := &v2{streams: []func(context.Context, func(string)){func(ctx context.Context, send func(string)) {
		for range 300 {
			send(update(1, "aaaa", `"on":{"on":true}`))
		}
		<-ctx.Done()
	}}}
	w, err := watch(t, v, "")
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "changes are lost", func() bool { return w.Lost() == 300-256 })
}

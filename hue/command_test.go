package hue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// Every way in which a bridge is known to misbehave must give the true outcome,
// the sentinel that a caller acts on, no panic, no key, and an end in time.
func TestSwitchSurvives(t *testing.T) {
	lists := func(entries string) http.HandlerFunc { return answer(200, entries) }
	tests := []struct {
		name    string
		bridge  http.HandlerFunc
		outcome Outcome
		want    error
	}{
		{"success", lists(success), Done, nil},
		{"success and an error", lists(`[{"success":{"/lights/1/state/on":true}},{"error":{"type":6,"address":"/lights/1/state/transitiontime","description":"no"}}]`), Done, nil},
		{"error, then success", lists(`[{"error":{"type":6,"address":"/lights/1/state/transitiontime","description":"no"}},{"success":{"/lights/1/state/on":true}}]`), Done, nil},
		{"success with null and junk beside", lists(`[null,7,{"success":{"/lights/1/state/on":true}},{"error":null}]`), Done, nil},
		{"unauthorized", lists(`[{"error":{"type":1,"address":"/lights/1/state","description":"unauthorized user"}}]`), Failed, ErrUnauthorized},
		{"no such light", lists(`[{"error":{"type":3,"address":"/lights/1/state","description":"resource, /lights/1/state, not available"}}]`), Failed, ErrNoSuchLight},
		{"invalid value", lists(`[{"error":{"type":7,"address":"/lights/1/state/on","description":"invalid value"}}]`), Failed, ErrRefused},
		{"device is off", lists(`[{"error":{"type":201,"address":"/lights/1/state/on","description":"parameter, on, is not modifiable. Device is set to off."}}]`), Unknown, ErrRefused},
		{"internal error", lists(`[{"error":{"type":901,"address":"/lights/1/state/on","description":"Internal error, 404"}}]`), Unknown, ErrRefused},
		{"another value", lists(`[{"success":{"/lights/1/state/on":false}}]`), Unknown, ErrAnswer},
		{"another light", lists(`[{"success":{"/lights/2/state/on":true}}]`), Unknown, ErrAnswer},
		{"only the transition", lists(`[{"success":{"/lights/1/state/transitiontime":1}}]`), Unknown, ErrAnswer},
		{"empty list", lists(`[]`), Unknown, ErrAnswer},
		{"null", lists(`null`), Unknown, ErrAnswer},
		{"list of null", lists(`[null]`), Unknown, ErrAnswer},
		{"null error", lists(`[{"error":null}]`), Unknown, ErrAnswer},
		{"error type in words", lists(`[{"error":{"type":"7x","address":"/lights/1/state/on","description":"?"}}]`), Unknown, ErrAnswer},
		{"error type as text", lists(`[{"error":{"type":"7","address":"/lights/1/state/on","description":"?"}}]`), Failed, ErrRefused},
		{"bare error", lists(`[{"error":{"type":901}}]`), Unknown, ErrRefused},
		{"object", lists(`{"on":true}`), Unknown, ErrAnswer},
		{"empty", lists(``), Unknown, ErrAnswer},
		{"cut", lists(`[{"success":{"/lights/1/st`), Unknown, ErrAnswer},
		{"429 page", page(429), Failed, ErrBusy},
		{"503 page", page(503), Unknown, ErrUnavailable},
		{"503 with success", answer(503, success), Unknown, ErrUnavailable},
		{"500 with success", answer(500, success), Unknown, ErrAnswer},
		{"200 page", page(200), Unknown, ErrAnswer},
		{"404", page(404), Failed, ErrAnswer},
		{"403", page(403), Failed, ErrUnauthorized},
		{"301", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://"+r.Host+r.URL.Path, http.StatusMovedPermanently)
		}, Failed, ErrRedirect},
		{"endless", func(w http.ResponseWriter, r *http.Request) {
			for i := 0; i < 6; i++ {
				w.Write(make([]byte, 1<<20))
			}
		}, Unknown, ErrAnswer},
		{"silent", silent, Unknown, ErrTimeout},
		{"reset after reading", raw(reset), Unknown, ErrLost},
		{"closed without an answer", raw(func(c net.Conn) { c.Close() }), Unknown, ErrLost},
		{"half an answer", raw(func(c net.Conn) {
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n[{\"succ")
			c.Close()
		}), Unknown, ErrLost},
		{"not HTTP", raw(func(c net.Conn) { io.WriteString(c, "220 smtp\r\n"); c.Close() }), Unknown, ErrLost},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := serve(t, test.bridge)
			begin, deadline := time.Now(), patience
			if test.want == ErrTimeout {
				deadline = 300 * time.Millisecond
			}
			r, err := b.Switch(within(t, deadline), "1", true)
			if took := time.Since(begin); took > deadline+5*time.Second {
				t.Errorf("took %v, deadline %v", took, deadline)
			}
			if r.Outcome != test.outcome {
				t.Errorf("outcome %q, want %q (%v)", r.Outcome, test.outcome, err)
			}
			if (err == nil) != (r.Outcome == Done) || !errors.Is(err, test.want) {
				t.Errorf("error %v, want %v", err, test.want)
			}
			if r.Written.Before(begin) {
				t.Errorf("written %v before it began at %v", r.Written, begin)
			}
			if err != nil {
				noSecret(t, tell(err))
				if strings.Contains(err.Error(), "/api/") {
					t.Errorf("shows the path that holds the key: %v", err)
				}
				if !strings.Contains(err.Error(), "(") {
					t.Errorf("says not what to do: %v", err)
				}
			}
		})
	}
}

// A command that could not be sent certainly failed.
func TestSwitchNotSent(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	b := adapter(t, "http://"+l.Addr().String(), testKey(), ClientOptions{Timeout: patience})
	r, err := b.Switch(within(t, patience), "1", true)
	if r.Outcome != Failed || !errors.Is(err, ErrUnreachable) || !r.Written.IsZero() {
		t.Errorf("%+v, %v", r, err)
	}
	noSecret(t, tell(err))
	for _, light := range []string{"", "0", "-1", "01", "1/../2", "x", "99999999999999999999"} {
		r, err := b.Switch(context.Background(), light, true)
		if r.Outcome != Failed || !errors.Is(err, ErrNoSuchLight) {
			t.Errorf("light %q: %+v, %v", light, r, err)
		}
	}
}

// The request must be the documented one, and its instants in order.
func TestSwitchRequest(t *testing.T) {
	var method, path, body string
	b := serve(t, func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		method, path, body = r.Method, r.URL.Path, string(text)
		answer(200, `[{"success":{"/lights/7/state/on":false}}]`)(w, r)
	})
	r, err := b.Switch(within(t, patience), "7", false)
	if err != nil {
		t.Fatal(err)
	}
	if method != "PUT" || path != "/api/"+testUser+"/lights/7/state" || body != `{"on":false,"transitiontime":1}` {
		t.Errorf("%s %s %s", method, path, body)
	}
	if r.Written.IsZero() || r.FirstByte.Before(r.Written) || r.Answered.Before(r.FirstByte) {
		t.Errorf("instants out of order: %+v", r)
	}
}

// Without a client of NewClient as the default nothing may be sent at all.
func TestForeignDefaultClient(t *testing.T) {
	asked := false
	b := serve(t, func(w http.ResponseWriter, r *http.Request) { asked = true })
	ours := http.DefaultClient
	http.DefaultClient = &http.Client{}
	defer func() { http.DefaultClient = ours }()
	r, err := b.Switch(within(t, patience), "1", true)
	if r.Outcome != Failed || !errors.Is(err, ErrClient) || asked {
		t.Errorf("%+v, %v, asked %v", r, err, asked)
	}
	if _, err := New("http://192.0.2.1", testKey(), &http.Client{}); !errors.Is(err, ErrClient) {
		t.Errorf("New: %v", err)
	}
}

// Requests keep 100 ms apart, also when they come from several goroutines.
func TestPace(t *testing.T) {
	var mu sync.Mutex
	var at []time.Time
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		at = append(at, time.Now())
		mu.Unlock()
		answer(200, success)(w, r)
	}))
	defer s.Close()
	b, err := New(s.URL, testKey(), NewClient(ClientOptions{}))
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 5 {
		wg.Go(func() {
			if r, err := b.Switch(context.Background(), "1", true); r.Outcome != Done {
				t.Errorf("%+v, %v", r, err)
			}
		})
	}
	wg.Wait()
	if span := at[len(at)-1].Sub(at[0]); span < 380*time.Millisecond {
		t.Errorf("five commands within %v, want at least 400 ms", span)
	}
}

// bulb is a light as a bridge keeps it, with the rule that an off light takes
// no colour.
type bulb struct {
	mu    sync.Mutex
	state map[string]any
	log   []string
}

func (l *bulb) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if r.Method == "GET" {
		text, _ := json.Marshal(map[string]any{"state": l.state, "name": "desk"})
		w.Write(text)
		return
	}
	text, _ := io.ReadAll(r.Body)
	l.log = append(l.log, string(text))
	var set map[string]any
	json.Unmarshal(text, &set)
	var out []string
	on := set["on"].(bool)
	for k, v := range set {
		value, _ := json.Marshal(v)
		if k != "on" && k != "transitiontime" && k != "alert" && !on {
			out = append(out, fmt.Sprintf(`{"error":{"type":201,"address":"/lights/1/state/%s","description":"Device is set to off."}}`, k))
			continue
		}
		l.state[k] = v
		switch k {
		case "xy", "ct":
			l.state["colormode"] = k
		case "hue", "sat":
			l.state["colormode"] = "hs"
		}
		out = append(out, fmt.Sprintf(`{"success":{"/lights/1/state/%s":%s}}`, k, value))
	}
	io.WriteString(w, "["+strings.Join(out, ",")+"]")
}

// Whatever the light was, Set brings it back to the wanted state, with a flash
// only where the colour had changed.
func TestSetRestores(t *testing.T) {
	xy := State{On: true, Brightness: 200, ColorMode: "xy", XY: [2]float32{0.3, 0.4}}
	ct := State{On: true, Brightness: 1, ColorMode: "ct", Mired: 366}
	hs := State{On: true, Brightness: 254, ColorMode: "hs", Hue: 10000, Saturation: 120}
	off := func(s State) State { s.On = false; return s }
	states := []State{xy, ct, hs, off(xy), off(ct), off(hs), {On: true, Brightness: 77}, {}}
	for _, from := range states {
		for _, to := range states {
			l := &bulb{state: map[string]any{"on": false}}
			b := serve(t, l.ServeHTTP)
			for _, s := range []State{from, to} {
				l.log = nil
				if r, err := b.Set(within(t, patience), "1", s); err != nil || r.Outcome != Done {
					t.Fatalf("set %+v: %+v, %v", s, r, err)
				}
			}
			got, err := b.State(within(t, patience), "1")
			if err != nil || got.On != to.On || !alike(got, to) {
				t.Errorf("from %+v to %+v: got %+v, %v", from, to, got, err)
			}
			if off := from; !to.On {
				if off.On = false; off == to && len(l.log) != 1 {
					t.Errorf("flashed without need: %v", l.log)
				}
			}
		}
	}
}

// Colours at the ends of their scale cannot be sent as they are.
func TestSetZeroes(t *testing.T) {
	red := commandFor(State{On: true, ColorMode: "hs", Hue: 0, Saturation: 254})
	if red.Hue != 65535 || red.Sat != 254 {
		t.Errorf("red: %+v", red)
	}
	white := commandFor(State{On: true, ColorMode: "hs", Saturation: 0, XY: [2]float32{0.31, 0.33}})
	if white.Hue != 0 || len(white.Xy) != 2 {
		t.Errorf("white: %+v", white)
	}
}

// What the bridge refused is told, beside the fact that the light was set.
func TestSetPartial(t *testing.T) {
	b := serve(t, answer(200, `[{"success":{"/lights/1/state/on":true}},{"error":{"type":7,"address":"/lights/1/state/bri","description":"invalid value, 999"}}]`))
	r, err := b.Set(within(t, patience), "1", State{On: true, Brightness: 9})
	if r.Outcome != Done || !errors.Is(err, ErrPartial) || len(r.Refused) != 1 {
		t.Errorf("%+v, %v", r, err)
	}
}

// A blink must leave the light on if it was on, and off if it was off.
func TestBlink(t *testing.T) {
	for _, on := range []bool{true, false} {
		l := &bulb{state: map[string]any{"on": on}}
		b := serve(t, l.ServeHTTP)
		if err := b.Blink(within(t, patience), "1"); err != nil {
			t.Fatal(err)
		}
		if l.state["on"] != on || l.state["alert"] != "select" {
			t.Errorf("was on %v, is %v", on, l.state)
		}
	}
}

// BenchmarkSwitch is a command on a prepared connection; "late" is the time from
// the call to the request's last byte.
func BenchmarkSwitch(b *testing.B) {
	bridge := serve(b, answer(200, success))
	var late time.Duration
	b.ReportAllocs()
	for b.Loop() {
		if err := bridge.Prepare(b.Context()); err != nil {
			b.Fatal(err)
		}
		begin := time.Now()
		r, err := bridge.Switch(b.Context(), "1", true)
		if err != nil {
			b.Fatal(err)
		}
		late += r.Written.Sub(begin)
	}
	b.ReportMetric(float64(late.Nanoseconds())/float64(b.N), "late-ns/op")
}

package bridge_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hueprint/hueprint/simulator/bridge"
)

// memory is a listener whose connections never leave the process, so that time can be virtual.
type memory struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newMemory() *memory { return &memory{conns: make(chan net.Conn), closed: make(chan struct{})} }

func (m *memory) Accept() (net.Conn, error) {
	select {
	case conn := <-m.conns:
		return conn, nil
	case <-m.closed:
		return nil, net.ErrClosed
	}
}

func (m *memory) Close() error   { m.once.Do(func() { close(m.closed) }); return nil }
func (m *memory) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(10, 0, 0, 2), Port: 443} }

func (m *memory) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case m.conns <- theirs:
		return ours, nil
	case <-m.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// A message is what arrived on the event stream, and when.
type message struct {
	at   time.Time
	id   string
	data []struct {
		Type string
		ID   string
		Data []struct {
			Type    string
			V1      string `json:"id_v1"`
			On      *struct{ On bool }
			Dimming *struct{ Brightness float64 }
			Status  string
		}
	}
}

// virtual is a bridge in virtual time.
type virtual struct {
	*bridge.Bridge
	client *http.Client
	stop   func()
}

func startVirtual(t *testing.T, o bridge.Options) *virtual {
	t.Helper()
	o.Keys = map[string]string{"lab#test": testKey}
	b, err := bridge.New(o)
	if err != nil {
		t.Fatal(err)
	}
	wire := newMemory()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- b.Serve(ctx, nil, wire) }()
	transport := &http.Transport{
		DialTLSContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := wire.dial(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			return tls.Client(conn, trust(b)), nil
		},
	}
	return &virtual{Bridge: b, client: &http.Client{Transport: transport}, stop: func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		transport.CloseIdleConnections()
	}}
}

func (v *virtual) request(t *testing.T, method, path, body, lastID string) *http.Response {
	t.Helper()
	req, err := http.NewRequest(method, "https://bridge"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("hue-application-key", testKey)
	if lastID != "" {
		req.Header.Set("last-event-id", lastID)
	}
	resp, err := v.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

func (v *virtual) put(t *testing.T, body string) {
	t.Helper()
	resp := v.request(t, http.MethodPut, "/api/"+testKey+"/lights/1/state", body, "")
	_, _ = io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
}

// subscribe reads the event stream until it ends, and hands over what came.
func (v *virtual) subscribe(t *testing.T, lastID string) (messages func() []message) {
	t.Helper()
	resp := v.request(t, http.MethodGet, "/eventstream/clip/v2", "", lastID)
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	if !lines.Scan() || lines.Text() != ": hi" {
		t.Errorf("the stream begins with %q", lines.Text())
	}
	var mu sync.Mutex
	var got []message
	go func() {
		defer resp.Body.Close()
		id := ""
		for lines.Scan() {
			if after, ok := strings.CutPrefix(lines.Text(), "id: "); ok {
				id = after
			}
			if after, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				m := message{at: time.Now(), id: id}
				if err := json.Unmarshal([]byte(after), &m.data); err != nil {
					t.Error(err)
				}
				mu.Lock()
				got = append(got, m)
				mu.Unlock()
			}
		}
	}()
	return func() []message {
		mu.Lock()
		defer mu.Unlock()
		return append([]message(nil), got...)
	}
}

// Toggling faster than once a second loses events: containers come exactly one
// second apart, each with the last value only.
func TestEventsAreCoalescedToOneASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := startVirtual(t, bridge.Options{})
		defer v.stop()
		messages := v.subscribe(t, "")
		begin := time.Now()
		for i := range 20 { // 5 s of toggling, four commands a second, ending with off
			v.put(t, map[bool]string{true: `{"on":true,"bri":100}`, false: `{"on":false}`}[i%2 == 0])
			time.Sleep(time.Until(begin.Add(time.Duration(i+1) * 250 * time.Millisecond)))
		}
		time.Sleep(3 * time.Second)
		got := messages()
		if len(got) != 6 {
			t.Fatalf("%d containers in 5 s of toggling, want one at once and five more", len(got))
		}
		if first := got[0].at.Sub(begin); first < 30*time.Millisecond || first > 125*time.Millisecond {
			t.Errorf("first container %v after the command", first)
		}
		for i := 1; i < len(got); i++ {
			if gap := got[i].at.Sub(got[i-1].at); gap != time.Second {
				t.Errorf("container %d comes %v after the one before", i, gap)
			}
		}
		last := got[len(got)-1].data[0]
		if last.Type != "update" || last.Data[0].Type != "light" || last.Data[0].On.On {
			t.Errorf("last container %+v", last)
		}
	})
}

// A v1 command makes a v2 event with both forms of the light's name; one that changes nothing makes none.
func TestOnlyRealChangesMakeEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := startVirtual(t, bridge.Options{})
		defer v.stop()
		messages := v.subscribe(t, "")
		v.put(t, `{"on":false}`)
		time.Sleep(5 * time.Second)
		if got := messages(); len(got) != 0 {
			t.Fatalf("off to off: %+v", got)
		}
		v.put(t, `{"on":true,"bri":127}`)
		time.Sleep(5 * time.Second)
		got := messages()
		if len(got) != 1 {
			t.Fatalf("off to on: %d containers", len(got))
		}
		var kinds []string
		for _, d := range got[0].data[0].Data {
			kinds = append(kinds, d.Type+d.V1)
		}
		light := got[0].data[0].Data[0]
		if strings.Join(kinds, " ") != "light/lights/1 grouped_light/groups/0 grouped_light/groups/1" || !light.On.On || light.Dimming.Brightness != 50 {
			t.Errorf("resources %v, light %+v", kinds, light)
		}
		v.TouchLight("1", func(s *bridge.LightState) { s.On = false })
		time.Sleep(5 * time.Second)
		if got := messages(); len(got) != 2 || got[1].data[0].Data[0].On.On {
			t.Errorf("somebody else's change: %+v", got)
		}
	})
}

// A client that comes back with the id of its last event gets what it missed, and no more.
func TestReplayAfterReconnect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := startVirtual(t, bridge.Options{})
		defer v.stop()
		first := v.subscribe(t, "")
		for range 3 {
			v.put(t, `{"on":true}`)
			time.Sleep(2 * time.Second)
			v.put(t, `{"on":false}`)
			time.Sleep(2 * time.Second)
		}
		all := first()
		if len(all) != 6 {
			t.Fatalf("%d containers", len(all))
		}
		again, fresh := v.subscribe(t, all[3].id), v.subscribe(t, "")
		synctest.Wait()
		if got := again(); len(got) != 2 || got[0].id != all[4].id || got[1].id != all[5].id {
			t.Errorf("replayed %+v", got)
		}
		if got := fresh(); len(got) != 0 {
			t.Errorf("a new client got %d old containers", len(got))
		}
	})
}

func TestStreamFaults(t *testing.T) {
	for fault, want := range map[bridge.Fault]int{bridge.FaultStreamDeath: 0, bridge.FaultStreamRepeat: 2} {
		synctest.Test(t, func(t *testing.T) {
			v := startVirtual(t, bridge.Options{Fault: fault})
			defer v.stop()
			messages := v.subscribe(t, "")
			v.put(t, `{"on":true}`)
			time.Sleep(time.Minute)
			got := messages()
			if len(got) != want {
				t.Fatalf("%s: %d containers, want %d", fault, len(got), want)
			}
			if want == 2 && got[0].id != got[1].id {
				t.Errorf("%s: ids %s and %s", fault, got[0].id, got[1].id)
			}
		})
	}
}

// The predicted state is taken back at the next poll, and both make events.
func TestPredictionIsTakenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := startVirtual(t, bridge.Options{Fault: bridge.FaultRevert})
		defer v.stop()
		messages := v.subscribe(t, "")
		v.put(t, `{"on":true}`)
		if !v.Cached("1").On {
			t.Error("nothing predicted")
		}
		time.Sleep(10 * time.Second)
		if v.Cached("1").On || v.State("1").On {
			t.Error("the prediction stays")
		}
		if got := messages(); len(got) != 2 || !got[0].data[0].Data[0].On.On || got[1].data[0].Data[0].On.On {
			t.Errorf("events %+v", got)
		}
	})
}

// A bulb without power makes an event of its own kind.
func TestLostBulbIsAnnounced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := startVirtual(t, bridge.Options{})
		defer v.stop()
		messages := v.subscribe(t, "")
		v.SetFault(bridge.FaultUnreachable)
		v.put(t, `{"on":true}`)
		time.Sleep(5 * time.Second)
		got := messages()
		if len(got) != 1 || got[0].data[0].Data[0].Type != "zigbee_connectivity" || got[0].data[0].Data[0].Status != "connectivity_issue" {
			t.Errorf("events %+v", got)
		}
	})
}

// The answer to a command takes 5 to 30 ms, decided by the seed; equal seeds take equal times.
func TestAnswersTakeTheirTime(t *testing.T) {
	var runs [2][]time.Duration
	for i := range runs {
		synctest.Test(t, func(t *testing.T) {
			v := startVirtual(t, bridge.Options{Seed: 5})
			defer v.stop()
			for range 20 {
				begin := time.Now()
				v.put(t, `{"alert":"select"}`)
				took := time.Since(begin)
				if took < 5*time.Millisecond || took > 30*time.Millisecond {
					t.Errorf("answered after %v", took)
				}
				runs[i] = append(runs[i], took)
			}
		})
	}
	for i := range runs[0] {
		if runs[0][i] != runs[1][i] {
			t.Fatalf("equal seeds, different times: %v and %v", runs[0], runs[1])
		}
	}
}

// A bridge can be switched off and on again; what it had not yet sent is lost.
func TestServingAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, err := bridge.New(bridge.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error)
			go func() { done <- b.Serve(ctx, newMemory(), newMemory()) }()
			synctest.Wait()
			b.TouchLight("1", func(s *bridge.LightState) { s.On = !s.On })
			time.Sleep(time.Second)
			b.TouchLight("1", func(s *bridge.LightState) { s.On = !s.On })
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	})
}

func TestServeReportsABrokenListener(t *testing.T) {
	b, err := bridge.New(bridge.Options{})
	if err != nil {
		t.Fatal(err)
	}
	broken := newMemory()
	broken.Close()
	if err := b.Serve(t.Context(), broken, newMemory()); err == nil || !strings.Contains(err.Error(), "10.0.0.2:443") {
		t.Errorf("error %v", err)
	}
}

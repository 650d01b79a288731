package orchestrator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/hueprint/hueprint/capture"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/runs"
	"github.com/hueprint/hueprint/traffic"
)

// remote is a bridge in another process, reached over HTTP: GET reads the state,
// PUT sets what its body names.
type remote struct{ url string }

func (r remote) Switch(ctx context.Context, _ string, on bool) (experiments.Receipt, error) {
	var receipt experiments.Receipt
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteRequest: func(httptrace.WroteRequestInfo) { receipt.Sent = time.Now() }})
	err := r.put(ctx, map[string]any{"on": on})
	receipt.Answered = time.Now()
	return receipt, err
}

func (r remote) Restore(ctx context.Context, _ string, s experiments.LightState) error {
	return r.put(ctx, s)
}

func (r remote) put(ctx context.Context, body any) error {
	pr, pw := io.Pipe()
	go func() { pw.CloseWithError(json.NewEncoder(pw).Encode(body)) }()
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, r.url, pr)
	if err != nil {
		return err
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return err
	}
	return res.Body.Close()
}

func (r remote) State(ctx context.Context, _ string) (s experiments.LightState, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url, nil)
	if err != nil {
		return s, err
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return s, err
	}
	return s, errors.Join(json.NewDecoder(res.Body).Decode(&s), res.Body.Close())
}

// counter is the bridge in the test's own process, which outlives every run. It
// keeps the PUTs that reached it.
type counter struct {
	mu    sync.Mutex
	light experiments.LightState
	puts  []string
	onPut func(n int)
}

func (c *counter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r.Method == http.MethodPut {
		body, err := io.ReadAll(r.Body)
		if err != nil || json.Unmarshal(body, &c.light) != nil {
			return // killed in mid-request
		}
		c.puts = append(c.puts, string(body))
		if c.onPut != nil {
			c.onPut(len(c.puts))
		}
	}
	json.NewEncoder(w).Encode(c.light)
}

func (c *counter) seen() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.puts)
}

// quick is an experiment as fast as the design allows.
func quick() Order {
	e := experiments.Experiment{Name: "kill", Light: "1", Actions: 3, Controls: 1, Spacing: 1100 * time.Millisecond, Jitter: 50 * time.Millisecond,
		Window: 700 * time.Millisecond, Settle: 200 * time.Millisecond, Directions: experiments.Alternate, Grouping: experiments.Together, Alpha: 0.5}
	return Order{Plan: experiments.NewPlan(e, 1), Recorders: map[string]capture.Recorder{"echo": &tape{}}, Version: "test",
		Gateways: []experiments.Gateway{{Addresses: traffic.Gateway{Name: "echo"}}},
		Bridge:   experiments.BridgeIdentity{ID: "b"}}
}

func remoteConductor(dir, url string) Conductor {
	r := remote{url}
	return Conductor{Root: filepath.Join(dir, "runs"), State: filepath.Join(dir, "state"), Switch: r, States: r, Restorer: r}
}

// conductElsewhere is a run in a process of its own, to be killed.
func conductElsewhere(dir string) {
	o := quick()
	o.Occasion.Firing = os.Getenv("HUEPRINT_TEST_FIRING")
	if _, err := remoteConductor(dir, os.Getenv("HUEPRINT_TEST_URL")).Run(context.Background(), o); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// Every command that reached the bridge has its durable entry, the folder opens
// and says that it was interrupted, and the light is found and put back, at
// whatever instant the process is killed.
func TestKilledAtAnyInstant(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute: runs in real time and kills them")
	}
	const length = 5 * time.Second
	rng := rand.New(rand.NewPCG(1, 2))
	var group sync.WaitGroup
	slots := make(chan struct{}, 5)
	for i := range 20 {
		after := time.Duration(rng.Int64N(int64(length)))
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			killAndRecover(t, fmt.Sprintf("kill %d after %v", i, after), &counter{}, func(kill func()) { time.AfterFunc(after, kill) })
		})
	}
	group.Wait()
}

// The instants at which a record is most easily lost: within each PUT, before
// its answer.
func TestKilledWithinEachCommand(t *testing.T) {
	if testing.Short() {
		t.Skip("runs in real time and kills runs")
	}
	var group sync.WaitGroup
	for nth := 1; nth <= 5; nth++ {
		group.Go(func() {
			bridge := &counter{}
			killAndRecover(t, fmt.Sprintf("kill within PUT %d", nth), bridge, func(kill func()) {
				bridge.mu.Lock()
				defer bridge.mu.Unlock()
				bridge.onPut = func(n int) {
					if n == nth {
						kill()
					}
				}
			})
		})
	}
	group.Wait()
}

func killAndRecover(t *testing.T, name string, bridge *counter, arrange func(kill func())) {
	bridge.light = experiments.LightState{On: true, Brightness: 77}
	found := bridge.light
	server := httptest.NewServer(bridge)
	defer server.Close()
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "HUEPRINT_TEST_RUN="+dir, "HUEPRINT_TEST_URL="+server.URL)
	if err := cmd.Start(); err != nil {
		t.Error(err)
		return
	}
	arrange(func() { cmd.Process.Kill() })
	killed := cmd.Wait() != nil
	server.CloseClientConnections()
	recovered(t, name, killed, bridge, remoteConductor(dir, server.URL))
	if bridge.light != found {
		t.Errorf("%s: the light is left %+v", name, bridge.light)
	}
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
}

// recovered checks what a killed run has left behind, and puts its light back.
func recovered(t *testing.T, name string, killed bool, bridge *counter, c Conductor) {
	folders, err := runs.List(c.Root)
	if err != nil || len(folders) > 1 {
		t.Errorf("%s: %d folders: %v", name, len(folders), err)
		return
	}
	if len(folders) == 0 {
		if bridge.seen() > 0 {
			t.Errorf("%s: %d commands were sent without any record", name, bridge.seen())
		}
		return
	}
	journaled := entries(t, folders[0])
	if puts := bridge.seen(); puts > journaled {
		t.Errorf("%s: %d commands reached the bridge, the journal knows %d", name, puts, journaled)
	}
	r, err := folders[0].Run()
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	if ended := r.Ending != experiments.Interrupted; killed && ended && bridge.seen() < 5 {
		t.Errorf("%s: a killed run is called %s", name, r.Ending)
	}
	for frame, err := range folders[0].Frames("echo") {
		if err != nil || len(frame.Data) != 60 {
			t.Errorf("%s: frames: %v", name, err)
		}
	}
	us, err := runs.Pending(c.State)
	if err != nil {
		t.Errorf("%s: %v", name, err)
	}
	if bridge.seen() > 0 && bridge.light.On != r.Found.On && len(us) != 1 {
		t.Errorf("%s: the light is not as found, and %d lights are pending", name, len(us))
	}
	for _, u := range us {
		folder, err := runs.Open(u.Dir)
		if err == nil {
			r, err = c.Restore(context.Background(), folder)
		}
		if err != nil || !r.Restored {
			t.Errorf("%s: restored %t %q: %v", name, r.Restored, r.RestoreNote, err)
		}
	}
	nothingPending(t, c)
}

// entries counts the entries of the journal that announce a PUT.
func entries(t *testing.T, f *runs.Folder) (n int) {
	file, err := os.Open(filepath.Join(f.Dir(), "commands.jsonl"))
	if err != nil {
		t.Error(err)
		return
	}
	defer file.Close()
	for d := json.NewDecoder(file); ; {
		var e struct {
			Kind    string
			Command struct{ Action string }
		}
		if d.Decode(&e) != nil {
			return n
		}
		if e.Kind == "setting" || e.Kind == "restoring" || e.Kind == "intent" && e.Command.Action != "" {
			n++
		}
	}
}

package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/hue"
	"github.com/hueprint/hueprint/runs"
	"github.com/hueprint/hueprint/simulator/bridge"
)

const (
	benchKey = "benchbenchbenchbenchbenchbenchbenchbench"
	// shortRun is an experiment of about ten seconds.
	shortRun = "{name: short, actions: 4, controls: 4, spacing: 1100ms, jitter: 100ms, window: 500ms, settle: 600ms, alpha: 0.05}"
)

// local is an address of loopback that no other process of these tests uses, so
// that two of them at once do not hear each other's gateways.
func local(n byte) string {
	pid := os.Getpid()
	return fmt.Sprintf("127.%d.%d.%d", 64+n, byte(pid>>8), byte(pid))
}

// The gateways of these tests, by the last argument of local.
const (
	benchGateway byte = iota
	sparseGateway
	floodedGateway
	awayGateway
	otherGateway
	nobody
)

// A shortBench is a bench for one short run of the program as a process: a
// simulated bridge on real ports whose request log is the witness, and traffic
// on loopback for a gateway.
type shortBench struct {
	dir, config string
	bridge      *bridge.Bridge
	plain       string
}

// benchOptions turn a shortBench; zero fields mean the usual one.
type benchOptions struct {
	seed       uint64
	fault      bridge.Fault
	http       bool   // speak plain HTTP with the bridge
	gateway    string // as it stands in the configuration
	experiment string
	runs       string // folder of the runs
	listen     func(*testing.T) net.Listener
}

func newShortBench(t *testing.T, o benchOptions) shortBench {
	t.Helper()
	b, err := bridge.New(bridge.Options{Seed: o.seed, Keys: map[string]string{"bench": benchKey}, Fault: o.fault})
	if err != nil {
		t.Fatal(err)
	}
	if o.listen == nil {
		o.listen = loopback
	}
	plain, secure := o.listen(t), o.listen(t)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- b.Serve(ctx, plain, secure) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	b.TouchLight("1", func(s *bridge.LightState) { s.On, s.Bri = o.seed%2 == 0, 77 })
	k := shortBench{dir: t.TempDir(), bridge: b, plain: plain.Addr().String()}
	k.config = filepath.Join(k.dir, "config.yaml")
	key := hue.Key{BridgeID: b.ID(), Username: benchKey, Pin: pinOf(b)}
	if err := hue.SaveKey(filepath.Join(k.dir, "key.json"), key); err != nil {
		t.Fatal(err)
	}
	address := "https://" + secure.Addr().String()
	if o.http {
		address = "http://" + k.plain
	}
	text := fmt.Sprintf("runs: %s\nbridge: {address: '%s', key_file: key.json}\nlight: '1'\ngateways: [{name: gw, %s}]\nexperiments: [%s]\n",
		cmp.Or(o.runs, "lab/runs"), address, cmp.Or(o.gateway, "interface: lo, addresses: ["+local(benchGateway)+"]"), cmp.Or(o.experiment, shortRun))
	if err := os.WriteFile(k.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return k
}

func loopback(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// chatter sends datagrams from a gateway's address, so that recorders have
// something to prove themselves by.
func chatter(t *testing.T, gateway string, every time.Duration) {
	t.Helper()
	chatterTo(t, gateway, loopbackPacket(t), every)
}

func chatterTo(t *testing.T, gateway string, to *net.UDPAddr, every time.Duration) {
	t.Helper()
	conn := chatterConn(t, gateway, to)
	stop := make(chan struct{})
	t.Cleanup(func() { close(stop) })
	go func() {
		for tick := time.NewTicker(every); ; {
			select {
			case <-stop:
				return
			case <-tick.C:
				_, _ = conn.Write([]byte("hello"))
			}
		}
	}()
}

// chatterConn is a gateway's socket.
func chatterConn(t *testing.T, gateway string, to *net.UDPAddr) *net.UDPConn {
	t.Helper()
	conn, err := net.DialUDP("udp", &net.UDPAddr{IP: net.ParseIP(gateway)}, to)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func loopbackPacket(t *testing.T) *net.UDPAddr {
	t.Helper()
	c, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c.LocalAddr().(*net.UDPAddr)
}

// put is one command that the bridge received.
type put struct{ on bool }

// puts are the commands that the bridge received, by its own log.
func (k shortBench) puts() []put {
	var all []put
	for _, r := range k.bridge.Requests() {
		var body struct {
			On *bool `json:"on"`
		}
		if r.Method == "PUT" && strings.HasSuffix(r.Path, "/state") && json.Unmarshal([]byte(r.Body), &body) == nil && body.On != nil {
			all = append(all, put{*body.On})
		}
	}
	return all
}

// process is the program, with the bench's own state directory.
func (k shortBench) process(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := process(t, append(args, "-c", k.config)...)
	cmd.Env = append(cmd.Env, "HUEPRINT_STATE="+filepath.Join(k.dir, "state"), "NO_COLOR=1")
	return cmd
}

// A session is the program while it runs, and what it has said and left.
type session struct {
	*exec.Cmd
	bench shortBench
	said  *transcript
	ended chan struct{}
}

// transcript is all that a process says on both of its outputs.
type transcript struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (t *transcript) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.Write(b)
}

func (t *transcript) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.String()
}

// begin starts the program.
func (k shortBench) begin(t *testing.T, args ...string) *session {
	t.Helper()
	return k.beginProcess(t, k.process(t, args...))
}

func (k shortBench) beginProcess(t *testing.T, cmd *exec.Cmd) *session {
	t.Helper()
	s := &session{Cmd: cmd, bench: k, said: &transcript{}, ended: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = s.said, s.said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(s.ended)
		_ = cmd.Wait()
	}()
	return s
}

// status waits for the end of the program and returns its exit status, having
// checked what every end of it must keep to.
func (s *session) status(t *testing.T) int {
	t.Helper()
	<-s.ended
	s.bench.demandDecency(t, s.said.String())
	return s.ProcessState.ExitCode()
}

// commands waits until the bridge has received n commands, or the program ends.
func (s *session) commands(n int) {
	for len(s.bench.puts()) < n {
		select {
		case <-s.ended:
			return
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// conduct runs the program to its end.
func (k shortBench) conduct(t *testing.T, args ...string) (status int, said string) {
	t.Helper()
	s := k.begin(t, args...)
	return s.status(t), s.said.String()
}

// demandDecency checks that nothing panicked, and that the application key
// stands nowhere but in its own file.
func (k shortBench) demandDecency(t *testing.T, said string) {
	t.Helper()
	for _, word := range []string{"panic:", "goroutine ", "defect of the program"} {
		if strings.Contains(said, word) {
			t.Errorf("the output holds %q:\n%s", word, said)
		}
	}
	if strings.Contains(said, benchKey) {
		t.Error("the application key stands in the output")
	}
	err := filepath.WalkDir(k.dir, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) || d != nil && (d.IsDir() || d.Name() == "key.json") {
			return nil
		}
		text, err := os.ReadFile(path)
		if bytes.Contains(text, []byte(benchKey)) {
			t.Errorf("the application key stands in %s", path)
		}
		if errors.Is(err, fs.ErrNotExist) { // a temporary file
			return nil
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// folder is the only run of the bench; nil if there is none.
func (k shortBench) folder(t *testing.T) *runs.Folder {
	t.Helper()
	all, err := runs.List(filepath.Join(k.dir, "lab", "runs"))
	if err != nil || len(all) > 1 {
		t.Fatalf("%d runs: %v", len(all), err)
	}
	if len(all) == 0 {
		return nil
	}
	return all[0]
}

// record is the run's facts and the verdict that its folder leads to.
func (k shortBench) record(t *testing.T) (experiments.Run, analysis.Verdict) {
	t.Helper()
	folder := k.folder(t)
	if folder == nil {
		t.Fatal("there is no run")
	}
	run, err := folder.Run()
	if err != nil {
		t.Fatal(err)
	}
	part, err := analyzeRun(folder, analysis.Options{})
	if err != nil || len(part.Findings.Verdicts) != 1 {
		t.Fatalf("the run does not analyse: %v", err)
	}
	return run, part.Findings.Verdicts[0]
}

// pending are the lights that are listed as not put back.
func (k shortBench) pending(t *testing.T) []runs.Unrestored {
	t.Helper()
	us, err := runs.Pending(filepath.Join(k.dir, "state"), filepath.Join(k.dir, "lab", "runs"))
	if err != nil {
		t.Error(err)
	}
	return us
}

// shines compares the bulb itself with how it was before.
func (k shortBench) shines(before bridge.LightState) bool {
	now := k.bridge.State("1")
	return now.On == before.On && now.Bri == before.Bri && now.ColorMode == before.ColorMode
}

// demandAsFound checks that the bulb itself is as it was, and nothing is pending.
func (k shortBench) demandAsFound(t *testing.T, before bridge.LightState) {
	t.Helper()
	if !k.shines(before) {
		t.Errorf("the light was %+v, and is %+v", before, k.bridge.State("1"))
	}
	if us := k.pending(t); len(us) > 0 {
		t.Errorf("still to be put back: %+v", us)
	}
}

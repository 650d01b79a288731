//go:build !race

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/capture"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/hue"
	"github.com/hueprint/hueprint/runs"
	"github.com/hueprint/hueprint/simulator/bridge"
	"github.com/hueprint/hueprint/simulator/bridge/bridgetest"
)

const killKey = "killedkilledkilledkilledkilledkilledkill"

// killBench is a bench for one run that will be killed: a simulated bridge on
// real ports whose request log is the witness, and traffic on loopback for a
// gateway.
type killBench struct {
	dir, config string
	bridge      *bridge.Bridge
	plain       string
}

func newKillBench(t *testing.T, seed uint64) killBench {
	t.Helper()
	b, err := bridge.New(bridge.Options{Seed: seed, Keys: map[string]string{"bench": killKey}})
	if err != nil {
		t.Fatal(err)
	}
	plain, secure := loopback(t), loopback(t)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- b.Serve(ctx, plain, secure) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	b.TouchLight("1", func(s *bridge.LightState) { s.On, s.Bri = seed%2 == 0, 77 })
	k := killBench{dir: t.TempDir(), bridge: b, plain: plain.Addr().String()}
	k.config = filepath.Join(k.dir, "config.yaml")
	key := hue.Key{BridgeID: b.ID(), Username: killKey, Pin: pinOf(b)}
	if err := hue.SaveKey(filepath.Join(k.dir, "key.json"), key); err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("bridge: {address: 'https://%s', key_file: key.json}\nlight: '1'\ngateways: [{name: gw, interface: lo, addresses: [%s]}]\n"+
		"experiments: [{name: short, actions: 4, controls: 4, spacing: 1100ms, jitter: 100ms, window: 500ms, settle: 300ms, alpha: 0.05}]\n",
		secure.Addr(), killGateway)
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

const killGateway = "127.0.0.9"

// chatter sends datagrams from the gateway's address, so that recorders have
// something to prove themselves by.
func chatter(t *testing.T) {
	t.Helper()
	from := &net.UDPAddr{IP: net.ParseIP(killGateway)}
	to := loopbackPacket(t)
	conn, err := net.DialUDP("udp", from, to)
	if err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	t.Cleanup(func() { close(stop); _ = conn.Close() })
	go func() {
		for tick := time.NewTicker(20 * time.Millisecond); ; {
			select {
			case <-stop:
				return
			case <-tick.C:
				_, _ = conn.Write([]byte("hello"))
			}
		}
	}()
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

// TestKillNoRace kills runs at random instants with SIGKILL. The simulated
// bridge's own request log is the witness.
func TestKillNoRace(t *testing.T) {
	needs(t, os.Geteuid() == 0 && capture.Check("lo") == nil, "root, to capture on lo")
	needs(t, has("node") && has("npm"), "node and npm, as an independent reader of the light")
	kills, atOnce := 200, 20
	if testing.Short() {
		kills = 20
	}
	chatter(t)
	var counts killCounts
	gate := make(chan struct{}, atOnce)
	t.Run("kills", func(t *testing.T) {
		for i := range kills {
			t.Run(fmt.Sprint(i), func(t *testing.T) {
				t.Parallel()
				gate <- struct{}{}
				defer func() { <-gate }()
				killOnce(t, uint64(i), &counts)
			})
		}
	})
	t.Logf("measured: %d kills: %d before a run folder, %d after its end, %d in mid-run; %d commands witnessed, %d lights put back",
		kills, counts.before.Load(), counts.after.Load(), counts.within.Load(), counts.puts.Load(), counts.restored.Load())
}

type killCounts struct{ before, after, within, puts, restored atomic.Int64 }

func killOnce(t *testing.T, seed uint64, counts *killCounts) {
	k := newKillBench(t, seed)
	before := bridgetest.ReadLight(t, k.plain, killKey, "1")
	cmd := process(t, "run", "short", "-c", k.config, "--seed", fmt.Sprint(seed))
	cmd.Env = append(cmd.Env, "HUEPRINT_STATE="+filepath.Join(k.dir, "state"))
	var errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &errs, &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Duration(rand.New(rand.NewPCG(seed, 9)).Int64N(int64(11 * time.Second))))
	_ = cmd.Process.Signal(syscall.SIGKILL)
	_ = cmd.Wait()

	all, err := runs.List(filepath.Join(k.dir, "lab", "runs"))
	if err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		counts.before.Add(1)
		if n := len(k.puts()); n > 0 {
			t.Errorf("%d commands were sent, and there is no run: %s", n, errs.String())
		}
		return
	}
	k.demandTruth(t, all[0], counts)
	k.demandRestored(t, all[0], before, counts)
}

// put is one command that the bridge received.
type put struct{ on bool }

// puts are the commands that the bridge received, by its own log.
func (k killBench) puts() []put {
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

// demandTruth checks that every command that the bridge received has its durable
// entry, and that what is left of the run analyses and says that it is incomplete.
func (k killBench) demandTruth(t *testing.T, folder *runs.Folder, counts *killCounts) {
	t.Helper()
	run, err := folder.Run()
	if err != nil {
		t.Fatalf("the killed run does not open: %v", err)
	}
	claim, err := folder.Claim()
	if err != nil {
		t.Fatal(err)
	}
	puts := k.puts()
	counts.puts.Add(int64(len(puts)))
	if len(puts) > 0 && !claim.Touched {
		t.Error("a command was received, and the journal knows of none")
	}
	if run.Ending == experiments.Complete {
		counts.after.Add(1)
	} else {
		counts.within.Add(1)
		if run.Ending != experiments.Interrupted {
			t.Errorf("the killed run is called %s", run.Ending)
		}
		// The first command puts the light into its initial state; each
		// further one is an intent's.
		intents := []put{{run.Plan.Initial == experiments.On}}
		for _, c := range run.Commands {
			if c.Action != "" {
				intents = append(intents, put{c.Action == experiments.On})
			}
		}
		for i, p := range puts {
			if i >= len(intents) {
				if claim.Settled || len(run.Commands) == len(run.Plan.Slots) {
					break // putting the light back
				}
				t.Errorf("the bridge received %d commands, the journal has %d", len(puts), len(intents))
				break
			}
			if p != intents[i] {
				t.Errorf("command %d put the light %v, its entry says %v", i, p.on, intents[i].on)
			}
		}
	}
	part, err := analyzeRun(folder, analysis.Options{})
	if err != nil {
		t.Errorf("the killed run does not analyse: %v", err)
		return
	}
	if v := part.Findings.Verdicts[0]; run.Ending == experiments.Interrupted && v.Verdict != analysis.Inconclusive {
		t.Errorf("the verdict of an interrupted run is %s: %v", v.Verdict, v.Reasons)
	}
}

// demandRestored starts the program again and lets a client that is not ours
// read the light.
func (k killBench) demandRestored(t *testing.T, folder *runs.Folder, before bridge.LightState, counts *killCounts) {
	t.Helper()
	cmd := process(t, "restore", folder.Dir(), "-c", k.config)
	cmd.Env = append(cmd.Env, "HUEPRINT_STATE="+filepath.Join(k.dir, "state"))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("restore: %v\n%s", err, out)
	}
	after := bridgetest.ReadLight(t, k.plain, killKey, "1")
	if after != before {
		t.Errorf("the light was %+v, and after the restoration is %+v\n%s", before, after, out)
		return
	}
	counts.restored.Add(1)
	pending, err := runs.Pending(filepath.Join(k.dir, "state"), filepath.Join(k.dir, "lab", "runs"))
	if err != nil || len(pending) > 0 {
		t.Errorf("still pending after the restoration: %v, %v", pending, err)
	}
}

package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/config"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/hue"
	"github.com/hueprint/hueprint/panel/lab"
	"github.com/hueprint/hueprint/runs"
	"github.com/hueprint/hueprint/store"
)

// shortOnLab is an experiment of about fourteen seconds on a simulated lab.
func shortOnLab() config.Experiment {
	actions, controls, alpha := 5, 5, 0.05
	spacing, jitter, window, settle := 1200*time.Millisecond, 100*time.Millisecond, 900*time.Millisecond, 900*time.Millisecond
	return config.Experiment{Name: "short", Actions: &actions, Controls: &controls, Alpha: &alpha, Spacing: &spacing, Jitter: &jitter, Window: &window, Settle: &settle}
}

// simulatedServer is a server on a simulated lab, at work, without its door.
func simulatedServer(t *testing.T, kinds ...string) *server {
	t.Helper()
	return startTestServer(t, filepath.Join(t.TempDir(), "config.yaml"), kinds...)
}

func startTestServer(t *testing.T, path string, kinds ...string) *server {
	t.Helper()
	s := openTestServer(t, path, kinds...)
	if err := s.station.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.start(ctx)
	t.Cleanup(func() {
		end, stop := context.WithTimeout(context.Background(), time.Minute)
		defer stop()
		if err := s.station.Close(end); err != nil {
			t.Error(err)
		}
		cancel()
		s.background.Wait()
		if err := s.close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func openTestServer(t *testing.T, path string, kinds ...string) *server {
	t.Helper()
	p := &program{out: io.Discard, err: io.Discard, configPath: path}
	f := serveFlags{lab: simulation{kinds: kinds, pace: 20, seed: 1}}
	s, err := p.openServer(t.Context(), f, newLog(testLog{t}))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// testLog writes the server's log to the test's.
type testLog struct{ t *testing.T }

// Write logs a line.
func (l testLog) Write(line []byte) (int, error) {
	l.t.Logf("%s", line)
	return len(line), nil
}

// setUp pairs, chooses the light, and names the gateways that are heard.
func setUp(t *testing.T, s *server) {
	t.Helper()
	port := setupPort{s}
	found, err := port.Discover(t.Context())
	if err != nil || len(found) != 1 {
		t.Fatalf("discovered %v, %v", found, err)
	}
	if err := port.PressButton(t.Context()); err != nil {
		t.Fatal(err)
	}
	b, err := port.Pair(t.Context(), found[0].Address)
	if err != nil || b.ID != found[0].ID || b.Trouble != "" {
		t.Fatalf("paired with %+v, %v", b, err)
	}
	if err := port.ChooseLight(t.Context(), "9"); !errors.Is(err, lab.ErrUnknown) {
		t.Errorf("a light that is not there: %v", err)
	}
	if err := port.ChooseLight(t.Context(), "1"); err != nil {
		t.Fatal(err)
	}
	heard, err := port.Hosts(t.Context(), simulatedInterface, 3*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range s.site.(*simulatedSite).lab.Gateways() {
		i := slices.IndexFunc(heard, func(h lab.Host) bool { return h.MAC == g.MACs[0] })
		if i < 0 {
			t.Fatalf("%s is not among those heard: %+v", g.Name, heard)
		}
		err := port.SaveGateway(t.Context(), config.Gateway{Name: g.Name, Kind: g.Name, Interface: simulatedInterface, MACs: g.MACs, Addresses: heard[i].Addresses})
		if err != nil {
			t.Fatal(err)
		}
	}
	err = s.settings.edit(func(text []byte) ([]byte, error) { return config.PutExperiment(text, shortOnLab()) })
	if err != nil {
		t.Fatal(err)
	}
}

// awaitEnd waits until the firing has an outcome.
func awaitEnd(t *testing.T, s *server, firing string) store.Firing {
	t.Helper()
	for range 600 {
		f, err := s.store.Firing(t.Context(), firing)
		if err == nil && f.Outcome != store.Running {
			return f
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("firing %s does not end", firing)
	return store.Firing{}
}

// TestServerFromSetUpToVerdict goes the way of a new user on the simulated lab,
// through the ports that the panel uses.
func TestServerFromSetUpToVerdict(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	s := simulatedServer(t, "aeotec", "echo")
	bench := benchPort{s}
	before := bench.State(t.Context())
	if len(before.Missing) != 3 || !before.Simulated {
		t.Errorf("a new bench lacks bridge, light and gateways: %q", before.Missing)
	}
	if _, err := bench.Start(t.Context(), "test", store.Task{Experiment: "short"}); !errors.Is(err, lab.ErrNotSetUp) {
		t.Errorf("a bench that is not set up starts: %v", err)
	}
	setUp(t, s)
	s.monitor.Viewers(1)
	kinds := countKinds(t, s)

	task := store.Task{Experiment: "short", Gateways: []string{"aeotec"}, Seed: 7}
	preview, err := bench.Preview(t.Context(), task)
	if err != nil || len(preview.Plans) != 1 || preview.Duration < 5*time.Second {
		t.Errorf("the preview is %+v, %v", preview, err)
	}
	firing, err := bench.Start(t.Context(), "test", task)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := bench.Start(t.Context(), "test", task); !errors.Is(err, lab.ErrBusy) {
		t.Errorf("two runs at once: %v", err)
	}
	if err := (setupPort{s}).ChooseLight(t.Context(), "1"); !errors.Is(err, lab.ErrBusy) {
		t.Errorf("the bench is changed during a run: %v", err)
	}
	if state := bench.State(t.Context()); len(state.Missing) > 0 || state.Running == nil {
		t.Errorf("during the run: missing %q, running %+v", state.Missing, state.Running)
	}
	f := awaitEnd(t, s, firing)
	if f.Outcome != store.Carried || len(f.Runs) != 1 {
		t.Fatalf("the firing is %+v", f)
	}
	demandRun(t, s, f.Runs[0])
	demandLooks(t, s, f.Runs[0])
	for _, kind := range []lab.Kind{lab.KindSlot, lab.KindProgress, lab.KindPackets, lab.KindRun, lab.KindFiring, lab.KindState} {
		if kinds()[kind] == 0 {
			t.Errorf("the feed told no %s: %v", kind, kinds())
		}
	}
	state := bench.State(t.Context())
	if last := state.Gateways[0].Last; last == nil || last.Verdict != analysis.CloudVisible || state.Disk.Used == 0 || state.Running != nil {
		t.Errorf("after the run: %+v, %+v", state.Gateways[0], state.Disk)
	}
}

// demandLooks tries what the panel does with a run that is over.
func demandLooks(t *testing.T, s *server, id string) {
	t.Helper()
	bench := benchPort{s}
	r, err := s.store.Run(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	found, _, err := bench.Reanalyze(t.Context(), r.Dir, analysis.Options{Alpha: 0.2})
	if err != nil || !found.Exploratory {
		t.Errorf("another analysis is exploratory: %v, %v", found.Exploratory, err)
	}
	if err := bench.Refresh(t.Context(), r.Dir); err != nil {
		t.Errorf("refresh: %v", err)
	}
	for _, c := range (setupPort{s}).Checks(t.Context()) {
		if !c.OK && c.Name != "disk" {
			t.Errorf("the check %s fails: %s (%s)", c.Name, c.Found, c.Do)
		}
	}
}

// demandRun checks what a complete run has left.
func demandRun(t *testing.T, s *server, id string) {
	t.Helper()
	r, err := s.store.Run(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	folder, err := runs.Open(r.Dir)
	if err != nil {
		t.Fatal(err)
	}
	found, err := folder.Findings()
	if err != nil || len(found.Verdicts) != 1 {
		t.Fatalf("the findings are %+v, %v", found.Verdicts, err)
	}
	if r.Ending != experiments.Complete || !r.Restored || !r.Simulated || len(r.Verdicts) != 1 || r.Verdicts[0].Verdict != analysis.CloudVisible || r.By != "test" {
		t.Errorf("the run's entry is %+v, its verdict %+v", r, found.Verdicts[0])
	}
	report, err := os.ReadFile(filepath.Join(r.Dir, "report.html"))
	if err != nil || !strings.Contains(string(report), "imulated") {
		t.Errorf("the report does not say that the lab is simulated: %v", err)
	}
}

// countKinds counts the feed's events by kind from now on.
func countKinds(t *testing.T, s *server) func() map[lab.Kind]int {
	ctx, cancel := context.WithCancel(t.Context())
	counts := map[lab.Kind]int{}
	lock := make(chan struct{}, 1)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for e := range s.hub.Events(ctx, "") {
			lock <- struct{}{}
			counts[e.Kind]++
			<-lock
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return func() map[lab.Kind]int {
		lock <- struct{}{}
		defer func() { <-lock }()
		copied := map[lab.Kind]int{}
		for k, n := range counts {
			copied[k] = n
		}
		return copied
	}
}

// TestServerStopPutsTheLightBack stops a run by hand and reads the light.
func TestServerStopPutsTheLightBack(t *testing.T) {
	if testing.Short() {
		t.Skip("takes ten seconds")
	}
	s := simulatedServer(t, "aeotec")
	setUp(t, s)
	simulated := s.site.(*simulatedSite)
	before := simulated.lab.Bridge().State("1")
	bench := benchPort{s}
	firing, err := bench.Start(t.Context(), "test", store.Task{Experiment: "short"})
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(4 * time.Second)
	if err := bench.Stop(t.Context(), "somebody"); err != nil {
		t.Fatal(err)
	}
	f := awaitEnd(t, s, firing)
	if f.Outcome != store.Stopped || !strings.Contains(f.Reason, "somebody") {
		t.Errorf("the firing is %+v", f)
	}
	if after := simulated.lab.Bridge().State("1"); after != before {
		t.Errorf("the light was %+v and is %+v", before, after)
	}
	if err := bench.Stop(t.Context(), "somebody"); !errors.Is(err, lab.ErrIdle) {
		t.Errorf("there is nothing to stop: %v", err)
	}
	if err := bench.Blink(t.Context()); err != nil {
		t.Errorf("blink after the run: %v", err)
	}
}

// TestServerWithoutItsBench starts where the bridge is away and an interface is
// missing: the bench says so, and nothing begins.
func TestServerWithoutItsBench(t *testing.T) {
	dir := t.TempDir()
	text := "bridge: {address: 'http://127.0.0.1:1', key_file: key.json}\nlight: '1'\nserve: {zone: Europe/Prague, quiet: ['22:00-06:00']}\n" +
		"gateways: [{name: gw, interface: none0, addresses: [192.0.2.1]}]\nexperiments: [{name: short}]\n"
	if err := os.WriteFile(filepath.Join(dir, "config.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := hue.SaveKey(filepath.Join(dir, "key.json"), hue.Key{BridgeID: "001788fffe000001", Username: strings.Repeat("k", 40)}); err != nil {
		t.Fatal(err)
	}
	t.Setenv(runs.StateVariable, filepath.Join(dir, "state"))
	s := startTestServer(t, filepath.Join(dir, "config.yaml"))
	s.monitor.Viewers(1)
	bench := benchPort{s}
	var state lab.State
	for range 100 {
		if state = bench.State(t.Context()); state.Light.Trouble != "" && state.Gateways[0].Trouble != "" {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if len(state.Missing) > 0 || state.Zone != "Europe/Prague" || !strings.Contains(state.Light.Trouble, "nothing answers") || !strings.Contains(state.Gateways[0].Trouble, "none0") {
		t.Errorf("the bench says %+v", state)
	}
	if _, err := bench.Start(t.Context(), "test", store.Task{Experiment: "short"}); !errors.Is(err, hue.ErrUnreachable) {
		t.Errorf("an experiment without its bridge: %v", err)
	}
	if _, err := bench.Start(t.Context(), "test", store.Task{Experiment: "nothing"}); !errors.Is(err, lab.ErrUnknown) {
		t.Errorf("an experiment that there is not: %v", err)
	}
	if err := bench.Blink(t.Context()); !errors.Is(err, hue.ErrUnreachable) {
		t.Errorf("blink without the bridge: %v", err)
	}
}

// TestServerReadsItsFileAgain changes the file from outside.
func TestServerReadsItsFileAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.yaml")
	t.Setenv(runs.StateVariable, filepath.Join(filepath.Dir(path), "state"))
	s := startTestServer(t, path)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(string(text), "lab: Bench 1", "lab: Bench 2", 1)
	changed = strings.Replace(changed, "zone: UTC", "zone: Europe/Prague", 1)
	if err := os.WriteFile(path, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.settings.reread(); err != nil {
		t.Fatal(err)
	}
	state := benchPort{s}.State(t.Context())
	if state.Lab != "Bench 2" || len(state.Troubles) != 1 || !strings.Contains(state.Troubles[0], "restart") {
		t.Errorf("after the change the bench says %q, %q", state.Lab, state.Troubles)
	}
}

//go:build !race

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hueprint/hueprint/config"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/panel/lab"
	"github.com/hueprint/hueprint/runs"
	"github.com/hueprint/hueprint/store"
)

// TestServeViewersNoRace sets a simulated lab up through the API of a server that
// is a process of its own, and measures how late its slots begin and its commands
// are written, with nobody looking and with 200 live viewers.
func TestServeViewersNoRace(t *testing.T) {
	slots := 14
	if testing.Short() {
		slots = 4
	}
	const viewers, most = 200, 5 * time.Millisecond
	s, end := serveSimulated(t, slots)
	defer end()
	alone, wroteAlone := s.lateness(t)
	events, leave := s.watch(t, viewers)
	watched, wroteWatched := s.lateness(t)
	leave()
	t.Logf("measured: p99 lateness of %d slots on the simulated lab: %v without viewers, %v with %d live viewers, who got %d events",
		len(alone), percentile(alone, 99), percentile(watched, 99), viewers, events.Load())
	t.Logf("measured: p99 lateness of the last byte of %d commands on the simulated lab: %v without viewers, %v with %d live viewers",
		len(wroteAlone), percentile(wroteAlone, 99), percentile(wroteWatched, 99), viewers)
	for what, all := range map[string][]time.Duration{"slots begin": watched, "commands are written": wroteWatched} {
		if late := percentile(all, 99); late > most {
			t.Errorf("with %d viewers %s %v late, want at most %v: %v", viewers, what, late, most, all)
		}
	}
	if events.Load() < viewers*int64(slots) {
		t.Errorf("%d viewers got %d events of a run with %d slots", viewers, events.Load(), slots)
	}
}

// A servedLab is a server on a simulated lab, as a process, set up by its API.
type servedLab struct {
	base, root string
}

func serveSimulated(t *testing.T, slots int) (s servedLab, end func()) {
	t.Helper()
	dir := t.TempDir()
	text, err := starterText(true)
	if err != nil {
		t.Fatal(err)
	}
	e := shortOnLab()
	half, spacing, jitter := slots/2, 1020*time.Millisecond, 20*time.Millisecond
	e.Actions, e.Controls, e.Spacing, e.Jitter = &half, &half, &spacing, &jitter
	if text, err = config.PutExperiment(text, e); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "config.yaml")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	cmd := process(t, "serve", "--simulated", "aeotec", "--open", "--listen", "127.0.0.1:"+port, "-c", path)
	said := &bytes.Buffer{}
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s = servedLab{base: "http://127.0.0.1:" + port, root: filepath.Join(dir, "lab", "runs")}
	s.setUp(t)
	return s, func() {
		_ = cmd.Process.Signal(os.Interrupt)
		if err := cmd.Wait(); err != nil {
			t.Errorf("the server ends with %v: %s", err, said)
		}
	}
}

// call sends a request to the API and reads its answer into to, if that is given.
func (s servedLab) call(t *testing.T, method, path string, body, to any) {
	t.Helper()
	encoded, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, s.base+"/api/v1"+path, bytes.NewReader(encoded))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	answer, err := new(http.Client).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode >= 300 {
		t.Fatalf("%s %s: %s: %s (%v)", method, path, answer.Status, text, err)
	}
	if to != nil {
		if err := json.Unmarshal(text, to); err != nil {
			t.Fatalf("%s %s: %v: %s", method, path, err, text)
		}
	}
}

func (s servedLab) setUp(t *testing.T) {
	t.Helper()
	for range 200 {
		if answer, err := new(http.Client).Get(s.base + "/readyz"); err == nil {
			_ = answer.Body.Close()
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	var found struct{ Bridges []lab.Bridge }
	s.call(t, "POST", "/bridge/discover", struct{}{}, &found)
	s.call(t, "POST", "/bridge/button", struct{}{}, nil)
	s.call(t, "POST", "/bridge/pair", map[string]string{"address": found.Bridges[0].Address}, nil)
	s.call(t, "POST", "/lights/1/choose", struct{}{}, nil)
	var heard struct{ Hosts []lab.Host }
	s.call(t, "POST", "/interfaces/"+simulatedInterface+"/hosts", map[string]any{"within_ns": 3 * time.Second}, &heard)
	i := slices.IndexFunc(heard.Hosts, func(h lab.Host) bool { return h.Guess == "smartthings" })
	if i < 0 {
		t.Fatalf("nobody heard is guessed to be a SmartThings hub: %+v", heard.Hosts)
	}
	s.call(t, "PUT", "/gateways/aeotec", map[string]any{"kind": "smartthings", "firmware": "", "interface": simulatedInterface,
		"macs": []string{heard.Hosts[i].MAC.String()}, "addresses": []string{}, "phones": []string{}, "linked": false}, nil)
}

// lateness carries out a run and returns how late each of its slots began, and how
// late each of its commands was written.
func (s servedLab) lateness(t *testing.T) (begun, written []time.Duration) {
	t.Helper()
	var started struct{ Firing string }
	s.call(t, "POST", "/bench/start", store.Task{Experiment: "short"}, &started)
	var f store.Firing
	for f.Outcome = store.Running; f.Outcome == store.Running; time.Sleep(300 * time.Millisecond) {
		s.call(t, "GET", "/firings/"+started.Firing, nil, &f)
	}
	if f.Outcome != store.Carried || len(f.Runs) != 1 {
		t.Fatalf("the firing is %+v", f)
	}
	folder, err := runs.Find(s.root, f.Runs[0])
	if err != nil {
		t.Fatal(err)
	}
	run, err := folder.Run()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range run.Commands {
		begun = append(begun, c.Lateness)
		if c.Outcome == experiments.Done {
			written = append(written, c.Sent.Sub(c.Planned))
		}
	}
	return begun, written
}

// watch lets n viewers follow the panel's live events until leave.
func (s servedLab) watch(t *testing.T, n int) (events *atomic.Int64, leave func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	events = new(atomic.Int64)
	client := &http.Client{Transport: &http.Transport{MaxConnsPerHost: 0}}
	var open, all sync.WaitGroup
	for range n {
		open.Add(1)
		all.Go(func() {
			r, err := http.NewRequestWithContext(ctx, "GET", s.base+"/events", nil)
			if err != nil {
				t.Error(err)
			}
			answer, err := client.Do(r)
			open.Done()
			if err != nil {
				t.Error(err)
				return
			}
			defer answer.Body.Close()
			for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
				if strings.HasPrefix(lines.Text(), "event: ") {
					events.Add(1)
				}
			}
		})
	}
	open.Wait()
	return events, func() {
		cancel()
		all.Wait()
		client.CloseIdleConnections()
	}
}

// percentile is the value that p per cent are not above.
func percentile(all []time.Duration, p int) time.Duration {
	sorted := slices.Sorted(slices.Values(all))
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)-1, (len(sorted)*p+99)/100-1)]
}

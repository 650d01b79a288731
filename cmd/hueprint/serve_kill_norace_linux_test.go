//go:build !race

package main

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/capture"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/runs"
	"github.com/hueprint/hueprint/simulator/bridge"
	"github.com/hueprint/hueprint/simulator/bridge/bridgetest"
	"github.com/hueprint/hueprint/store"
	"github.com/hueprint/hueprint/store/sqlite"
)

// scheduledRun is an experiment of about seven seconds.
const scheduledRun = "{name: short, actions: 3, controls: 3, spacing: 1020ms, jitter: 20ms, window: 400ms, settle: 500ms, alpha: 0.05}"

// TestServeKillNoRace kills servers with SIGKILL at random instants of a scheduled
// run, and starts them again. The simulated bridge's request log and a client that
// is not ours are the witnesses.
func TestServeKillNoRace(t *testing.T) {
	needs(t, os.Geteuid() == 0 && capture.Check("lo") == nil, "root, to capture on lo")
	needs(t, has("node") && has("npm"), "node and npm, as an independent reader of the light")
	kills, atOnce := 50, 17
	if testing.Short() {
		kills = 5
	}
	chatter(t, local(benchGateway), 20*time.Millisecond)
	var counts serveKills
	repeat(t, kills, atOnce, func(t *testing.T, i int) { killServer(t, uint64(i), &counts) })
	t.Logf("measured: %d kills of a server: %d before the run had a folder, %d in mid-run, %d after its end; %d commands witnessed; %d lights as they were found; %d later firings carried out",
		kills, counts.before.Load(), counts.within.Load(), counts.after.Load(), counts.puts.Load(), counts.restored.Load(), counts.later.Load())
}

type serveKills struct{ before, within, after, puts, restored, later atomic.Int64 }

// A killedServer is one bench whose server is killed.
type killedServer struct {
	shortBench
	db         *sqlite.DB
	now, later store.Schedule
	found      bridge.LightState
}

func killServer(t *testing.T, seed uint64, counts *serveKills) {
	k := killedServer{shortBench: newShortBench(t, benchOptions{seed: seed, experiment: scheduledRun})}
	k.found = k.bridge.State("1")
	k.openStore(t)
	due := time.Now().Add(1500 * time.Millisecond).Truncate(time.Second).Add(time.Second)
	k.now = k.schedule(t, "now", due)

	first := k.begin(t, "serve", "--listen", "127.0.0.1:0")
	k.awaitStart(t, first)
	time.Sleep(time.Duration(rand.New(rand.NewPCG(seed, 5)).Int64N(int64(9 * time.Second))))
	_ = first.Process.Signal(syscall.SIGKILL)
	<-first.ended
	left := k.demandLeft(t, counts)
	k.later = k.schedule(t, "later", time.Now().Add(2*time.Second))

	second := k.begin(t, "serve", "--listen", "127.0.0.1:0")
	k.demandContinued(t, second, left, counts)
	_ = second.Process.Signal(syscall.SIGTERM)
	if status := second.status(t); status != 0 {
		t.Errorf("the server ends with status %d: %s", status, second.said)
	}
	k.demandNothingLost(t, counts)
}

func (k *killedServer) openStore(t *testing.T) {
	t.Helper()
	path := filepath.Join(k.dir, "lab", "hueprint.db")
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	var err error
	if k.db, err = sqlite.Open(t.Context(), path, sqlite.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := k.db.Close(); err != nil {
			t.Error(err)
		}
	})
}

func (k *killedServer) schedule(t *testing.T, name string, at time.Time) store.Schedule {
	t.Helper()
	s, err := k.db.PutSchedule(t.Context(), store.Schedule{ID: name, Name: name, Task: store.Task{Experiment: "short"}, At: at,
		Missed: store.RunOnce, Since: time.Now(), Created: time.Now(), By: "test"})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// awaitStart waits until the scheduler has begun the first firing.
func (k *killedServer) awaitStart(t *testing.T, s *session) {
	t.Helper()
	for {
		page, err := k.db.ListFirings(t.Context(), store.FiringQuery{Schedule: k.now.ID})
		if err != nil {
			t.Fatal(err)
		}
		if page.Total > 0 {
			return
		}
		select {
		case <-s.ended:
			t.Fatalf("the server has ended: %s", s.said)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// demandLeft checks what the killed server has left: every command that the
// bridge received is in the journal. It returns the run; nil before it began.
func (k *killedServer) demandLeft(t *testing.T, counts *serveKills) *runs.Folder {
	t.Helper()
	folder := k.folder(t)
	puts := k.puts()
	counts.puts.Add(int64(len(puts)))
	if folder == nil {
		counts.before.Add(1)
		if len(puts) > 0 {
			t.Errorf("%d commands were sent, and there is no run", len(puts))
		}
		return nil
	}
	run, err := folder.Run()
	if err != nil {
		t.Fatalf("the killed run does not open: %v", err)
	}
	claim, err := folder.Claim()
	if err != nil {
		t.Fatal(err)
	}
	if run.Ending == experiments.Complete {
		counts.after.Add(1)
	} else {
		counts.within.Add(1)
		demandEntries(t, run, claim, puts)
	}
	return folder
}

// demandContinued waits until the restarted server has settled the first firing
// and carried out the second.
func (k *killedServer) demandContinued(t *testing.T, s *session, left *runs.Folder, counts *serveKills) {
	t.Helper()
	now, later := k.await(t, s, k.now.ID), k.await(t, s, k.later.ID)
	continued := later
	if now.Outcome == store.Carried && later.Outcome == store.Skipped && strings.Contains(later.Reason, "busy") {
		continued = now // killed before it had begun, made up for, and so in the other's way
	}
	if continued.Outcome != store.Carried || len(continued.Runs) == 0 {
		t.Errorf("the schedule does not continue: %+v, %+v", now, later)
		return
	}
	counts.later.Add(1)
	if left != nil && !slices.Contains(now.Runs, left.ID()) {
		t.Errorf("the firing does not list its run %s: %+v", left.ID(), now)
	}
	if left != nil {
		k.demandSettled(t, left, now)
	}
	r, err := k.db.Run(t.Context(), continued.Runs[len(continued.Runs)-1])
	if err != nil {
		t.Fatal(err)
	}
	folder, err := runs.Open(r.Dir)
	if err != nil {
		t.Fatal(err)
	}
	run, err := folder.Run()
	if err != nil {
		t.Fatal(err)
	}
	if run.Found.On != k.found.On || int(run.Found.Brightness) != int(k.found.Bri) {
		t.Errorf("before the next run the light was not as at first: %+v, found %+v", run.Found, k.found)
	}
}

// demandSettled checks the killed run after the restart.
func (k *killedServer) demandSettled(t *testing.T, left *runs.Folder, firing store.Firing) {
	t.Helper()
	entry, err := k.db.Run(t.Context(), left.ID())
	if err != nil {
		t.Fatalf("the killed run is not in the index: %v", err)
	}
	claim, err := left.Claim()
	if err != nil || claim.Pending() {
		t.Errorf("the light of the killed run is not settled: %+v, %v", claim, err)
	}
	if entry.Ending == experiments.Complete {
		return
	}
	if entry.Ending != experiments.Interrupted || firing.Outcome != store.Interrupted {
		t.Errorf("the killed run is called %s, its firing %s (%s)", entry.Ending, firing.Outcome, firing.Reason)
	}
	findings, err := left.Findings()
	if err != nil {
		t.Errorf("the killed run was not analysed: %v", err)
		return
	}
	for _, v := range findings.Verdicts {
		if v.Verdict != analysis.Inconclusive {
			t.Errorf("the verdict of an interrupted run is %s", v.Verdict)
		}
	}
}

// await waits for the one firing of a schedule to be over.
func (k *killedServer) await(t *testing.T, s *session, schedule string) store.Firing {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		page, err := k.db.ListFirings(t.Context(), store.FiringQuery{Schedule: schedule})
		if err != nil {
			t.Fatal(err)
		}
		if page.Total > 1 {
			t.Fatalf("schedule %s has %d firings for one instant", schedule, page.Total)
		}
		if page.Total == 1 && page.Firings[0].Outcome != store.Running {
			return page.Firings[0]
		}
	}
	t.Fatalf("schedule %s is not accounted for: %s", schedule, s.said)
	return store.Firing{}
}

// demandNothingLost compares the index with the folders, and the light with how
// it was at first, as a client reads it that is not ours.
func (k *killedServer) demandNothingLost(t *testing.T, counts *serveKills) {
	t.Helper()
	folders, err := runs.List(filepath.Join(k.dir, "lab", "runs"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range folders {
		_, indexed := k.db.Run(t.Context(), f.ID())
		if err := errors.Join(indexed, f.Verify()); err != nil {
			t.Errorf("run %s: %v", f.ID(), err)
		}
	}
	page, err := k.db.ListRuns(t.Context(), store.RunQuery{})
	if err != nil || page.Total != len(folders) {
		t.Errorf("the index holds %d runs, there are %d folders (%v)", page.Total, len(folders), err)
	}
	if after := bridgetest.ReadLight(t, k.plain, benchKey, "1"); after.On != k.found.On || after.Bri != k.found.Bri {
		t.Errorf("the light was %+v, and is %+v", k.found, after)
	} else {
		counts.restored.Add(1)
	}
	if us := k.pending(t); len(us) > 0 {
		t.Errorf("still to be put back: %+v", us)
	}
}

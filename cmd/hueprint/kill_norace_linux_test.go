//go:build !race

package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
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
)

// TestKillNoRace kills runs at random instants with SIGKILL. The simulated
// bridge's own request log is the witness.
func TestKillNoRace(t *testing.T) {
	needs(t, os.Geteuid() == 0 && capture.Check("lo") == nil, "root, to capture on lo")
	needs(t, has("node") && has("npm"), "node and npm, as an independent reader of the light")
	kills, atOnce := 200, 20
	if testing.Short() {
		kills = 20
	}
	chatter(t, local(benchGateway), 20*time.Millisecond)
	var counts killCounts
	repeat(t, kills, atOnce, func(t *testing.T, i int) { killOnce(t, uint64(i), &counts) })
	t.Logf("measured: %d kills: %d before a run folder, %d after its end, %d in mid-run; %d commands witnessed, %d lights put back",
		kills, counts.before.Load(), counts.after.Load(), counts.within.Load(), counts.puts.Load(), counts.restored.Load())
}

// repeat carries out a subtest n times, so many at once, and waits for all.
func repeat(t *testing.T, n, atOnce int, test func(t *testing.T, i int)) {
	t.Helper()
	gate := make(chan struct{}, atOnce)
	t.Run("kills", func(t *testing.T) {
		for i := range n {
			t.Run(fmt.Sprint(i), func(t *testing.T) {
				t.Parallel()
				gate <- struct{}{}
				defer func() { <-gate }()
				test(t, i)
			})
		}
	})
}

type killCounts struct{ before, after, within, puts, restored atomic.Int64 }

func killOnce(t *testing.T, seed uint64, counts *killCounts) {
	k := newShortBench(t, benchOptions{seed: seed})
	before := bridgetest.ReadLight(t, k.plain, benchKey, "1")
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

// demandTruth checks that every command that the bridge received has its durable
// entry, and that what is left of the run analyses and says that it is incomplete.
func (k shortBench) demandTruth(t *testing.T, folder *runs.Folder, counts *killCounts) {
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
		demandEntries(t, run, claim, puts)
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

// demandEntries matches the commands that the bridge received with the journal,
// in order. The first puts the light into its initial state; each further one is
// an intent's; what comes after the last intent puts the light back. An intent
// that was not carried out, as its result says, has no command.
func demandEntries(t *testing.T, run experiments.Run, claim runs.Claim, puts []put) {
	t.Helper()
	entries := []experiments.Command{{Action: run.Plan.Initial, Receipt: experiments.Receipt{Outcome: experiments.Done}}}
	for _, c := range run.Commands {
		if c.Action != "" {
			entries = append(entries, c)
		}
	}
	next := 0
	for i, p := range puts {
		for next < len(entries) && p.on != (entries[next].Action == experiments.On) && entries[next].Outcome != experiments.Done {
			next++
		}
		switch {
		case next < len(entries) && p.on == (entries[next].Action == experiments.On):
			next++
		case next == len(entries) && (claim.Settled || len(run.Commands) == len(run.Plan.Slots)):
			return // putting the light back
		default:
			t.Errorf("command %d of %d put the light %v; the journal has no entry for it: %+v", i, len(puts), p.on, entries)
			return
		}
	}
}

// demandRestored starts the program again and lets a client that is not ours
// read the light.
func (k shortBench) demandRestored(t *testing.T, folder *runs.Folder, before bridge.LightState, counts *killCounts) {
	t.Helper()
	cmd := process(t, "restore", folder.Dir(), "-c", k.config)
	cmd.Env = append(cmd.Env, "HUEPRINT_STATE="+filepath.Join(k.dir, "state"))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("restore: %v\n%s", err, out)
	}
	after := bridgetest.ReadLight(t, k.plain, benchKey, "1")
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

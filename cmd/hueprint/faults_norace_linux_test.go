//go:build !race

package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/capture"
	"github.com/hueprint/hueprint/config"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/simulator/bridge"
)

// sparse is so seldom that no test over four and four slots can take the
// gateway's traffic for a reaction.
const sparse = 2500 * time.Millisecond

// roomyRun leaves the bridge time to ask its bulb between two slots.
const roomyRun = "{name: short, actions: 4, controls: 4, spacing: 4200ms, jitter: 100ms, window: 500ms, settle: 4s, alpha: 0.05}"

// faultRun is what a run must come to on a bridge with one fault: the exit
// statuses that are truthful when the fault is there from the beginning, begins
// in mid-run, shows on every third request, or shows on plain HTTP.
type faultRun struct {
	start, mid, third, http []int
	// says stands in the output of a run that did not end with status 0.
	says string
	// untouched tells that the fault from the beginning keeps the run from
	// touching the bulb.
	untouched bool
	roomy     bool
}

var (
	fine         = []int{exitDone}
	failed       = []int{exitFailed}
	inconclusive = []int{exitInconclusive}
	either       = []int{exitFailed, exitInconclusive}
	notFine      = either
)

func faultRuns() map[bridge.Fault]faultRun {
	refused := func(says string) faultRun {
		return faultRun{start: failed, mid: failed, third: notFine, http: failed, says: says, untouched: true}
	}
	return map[bridge.Fault]faultRun{
		bridge.FaultNone:          {start: fine, mid: fine, third: fine, http: fine},
		bridge.FaultLinkButton:    {start: fine, mid: fine, third: fine, http: fine},
		bridge.FaultStreamRepeat:  {start: fine, mid: fine, third: fine, http: fine},
		bridge.FaultCloseIdle:     {start: fine, mid: fine, third: fine, http: fine},
		bridge.FaultRedirect:      {start: fine, mid: fine, third: fine, http: failed, says: "https://"},
		bridge.FaultUnauthorized:  refused("does not accept the application key"),
		bridge.FaultTooMany:       refused("wait some seconds"),
		bridge.FaultUnavailable:   refused("wait a minute"),
		bridge.FaultSilent:        refused("did not answer in time"),
		bridge.FaultReset:         refused("connection to the bridge was lost"),
		bridge.FaultResetDone:     refused("connection to the bridge was lost"),
		bridge.FaultNull:          refused("not one of a Hue bridge"),
		bridge.FaultEmpty:         refused("not one of a Hue bridge"),
		bridge.FaultTruncated:     refused("not one of a Hue bridge"),
		bridge.FaultNotModifiable: {start: failed, mid: inconclusive, third: notFine, http: failed, says: "not confirmed|the light may have changed"},
		bridge.FaultStringType:    {start: failed, mid: inconclusive, third: notFine, http: failed, says: "not confirmed|the light may have changed"},
		bridge.FaultUnreachable:   {start: failed, mid: failed, third: failed, http: failed, says: "does not answer the bridge"},
		bridge.FaultRevert:        {start: either, mid: failed, third: either, http: either, says: "not confirmed|else changed the bulb", roomy: true},
		bridge.FaultDropped:       {start: inconclusive, mid: failed, third: either, http: inconclusive, says: "not confirmed"},
		bridge.FaultSlow:          {start: inconclusive, mid: inconclusive, third: inconclusive, http: inconclusive, says: "not confirmed"},
		// Without the stream commands are read back, for which a short run has no time.
		bridge.FaultStreamDeath: {start: inconclusive, mid: inconclusive, third: inconclusive, http: fine, says: "not confirmed"},
	}
}

// TestBridgeFaultsNoRace runs the whole program against every fault that the
// simulated bridge knows: the verdict never claims more than was seen, the key
// shows nowhere, and the bulb is as it was found, or is listed as not put back
// and put back once the bridge behaves.
func TestBridgeFaultsNoRace(t *testing.T) {
	needs(t, os.Geteuid() == 0 && capture.Check("lo") == nil, "root, to capture on lo")
	chatter(t, local(sparseGateway), sparse)
	t.Run("all", func(t *testing.T) {
		for i, fault := range append(bridge.Faults(), bridge.FaultNone) {
			want, known := faultRuns()[fault]
			if !known {
				t.Errorf("nobody says what a run comes to on a bridge with the fault %q", fault)
				continue
			}
			for mode, statuses := range map[string][]int{"start": want.start, "mid": want.mid, "third": want.third, "http": want.http} {
				t.Run(fmt.Sprintf("%s/%s", fault, mode), func(t *testing.T) {
					if testing.Short() && mode != "mid" {
						t.Skip("short: only faults that begin in mid-run")
					}
					t.Parallel()
					runOnFault(t, fault, mode, want, statuses, uint64(i))
				})
			}
		}
	})
}

func runOnFault(t *testing.T, fault bridge.Fault, mode string, want faultRun, statuses []int, seed uint64) {
	o := benchOptions{seed: seed, http: mode == "http", gateway: "interface: lo, addresses: [" + local(sparseGateway) + "]"}
	if want.roomy || o.http {
		o.experiment = roomyRun
	}
	if mode == "third" && fault != bridge.FaultNone {
		fault += "/3"
	}
	k := newShortBench(t, o)
	k.findAgainstPlan(t, seed)
	before := k.bridge.State("1")
	if mode != "mid" {
		k.bridge.SetFault(fault)
	}
	s := k.begin(t, "run", "short", "--seed", fmt.Sprint(seed))
	if mode == "mid" {
		s.commands(3)
		k.bridge.SetFault(fault)
	}
	status, said := s.status(t), s.said.String()
	if !slices.Contains(statuses, status) {
		t.Errorf("exit status %d, want one of %v:\n%s", status, statuses, said)
	}
	if status != exitDone && !saysOneOf(unwrapped(said), want.says) {
		t.Errorf("the output does not say %q:\n%s", want.says, said)
	}
	if n := len(k.puts()); want.untouched && (mode == "start" || mode == "http") && (n > 0 || k.folder(t) != nil) {
		t.Errorf("%d commands were received, run %v", n, k.folder(t))
	}
	k.demandHonesty(t, status, before)
	k.bridge.SetFault(bridge.FaultNone)
	k.demandPutBack(t, before, seed)
}

// unwrapped is text without the line breaks and frames of a table.
func unwrapped(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(" \n│", r) }), " ")
}

// findAgainstPlan puts the bulb into the state that the plan leaves first, so
// that putting it back means a change.
func (k shortBench) findAgainstPlan(t *testing.T, seed uint64) {
	t.Helper()
	c, err := config.Load(k.config)
	if err != nil {
		t.Fatal(err)
	}
	e, _ := c.Experiment("short")
	initial := experiments.NewPlan(e, seed).Initial
	k.bridge.TouchLight("1", func(s *bridge.LightState) { s.On = initial == experiments.Off })
}

// demandHonesty checks what the run claims against what was so.
func (k shortBench) demandHonesty(t *testing.T, status int, before bridge.LightState) {
	t.Helper()
	if k.folder(t) == nil {
		if !k.shines(before) || status != exitFailed {
			t.Errorf("there is no run, the exit status is %d, and the light is %+v", status, k.bridge.State("1"))
		}
		return
	}
	run, verdict := k.record(t)
	t.Logf("ending %s, verdict %s, commands %v, confirmed %v, restored %t; %s", run.Ending, verdict.Verdict,
		verdict.Evidence.Outcomes, verdict.Evidence.Confirmed, run.Restored, strings.Join(verdict.Reasons, " "))
	switch {
	case verdict.Verdict != analysis.NotDetected && verdict.Verdict != analysis.Inconclusive:
		t.Errorf("the verdict is %s on traffic that does not react", verdict.Verdict)
	case (verdict.Verdict == analysis.NotDetected) != (status == exitDone) && status != exitFailed:
		t.Errorf("verdict %s with exit status %d", verdict.Verdict, status)
	}
	if run.Restored != k.shines(before) && run.Restored {
		t.Errorf("the run says that it put the light back (%s), which is %+v and was %+v", run.RestoreNote, k.bridge.State("1"), before)
	}
	if pending := len(k.pending(t)) > 0; pending == run.Restored || pending && status != exitFailed {
		t.Errorf("restored %t, pending %t, exit status %d", run.Restored, pending, status)
	}
}

// demandPutBack lets the program put back what an earlier run had to leave:
// restore or doctor, in turn.
func (k shortBench) demandPutBack(t *testing.T, before bridge.LightState, turn uint64) {
	t.Helper()
	if len(k.pending(t)) > 0 {
		args := []string{"restore", k.folder(t).Dir()}
		if turn%2 == 0 {
			args = []string{"doctor", "--wait", "6s"}
		}
		if status, said := k.conduct(t, args...); status != exitDone {
			t.Errorf("%v: exit status %d:\n%s", args, status, said)
		}
	}
	k.demandAsFound(t, before)
}

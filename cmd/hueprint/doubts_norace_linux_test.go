//go:build !race

package main

import (
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/capture"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/simulator/bridge"
)

// A doubt is something that happens to a run, and what the run must say.
type doubt struct {
	options benchOptions
	happens func(*testing.T, *session) // in mid-run
	status  int
	says    string
	check   func(*testing.T, shortBench, experiments.Run, analysis.Verdict)
	// keepsOthers tells that somebody else's setting of the bulb may be left,
	// with a note.
	keepsOthers bool
}

func lo(gateway byte) string { return "interface: lo, addresses: [" + local(gateway) + "]" }

func doubts() map[string]doubt {
	return map[string]doubt{
		"switched by somebody else": {
			options: benchOptions{experiment: roomyRun},
			happens: func(t *testing.T, s *session) {
				time.Sleep(1500 * time.Millisecond) // a bridge tells at most one change a second
				s.bench.bridge.TouchLight("1", func(l *bridge.LightState) { l.On = !l.On })
			},
			status: exitInconclusive, says: "else changed the bulb",
		},
		"dimmed by somebody else": {
			happens: func(t *testing.T, s *session) {
				s.bench.bridge.TouchLight("1", func(l *bridge.LightState) { l.On, l.Bri = true, 200 })
			},
			status: exitInconclusive, says: "else changed the bulb", keepsOthers: true,
		},
		"too few slots for alpha": {
			options: benchOptions{experiment: strings.Replace(shortRun, "alpha: 0.05", "alpha: 0.01", 1)},
			status:  exitInconclusive, says: "smallest possible p",
		},
		"frames dropped by the kernel": {
			options: benchOptions{gateway: lo(floodedGateway)},
			happens: flood,
			status:  exitInconclusive, says: "Frames were lost",
			check: func(t *testing.T, _ shortBench, r experiments.Run, _ analysis.Verdict) {
				if r.Recordings[0].Dropped == 0 || len(r.Recordings[0].Gaps) == 0 {
					t.Errorf("the recording tells of no loss: %+v", r.Recordings[0])
				}
			},
		},
		"a gateway without a link to the bulb": {
			options: benchOptions{gateway: lo(awayGateway)},
			status:  exitDone, says: "link not shown",
			check: func(t *testing.T, _ shortBench, _ experiments.Run, v analysis.Verdict) {
				if v.Link != analysis.LinkNotShown || v.Verdict != analysis.NotDetected {
					t.Errorf("verdict %s, link %s", v.Verdict, v.Link)
				}
			},
		},
		"Ctrl-C":     {happens: signals(os.Interrupt), status: exitFailed, says: "incomplete (stopped: ", check: stopped},
		"SIGTERM":    {happens: signals(syscall.SIGTERM), status: exitFailed, says: "incomplete (stopped: ", check: stopped},
		"two Ctrl-C": {happens: signals(os.Interrupt, os.Interrupt, os.Interrupt), status: exitFailed, says: "incomplete (stopped: ", check: stopped},
	}
}

// TestDoubtsNoRace causes every reason for which a run can be inconclusive, or
// be refused, in the whole program.
func TestDoubtsNoRace(t *testing.T) {
	needs(t, os.Geteuid() == 0 && capture.Check("lo") == nil, "root, to capture on lo")
	chatter(t, local(benchGateway), sparse)
	chatter(t, local(floodedGateway), sparse)
	chatterTo(t, local(awayGateway), &net.UDPAddr{IP: net.ParseIP(local(nobody)), Port: 9}, sparse)
	t.Run("all", func(t *testing.T) {
		for name, d := range doubts() {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				d.options.seed = uint64(len(name))
				k := newShortBench(t, d.options)
				k.findAgainstPlan(t, d.options.seed)
				before := k.bridge.State("1")
				s := k.begin(t, "run", "short", "--seed", fmt.Sprint(d.options.seed))
				if s.commands(3); d.happens != nil {
					d.happens(t, s)
				}
				d.judge(t, k, s, before)
			})
		}
	})
}

// judge checks how the run ended.
func (d doubt) judge(t *testing.T, k shortBench, s *session, before bridge.LightState) {
	t.Helper()
	if status, said := s.status(t), s.said.String(); status != d.status || !strings.Contains(unwrapped(said), d.says) {
		t.Errorf("exit status %d, want %d and %q:\n%s", status, d.status, d.says, said)
	}
	run, verdict := k.record(t)
	if (d.status != exitDone) != (verdict.Verdict == analysis.Inconclusive) {
		t.Errorf("exit status %d with the verdict %s: %v", d.status, verdict.Verdict, verdict.Reasons)
	}
	if d.check != nil {
		d.check(t, k, run, verdict)
	}
	if !d.keepsOthers {
		k.demandAsFound(t, before)
	} else if run.Restored != k.shines(before) || !run.Restored && !strings.Contains(run.RestoreNote, "somebody else") || len(k.pending(t)) > 0 {
		t.Errorf("restored %t (%s), the light was %+v, and is %+v", run.Restored, run.RestoreNote, before, k.bridge.State("1"))
	}
}

// stopped checks that the folder says that the run was stopped.
func stopped(t *testing.T, _ shortBench, r experiments.Run, _ analysis.Verdict) {
	t.Helper()
	if r.Ending != experiments.Stopped || !strings.Contains(r.Cause, "signal") || !r.Restored {
		t.Errorf("ending %s (%s), restored %t", r.Ending, r.Cause, r.Restored)
	}
}

// signals are sent one soon after the other.
func signals(all ...os.Signal) func(*testing.T, *session) {
	return func(t *testing.T, s *session) {
		for _, signal := range all {
			if err := s.Process.Signal(signal); err != nil {
				t.Error(err)
			}
			time.Sleep(30 * time.Millisecond)
		}
	}
}

// flood stops the program for longer than the time between two slots, and sends
// more than the packet ring holds meanwhile.
func flood(t *testing.T, s *session) {
	if err := s.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Error(err)
	}
	conn, err := net.DialUDP("udp", &net.UDPAddr{IP: net.ParseIP(local(floodedGateway))}, loopbackPacket(t))
	if err != nil {
		t.Error(err)
		return
	}
	defer conn.Close()
	for range 1500 {
		_, _ = conn.Write(make([]byte, 60_000))
	}
	time.Sleep(1300 * time.Millisecond)
	if err := s.Process.Signal(syscall.SIGCONT); err != nil {
		t.Error(err)
	}
}

// TestASecondRunIsToldWhoRunsNoRace starts runs that want a bulb or an interface
// that are taken.
func TestASecondRunIsToldWhoRunsNoRace(t *testing.T) {
	needs(t, os.Geteuid() == 0 && capture.Check("lo") == nil, "root, to capture on lo")
	chatter(t, local(benchGateway), sparse)
	k := newShortBench(t, benchOptions{seed: 2})
	before := k.bridge.State("1")
	first := k.begin(t, "run", "short", "--seed", "2")
	first.commands(2)
	other := newShortBench(t, benchOptions{seed: 3})
	sameHost := other.process(t, "run", "short")
	sameHost.Env = append(sameHost.Env, "HUEPRINT_STATE="+k.dir+"/state")
	taken := map[string]*session{"light 1": k.begin(t, "run", "short"), "interface lo": other.beginProcess(t, sameHost)}
	for what, s := range taken {
		status, said := s.status(t), s.said.String()
		for _, word := range []string{what + " is in use by run 01", fmt.Sprintf("(process %d of ", first.Process.Pid), ") since " + time.Now().Format("2006-"), "wait until it ends"} {
			if status != exitFailed || !strings.Contains(said, word) {
				t.Errorf("%s: exit status %d, want 1 and %q:\n%s", what, status, word, said)
			}
		}
	}
	if status := first.status(t); status != exitDone {
		t.Errorf("the first run ended with %d:\n%s", status, first.said)
	}
	k.demandAsFound(t, before)
}

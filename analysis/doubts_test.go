package analysis_test

import (
	"strings"
	"testing"
	"time"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/traffic"
)

// marked is a run with a mark in every action trial, and its packets.
func marked(seed uint64, far traffic.Scope) (experiments.Run, *wire) {
	return markedIn(design(10, 5), seed, far)
}

func markedIn(e experiments.Experiment, seed uint64, far traffic.Scope) (experiments.Run, *wire) {
	run := runOf(e, seed)
	w := &wire{}
	addr := cloudAddr
	if far == traffic.Bridge {
		addr = bridgeAddr
	}
	s := w.Stream(addr, 443)
	for _, c := range run.Commands {
		s.Record(c.Begun.Add(-2*time.Second), traffic.Out, 66)
		if c.Action != "" {
			s.Record(c.Sent.Add(200*time.Millisecond), traffic.Out, 250)
		}
	}
	return run, w
}

// Each weakness, caused, makes the verdict inconclusive, says so, and says what
// to do.
func TestEveryDoubt(t *testing.T) {
	inWindow := func(run experiments.Run, slot int) traffic.Gap {
		at := run.Commands[slot].Begun.Add(time.Second)
		return traffic.Gap{From: at, To: at.Add(time.Millisecond), Dropped: 3, Reason: "ring full"}
	}
	for _, c := range []struct {
		name  string
		spoil func(run *experiments.Run)
		says  string
	}{
		{"interrupted", func(r *experiments.Run) { r.Ending, r.Commands = experiments.Interrupted, r.Commands[:11] }, "11 of 15 slots were reached"},
		{"aborted at once", func(r *experiments.Run) { r.Ending, r.Commands = experiments.Aborted, nil }, "0 of 15 slots were reached"},
		{"no recording", func(r *experiments.Run) { r.Recordings = nil }, "no recording"},
		{"recorder failed", func(r *experiments.Run) { r.Recordings[0].Failure = "disk full" }, "disk full"},
		{"gap in a window", func(r *experiments.Run) { r.Recordings[0].Gaps = []traffic.Gap{inWindow(*r, 4)} }, "lost in the windows"},
		{"unlocated drops", func(r *experiments.Run) { r.Recordings[0].Dropped = 5 }, "5 frames were lost at unknown times"},
		{"ended early", func(r *experiments.Run) { r.Recordings[0].End = r.Commands[13].Begun }, "outside the recording"},
		{"proved late", func(r *experiments.Run) { r.Recordings[0].Proved = r.Commands[1].Begun }, "outside the recording"},
		{"unsure clock", func(r *experiments.Run) {
			r.Recordings[0].Offset = traffic.ClockOffset{Min: -4 * time.Second, Max: 4 * time.Second}
		}, "clock"},
		{"unconfirmed", func(r *experiments.Run) { unconfirm(r, 2) }, "2 of 10 commands were not confirmed"},
		{"touched", func(r *experiments.Run) {
			r.Disturbances = []experiments.Change{{At: r.Commands[3].Begun.Add(time.Second)}}
		}, "Somebody else changed the bulb, or it did not follow its bridge"},
		{"too few slots", func(r *experiments.Run) { r.Registered.Alpha = 1e-6 }, "smallest possible p"},
		{"other gateway", func(r *experiments.Run) { r.Gateways[0].Addresses.Addrs = r.Gateways[0].Peers.Bridge }, "None of the"},
	} {
		t.Run(c.name, func(t *testing.T) {
			run, w := marked(11, traffic.Internet)
			c.spoil(&run)
			v := analyze(t, run, w).Verdicts[0]
			if v.Verdict != analysis.Inconclusive {
				t.Fatalf("verdict %s, want inconclusive", v.Verdict)
			}
			if all := strings.Join(v.Reasons, " "); !strings.Contains(all, c.says) {
				t.Errorf("reasons %q do not say %q", all, c.says)
			}
			for _, r := range v.Reasons {
				if !strings.HasSuffix(r, ".") {
					t.Errorf("reason is no sentence: %q", r)
				}
			}
		})
	}
}

func unconfirm(run *experiments.Run, n int) {
	for i := range run.Commands {
		if c := &run.Commands[i]; c.Action != "" && n > 0 {
			c.ConfirmedBy, n = experiments.ByNone, n-1
		}
	}
}

// Each cause is said once: a run that ended before it recorded anything is
// incomplete and nothing else.
func TestDoubtsDoNotRepeatEachOther(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(run *experiments.Run)
		empty bool
		want  int
	}{
		{"aborted at once, not recorded", func(r *experiments.Run) {
			r.Ending, r.Cause, r.Commands, r.Recordings = experiments.Aborted, "no proof of recording", nil, nil
		}, true, 1},
		{"aborted after five slots, not recorded", func(r *experiments.Run) {
			r.Ending, r.Commands, r.Recordings = experiments.Aborted, r.Commands[:5], nil
		}, true, 2},
		{"not recorded", func(r *experiments.Run) { r.Recordings = nil }, true, 1},
		{"recorder failed at once", func(r *experiments.Run) { r.Recordings[0].Failure = "disk full" }, true, 1},
		{"nothing recorded", func(*experiments.Run) {}, true, 1},
		{"stopped after five slots", func(r *experiments.Run) { r.Ending, r.Commands = experiments.Stopped, r.Commands[:5] }, false, 1},
		{"stopped, and planned too small", func(r *experiments.Run) {
			r.Ending, r.Commands, r.Registered.Alpha = experiments.Stopped, r.Commands[:5], 1e-6
		}, false, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			run, w := marked(11, traffic.Internet)
			c.spoil(&run)
			if c.empty {
				w = &wire{}
			}
			if v := analyze(t, run, w).Verdicts[0]; v.Verdict != analysis.Inconclusive || len(v.Reasons) != c.want {
				t.Errorf("verdict %s with %d reasons, want %d: %q", v.Verdict, len(v.Reasons), c.want, v.Reasons)
			}
		})
	}
}

// What does not touch a window, or stays within bounds, weakens nothing.
func TestNoDoubt(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(run *experiments.Run)
	}{
		{"nothing", func(*experiments.Run) {}},
		{"gap between windows", func(r *experiments.Run) {
			at := r.Commands[4].Begun.Add(-2 * time.Second)
			r.Recordings[0].Dropped = 1
			r.Recordings[0].Gaps = []traffic.Gap{{From: at, To: at, Dropped: 1}}
		}},
		{"one unconfirmed", func(r *experiments.Run) { unconfirm(r, 1) }},
		{"touched before the run", func(r *experiments.Run) {
			r.Disturbances = []experiments.Change{{At: r.Started.Add(-time.Hour)}}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			run, w := marked(11, traffic.Internet)
			c.spoil(&run)
			if v := analyze(t, run, w).Verdicts[0]; v.Verdict != analysis.CloudVisible {
				t.Errorf("verdict %s: %v", v.Verdict, v.Reasons)
			}
		})
	}
}

// The widest visible scope is the headline; a mark towards the bridge alone is
// visible in the home's network only.
func TestScopes(t *testing.T) {
	run, w := marked(11, traffic.Bridge)
	heartbeat(w.Stream(cloudAddr, 443), run.Plan.Duration, 10*time.Second, 90, 85)
	v := analyze(t, run, w).Verdicts[0]
	if v.Verdict != analysis.LANVisible || v.Link != analysis.LinkShown {
		t.Fatalf("verdict %s, link %s", v.Verdict, v.Link)
	}
	if len(v.Scopes) != 2 || v.Scopes[0].Scope != traffic.Internet || v.Scopes[0].Verdict != analysis.NotDetected ||
		v.Scopes[1].Scope != traffic.Bridge || v.Scopes[1].Verdict != analysis.LANVisible || *v.P != *v.Scopes[1].P {
		t.Errorf("scopes %+v", v.Scopes)
	}
	if len(v.Scopes[0].Pattern.Steps) != 0 || len(v.Scopes[1].Pattern.Steps) != 1 {
		t.Errorf("patterns %+v", v.Scopes)
	}
}

// Only the registered analysis gives the verdict.
func TestExploratory(t *testing.T) {
	run, w := marked(11, traffic.Internet)
	for _, c := range []struct {
		o    analysis.Options
		want bool
	}{{analysis.Options{}, false}, {analysis.Options{Alpha: 0.01}, false}, {analysis.Options{Alpha: 0.05}, true}, {analysis.Options{Window: 5 * time.Second}, true}} {
		f, _, err := analysis.Analyze(run, only(w), c.o)
		if err != nil {
			t.Fatal(err)
		}
		if f.Exploratory != c.want {
			t.Errorf("%+v: exploratory %v, want %v", c.o, f.Exploratory, c.want)
		}
	}
}

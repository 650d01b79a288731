package orchestrator

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/runs"
	"github.com/hueprint/hueprint/traffic"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// good is a complete run of four slots whose evidence is sound.
func good() experiments.Run {
	r := experiments.Run{ID: "R", Ending: experiments.Complete, Prepared: noon, Started: noon,
		Registered: experiments.Registered{Window: 5 * time.Second},
		Gateways:   []experiments.Gateway{{Addresses: traffic.Gateway{Name: "echo"}}},
		Recordings: []traffic.Recording{{Gateway: "echo", Start: noon, Proved: noon, End: noon.Add(time.Minute), Frames: 100}}}
	for i := range 4 {
		c := experiments.Command{Slot: i, Planned: noon.Add(time.Duration(i) * 10 * time.Second), Action: experiments.On, ConfirmedBy: experiments.ByEventStream}
		c.Begun, c.Sent, c.Answered, c.Outcome = c.Planned, c.Planned, c.Planned.Add(time.Millisecond), experiments.Done
		if i%2 == 1 {
			c = experiments.Command{Slot: i, Planned: c.Planned, Begun: c.Planned, Receipt: experiments.Receipt{Outcome: experiments.Withheld}}
		}
		r.Commands = append(r.Commands, c)
	}
	return r
}

func findingsOf(v analysis.Conclusion) *analysis.Findings {
	return &analysis.Findings{Verdicts: []analysis.Verdict{{Gateway: "echo", Verdict: v}}}
}

func TestOnlyEvidenceIsAReasonToTryAgain(t *testing.T) {
	doubtful := findingsOf(analysis.Inconclusive)
	for _, c := range []struct {
		name   string
		change func(*experiments.Run)
		found  *analysis.Findings
		err    error
		reason string // a part of it; empty: no further attempt
	}{
		{"sound and inconclusive for want of slots", func(*experiments.Run) {}, doubtful, nil, ""},
		{"sound and not detected", func(*experiments.Run) {}, findingsOf(analysis.NotDetected), nil, ""},
		{"sound, with a defect in the analysis", func(*experiments.Run) {}, nil, errors.New("analyse: broken"), ""},
		{"a gap in a window", gap(12, 13), doubtful, nil, "lost in windows"},
		{"a gap in a control's window", gap(32, 33), doubtful, nil, "lost in windows"},
		{"a gap between windows", gap(6, 9), doubtful, nil, ""},
		{"a gap beside a verdict that stands", gap(12, 13), findingsOf(analysis.CloudVisible), nil, ""},
		{"drops at unknown times", func(r *experiments.Run) { r.Recordings[0].Dropped = 3 }, doubtful, nil, "lost in windows"},
		{"the clock", func(r *experiments.Run) {
			r.Recordings[0].Offset = traffic.ClockOffset{Min: -2 * time.Second, Max: 2 * time.Second}
		}, doubtful, nil, "clock"},
		{"unconfirmed commands", func(r *experiments.Run) { r.Commands[0].ConfirmedBy = experiments.ByNone }, doubtful, nil, "not confirmed"},
		{"a recording that ended early", func(r *experiments.Run) { r.Recordings[0].Failure = "the device is down" }, doubtful, nil, "ended early"},
		{"no recording", func(r *experiments.Run) { r.Recordings = nil }, doubtful, nil, "no recording of echo"},
		{"a disturbance", func(r *experiments.Run) { r.Disturbances = make([]experiments.Change, 3) }, doubtful, nil, ""},
		{"stopped, with drops", func(r *experiments.Run) { r.Ending = experiments.Stopped; r.Recordings[0].Dropped = 3 }, doubtful, nil, ""},
		{"stopped before its record", func(r *experiments.Run) { *r = experiments.Run{} }, nil, Away(fmt.Errorf("read: %w", errStopped)), ""},
		{"no proof", func(r *experiments.Run) {
			abortedWith(r, 0)
			r.Recordings[0].Proved = time.Time{}
		}, doubtful, errors.New("no proof"), "did not show that it records"},
		{"no recorder", func(r *experiments.Run) { abortedWith(r, 0); r.Recordings = nil }, doubtful, errors.New("no device"), "did not show that it records"},
		{"the first command", func(r *experiments.Run) { abortedWith(r, 0); r.Started = time.Time{} }, doubtful, errors.New("refused"), "first command"},
		{"the bridge leaves", func(r *experiments.Run) {
			abortedWith(r, 3)
			r.Commands[2].Answered, r.Commands[2].Outcome = time.Time{}, experiments.Unknown
		}, doubtful, errors.New("the bridge has not answered"), "did not answer any more"},
		{"the recorder dies", func(r *experiments.Run) { abortedWith(r, 3); r.Recordings[0].Failure = "down" }, doubtful, errors.New("no recorder"), "ended by itself"},
		{"the disk fills", func(r *experiments.Run) { abortedWith(r, 3) }, doubtful, errors.New("no space left on device"), ""},
		{"the bulb is used by others", func(r *experiments.Run) { *r = experiments.Run{} }, nil, &runs.HeldError{Resource: "light"}, ""},
		{"the bridge is away at the start", func(r *experiments.Run) { *r = experiments.Run{} }, nil, fmt.Errorf("start run: %w", Away(errors.New("no route"))), "did not answer"},
		{"a wrong order", func(r *experiments.Run) { *r = experiments.Run{} }, nil, errors.New("the plan has no slots"), ""},
		{"an idle recording with drops", func(r *experiments.Run) { r.Idle, r.Commands = true, nil; r.Recordings[0].Dropped = 3 }, nil, nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := good()
			c.change(&r)
			reason, again := Again(r, c.found, c.err)
			if again != (c.reason != "") || !strings.Contains(reason, c.reason) {
				t.Errorf("again %t: %q", again, reason)
			}
		})
	}
}

// gap makes a gap of the recording, in seconds of the run.
func gap(from, to int) func(*experiments.Run) {
	return func(r *experiments.Run) {
		r.Recordings[0].Gaps = []traffic.Gap{{From: noon.Add(time.Duration(from) * time.Second), To: noon.Add(time.Duration(to) * time.Second), Dropped: 1}}
		r.Recordings[0].Dropped = 1
	}
}

// abortedWith ends the run early with that many commands.
func abortedWith(r *experiments.Run, commands int) {
	r.Ending, r.Commands = experiments.Aborted, r.Commands[:commands]
}

// Whatever the tests of a run give, the decision to try again is the same.
func TestNoPIsAReasonToTryAgain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := good()
		if rapid.Bool().Draw(t, "weak") {
			gap(12, 13)(&r)
		}
		found := findingsOf(rapid.SampledFrom([]analysis.Conclusion{analysis.Inconclusive, analysis.NotDetected, analysis.CloudVisible}).Draw(t, "verdict"))
		reason, again := Again(r, found, nil)
		v := &found.Verdicts[0]
		p := rapid.Float64Range(0, 1).Draw(t, "p")
		v.P, v.Alpha = &p, rapid.Float64Range(0, 1).Draw(t, "alpha")
		v.Tests = []analysis.Test{{P: p, RawP: p}}
		v.Scopes = []analysis.ScopeVerdict{{Scope: traffic.Internet, P: &p}}
		if reason2, again2 := Again(r, found, nil); again2 != again || reason2 != reason {
			t.Errorf("with p %v: %t %q, without: %t %q", p, again2, reason2, again, reason)
		}
	})
}

func TestWaitsBetweenAttemptsDoubleUpToTheMost(t *testing.T) {
	for _, c := range []struct {
		first, most time.Duration
		attempt     int
		want        time.Duration
	}{
		{0, 0, 1, time.Minute}, {0, 0, 3, 4 * time.Minute}, {0, 0, 40, 15 * time.Minute}, {0, 0, 1000, 15 * time.Minute},
		{time.Second, 3 * time.Second, 3, 3 * time.Second}, {time.Hour, time.Minute, 1, time.Minute},
	} {
		if got := retryAfter(c.first, c.most, c.attempt); got != c.want {
			t.Errorf("after attempt %d of %v…%v: %v, want %v", c.attempt, c.first, c.most, got, c.want)
		}
	}
}

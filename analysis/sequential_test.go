package analysis_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/traffic"
)

// looking is a run of 24 + 24 slots with looks after 12, 24 and 48, and a mark
// after those actions whose slot reacts tells.
func looking(seed uint64, reacts func(slot int) bool) (experiments.Run, *wire) {
	e := design(24, 24)
	e.Looks = []int{12, 24, 48}
	run, w := runOf(e, seed), &wire{}
	heartbeat(w.Stream(cloudAddr, 8443), run.Plan.Duration, 11*time.Second, 70, 35)
	s := w.Stream(cloudAddr, 443)
	for _, c := range run.Commands {
		if c.Outcome != experiments.Withheld && reacts(c.Slot) {
			s.Record(c.Sent.Add(150*time.Millisecond), traffic.Out, 512)
		}
	}
	return run, w
}

// decidedAt is the run as its conductor leaves it when a look has ended it.
func decidedAt(run experiments.Run, look int) experiments.Run {
	slots := run.Plan.Experiment.Looks[look-1]
	run.Commands = run.Commands[:slots:slots]
	for n := range look {
		run.Looks = append(run.Looks, experiments.Look{Number: n + 1, Slots: run.Plan.Experiment.Looks[n], Decided: n+1 == look})
	}
	run.Ended = run.Started.Add(run.Plan.End(slots))
	return run
}

func always(int) bool { return true }

// A run that a look has ended is analysed over the blocks seen by then, at that
// look's share of alpha.
func TestALookIsTestedAtItsShareOfAlpha(t *testing.T) {
	run, w := looking(4, always)
	f := analyze(t, decidedAt(run, 1), w)
	v, q := f.Verdicts[0], f.Design.Sequential
	if v.Verdict != analysis.CloudVisible || f.Design.Actions != 6 || f.Design.Assignments != experiments.Choose(12, 6) || !f.Design.Enumerated {
		t.Errorf("%s over %+v", v.Verdict, f.Design)
	}
	if q == nil || q.Look != 1 || !q.Decided || v.Alpha != 0.01/3 || q.Level != v.Alpha || f.Design.Alpha != 0.01 || v.Sequential != q || f.Exploratory {
		t.Errorf("alpha %v, sequential %+v, exploratory %t", v.Alpha, q, f.Exploratory)
	}
	if got := strings.Join(v.Reasons, " "); !strings.Contains(got, "look 1 of 3, after 12 of 48 slots, found a mark") || !strings.Contains(got, "0.00333 (look 1 of 3; α = 0.01 is split equally over the looks)") {
		t.Errorf("reasons: %s", got)
	}
	if len(v.Trials) != 12 {
		t.Errorf("%d trials", len(v.Trials))
	}
}

// The redraws keep every block: at the second look the assignments are the
// product of the blocks' own.
func TestLaterLooksMultiplyTheBlocks(t *testing.T) {
	run, w := looking(4, always)
	f := analyze(t, decidedAt(run, 2), w)
	want := experiments.Choose(12, 6) * experiments.Choose(12, 6)
	if f.Design.Assignments != want || f.Design.Enumerated || f.Design.Redraws != 3*experiments.Redraws {
		t.Errorf("design %+v, want %v assignments", f.Design, want)
	}
}

// The last look is at the end of the plan.
func TestTheLastLookEndsTheRun(t *testing.T) {
	run, w := looking(4, func(int) bool { return false })
	f := analyze(t, run, w)
	v := f.Verdicts[0]
	if v.Verdict != analysis.NotDetected || v.Sequential.Look != 3 || v.Sequential.Decided || f.Design.Actions != 24 {
		t.Errorf("%s, %+v over %+v", v.Verdict, v.Sequential, f.Design)
	}
	if !strings.Contains(v.Reasons[0], "above 0.00333 (look 3 of 3") {
		t.Errorf("reasons: %q", v.Reasons)
	}
}

// Whatever comes after the look changes no p: neither slots beyond it nor their
// packets.
func TestNothingAfterTheLookCounts(t *testing.T) {
	run, w := looking(4, func(slot int) bool { return slot >= 24 })
	run.Ending, run.Cause = experiments.Stopped, "the operator"
	run.Commands = run.Commands[:40:40]
	v := analyze(t, run, w).Verdicts[0]
	if v.Verdict != analysis.Inconclusive || v.Sequential.Look != 2 || v.P != nil && *v.P <= v.Alpha || len(v.Trials) != 24 {
		t.Errorf("%s at look %d, p %v, %d trials", v.Verdict, v.Sequential.Look, v.P, len(v.Trials))
	}
	if !strings.Contains(v.Reasons[0], "40 of 48 slots were reached. What follows is as of look 2 of 3, after 24 slots.") {
		t.Errorf("reasons: %q", v.Reasons)
	}
}

// Before the first look nothing is tested: there is no p that anybody could take
// for an answer.
func TestBeforeTheFirstLookThereIsNoP(t *testing.T) {
	run, w := looking(4, always)
	run.Ending, run.Commands = experiments.Interrupted, run.Commands[:11:11]
	v := analyze(t, run, w).Verdicts[0]
	if v.Verdict != analysis.Inconclusive || v.P != nil || len(v.Tests) != 0 || v.Sequential.Look != 0 {
		t.Errorf("%s, p %v, %d tests, %+v", v.Verdict, v.P, len(v.Tests), v.Sequential)
	}
	if !strings.Contains(v.Reasons[0], "The first look was planned after 12, so nothing was tested.") {
		t.Errorf("reasons: %q", v.Reasons)
	}
}

// Looks that were not registered are no registered analysis.
func TestUnregisteredLooksAreExploratory(t *testing.T) {
	run, w := looking(4, always)
	run.Registered.Looks = nil
	if f := analyze(t, run, w); !f.Exploratory {
		t.Error("the findings are called registered")
	}
}

// A series counts every planned look of its runs.
func TestASeriesCountsPlannedLooks(t *testing.T) {
	run, w := looking(4, always)
	first := analyze(t, decidedAt(run, 1), w)
	run.ID = "01OTHER"
	second := analyze(t, decidedAt(run, 1), w)
	s := analysis.Relate([]*analysis.Findings{&first, &second})
	p := *first.Verdicts[0].P
	i := slices.IndexFunc(s[0].Runs, func(l analysis.Look) bool { return l.Run == "01OTHER" })
	if got := *s[0].Runs[i].HolmP; got != 2*3*p || s[0].Runs[i].PlannedLooks != 3 {
		t.Errorf("adjusted p %v, want %v", got, 6*p)
	}
}

// The light's states are looked at up to the look only, and its strata keep the
// blocks; the secondary questions are asked as in a fixed design.
func TestSecondaryQuestionsAtALook(t *testing.T) {
	run, w := looking(5, always)
	run.Plan.Experiment.Directions = experiments.Random
	v := analyze(t, decidedAt(run, 2), w).Verdicts[0]
	if v.Verdict != analysis.CloudVisible || len(v.Secondary) != 4 {
		t.Errorf("%s, secondary %+v", v.Verdict, v.Secondary)
	}
}

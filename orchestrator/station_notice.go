package orchestrator

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/store"
)

// A NoticeKind is what a [Notice] is about.
type NoticeKind string

// The kinds of notices.
const (
	VerdictNotice NoticeKind = "verdict" // a gateway's verdict differs from the run before
	FailureNotice NoticeKind = "failure" // a task failed, or the server died in it
	LightNotice   NoticeKind = "light"   // a light is not as it was found
	DiskNotice    NoticeKind = "disk"    // the room for recordings runs low
)

// A Notice tells people who do not look at the panel that something has changed;
// each change is told once. Texts may hold names that came from the network.
type Notice struct {
	Kind NoticeKind
	// At is by the wall clock.
	At time.Time
	// Title is one line, Text what to know and what to do.
	Title, Text string
	// Run, Firing, Experiment and Gateway are what it is about, where they apply.
	Run, Firing, Experiment, Gateway string
	// Before and After are the two verdicts of a VerdictNotice, and Previous is
	// the run that had the one before.
	Before, After, Previous string
}

// notify hands a notice on. That it could not be delivered is only logged: who
// delivers it tries again by itself.
func (s *Station) notify(ctx context.Context, n Notice) {
	if s.Notify == nil {
		return
	}
	n.At = s.now()
	if err := s.contain("notify", func() error { return s.Notify(ctx, n) }); err != nil {
		s.Log.Error("a notice was not delivered", "kind", string(n.Kind), "title", n.Title, "error", err)
	}
}

// notifyVerdicts compares a complete run with the latest one before it of the
// same experiment and gateway that was complete, too; siblings are the firing's
// own runs, whose earlier attempts are no news.
func (s *Station) notifyVerdicts(ctx context.Context, id string, siblings []string) {
	if s.Notify == nil || s.Index == nil {
		return
	}
	r, err := s.Index.Run(ctx, id)
	if err != nil || r.Ending != experiments.Complete {
		return // that it is not in the index is told already
	}
	for _, v := range r.Verdicts {
		before, run, found := s.verdictBefore(ctx, r, v.Gateway, siblings)
		if !found || before.Verdict == v.Verdict {
			continue
		}
		s.notify(ctx, Notice{Kind: VerdictNotice, Run: r.ID, Experiment: r.Experiment, Gateway: v.Gateway,
			Before: string(before.Verdict), After: string(v.Verdict), Previous: run,
			Title: fmt.Sprintf("%s: %s is now %s, it was %s", r.Experiment, v.Gateway, v.Verdict, before.Verdict),
			Text:  fmt.Sprintf("Run %s of experiment %s calls gateway %s %s; run %s before it said %s. Compare the two reports, and the firmware that the gateway had.", r.ID, r.Experiment, v.Gateway, v.Verdict, run, before.Verdict)})
	}
}

// verdictBefore finds the verdict of the latest complete run before r.
func (s *Station) verdictBefore(ctx context.Context, r store.Run, gateway string, siblings []string) (v store.RunVerdict, run string, found bool) {
	page, err := s.Index.ListRuns(ctx, store.RunQuery{Experiment: r.Experiment, Gateway: gateway, Ending: string(experiments.Complete), Limit: 50})
	if err != nil {
		s.Log.Error("the run before could not be looked up", "run", r.ID, "error", err)
		return v, "", false
	}
	for _, old := range page.Runs {
		if old.ID >= r.ID || old.Simulated != r.Simulated || slices.Contains(siblings, old.ID) {
			continue
		}
		for _, v := range old.Verdicts {
			if v.Gateway == gateway {
				return v, old.ID, true
			}
		}
	}
	return v, "", false
}

// notifyOutcome tells of a firing that failed.
func (s *Station) notifyOutcome(ctx context.Context, f store.Firing) {
	if f.Outcome != store.Failed && f.Outcome != store.Interrupted {
		return
	}
	n := Notice{Kind: FailureNotice, Firing: f.ID, Experiment: f.Task.Experiment,
		Title: fmt.Sprintf("%s: %s", describeTask(f), f.Outcome), Text: f.Reason}
	if len(f.Runs) > 0 {
		n.Run = f.Runs[len(f.Runs)-1]
	}
	s.notify(ctx, n)
}

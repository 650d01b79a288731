package store

import (
	"slices"
	"strings"
	"time"

	"github.com/hueprint/hueprint/experiments"
)

// A Retention says which runs may be removed. The zero value removes none.
//
// Whole folders are removed, the oldest first: a run without its recording could
// not be verified or analysed again, and a verdict that nobody can check is worth
// little. Never removed are
//
//   - runs that are tagged [KeepTag];
//   - runs that want attention: somebody must look at them first, and tag them
//     [SeenTag];
//   - of each gateway, the last run that has a verdict on it;
//   - runs that were not analysed yet, other than idle recordings.
//
// So a disk can stay fuller than Budget; [Choice.Over] tells by how much.
type Retention struct {
	// Keep is how long after its preparation a run is kept; 0 means forever.
	Keep time.Duration
	// Budget is how many bytes all runs together may take; 0 means any.
	Budget int64
}

// A Choice is what a [Retention] would remove, the oldest first.
type Choice struct {
	Remove []Run
	// Over is how many bytes more than the budget stay, because nothing else may
	// be removed.
	Over int64
}

// Choose chooses among all runs of the index.
func (p Retention) Choose(all []Run, now time.Time) Choice {
	all = slices.SortedFunc(slices.Values(all), func(a, b Run) int {
		if c := a.Prepared.Compare(b.Prepared); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	used := int64(0)
	for _, r := range all {
		used += r.Bytes
	}
	var c Choice
	last := lastOfGateways(all)
	for _, r := range all {
		old := p.Keep > 0 && now.Sub(r.Prepared) > p.Keep
		full := p.Budget > 0 && used > p.Budget
		if (old || full) && !last[r.ID] && !r.protected() {
			c.Remove = append(c.Remove, r)
			used -= r.Bytes
		}
	}
	if p.Budget > 0 {
		c.Over = max(0, used-p.Budget)
	}
	return c
}

// protected tells of runs that stay whatever their age.
func (r Run) protected() bool {
	unanalysed := !r.Idle && len(r.Verdicts) == 0 && r.Ending == experiments.Complete
	return r.Attention || unanalysed || slices.Contains(r.Tags, KeepTag)
}

// lastOfGateways are the runs that hold the latest verdict on a gateway; all
// are in order of time.
func lastOfGateways(all []Run) map[string]bool {
	latest := map[string]string{}
	for _, r := range all {
		for _, v := range r.Verdicts {
			latest[v.Gateway] = r.ID
		}
	}
	ids := map[string]bool{}
	for _, id := range latest {
		ids[id] = true
	}
	return ids
}

package panel

import (
	"context"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/panel/lab"
	"github.com/hueprint/hueprint/store"
)

// remembered is how many runs are known to be counted; an older one that changes
// again, by a note, say, is not counted twice unless so many came between.
const remembered = 1000

// first tells whether a run was not counted yet, and remembers it.
func (m *meters) first(id string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if slices.Contains(m.counted, id) {
		return false
	}
	m.counted = append(m.counted, id)
	if len(m.counted) > remembered {
		m.counted = slices.Delete(m.counted, 0, 1)
	}
	return true
}

// A census asks store and bench at each scrape, so that the numbers survive a
// restart and agree with the pages.
type census struct {
	store store.Store
	bench lab.Bench

	up, runs, endings, firings, running, slot, slots, used, free, budget, troubles *prometheus.Desc
}

// scrapeWithin is how long the store may take for all its numbers.
const scrapeWithin = 5 * time.Second

func newCensus(o Options) *census {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("hueprint_"+name, help, labels, nil)
	}
	return &census{store: o.Store, bench: o.Bench,
		up:       desc("store_up", "Whether the store answers."),
		runs:     desc("runs", "Runs in the index in which some gateway has the verdict.", "verdict"),
		endings:  desc("runs_ended", "Runs in the index, by how they ended.", "ending"),
		firings:  desc("firings", "Firings in the store, by outcome.", "outcome"),
		running:  desc("running", "Whether a run is going on."),
		slot:     desc("run_slot", "The slot that the present run has reached."),
		slots:    desc("run_slots", "The slots that the present run has."),
		used:     desc("disk_used_bytes", "Room that recordings take."),
		free:     desc("disk_free_bytes", "Room that is left on their disk."),
		budget:   desc("disk_budget_bytes", "Room that recordings may take; 0 for no limit."),
		troubles: desc("troubles", "Standing problems of the bench; the page Bench says which."),
	}
}

// Describe lists what Collect gives.
func (s *census) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{s.up, s.runs, s.endings, s.firings, s.running, s.slot, s.slots, s.used, s.free, s.budget, s.troubles} {
		to <- d
	}
}

// Collect asks bench and store. A store that does not answer leaves its numbers
// out.
func (s *census) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeWithin)
	defer cancel()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	s.benchNow(ctx, gauge)
	if err := s.stored(ctx, gauge); err != nil {
		gauge(s.up, 0)
		return
	}
	gauge(s.up, 1)
}

type gauges func(d *prometheus.Desc, v float64, labels ...string)

func (s *census) benchNow(ctx context.Context, gauge gauges) {
	state := s.bench.State(ctx)
	running, going := lab.Running{}, 0.0
	if state.Running != nil {
		running, going = *state.Running, 1
	}
	gauge(s.running, going)
	gauge(s.slot, float64(running.Slot))
	gauge(s.slots, float64(running.Of))
	gauge(s.used, float64(state.Disk.Used))
	gauge(s.free, float64(state.Disk.Free))
	gauge(s.budget, float64(state.Disk.Budget))
	gauge(s.troubles, float64(len(state.Troubles)))
}

func (s *census) stored(ctx context.Context, gauge gauges) error {
	for _, verdict := range []analysis.Conclusion{analysis.CloudVisible, analysis.LANVisible, analysis.NotDetected, analysis.Inconclusive} {
		page, err := s.store.ListRuns(ctx, store.RunQuery{Verdict: string(verdict), Limit: 1})
		if err != nil {
			return err
		}
		gauge(s.runs, float64(page.Total), string(verdict))
	}
	for _, ending := range []experiments.Ending{experiments.Complete, experiments.Stopped, experiments.Aborted, experiments.Interrupted} {
		page, err := s.store.ListRuns(ctx, store.RunQuery{Ending: string(ending), Limit: 1})
		if err != nil {
			return err
		}
		gauge(s.endings, float64(page.Total), string(ending))
	}
	for _, outcome := range []store.FiringOutcome{store.Running, store.Carried, store.Failed, store.Stopped, store.Interrupted, store.Skipped, store.Missed} {
		page, err := s.store.ListFirings(ctx, store.FiringQuery{Outcome: outcome, Limit: 1})
		if err != nil {
			return err
		}
		gauge(s.firings, float64(page.Total), string(outcome))
	}
	return nil
}

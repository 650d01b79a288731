package analysis_test

import (
	"testing"
	"time"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/analysis/align"
	"github.com/hueprint/hueprint/analysis/correlate"
	"github.com/hueprint/hueprint/analysis/events"
	"github.com/hueprint/hueprint/traffic"
)

// million is a list of a million events on eight channels with many lengths,
// spread over 20 slots, and which of these are actions.
func million() ([]align.Trial, []bool) {
	trials := make([]align.Trial, 20)
	seed := uint64(1)
	for i := range trials {
		trials[i].Control = i%2 == 1
		for n := range 50_000 {
			seed = seed*6364136223846793005 + 1442695040888963407
			r := int(seed >> 33)
			e := events.Event{
				Time:    epoch.Add(time.Duration(n) * time.Microsecond),
				Channel: events.Channel{Name: string(rune('a'+r%8)) + ".example", Transport: "tcp", Port: 443, Scope: traffic.Internet},
				Kind:    events.TLSRecord, Direction: traffic.Direction(1 + r/8%2), Length: 40 + r/16%40*25,
			}
			trials[i].Events = append(trials[i].Events, e)
		}
	}
	return trials, arms(trials)
}

func arms(trials []align.Trial) []bool {
	out := make([]bool, len(trials))
	for i, t := range trials {
		out[i] = !t.Control
	}
	return out
}

// The whole test on 20 slots and a million events: all 184,756 assignments.
func BenchmarkTestMillion(b *testing.B) {
	trials, action := million()
	b.ReportAllocs()
	for b.Loop() {
		candidates := correlate.Candidates(trials)
		d := correlate.NewDesign(action, 1)
		r := d.Test(candidates)
		b.ReportMetric(float64(len(r.Scores)), "candidates")
	}
}

func BenchmarkAnalyze(b *testing.B) {
	run := runOf(design(10, 10), 5)
	w := &wire{}
	heartbeat(w.Stream(cloudAddr, 443), run.Plan.Duration, time.Second, 90, 85)
	heartbeat(w.Stream(cloudAddr, 8883), run.Plan.Duration, 3*time.Second, 300, 40)
	w.All()
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := analysis.Analyze(run, only(w), analysis.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPower(b *testing.B) {
	trials, action := million()
	for i := range trials {
		trials[i].Events = trials[i].Events[:200]
	}
	candidates := correlate.Candidates(trials)
	d := correlate.NewDesign(action, 1)
	r := d.Test(candidates)
	b.ReportAllocs()
	for b.Loop() {
		b.ReportMetric(float64(len(d.Power(candidates, r, 0.01, 0.01))), "plants")
	}
}

package analysis_test

import (
	"bytes"
	"encoding/json"
	"iter"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/analysis/validation"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/traffic"
)

// busy is a run with a mark and with traffic of its own on several channels.
func busy(seed uint64) (experiments.Run, *wire) { return busyIn(design(10, 5), seed) }

func busyIn(e experiments.Experiment, seed uint64) (experiments.Run, *wire) {
	run, w := markedIn(e, seed, traffic.Internet)
	rng := rand.New(rand.NewPCG(seed, 5))
	for i, period := range []time.Duration{7500 * time.Millisecond, 10 * time.Second, 31 * time.Second} {
		validation.Periodic(w.Stream(cloudAddr, uint16(8443+i)), run, rng, period, 70+30*i, 0.8)
	}
	validation.Periodic(w.Stream(bridgeAddr, 80), run, rng, 5*time.Second, 500, 1)
	return run, w
}

func asJSON(t testing.TB, f analysis.Findings) []byte {
	t.Helper()
	b, err := json.MarshalIndent(f, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// same demands byte-identical findings.
func same(t testing.TB, got, want analysis.Findings, what string) {
	t.Helper()
	if g, w := asJSON(t, got), asJSON(t, want); !bytes.Equal(g, w) {
		t.Fatalf("%s changed the findings:\n%s\nwant\n%s", what, g, w)
	}
}

// Equal runs and packets give equal bytes, whether the assignments are all
// visited or drawn, on any number of processors.
func TestRerunIsByteIdentical(t *testing.T) {
	for _, e := range []experiments.Experiment{design(10, 5), design(10, 20)} {
		run, w := busyIn(e, 3)
		want := analyze(t, run, w)
		for _, processors := range []int{1, 2, 5} {
			before := runtime.GOMAXPROCS(processors)
			got := analyze(t, run, w)
			runtime.GOMAXPROCS(before)
			same(t, got, want, "another number of processors")
		}
	}
}

// Shifting all packets by a declared clock offset changes nothing but the
// declaration itself.
func TestDeclaredOffsetChangesNothing(t *testing.T) {
	run, w := busy(3)
	want := analyze(t, run, w)
	for _, offset := range []time.Duration{-48 * time.Hour, -1, 1, 37*time.Millisecond + 11, 5 * time.Hour} {
		shifted := run
		rec := run.Recordings[0]
		rec.Offset = traffic.ClockOffset{Min: offset, Max: offset}
		rec.Proved, rec.Start, rec.End = rec.Proved.Add(offset), rec.Start.Add(offset), rec.End.Add(offset)
		shifted.Recordings = []traffic.Recording{rec}
		moved := &wire{}
		for _, p := range w.Packets {
			p.Time = p.Time.Add(offset)
			moved.Packets = append(moved.Packets, p)
		}
		same(t, analyze(t, shifted, moved), want, "a declared offset")
	}
}

// Gateways and channels in another order, and packets with equal stamps in
// another order, change nothing.
func TestOrderChangesNothing(t *testing.T) {
	run, w := busy(3)
	for i := range w.Packets { // many equal stamps
		w.Packets[i].Time = w.Packets[i].Time.Truncate(20 * time.Millisecond)
	}
	want := analyze(t, run, w)
	for seed := range uint64(5) {
		rng := rand.New(rand.NewPCG(seed, 1))
		mixed := slices.Clone(w.Packets)
		slices.SortStableFunc(mixed, func(a, b traffic.Packet) int { return a.Time.Compare(b.Time) })
		for i := 1; i < len(mixed); i++ {
			a, b := &mixed[i-1], &mixed[i]
			if a.Time.Equal(b.Time) && a.Flow() != b.Flow() && rng.IntN(2) == 0 {
				*a, *b = *b, *a
			}
		}
		same(t, analyze(t, run, &wire{Packets: mixed}), want, "the order of equal stamps")
	}
}

// Analyze asks each gateway for its packets once.
func TestPacketsAreReadOnce(t *testing.T) {
	run, w := busy(3)
	asked := 0
	_, traces, err := analysis.Analyze(run, func(string) iter.Seq2[traffic.Packet, error] {
		asked++
		return w.All()
	}, analysis.Options{})
	if err != nil || asked != 1 || len(traces) != 1 {
		t.Fatalf("asked %d times, %d traces, %v", asked, len(traces), err)
	}
	matched := 0
	for _, p := range traces[0].Points {
		if p.Step >= 0 && p.Slot < 0 {
			t.Errorf("a point of step %d lies in no trial: %+v", p.Step, p)
		}
		if p.Step >= 0 {
			matched++
		}
	}
	if matched != 10 {
		t.Errorf("%d points belong to a step, want 10", matched)
	}
}

// Gateways tested in one run share alpha, as Holm says.
func TestTogetherIsAdjusted(t *testing.T) {
	run, w := busy(3)
	run.Plan.Experiment.Grouping = experiments.Together
	alone := analyze(t, run, w).Verdicts[0]
	second := run.Gateways[0]
	second.Addresses.Name = "other"
	run.Gateways = append(run.Gateways, second)
	rec := run.Recordings[0]
	rec.Gateway = "other"
	run.Recordings = append(run.Recordings, rec)
	both := analyze(t, run, w)
	for _, v := range both.Verdicts {
		if *v.P != min(1, 2**alone.P) {
			t.Errorf("%s: p %v together, want twice %v", v.Gateway, *v.P, *alone.P)
		}
	}
}

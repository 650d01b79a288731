package analysis_test

import (
	"math"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/traffic"
)

// A null is traffic that does not depend on which slots were actions.
type null struct {
	name string
	make func(run experiments.Run, rng *rand.Rand) *wire
}

// The nulls of the validation: what has fooled tests that model the traffic.
var nulls = []null{
	{"bursts", bursts},
	{"heartbeats", heartbeats},
	{"slots' own period", slotsPeriod},
	{"60 s period", minutely},
	{"slow trend", trend},
	{"commands failing in busy slots", busySlots},
	{"state leak", stateLeak},
}

// bursts come at random instants, several records each, of random lengths.
func bursts(run experiments.Run, rng *rand.Rand) *wire {
	w := &wire{}
	s := w.stream(cloudAddr, 443)
	for at := exponential(rng, 12*time.Second); at < run.Plan.Duration; at += exponential(rng, 12*time.Second) {
		for i := range 1 + rng.IntN(5) {
			s.record(epoch.Add(at+time.Duration(i)*30*time.Millisecond), direction(rng), 60+rng.IntN(4)*7)
		}
		at += time.Second
	}
	return w
}

// heartbeats of several connections at 7.5, 10 and 31 s, with jitter.
func heartbeats(run experiments.Run, rng *rand.Rand) *wire {
	w := &wire{}
	for i, period := range []time.Duration{7500 * time.Millisecond, 10 * time.Second, 31 * time.Second} {
		periodic(w.stream(cloudAddr, uint16(443+i)), run, rng, period, 70+30*i, 0.8)
	}
	return w
}

// slotsPeriod is traffic in every slot's rhythm, at a random phase.
func slotsPeriod(run experiments.Run, rng *rand.Rand) *wire {
	w := &wire{}
	s := w.stream(cloudAddr, 443)
	delay := time.Duration(rng.Int64N(int64(10 * time.Second)))
	for _, slot := range run.Plan.Slots {
		if rng.Float64() < 0.6 {
			s.record(epoch.Add(slot.At+delay), traffic.Out, 210+rng.IntN(3))
			s.record(epoch.Add(slot.At+delay+40*time.Millisecond), traffic.In, 35)
		}
	}
	return w
}

func minutely(run experiments.Run, rng *rand.Rand) *wire {
	w := &wire{}
	periodic(w.stream(cloudAddr, 443), run, rng, time.Minute, 120, 1)
	periodic(w.stream(cloudAddr, 8883), run, rng, time.Minute, 44, 0.7)
	return w
}

// trend grows from almost nothing to a record a second.
func trend(run experiments.Run, rng *rand.Rand) *wire {
	w := &wire{}
	s := w.stream(cloudAddr, 443)
	for at := time.Second; at < run.Plan.Duration; at += time.Second {
		if rng.Float64() < float64(at)/float64(run.Plan.Duration) {
			s.record(epoch.Add(at), direction(rng), 80+rng.IntN(3)*40)
		}
	}
	return w
}

// busySlots are windows with much traffic of their own, in which commands fail:
// leaving these out of the action arm would make the controls look busier.
func busySlots(run experiments.Run, rng *rand.Rand) *wire {
	w := &wire{}
	s := w.stream(cloudAddr, 443)
	for i, slot := range run.Plan.Slots {
		busy := rng.Float64() < 0.4
		for n := range 1 + rng.IntN(3) {
			s.record(epoch.Add(slot.At+time.Duration(n+1)*time.Second), traffic.Out, 66)
		}
		if !busy {
			continue
		}
		s.record(epoch.Add(slot.At+5*time.Second), traffic.In, 500+rng.IntN(20))
		if c := &run.Commands[i]; !slot.Control {
			c.Outcome, c.ConfirmedBy = experiments.Failed, experiments.ByNone
		}
	}
	return w
}

// stateLeak is a heartbeat that is one byte longer from twenty seconds after
// "on" until twenty seconds after "off": beyond the windows, so that no window
// shows its own command.
func stateLeak(run experiments.Run, rng *rand.Rand) *wire {
	w := &wire{}
	s := w.stream(cloudAddr, 443)
	for at := time.Duration(rng.Int64N(int64(10 * time.Second))); at < run.Plan.Duration; at += 10 * time.Second {
		length, state := 77, run.Plan.Initial
		for _, slot := range run.Plan.Slots {
			if !slot.Control && slot.At+20*time.Second <= at {
				state = slot.Action
			}
		}
		if state == experiments.On {
			length++
		}
		s.record(epoch.Add(at), traffic.Out, length)
	}
	return w
}

func exponential(rng *rand.Rand, mean time.Duration) time.Duration {
	return time.Duration(rng.ExpFloat64() * float64(mean))
}

func direction(rng *rand.Rand) traffic.Direction { return traffic.Direction(1 + rng.IntN(2)) }

// periodic sends a record of about the length each period, at a random phase,
// in the given share of periods.
func periodic(s *stream, run experiments.Run, rng *rand.Rand, period time.Duration, length int, share float64) {
	for at := time.Duration(rng.Int64N(int64(period))); at < run.Plan.Duration; at += period {
		jitter := time.Duration(rng.Int64N(int64(period / 10)))
		if rng.Float64() < share {
			s.record(epoch.Add(at+jitter), traffic.Out, length+rng.IntN(3))
			s.record(epoch.Add(at+jitter+50*time.Millisecond), traffic.In, length/2)
		}
	}
}

// TestCalibration runs each null many times from packets through Analyze and
// holds the share of "visible" to the level, within its binomial interval: the
// test may be conservative, as p is discrete, but not liberal.
func TestCalibration(t *testing.T) {
	runs := 1000
	switch {
	case raceEnabled:
		runs = 40
	case testing.Short():
		runs = 100
	}
	for i, n := range nulls {
		t.Run(n.name, func(t *testing.T) {
			ps := calibrate(n, runs, uint64(1000*i))
			mean := 0.0
			for _, p := range ps {
				mean += p / float64(len(ps))
			}
			at05, at01 := share(ps, 0.05), share(ps, 0.01)
			t.Logf("%d runs: %.4f at 0.05, %.4f at 0.01, mean p %.3f", runs, at05, at01, mean)
			for _, level := range []float64{0.05, 0.01} {
				if got, most := share(ps, level), upper(runs, level); got > most {
					t.Errorf("visible in %.4f of the runs at alpha %v, want at most %.4f", got, level, most)
				}
			}
			if runs >= 1000 && (mean < 0.45 || mean > 0.60) {
				t.Errorf("mean p %.3f, want 0.45 to 0.60", mean)
			}
		})
	}
}

// calibrate gives the headline p of each run, on both processors.
func calibrate(n null, runs int, seed uint64) []float64 {
	ps := make([]float64, runs)
	var wg sync.WaitGroup
	for worker := range 2 {
		wg.Go(func() {
			for r := worker; r < runs; r += 2 {
				run := runOf(design(8, 8), seed+uint64(r))
				w := n.make(run, rand.New(rand.NewPCG(seed, uint64(r))))
				f, _, err := analysis.Analyze(run, only(w), analysis.Options{})
				if err != nil {
					panic(err)
				}
				ps[r] = 1
				if p := f.Verdicts[0].P; p != nil {
					ps[r] = *p
				}
			}
		})
	}
	wg.Wait()
	return ps
}

func share(ps []float64, level float64) float64 {
	n := 0
	for _, p := range ps {
		if p <= level {
			n++
		}
	}
	return float64(n) / float64(len(ps))
}

// upper is the largest share that a test of that level yields in all but one of
// a thousand repetitions.
func upper(runs int, level float64) float64 {
	b := distuv.Binomial{N: float64(runs), P: level}
	k := 0.0
	for b.CDF(k) < 0.999 {
		k++
	}
	return math.Max(k, 1) / float64(runs)
}

package analysis_test

import (
	"math/rand/v2"
	"time"

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

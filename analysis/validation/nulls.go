package validation

import (
	"math/rand/v2"
	"time"

	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/traffic"
)

// A Null is traffic that does not depend on which slots were actions.
type Null struct {
	Name string
	// Make draws the traffic of a run; it may let commands of the run fail.
	Make func(run experiments.Run, rng *rand.Rand) *Wire
}

// Nulls are what has fooled tests that model the traffic.
func Nulls() []Null {
	return []Null{
		{"bursts", bursts},
		{"heartbeats", heartbeats},
		{"the slots' own period", slotsPeriod},
		{"60 s period", Minutely},
		{"slow trend", trend},
		{"commands failing in busy slots", busySlots},
		{"state leak beyond the window", stateLeak},
		{"reboot in mid-run", reboot},
	}
}

// bursts come at random instants, several records each, of random lengths.
func bursts(run experiments.Run, rng *rand.Rand) *Wire {
	w := &Wire{}
	s := w.Stream(CloudAddr, 443)
	for at := Exponential(rng, 12*time.Second); at < run.Plan.Duration; at += Exponential(rng, 12*time.Second) {
		for i := range 1 + rng.IntN(5) {
			s.Record(Epoch.Add(at+time.Duration(i)*30*time.Millisecond), Direction(rng), 60+rng.IntN(4)*7)
		}
		at += time.Second
	}
	return w
}

// heartbeats of several connections at 7.5, 10 and 31 s, with jitter.
func heartbeats(run experiments.Run, rng *rand.Rand) *Wire {
	w := &Wire{}
	for i, period := range []time.Duration{7500 * time.Millisecond, 10 * time.Second, 31 * time.Second} {
		Periodic(w.Stream(CloudAddr, uint16(443+i)), run, rng, period, 70+30*i, 0.8)
	}
	return w
}

// slotsPeriod is traffic in every slot's rhythm, at a random phase.
func slotsPeriod(run experiments.Run, rng *rand.Rand) *Wire {
	w := &Wire{}
	s := w.Stream(CloudAddr, 443)
	delay := time.Duration(rng.Int64N(int64(10 * time.Second)))
	for _, slot := range run.Plan.Slots {
		if rng.Float64() < 0.6 {
			s.Record(Epoch.Add(slot.At+delay), traffic.Out, 210+rng.IntN(3))
			s.Record(Epoch.Add(slot.At+delay+40*time.Millisecond), traffic.In, 35)
		}
	}
	return w
}

// Minutely is traffic of two channels once a minute, one of them not always.
func Minutely(run experiments.Run, rng *rand.Rand) *Wire {
	w := &Wire{}
	Periodic(w.Stream(CloudAddr, 443), run, rng, time.Minute, 120, 1)
	Periodic(w.Stream(CloudAddr, 8883), run, rng, time.Minute, 44, 0.7)
	return w
}

// trend grows from almost nothing to a record a second.
func trend(run experiments.Run, rng *rand.Rand) *Wire {
	w := &Wire{}
	s := w.Stream(CloudAddr, 443)
	for at := time.Second; at < run.Plan.Duration; at += time.Second {
		if rng.Float64() < float64(at)/float64(run.Plan.Duration) {
			s.Record(Epoch.Add(at), Direction(rng), 80+rng.IntN(3)*40)
		}
	}
	return w
}

// busySlots are windows with much traffic of their own, in which commands fail:
// leaving these out of the action arm would make the controls look busier.
func busySlots(run experiments.Run, rng *rand.Rand) *Wire {
	w := &Wire{}
	s := w.Stream(CloudAddr, 443)
	for i, slot := range run.Plan.Slots {
		busy := rng.Float64() < 0.4
		for n := range 1 + rng.IntN(3) {
			s.Record(Epoch.Add(slot.At+time.Duration(n+1)*time.Second), traffic.Out, 66)
		}
		if !busy {
			continue
		}
		s.Record(Epoch.Add(slot.At+5*time.Second), traffic.In, 500+rng.IntN(20))
		if c := &run.Commands[i]; !slot.Control {
			c.Outcome, c.ConfirmedBy = experiments.Failed, experiments.ByNone
		}
	}
	return w
}

// stateLeak is a heartbeat that is one byte longer from twenty seconds after
// "on" until twenty seconds after "off": beyond the windows, so that no window
// shows its own command. (A leak inside the window is no null: there the window
// shows its own command, and the test is right to say so.)
func stateLeak(run experiments.Run, rng *rand.Rand) *Wire {
	w := &Wire{}
	s := w.Stream(CloudAddr, 443)
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
		s.Record(Epoch.Add(at), traffic.Out, length)
	}
	return w
}

// reboot is a gateway that falls silent at a random instant for half a minute to
// two minutes, looks up its cloud, opens new connections one after another, sends
// what it has missed, and beats in another rhythm and length from then on.
func reboot(run experiments.Run, rng *rand.Rand) *Wire {
	w := &Wire{}
	down := time.Duration((0.3 + 0.4*rng.Float64()) * float64(run.Plan.Duration))
	up := down + 30*time.Second + time.Duration(rng.Int64N(int64(90*time.Second)))
	before := w.Stream(CloudAddr, 443)
	for at := time.Duration(rng.Int64N(int64(9 * time.Second))); at < down; at += 9 * time.Second {
		before.Record(Epoch.Add(at), traffic.Out, 88+rng.IntN(3))
		before.Record(Epoch.Add(at+40*time.Millisecond), traffic.In, 41)
	}
	for i := range 4 {
		at := Epoch.Add(up + time.Duration(i)*1500*time.Millisecond)
		w.Question(at, "cloud.example.net.")
		again := w.Stream(CloudAddr, uint16(8443+i))
		again.Open(at.Add(20 * time.Millisecond))
		for n := range 3 + rng.IntN(6) {
			again.Record(at.Add(time.Duration(100+60*n)*time.Millisecond), Direction(rng), 300+rng.IntN(5)*55)
		}
	}
	after := w.Stream(CloudAddr, 443)
	after.Open(Epoch.Add(up + 7*time.Second))
	for at := up + 8*time.Second; at < run.Plan.Duration; at += 11 * time.Second {
		after.Record(Epoch.Add(at), traffic.Out, 96+rng.IntN(3))
	}
	return w
}

// Exponential draws a waiting time of that mean.
func Exponential(rng *rand.Rand, mean time.Duration) time.Duration {
	return time.Duration(rng.ExpFloat64() * float64(mean))
}

// Direction draws one of the two.
func Direction(rng *rand.Rand) traffic.Direction { return traffic.Direction(1 + rng.IntN(2)) }

// Periodic sends a record of about the length each period, at a random phase,
// in the given share of periods.
func Periodic(s *Stream, run experiments.Run, rng *rand.Rand, period time.Duration, length int, share float64) {
	for at := time.Duration(rng.Int64N(int64(period))); at < run.Plan.Duration; at += period {
		jitter := time.Duration(rng.Int64N(int64(period / 10)))
		if rng.Float64() < share {
			s.Record(Epoch.Add(at+jitter), traffic.Out, length+rng.IntN(3))
			s.Record(Epoch.Add(at+jitter+50*time.Millisecond), traffic.In, length/2)
		}
	}
}

package validation

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/traffic"
)

// A Sequence is how runs with planned looks went, all of one kind of traffic.
type Sequence struct {
	Name string
	// Alpha is that of a whole run, Looks the planned ones.
	Alpha float64
	Looks []int
	Runs  int
	// At has, for each look, the share of the runs that were visible there and so
	// ended; Visible is their sum.
	At      []float64
	Visible float64
	// Slots is the mean number of slots that a run took.
	Slots float64
	// LeastCandidates is the smallest family of candidates at any look.
	LeastCandidates int
}

// lookingNull is the design under which nulls are looked at: three looks, the
// first at 924 assignments.
func lookingNull() experiments.Experiment {
	e := Design(24, 24)
	e.Looks, e.Alpha = []int{12, 24, 48}, 0.05
	return e
}

// lookingMark is the design under which marks are looked for.
func lookingMark() experiments.Experiment {
	e := Design(40, 80)
	e.Looks = []int{30, 60, 120}
	return e
}

// CalibrateLooks carries out runs with planned looks on a null, whole: each ends
// at the first look that calls it visible.
func CalibrateLooks(n Null, runs int, seed uint64) (Sequence, error) {
	return sequence(n.Name, lookingNull(), runs, seed, n.Make)
}

// DetectLooks does so where a gateway reacts to a share of the actions, beside
// much traffic of its own, as [Detect].
func DetectLooks(rate float64, runs int, seed uint64) (Sequence, error) {
	return sequence(fmt.Sprintf("%.1f", rate), lookingMark(), runs, seed, func(run experiments.Run, rng *rand.Rand) *Wire {
		w := busy(run, rng)
		react(w, run, rng, func(int) bool { return rng.Float64() < rate })
		return w
	})
}

// lookRates are the rates of reaction that are tried, the strongest first.
func lookRates() []float64 { return []float64{1, 0.5, 0.2} }

// lookNulls are four of the nulls: without memory, with the slots' own rhythm,
// with a drift from block to block, and with failures that follow the traffic.
func lookNulls() []Null {
	return []Null{{"bursts", bursts}, {"the slots' own period", slotsPeriod}, {"slow trend", trend}, {"commands failing in busy slots", busySlots}}
}

func sequence(name string, e experiments.Experiment, runs int, seed uint64, wire func(experiments.Run, *rand.Rand) *Wire) (Sequence, error) {
	ends := make([]ending, runs)
	err := repeat(runs, func(r int) error {
		run := RunOf(e, seed+uint64(r))
		var err error
		ends[r], err = carryOut(run, wire(run, rand.New(rand.NewPCG(seed, uint64(r)))))
		return err
	})
	s := Sequence{Name: name, Alpha: e.Alpha, Looks: e.Looks, Runs: runs, At: make([]float64, len(e.Looks))}
	for i, end := range ends {
		if end.visible {
			s.At[end.look-1] += 1 / float64(runs)
			s.Visible += 1 / float64(runs)
		}
		s.Slots += float64(e.Looks[max(end.look, 1)-1]) / float64(runs)
		if i == 0 || end.candidates < s.LeastCandidates {
			s.LeastCandidates = end.candidates
		}
	}
	return s, err
}

// An ending is the look at which a run ended, and whether as visible.
type ending struct {
	look, candidates int
	visible          bool
}

// carryOut goes from look to look, as the conductor does, and analyses at each
// what was recorded by then.
func carryOut(run experiments.Run, w *Wire) (ending, error) {
	end := ending{}
	for n, slots := range run.Plan.Experiment.Looks {
		v, err := analyze(asOf(run, n+1), w.until(run, slots))
		if err != nil {
			return end, err
		}
		if n == 0 || v.Candidates < end.candidates {
			end.candidates = v.Candidates
		}
		end.look, end.visible = n+1, v.Significant()
		if end.visible {
			break
		}
	}
	return end, nil
}

// asOf is the run as a look leaves it that has ended it.
func asOf(run experiments.Run, look int) experiments.Run {
	looks := run.Plan.Experiment.Looks
	slots := looks[look-1]
	run.Commands = slices.Clone(run.Commands[:slots])
	run.Ended = Epoch.Add(run.Plan.End(slots))
	run.Recordings = slices.Clone(run.Recordings)
	run.Recordings[0].End = run.Ended
	for n := range min(look, len(looks)-1) {
		run.Looks = append(run.Looks, experiments.Look{Number: n + 1, Slots: looks[n], Decided: n+1 == look})
	}
	return run
}

// until is the wire as recorded by the end of a run with that many slots.
func (w *Wire) until(run experiments.Run, slots int) *Wire {
	end := Epoch.Add(run.Plan.End(slots))
	return &Wire{Packets: slices.DeleteFunc(slices.Clone(w.Packets), func(p traffic.Packet) bool { return p.Time.After(end) })}
}

// looks writes the tables of runs with planned looks.
func (r Results) looks(b *strings.Builder) {
	if len(r.Looks) == 0 || len(r.LookMarks) == 0 {
		return
	}
	null, mark := r.Looks[0], r.LookMarks[0]
	fmt.Fprintf(b, `
## Planned looks: ending early without finding too much

Whole runs that look after %d, %d and %d slots, half of them actions, and end at
the first look that calls them visible: alpha %v in all, a third of it for each
look. %d runs of each null. What counts is the last column, which by chance alone
exceeds %.3f once in a thousand tables.

| traffic | look 1 | look 2 | look 3 | visible in all |
|---|---:|---:|---:|---:|
`, null.Looks[0], null.Looks[1], null.Looks[2], null.Alpha, r.Sizes.Look, Upper(r.Sizes.Look, null.Alpha))
	for _, s := range r.Looks {
		fmt.Fprintf(b, "| %s | %.3f | %.3f | %.3f | %.3f |\n", s.Name, s.At[0], s.At[1], s.At[2], s.Visible)
	}
	fmt.Fprintf(b, `
The mark of the table of power, with looks after %d, %d and %d slots (a third of
them actions), alpha %v in all, %d runs of each rate. Claimed: a reaction to every
action ends at least %.2f of the runs at the first look, and weaker ones take more
slots.

| rate of reaction | look 1 | look 2 | look 3 | found in all | mean slots |
|---:|---:|---:|---:|---:|---:|
`, mark.Looks[0], mark.Looks[1], mark.Looks[2], mark.Alpha, r.Sizes.LookMark, atFirstLook)
	for _, s := range r.LookMarks {
		fmt.Fprintf(b, "| %s | %.3f | %.3f | %.3f | %.3f | %.1f |\n", s.Name, s.At[0], s.At[1], s.At[2], s.Visible, s.Slots)
	}
}

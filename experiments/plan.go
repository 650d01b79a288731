package experiments

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// Action is what a command asks of the light.
type Action string

// The actions of the mission.
const (
	On  Action = "on"
	Off Action = "off"
)

// A Slot is a planned moment: an action, or a control in which nothing is sent.
type Slot struct {
	// Index counts from 0 in order of time.
	Index int `json:"index"`
	// At is measured from the start of recording.
	At time.Duration `json:"at"`
	// Control slots have no Action.
	Control bool   `json:"control,omitempty"`
	Action  Action `json:"action,omitempty"`
	// Repeat marks a command that asks for the state the light is already in.
	Repeat bool `json:"repeat,omitempty"`
}

// Generator names the algorithm behind a plan, so that it can be drawn again:
// the PCG-DXSM of math/rand/v2, seeded with (seed, 0).
const Generator = "pcg-dxsm(seed, 0)"

// A Plan is an experiment drawn by lot. Equal experiments and seeds give equal
// plans.
type Plan struct {
	Experiment Experiment `json:"experiment"`
	Seed       uint64     `json:"seed"`
	Generator  string     `json:"generator"`
	// Initial is the state into which the light is put before slot 0.
	Initial Action `json:"initial"`
	Slots   []Slot `json:"slots"`
	// Duration is from the start of recording to its end.
	Duration time.Duration `json:"duration"`
}

// NewPlan draws slot times, the initial state, which slots are actions (block by
// block, see [Experiment.Blocks]), and the direction of each action, in this
// order, from a generator seeded with seed. The experiment must be valid.
func NewPlan(e Experiment, seed uint64) Plan {
	rng := rand.New(rand.NewPCG(seed, 0))
	p := Plan{Experiment: e, Seed: seed, Generator: Generator, Slots: make([]Slot, e.Slots())}
	at := e.Settle
	for i := range p.Slots {
		if i > 0 {
			at += e.Spacing + jitter(rng, e.Jitter)
		}
		if i > 0 && slices.Contains(e.Looks, i) {
			at += e.Settle
		}
		p.Slots[i] = Slot{Index: i, At: at, Control: true}
	}
	p.Duration = at + e.Window + e.Settle
	p.Initial = coin(rng)
	for _, b := range e.Blocks() {
		for _, i := range rng.Perm(b.Slots)[:b.Actions] {
			p.Slots[b.First+i].Control = false
		}
	}
	state := p.Initial
	for i := range p.Slots {
		if p.Slots[i].Control {
			continue
		}
		next := state.Opposite()
		if e.Directions == Random {
			next = coin(rng)
		}
		p.Slots[i].Action, p.Slots[i].Repeat = next, next == state
		state = next
	}
	return p
}

// End is when the recording ends if the run ends after that many slots; not
// counting from 1 to all of them gives the plan's own end.
func (p Plan) End(slots int) time.Duration {
	if slots < 1 || slots >= len(p.Slots) {
		return p.Duration
	}
	return p.Slots[slots-1].At + p.Experiment.Window + p.Experiment.Settle
}

// Opposite is off for on, and on for anything else.
func (a Action) Opposite() Action {
	if a == On {
		return Off
	}
	return On
}

// jitter draws from ±most, to the microsecond.
func jitter(rng *rand.Rand, most time.Duration) time.Duration {
	steps := int64(most / time.Microsecond)
	return time.Duration(rng.Int64N(2*steps+1)-steps) * time.Microsecond
}

func coin(rng *rand.Rand) Action {
	if rng.IntN(2) == 0 {
		return Off
	}
	return On
}

// Assignments is the number of equally likely ways to draw the plan: the product
// of each block's C(slots, actions); +Inf where a float64 cannot hold it.
func (e Experiment) Assignments() float64 { return assignments(e.Blocks()) }

// Choose is the binomial coefficient C(n, k), exact below 2^53.
func Choose(n, k int) float64 {
	if k < 0 || k > n {
		return 0
	}
	c := 1.0
	for i := 1; i <= min(k, n-k); i++ {
		c = math.Round(c * float64(n-min(k, n-k)+i) / float64(i))
	}
	return c
}

// EnumerateAtMost is the number of assignments up to which the test enumerates
// all of them; beyond it draws Redraws at random, for each planned look (see
// [Experiment.Redraws]). Both belong to the registered analysis.
const (
	EnumerateAtMost = 200_000
	Redraws         = 10_000
)

// LeastP is the smallest p that the design can yield.
func (e Experiment) LeastP() float64 { return LeastP(e.Assignments(), e.Redraws()) }

// LeastP is the smallest p that a test can yield over that many assignments, of
// which it draws redraws where they are too many to enumerate.
func LeastP(assignments float64, redraws int) float64 {
	if assignments <= EnumerateAtMost {
		return 1 / assignments
	}
	return 1 / float64(1+redraws)
}

// Warnings lists what an operator should know about a valid design before it is
// run; none of it prevents the run.
func (e Experiment) Warnings() []string {
	var ws []string
	if p := e.LeastP(); p > e.Level() && len(e.Looks) == 0 {
		ws = append(ws, fmt.Sprintf("the least p of %d + %d slots is %.3g, above alpha %.3g: the run cannot show anything; add slots", e.Actions, e.Controls, p, e.Alpha))
	}
	if e.LeastGap() < 3*time.Second {
		ws = append(ws, fmt.Sprintf("the light can change every %v: warn people on the bench; flashing lights can harm people with photosensitive epilepsy", e.LeastGap()))
	}
	return ws
}

package correlate

import (
	"math/rand/v2"

	"gonum.org/v1/gonum/stat/combin"

	"github.com/hueprint/hueprint/experiments"
)

// chunkBits is how many trials one table look-up sums; see [Design.sums].
const chunkBits = 10

// A Design is the set of assignments of actions to trials against which the
// real one is judged.
type Design struct {
	// Trials and Actions count slots and those of them that were drawn as actions.
	Trials, Actions int
	// Enumerated tells that the pool holds every assignment; otherwise it holds
	// the real one and [experiments.Redraws] drawn ones.
	Enumerated bool
	// Pool is the number of assignments in the pool, the real one included.
	Pool int
	// Seed is that of the redraws.
	Seed   uint64
	action []bool
	// pool holds every assignment as chunks of chunkBits trials, one bit each.
	pool   []uint16
	chunks int
}

// NewDesign makes the pool for the real assignment. Redraws come from a
// PCG seeded with (seed, 1), apart from the plan's own (seed, 0).
func NewDesign(action []bool, seed uint64) *Design {
	d := &Design{Trials: len(action), Seed: seed, action: action, chunks: (len(action) + chunkBits - 1) / chunkBits}
	for _, a := range action {
		if a {
			d.Actions++
		}
	}
	if d.Assignments() <= experiments.EnumerateAtMost {
		d.enumerate()
	} else {
		d.draw(rand.New(rand.NewPCG(seed, 1)))
	}
	return d
}

// Assignments is the number of equally likely assignments.
func (d *Design) Assignments() float64 { return experiments.Choose(d.Trials, d.Actions) }

// LeastP is the smallest p that the pool can yield.
func (d *Design) LeastP() float64 { return 1 / float64(d.Pool) }

func (d *Design) enumerate() {
	d.Enumerated = true
	if d.Actions == 0 || d.Actions == d.Trials {
		d.put(positions(d.action))
		return
	}
	gen := combin.NewCombinationGenerator(d.Trials, d.Actions)
	chosen := make([]int, d.Actions)
	for gen.Next() {
		d.put(gen.Combination(chosen))
	}
}

func (d *Design) draw(rng *rand.Rand) {
	d.put(positions(d.action))
	order := make([]int, d.Trials)
	for i := range order {
		order[i] = i
	}
	for range experiments.Redraws {
		for i := range d.Actions {
			j := i + rng.IntN(d.Trials-i)
			order[i], order[j] = order[j], order[i]
		}
		d.put(order[:d.Actions])
	}
}

// put adds an assignment, given as the trials that are actions, to the pool.
func (d *Design) put(actions []int) {
	row := len(d.pool)
	d.pool = append(d.pool, make([]uint16, d.chunks)...)
	for _, i := range actions {
		d.pool[row+i/chunkBits] |= 1 << (i % chunkBits)
	}
	d.Pool++
}

func positions(set []bool) []int {
	out := make([]int, 0, len(set))
	for i, in := range set {
		if in {
			out = append(out, i)
		}
	}
	return out
}

// subset is a design whose pool is the real assignment and at most n others of
// d, drawn with the generator, and the rows of d that it holds.
func (d *Design) subset(n int, rng *rand.Rand) (*Design, []int) {
	s := *d
	s.pool, s.Pool, s.Enumerated = nil, 0, false
	rows := make([]int, 0, n)
	if d.Pool-1 <= n {
		for row := range d.Pool {
			rows = append(rows, row)
		}
	} else {
		for range n {
			rows = append(rows, rng.IntN(d.Pool))
		}
	}
	for _, row := range rows {
		s.pool = append(s.pool, d.pool[row*d.chunks:(row+1)*d.chunks]...)
	}
	s.Pool = len(rows)
	return &s, rows
}

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
	// the real one and drawn ones.
	Enumerated bool
	// Pool is the number of assignments in the pool, the real one included.
	Pool int
	// Seed is that of the redraws.
	Seed   uint64
	action []bool
	// blocks are the stretches of trials within which the lot was drawn; one, as a
	// rule. Pools of other origin (pairs, strata) have none.
	blocks []block
	// redraws is how many assignments the design would draw.
	redraws int
	// pool holds every assignment as chunks of chunkBits trials, one bit each.
	pool   []uint16
	chunks int
}

// A block is a stretch of trials with its number of actions.
type block struct{ first, trials, actions int }

// NewDesign makes the pool for the real assignment. Redraws come from a
// PCG seeded with (seed, 1), apart from the plan's own (seed, 0).
func NewDesign(action []bool, seed uint64) *Design {
	return NewBlocked(action, make([]int, len(action)), experiments.Redraws, seed)
}

// NewBlocked makes the pool for a real assignment that was drawn block by block:
// every assignment in it keeps each block's number of actions. blockOf names the
// block of each trial, in order of time, so that a block's trials stand together.
// Too many assignments are not enumerated, but redraws of them drawn. One block
// and [experiments.Redraws] give the pool of [NewDesign].
func NewBlocked(action []bool, blockOf []int, redraws int, seed uint64) *Design {
	d := &Design{Trials: len(action), Seed: seed, action: action, redraws: redraws, chunks: (len(action) + chunkBits - 1) / chunkBits}
	for i, a := range action {
		if i == 0 || blockOf[i] != blockOf[i-1] {
			d.blocks = append(d.blocks, block{first: i})
		}
		last := &d.blocks[len(d.blocks)-1]
		last.trials++
		if a {
			last.actions++
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

// Assignments is the number of equally likely assignments: the product of the
// blocks'; of pools without blocks, that of all ways to choose the actions.
func (d *Design) Assignments() float64 {
	if len(d.blocks) == 0 {
		return experiments.Choose(d.Trials, d.Actions)
	}
	n := 1.0
	for _, b := range d.blocks {
		n *= experiments.Choose(b.trials, b.actions)
	}
	return n
}

// LeastP is the smallest p that the pool can yield.
func (d *Design) LeastP() float64 { return 1 / float64(d.Pool) }

func (d *Design) enumerate() {
	d.Enumerated = true
	d.enumerateFrom(d.blocks, make([]int, 0, d.Actions))
}

// enumerateFrom puts every assignment of the blocks beside what is chosen in
// those before.
func (d *Design) enumerateFrom(blocks []block, chosen []int) {
	if len(blocks) == 0 {
		d.put(chosen)
		return
	}
	b := blocks[0]
	if b.actions == 0 { // a choice that the library does not know
		d.enumerateFrom(blocks[1:], chosen)
		return
	}
	gen := combin.NewCombinationGenerator(b.trials, b.actions)
	for own := make([]int, b.actions); gen.Next(); {
		all := chosen
		for _, i := range gen.Combination(own) {
			all = append(all, b.first+i)
		}
		d.enumerateFrom(blocks[1:], all)
	}
}

func (d *Design) draw(rng *rand.Rand) {
	d.put(positions(d.action))
	order := make([]int, d.Trials)
	for i := range order {
		order[i] = i
	}
	chosen := make([]int, 0, d.Actions)
	for range d.redraws {
		chosen = chosen[:0]
		for _, b := range d.blocks {
			own := order[b.first : b.first+b.trials]
			for i := range b.actions {
				j := i + rng.IntN(b.trials-i)
				own[i], own[j] = own[j], own[i]
			}
			chosen = append(chosen, own[:b.actions]...)
		}
		d.put(chosen)
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

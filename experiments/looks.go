package experiments

import (
	"fmt"
	"slices"
	"time"
)

// LeastPause is the shortest Settle of an experiment with looks: the analysis of
// a look has about this time before the next slot.
const LeastPause = 2 * time.Second

// A Block is a stretch of slots whose assignment is drawn by itself, uniformly
// from all C(Slots, Actions).
type Block struct {
	// First is the index of the block's first slot.
	First, Slots, Actions int
}

// Blocks are the stretches of slots between looks; a fixed design is one block.
//
// Drawing block by block gives every look a known design: with the slots seen so
// far, the assignments that the lot could have drawn are the product of the
// blocks' own, all equally likely, and how many of them are actions was fixed
// beforehand. The test at a look redraws within the blocks seen so far. Were the
// lot drawn over all slots at once, a look could find a handful of actions, or
// none. Actions are spread over the blocks in proportion to their slots.
func (e Experiment) Blocks() []Block {
	ends := e.Looks
	if len(ends) == 0 {
		ends = []int{e.Slots()}
	}
	blocks := make([]Block, 0, len(ends))
	first, drawn := 0, 0
	for _, end := range ends {
		actions := e.actionsBy(end)
		blocks = append(blocks, Block{First: first, Slots: end - first, Actions: actions - drawn})
		first, drawn = end, actions
	}
	return blocks
}

// actionsBy is how many of the first slots are actions, rounded half up.
func (e Experiment) actionsBy(slots int) int {
	return (2*e.Actions*slots + e.Slots()) / (2 * max(e.Slots(), 1))
}

func assignments(blocks []Block) float64 {
	n := 1.0
	for _, b := range blocks {
		n *= Choose(b.Slots, b.Actions)
	}
	return n
}

// Level is what p is compared with at each look: alpha, split equally.
func (e Experiment) Level() float64 { return e.Alpha / float64(max(len(e.Looks), 1)) }

// Redraws is how many assignments the test draws where they are too many to
// enumerate: [Redraws] for each planned look. The smallest adjusted p that redraws
// can yield among many candidates is about the number of these over that of the
// redraws; so each look has as many for its share of alpha as a fixed design has
// for the whole.
func (e Experiment) Redraws() int { return Redraws * max(len(e.Looks), 1) }

// At is the design as it stands at a look, counted from 1: the experiment with
// the actions and controls seen by then. Its Looks are those up to that one, its
// Alpha their part.
func (e Experiment) At(look int) Experiment {
	if look < 1 || look >= len(e.Looks) {
		return e
	}
	slots := e.Looks[look-1]
	at := e
	at.Actions, at.Looks = e.actionsBy(slots), e.Looks[:look]
	at.Controls, at.Alpha = slots-at.Actions, e.Level()*float64(look)
	return at
}

// atFirstLook is how many times its level a first look's least p must fit in for
// [Experiment.DerivedLooks] to plan it: p is adjusted over the candidates, of
// which a busy gateway has some fifty.
const atFirstLook = 50

// DerivedLooks are looks after a quarter, a half and all of the slots; without
// the first where a quarter is too few to show anything; none where half is.
func (e Experiment) DerivedLooks() []int {
	n := e.Slots()
	for _, looks := range [][]int{{n / 4, n / 2, n}, {n / 2, n}} {
		e.Looks = looks
		if len(e.checkLooks()) == 0 && atFirstLook/assignments(e.Blocks()[:1]) <= e.Level() {
			return looks
		}
	}
	return nil
}

// checkLooks reports what is wrong with the looks.
func (e Experiment) checkLooks() []error {
	if len(e.Looks) == 0 {
		return nil
	}
	if len(e.Looks) == 1 {
		return []error{fmt.Errorf("looks has one entry: name at least two, such as [30, 60, 120], or leave it out for a design of fixed length")}
	}
	if !slices.IsSorted(e.Looks) || len(slices.Compact(slices.Clone(e.Looks))) < len(e.Looks) || e.Looks[0] < 1 {
		return []error{fmt.Errorf("looks %v must increase from at least 1: each is the number of slots after which the run looks", e.Looks)}
	}
	if last := e.Looks[len(e.Looks)-1]; last != e.Slots() {
		return []error{fmt.Errorf("looks %v must end with all slots: actions + controls is %d, so write %d as the last one", e.Looks, e.Slots(), e.Slots())}
	}
	return e.checkBlocks()
}

// checkBlocks reports what the looks ask of blocks and pauses.
func (e Experiment) checkBlocks() (errs []error) {
	blocks := e.Blocks()
	for i, b := range blocks {
		if b.Actions < 1 || b.Actions >= b.Slots {
			errs = append(errs, fmt.Errorf("looks %v give slots %d to %d %d actions and %d controls: each block needs both, so plan longer blocks",
				e.Looks, b.First+1, b.First+b.Slots, b.Actions, b.Slots-b.Actions))
		} else if p := LeastP(assignments(blocks[:i+1]), e.Redraws()); p > e.Level() {
			errs = append(errs, fmt.Errorf("looks %v: look %d, after %d slots (%d actions), has a least p of %.3g, above its level %.3g (alpha %v over %d looks), and could show nothing: look later, or less often",
				e.Looks, i+1, e.Looks[i], e.actionsBy(e.Looks[i]), p, e.Level(), e.Alpha, len(e.Looks)))
		}
	}
	if e.Settle < LeastPause {
		errs = append(errs, fmt.Errorf("settle %v is too short for looks: a look is analysed in the pause of that length before the next slot; plan at least %v", e.Settle, LeastPause))
	}
	return errs
}

// A Look is a look at a run that goes on, as it was taken: with a decision the
// run ends, else it goes on.
type Look struct {
	// Number counts the planned looks from 1.
	Number int `json:"number"`
	// Slots is how many slots were over.
	Slots int `json:"slots"`
	// At is when the answer was there, by the controller's clock.
	At      time.Time `json:"at"`
	Decided bool      `json:"decided"`
	// Failure says why there was no answer in time; the run went on then.
	Failure string `json:"failure,omitempty"`
}

// LookReached is the look, counted from 1, at which the run is to be analysed:
// the one that ended it, else the last whose slots were all reached. It is 0
// before the first look, and in a fixed design. Slots after it belong to no
// planned look; no verdict rests on them.
func (r Run) LookReached() int {
	for _, l := range r.Looks {
		if l.Decided {
			return l.Number
		}
	}
	slots := make(map[int]bool)
	for _, c := range r.Commands {
		slots[c.Slot] = true
	}
	reached := 0
	for slots[reached] {
		reached++
	}
	look, found := slices.BinarySearch(r.Plan.Experiment.Looks, reached)
	if found {
		look++
	}
	return look
}

package correlate

import (
	"math/rand/v2"
	"slices"
	"sort"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/hueprint/hueprint/traffic"
)

// The kinds of plants.
const (
	NewLength           = "new-length"
	ExtraRecord         = "extra-record"
	ExtraRecordAnyDelay = "extra-record-any-delay"
)

// A Plant is one kind of artificial mark and how much of it would be found.
type Plant struct {
	Kind     string
	KMin     int
	R95      float64
	Detected []float64
}

const (
	// powerRedraws bounds the assignments against which plants are judged, unless
	// the design draws more.
	powerRedraws = 10_000
	// powerDraws is how many sets of planted trials are tried of each size;
	// powerSizes bounds how many sizes are tried.
	powerDraws, powerSizes = 20, 50
)

// Power plants artificial marks in the recorded action trials and sends them
// through the test: (a) one record of an unseen length, (b) one more record of
// the commonest length, (c) as (b) at any time of the window, where the clock's
// uncertainty loses the share late of them; the features do not look at the
// delay otherwise.
//
// A plant replaces the classes that it touches by new vectors. The smallest
// ranks of the recorded family over the redraws are kept from the test, so that
// a plant's adjusted p is its minP against the whole family. For the smallest p
// of a family single step and step-down are one; and where the plant's is not
// the smallest, it is found only if the recorded family was. The old vectors of
// touched classes stay in the family, and (a) leaves out that the whole channel
// grows, too; both can only understate what is found.
func (d *Design) Power(candidates []Candidate, result Result, alpha, late float64) []Plant {
	rng := rand.New(rand.NewPCG(d.Seed, 2))
	p := newPlanter(d, result, alpha, rng)
	unseen := p.plant(NewLength, func(planted []bool) []vector { return []vector{presence(planted, d.Actions)} }, 0)
	touched, length := commonest(candidates)
	if len(touched) == 0 {
		return []Plant{unseen, unseen.as(ExtraRecord), unseen.as(ExtraRecordAnyDelay)}
	}
	extra := func(planted []bool) []vector { return d.extra(touched, length, planted) }
	atOnce := p.plant(ExtraRecord, extra, 0)
	if late <= 0 {
		return []Plant{unseen, atOnce, atOnce.as(ExtraRecordAnyDelay)}
	}
	return []Plant{unseen, atOnce, p.plant(ExtraRecordAnyDelay, extra, late)}
}

func (p Plant) as(kind string) Plant {
	p.Kind = kind
	return p
}

func presence(planted []bool, actions int) vector {
	values := make([]int, len(planted))
	for i, in := range planted {
		if in {
			values[i] = 1
		}
	}
	return normal(values, actions)
}

// commonest is the commonest single length of the gateway's own channels, in
// the widest scope that has any, with all candidates that hold it.
func commonest(candidates []Candidate) (touched []Candidate, length int) {
	best, most := -1, 0
	for i, c := range candidates {
		if c.IsUnion() || c.Min != c.Max || c.Max == 0 {
			continue
		}
		n := 0
		for _, k := range c.Counts {
			n += k
		}
		wider := best >= 0 && c.Channel.Scope == traffic.Internet && candidates[best].Channel.Scope != traffic.Internet
		narrower := best >= 0 && c.Channel.Scope != traffic.Internet && candidates[best].Channel.Scope == traffic.Internet
		if best < 0 || wider || !narrower && n > most {
			best, most = i, n
		}
	}
	if best < 0 {
		return nil, 0
	}
	chosen := candidates[best]
	for _, c := range candidates {
		if c.Min <= chosen.Min && chosen.Min <= c.Max && (c.Group == chosen.Group || c.Group == chosen.Union()) {
			touched = append(touched, c)
		}
	}
	return touched, chosen.Min
}

// extra are the distinct vectors of the touched classes with one more record of
// the length in each planted trial.
func (d *Design) extra(touched []Candidate, length int, planted []bool) []vector {
	known := make(map[string]bool)
	var out []vector
	for _, c := range touched {
		more := Candidate{Class: c.Class, Counts: make([]int, len(c.Counts)), Bytes: make([]int, len(c.Bytes))}
		for i := range c.Counts {
			more.Counts[i], more.Bytes[i] = c.Counts[i], c.Bytes[i]
			if planted[i] {
				more.Counts[i]++
				more.Bytes[i] += length
			}
		}
		for _, f := range features {
			if v := normal(more.values(f), d.Actions); !v.constant() && !known[v.key()] {
				known[v.key()] = true
				out = append(out, v)
			}
		}
	}
	return out
}

// A planter judges plants against a part of the pool.
type planter struct {
	design *Design
	// least[j] is the smallest raw p of the recorded family in row j; sorted has
	// the same in order.
	least, sorted []float64
	// real is 1 where the part need not hold the real assignment, which then
	// counts beside it.
	real    int
	alpha   float64
	rng     *rand.Rand
	scratch *scratch
}

func newPlanter(d *Design, result Result, alpha float64, rng *rand.Rand) *planter {
	part, rows := d.subset(max(powerRedraws, d.redraws), rng)
	p := &planter{design: part, alpha: alpha, rng: rng, scratch: newScratch()}
	if len(rows) < d.Pool {
		p.real = 1
	}
	for _, row := range rows {
		p.least = append(p.least, d.share(int(result.leastRanks[row])))
	}
	p.sorted = slices.Sorted(slices.Values(p.least))
	return p
}

// plant tries sets of every size and sums up.
func (p *planter) plant(kind string, vectors func([]bool) []vector, late float64) Plant {
	actions := positions(p.design.action)
	found := make([]float64, len(actions)+1)
	step := (len(actions) + powerSizes - 1) / powerSizes
	for k := len(actions); k > 0; k -= step {
		found[k] = p.foundOf(k, actions, vectors, late)
		for j := k + 1; j < min(k+step, len(found)); j++ {
			found[j] = found[k] // sizes between those tried: not more than known
		}
		if found[k] == 0 {
			break
		}
	}
	out := Plant{Kind: kind, KMin: alwaysFrom(found)}
	if out.KMin > 0 {
		out.R95 = rate95(len(actions), out.KMin)
	}
	for i := 1; i <= 10; i++ {
		out.Detected = append(out.Detected, expected(found, float64(i)/10))
	}
	return out
}

// foundOf is the share of random sets of k action trials that are detected.
func (p *planter) foundOf(k int, actions []int, vectors func([]bool) []vector, late float64) float64 {
	draws, found := powerDraws, 0
	if k == len(actions) && late == 0 {
		draws = 1 // there is only one such set
	}
	for range draws {
		planted := make([]bool, p.design.Trials)
		for _, i := range p.rng.Perm(len(actions))[:k] {
			planted[actions[i]] = late == 0 || p.rng.Float64() >= late
		}
		if p.detects(vectors(planted)) {
			found++
		}
	}
	return float64(found) / float64(draws)
}

// alwaysFrom is the smallest size from which every set was detected; 0 for none.
func alwaysFrom(found []float64) int {
	k := len(found)
	for k > 1 && found[k-1] == 1 {
		k--
	}
	if k == len(found) {
		return 0
	}
	return k
}

// expected is the share detected when each action trial reacts at a rate.
func expected(found []float64, rate float64) float64 {
	sum := 0.0
	binomial := distuv.Binomial{N: float64(len(found) - 1), P: rate}
	for k, share := range found {
		if share > 0 {
			sum += share * binomialShare(binomial, k)
		}
	}
	return min(sum, 1)
}

// binomialShare is the probability of k; the library's has no answer at rate 1.
func binomialShare(b distuv.Binomial, k int) float64 {
	if b.P >= 1 {
		if float64(k) == b.N {
			return 1
		}
		return 0
	}
	return b.Prob(float64(k))
}

// detects tells whether the best of the planted vectors is significant beside
// the recorded family: whether at most alpha of the rows are as extreme.
func (p *planter) detects(vectors []vector) bool {
	d := p.design
	best, tails := d.Pool, make([][]uint32, len(vectors))
	for i, v := range vectors {
		tails[i] = p.scratch.tail(d, v)
		best = min(best, int(tails[i][d.observed(v)]))
	}
	most := int(p.alpha*float64(d.Pool+p.real)) - p.real
	raw := float64(best+p.real) / float64(d.Pool+p.real)
	family := sort.Search(len(p.sorted), func(i int) bool { return p.sorted[i] > raw })
	switch {
	case max(best, family) > most:
		return false // these rows alone are too many
	case best*len(vectors)+family <= most:
		return true // were they all different, they would still not be
	}
	return p.extreme(vectors, tails, best, raw) <= most
}

// extreme counts the rows in which the family or a planted vector does at least
// as well as the best planted vector really did.
func (p *planter) extreme(vectors []vector, tails [][]uint32, best int, raw float64) int {
	hit := make([]bool, p.design.Pool)
	for j := range hit {
		hit[j] = p.least[j] <= raw
	}
	for i, v := range vectors {
		p.scratch.table = p.scratch.table.fill(v)
		p.scratch.blocks(p.design, 0, p.design.Pool, func(first int, sums []uint16) {
			for j, sum := range sums {
				hit[first+j] = hit[first+j] || int(tails[i][sum]) <= best
			}
		})
	}
	n := 0
	for _, h := range hit {
		if h {
			n++
		}
	}
	return n
}

package correlate

import (
	"cmp"
	"math"
	"runtime"
	"slices"
	"sync"
)

// A Score is one candidate's result.
type Score struct {
	// Candidate is the index into the candidates that were tested.
	Candidate int
	// Feature is the one with the smallest p; Observed its value, the sum over
	// action trials.
	Feature  Feature
	Observed int
	// RawP is the feature's own p, P the candidate's after adjustment for all
	// candidates and features.
	RawP, P float64
	// Constant tells that no assignment differs from another in any feature:
	// the candidate scores nothing.
	Constant bool
}

// A Result is what the test says of a family of candidates.
type Result struct {
	// Scores has an entry for each candidate, in the candidates' order.
	Scores []Score
	// Constant counts the candidates that score nothing.
	Constant int
	// LeastRaw is the smallest raw p of the real assignment; 1 without any test.
	LeastRaw float64
	// leastRanks holds, for each assignment of the pool, its smallest rank over
	// the family: how many assignments do at least as well.
	leastRanks []uint32
}

// A hypothesis is one distinct vector of the family.
type hypothesis struct {
	vector vector
	// tail[s] counts the assignments whose statistic is at least s.
	tail []uint32
	// rank is tail of the real assignment.
	rank uint32
	// adjusted counts the assignments at least as extreme over this hypothesis
	// and all with larger p; then made monotonic.
	adjusted int
}

// Test scores the candidates against the design. Equal designs and candidates
// give equal results, however many processors there are.
func (d *Design) Test(candidates []Candidate) Result {
	hypotheses, members := d.family(candidates)
	d.rank(hypotheses)
	least := d.stepDown(hypotheses)
	result := Result{leastRanks: least, LeastRaw: 1}
	for i, c := range candidates {
		s := Score{Candidate: i, RawP: 1, P: 1, Constant: true, Feature: features[0]}
		for f, feature := range features {
			h := members[i*len(features)+f]
			if h == nil {
				continue
			}
			s = s.better(Score{i, feature, d.total(c.values(feature)), d.share(int(h.rank)), d.share(h.adjusted), false})
		}
		if s.Constant {
			s.Observed = d.total(c.Counts)
			s.Feature = Count
			result.Constant++
		}
		result.LeastRaw = min(result.LeastRaw, s.RawP)
		result.Scores = append(result.Scores, s)
	}
	return result
}

// better is the score with the smaller p; the earlier feature on ties.
func (s Score) better(other Score) Score {
	if s.Constant || other.P < s.P || other.P == s.P && other.RawP < s.RawP {
		return other
	}
	return s
}

func (d *Design) share(count int) float64 { return float64(count) / float64(d.Pool) }

func (d *Design) total(values []int) int {
	sum := 0
	for i, v := range values {
		if d.action[i] {
			sum += v
		}
	}
	return sum
}

// family gives the distinct hypotheses, and for each candidate and feature the
// one that it is; nil where the feature is constant.
func (d *Design) family(candidates []Candidate) (distinct, members []*hypothesis) {
	known := make(map[string]*hypothesis)
	for _, c := range candidates {
		for _, f := range features {
			v := normal(c.values(f), d.Actions)
			if v.constant() || d.Pool < 2 {
				members = append(members, nil)
				continue
			}
			h := known[v.key()]
			if h == nil {
				h = &hypothesis{vector: v}
				known[v.key()] = h
				distinct = append(distinct, h)
			}
			members = append(members, h)
		}
	}
	return distinct, members
}

// rank is the first pass: every hypothesis' null distribution.
func (d *Design) rank(hypotheses []*hypothesis) {
	parallel(len(hypotheses), func(from, to int) {
		scratch := newScratch()
		for _, h := range hypotheses[from:to] {
			h.tail = scratch.tail(d, h.vector)
			h.rank = h.tail[d.observed(h.vector)]
		}
	})
}

// blockRows is how many assignments are summed at a time, so that they stay in
// the processor's cache.
const blockRows = 4096

// A scratch is one worker's reusable space.
type scratch struct {
	table table
	sums  []uint16
}

func newScratch() *scratch { return &scratch{sums: make([]uint16, blockRows)} }

// tail counts, for every value of the vector's statistic, the assignments that
// reach it.
func (s *scratch) tail(d *Design, v vector) []uint32 {
	tail := make([]uint32, largestOf(v, d.Actions)+1)
	if d.Enumerated && len(d.blocks) == 1 && len(v)*d.Actions*len(tail) < 2*d.Pool {
		s.convolve(d, v, tail)
	} else {
		s.table = s.table.fill(v)
		s.blocks(d, 0, d.Pool, func(_ int, sums []uint16) {
			for _, sum := range sums {
				tail[sum]++
			}
		})
	}
	for i := len(tail) - 2; i >= 0; i-- {
		tail[i] += tail[i+1]
	}
	return tail
}

// convolve counts all assignments by their statistic without visiting them: the
// shift algorithm of B. Streitberg and J. Röhmel, "Exact distributions for
// permutation and rank tests" (1986).
func (s *scratch) convolve(d *Design, v vector, counts []uint32) {
	n := len(counts)
	ways := make([]uint32, (d.Actions+1)*n) // by number of trials chosen, then sum
	ways[0] = 1
	for i, x := range v {
		for k := min(i+1, d.Actions); k > 0; k-- {
			to, from := ways[k*n+int(x):(k+1)*n], ways[(k-1)*n:k*n-int(x)]
			for sum, w := range from {
				to[sum] += w
			}
		}
	}
	copy(counts, ways[d.Actions*n:])
}

func largestOf(v vector, actions int) int {
	values := make([]int, len(v))
	for i, x := range v {
		values[i] = int(x)
	}
	return topSum(values, actions)
}

// blocks yields the statistics of the rows in [from, to), block by block, for
// the vector whose table was filled last.
func (s *scratch) blocks(d *Design, from, to int, yield func(first int, sums []uint16)) {
	for first := from; first < to; first += blockRows {
		sums := s.sums[:min(blockRows, to-first)]
		d.sums(s.table, first, sums)
		yield(first, sums)
	}
}

// stepDown is the second pass. It walks the hypotheses from the largest p to
// the smallest, keeping for every assignment the smallest rank so far: that is
// the minP step-down of Westfall and Young without a matrix of candidates by
// assignments. It returns the smallest ranks over the whole family.
func (d *Design) stepDown(hypotheses []*hypothesis) []uint32 {
	order := slices.Clone(hypotheses)
	slices.SortStableFunc(order, func(a, b *hypothesis) int { return cmp.Compare(b.rank, a.rank) })
	least := make([]uint32, d.Pool)
	for i := range least {
		least[i] = uint32(d.Pool)
	}
	var sum sync.Mutex
	parallel(d.Pool, func(from, to int) {
		counts := d.walk(order, from, least[from:to])
		sum.Lock()
		defer sum.Unlock()
		for i, n := range counts {
			order[i].adjusted += n
		}
	})
	monotonic(order)
	return least
}

// walk does the second pass for the rows from first on, and counts for each
// hypothesis the rows at least as extreme.
func (d *Design) walk(order []*hypothesis, first int, least []uint32) []int {
	scratch := newScratch()
	counts := make([]int, len(order))
	for i, h := range order {
		scratch.table = scratch.table.fill(h.vector)
		n := 0
		scratch.blocks(d, first, first+len(least), func(row int, sums []uint16) {
			block := least[row-first:][:len(sums)]
			for j, sum := range sums {
				r := min(block[j], h.tail[sum])
				block[j] = r
				if r <= h.rank {
					n++
				}
			}
		})
		counts[i] = n
	}
	return counts
}

// monotonic makes no hypothesis more significant than one with a smaller raw p.
func monotonic(order []*hypothesis) {
	largest := 0
	for i := len(order) - 1; i >= 0; i-- {
		largest = max(largest, order[i].adjusted)
		order[i].adjusted = largest
	}
}

// parallel splits [0, n) into one part a processor.
func parallel(n int, do func(from, to int)) {
	workers := min(runtime.GOMAXPROCS(0), n)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() { do(n*w/workers, n*(w+1)/workers) })
	}
	wg.Wait()
}

// Spread counts the assignments by −log10 of their smallest raw p, in steps of
// width: the null distribution of the largest statistic. Edges has one entry
// more than counts.
func (r Result) Spread(width float64) (edges []float64, counts []int) {
	pool := float64(len(r.leastRanks))
	for _, rank := range r.leastRanks {
		at := int(math.Log10(pool/float64(rank)) / width)
		for len(counts) <= at {
			counts = append(counts, 0)
		}
		counts[at]++
	}
	for i := range len(counts) + 1 {
		edges = append(edges, float64(i)*width)
	}
	return edges, counts
}

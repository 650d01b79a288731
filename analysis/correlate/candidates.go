package correlate

import (
	"maps"
	"math"
	"slices"
	"time"

	"github.com/hueprint/hueprint/analysis/align"
)

// A Candidate is a class that could be a mark, with its occurrences in every
// trial.
type Candidate struct {
	Class
	// Counts and Bytes have an entry for each trial: events, and the sum of
	// their lengths.
	Counts []int
	Bytes  []int
	// Exposure is how long each trial was observed, where that differs; count and
	// bytes are then compared with what the time lets expect. Nil otherwise.
	Exposure []time.Duration
}

// Candidates forms all candidates of the trials, in a fixed order. It does not
// look at the trials' arms, so that the classes cannot follow the labels.
func Candidates(trials []align.Trial) []Candidate {
	groups := make(map[Group]*tally)
	for t := range trials {
		for i := range trials[t].Events {
			e := &trials[t].Events[i]
			g := GroupOf(e)
			if groups[g] == nil {
				groups[g] = newTally()
			}
			groups[g].row(e.Length, len(trials))[t]++
		}
	}
	addUnions(groups, len(trials))
	var out []Candidate
	for _, g := range slices.SortedFunc(maps.Keys(groups), Group.Compare) {
		out = append(out, groups[g].candidates(g, len(trials))...)
	}
	return out
}

// A tally counts a group's events by length and trial. For a union, owners
// says which channel alone has a length; shared lengths have none.
type tally struct {
	rows   map[int][]int
	owners map[int]Group
}

func newTally() *tally { return &tally{rows: map[int][]int{}, owners: map[int]Group{}} }

func (t *tally) row(length, trials int) []int {
	row := t.rows[length]
	if row == nil {
		row = make([]int, trials)
		t.rows[length] = row
	}
	return row
}

// addUnions adds, beside the groups of single channels, the union of those of
// one scope and kind; a union of one channel would be that channel again.
func addUnions(groups map[Group]*tally, trials int) {
	members := make(map[Group][]Group)
	for g := range groups {
		members[g.Union()] = append(members[g.Union()], g)
	}
	for union, gs := range members {
		if len(gs) < 2 {
			continue
		}
		sum := newTally()
		for _, g := range gs {
			for length, row := range groups[g].rows {
				if sum.rows[length] == nil {
					sum.owners[length] = g
				} else {
					sum.owners[length] = Group{}
				}
				add(sum.row(length, trials), row)
			}
		}
		groups[union] = sum
	}
}

func add(to, from []int) {
	for i, v := range from {
		to[i] += v
	}
}

// candidates are the group's classes that occur often enough.
func (t *tally) candidates(g Group, trials int) []Candidate {
	lengths := slices.Sorted(maps.Keys(t.rows))
	all := spans(lengths)
	var out []Candidate
	for i, s := range all {
		members := lengths[s.first : s.last+1]
		if g.IsUnion() && t.owned(members) {
			continue // the same events as a class of that channel
		}
		c := Candidate{
			Class:  Class{Group: g, Min: members[0], Max: members[len(members)-1], Whole: i == len(all)-1},
			Counts: make([]int, trials), Bytes: make([]int, trials),
		}
		occurrences := 0
		for _, length := range members {
			for trial, n := range t.rows[length] {
				c.Counts[trial] += n
				c.Bytes[trial] += n * length
				occurrences += n
			}
		}
		if occurrences >= LeastOccurrences {
			out = append(out, c)
		}
	}
	return out
}

// owned tells whether all these lengths of a union come from one channel.
func (t *tally) owned(lengths []int) bool {
	owner := t.owners[lengths[0]]
	if owner == (Group{}) {
		return false
	}
	return !slices.ContainsFunc(lengths, func(l int) bool { return t.owners[l] != owner })
}

// Seen tells whether the candidate occurs in the trial.
func (c Candidate) Seen(trial int) bool { return c.Counts[trial] > 0 }

// A Feature is what of a candidate is compared between the arms.
type Feature string

// The features, each one-sided: more in action trials.
const (
	Presence Feature = "presence"
	Count    Feature = "count"
	Bytes    Feature = "bytes"
)

// features lists them in the order in which ties are broken.
var features = [...]Feature{Presence, Count, Bytes}

// values are the feature's values, one a trial.
func (c Candidate) values(f Feature) []int {
	switch f {
	case Count:
		return c.unexpected(c.Counts)
	case Bytes:
		return c.unexpected(c.Bytes)
	}
	out := make([]int, len(c.Counts))
	for i, n := range c.Counts {
		out[i] = min(n, 1)
	}
	return out
}

// unexpected is, in hundredths, what of the values goes beyond a fair share of
// their sum by exposure.
func (c Candidate) unexpected(values []int) []int {
	if c.Exposure == nil {
		return values
	}
	sum, whole := 0.0, 0.0
	for i, v := range values {
		sum, whole = sum+float64(v), whole+c.Exposure[i].Seconds()
	}
	out := make([]int, len(values))
	for i, v := range values {
		out[i] = int(math.Round(100 * (float64(v) - sum*c.Exposure[i].Seconds()/max(whole, 1e-9))))
	}
	return out
}

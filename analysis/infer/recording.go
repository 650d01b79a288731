package infer

import (
	"cmp"
	"slices"
	"time"

	"github.com/hueprint/hueprint/analysis/events"
)

// MostTolerance is the most by which a label may lie from what it labels.
const MostTolerance = 30 * time.Second

// oneMoment is how close two actions are one: a command to several lights, or
// one line of a list twice. It says nothing about how fast actions follow.
const oneMoment = time.Second

// An Action is something that was done, or that a list says was done.
type Action struct {
	// Time is by the capturing host's clock, as far as anyone knows.
	Time time.Time `json:"time"`
	// Label says what was done: on, off, or any other word.
	Label string `json:"action"`
}

// A Recording is what one gateway did in one recording, with what is known of
// the actions in it.
type Recording struct {
	// Name is shown to people.
	Name string
	// Events are in order of time; First and Last bound the recording.
	Events      []events.Event
	First, Last time.Time
	// Actions are in order of time. Known tells that they are all there were:
	// without any, nothing was done. Otherwise the truth is not known.
	Actions []Action
	Known   bool
	// Cut tells that the recording holds headers alone, so that there are messages
	// where others have records.
	Cut bool
	// Early and Late are how long before and after an action's time its mark may
	// come; both zero where the times are not exact (see [Tolerance]).
	Early, Late time.Duration
}

// Tolerance is how far a label may lie from what it labels: half the smallest
// gap between two actions, at most [MostTolerance].
func Tolerance(actions []Action) time.Duration {
	return min(MostTolerance, smallestGap(actions)/2)
}

// smallestGap is the shortest time from one action to the next; an hour without
// two.
func smallestGap(actions []Action) time.Duration {
	gap := time.Hour
	for i := 1; i < len(actions); i++ {
		if d := actions[i].Time.Sub(actions[i-1].Time); d >= oneMoment {
			gap = min(gap, d)
		}
	}
	return gap
}

// reach is the time around an action in which its mark may come.
func (r Recording) reach() (early, late time.Duration) {
	if r.Early > 0 || r.Late > 0 {
		return r.Early, r.Late
	}
	t := Tolerance(r.Actions)
	return t, t
}

// Assign gives each instant at most one action and each action at most one
// instant, the nearest pairs first: no instant more than early before its action,
// nor more than late after it. It returns the index of each instant's action, or
// −1. Both lists must be in order of time.
func Assign(instants []time.Time, actions []Action, early, late time.Duration) []int {
	type pair struct {
		instant, action int
		apart           time.Duration
	}
	var pairs []pair
	first := 0
	for i, at := range instants {
		for first < len(actions) && actions[first].Time.Add(late).Before(at) {
			first++
		}
		for a := first; a < len(actions) && !actions[a].Time.Add(-early).After(at); a++ {
			pairs = append(pairs, pair{i, a, at.Sub(actions[a].Time).Abs()})
		}
	}
	slices.SortFunc(pairs, func(p, q pair) int {
		return cmp.Or(cmp.Compare(p.apart, q.apart), cmp.Compare(p.instant, q.instant), cmp.Compare(p.action, q.action))
	})
	out := make([]int, len(instants))
	for i := range out {
		out[i] = -1
	}
	taken := make([]bool, len(actions))
	for _, p := range pairs {
		if out[p.instant] < 0 && !taken[p.action] {
			out[p.instant], taken[p.action] = p.action, true
		}
	}
	return out
}

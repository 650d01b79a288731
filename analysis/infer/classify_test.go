package infer_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/hueprint/hueprint/analysis/infer"
	"github.com/hueprint/hueprint/traffic"
)

// classifier is what is learned from twenty toggles.
func classifier(seed uint64, reaction map[string][]packet, shuffle bool) infer.Classifier {
	h := newHome(seed, 30*time.Minute).heartbeat(cloud, 31*time.Second, 60, 44).do(repeat(10, "on", "off"), 80*time.Second, 0, 1, reaction)
	r := h.recording("run")
	if shuffle {
		rand.New(rand.NewPCG(seed, 4)).Shuffle(len(r.Actions), func(i, j int) {
			r.Actions[i].Label, r.Actions[j].Label = r.Actions[j].Label, r.Actions[i].Label
		})
	}
	return infer.Teach("x", []infer.Recording{r}, marks(reaction)).Variants[0].Model.Classifier
}

// Where on and off have equal sizes and only the delay of the fourth packet
// differs, that tells them apart; where the labels were shuffled, nothing does.
func TestOnlyTheFourthDelayDiffers(t *testing.T) {
	push := func(fourth time.Duration) []packet {
		p := func(after time.Duration) packet {
			return packet{cloud, traffic.Out, after, 20 * time.Millisecond, []int{300, 301, 302}}
		}
		return []packet{p(100 * time.Millisecond), p(200 * time.Millisecond), p(300 * time.Millisecond), p(fourth)}
	}
	reaction := map[string][]packet{"on": push(1300 * time.Millisecond), "off": push(400 * time.Millisecond)}
	shuffledRight := 0
	for seed := range uint64(10) {
		c := classifier(seed, reaction, false)
		if c.LeaveOneOut.Right < 19 || !c.Separable {
			t.Errorf("seed %d: %d of %d", seed, c.LeaveOneOut.Right, c.LeaveOneOut.Of)
		}
		if c.Neighbours.Right < 19 {
			t.Errorf("seed %d: %d of %d by neighbours", seed, c.Neighbours.Right, c.Neighbours.Of)
		}
		shuffledRight += classifier(seed, reaction, true).LeaveOneOut.Right
	}
	if share := float64(shuffledRight) / 200; share > 0.65 {
		t.Errorf("shuffled labels are told apart: %.2f", share)
	}
}

// Where sizes overlap by construction (on 375–377, off 376–378) nobody can do
// better than two thirds; leave-one-out comes within five points of that on
// average, and not above.
func TestOverlappingSizesReachTheCeiling(t *testing.T) {
	reaction := map[string][]packet{
		"on":  {{cloud, traffic.Out, 200 * time.Millisecond, 50 * time.Millisecond, []int{375, 376, 377}}},
		"off": {{cloud, traffic.Out, 200 * time.Millisecond, 50 * time.Millisecond, []int{376, 377, 378}}},
	}
	sum, ceiling := 0.0, 0.0
	const runs = 200
	for seed := range uint64(runs) {
		c := classifier(seed, reaction, false)
		if c.LeaveOneOut.Of != 20 {
			t.Fatalf("seed %d: %d examples", seed, c.LeaveOneOut.Of)
		}
		sum += c.LeaveOneOut.Share.Value
		ceiling += *c.Ceiling
		if *c.Ceiling < c.LeaveOneOut.Share.Value {
			t.Errorf("seed %d: %v above the ceiling %v", seed, c.LeaveOneOut.Share.Value, *c.Ceiling)
		}
	}
	t.Logf("leave-one-out %.3f, ceiling of the samples %.3f, of the distributions %.3f", sum/runs, ceiling/runs, 2.0/3)
	if mean := sum / runs; mean < 2.0/3-0.05 || mean > 2.0/3+0.01 {
		t.Errorf("leave-one-out %.3f on average, want within 0.05 below %.3f", mean, 2.0/3)
	}
}

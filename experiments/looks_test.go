package experiments_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/hueprint/hueprint/experiments"
)

// looking is the design of a run that may end early: 40 + 80 slots.
func looking() experiments.Experiment {
	e, _ := experiments.Preset("toggles")
	e.Actions, e.Controls, e.Looks = 40, 80, []int{30, 60, 120}
	return e
}

// Plans of fixed designs are the same for a seed for ever: runs can be drawn
// again from what they have on record.
func TestFixedPlansNeverChange(t *testing.T) {
	for name, want := range map[string]string{
		"toggles": "4383115de694dc66", "paper": "2016a547cff0a7d6", "demo": "d86ba9805107470c",
	} {
		e, _ := experiments.Preset(name)
		b, err := json.Marshal(experiments.NewPlan(e, 7))
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(b)
		if got := hex.EncodeToString(sum[:8]); got != want {
			t.Errorf("the plan of %s with seed 7 has the digest %s, want %s", name, got, want)
		}
	}
}

// Every block holds exactly its share of actions, the pause after a look is
// Settle longer, and all else is as in a fixed design.
func TestPlansAreDrawnByBlock(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := looking()
		e.Directions = rapid.SampledFrom([]experiments.Directions{experiments.Alternate, experiments.Random}).Draw(t, "directions")
		if err := e.Validate(); err != nil {
			t.Fatal(err)
		}
		p := experiments.NewPlan(e, rapid.Uint64().Draw(t, "seed"))
		for i, b := range e.Blocks() {
			actions := 0
			for _, s := range p.Slots[b.First : b.First+b.Slots] {
				if !s.Control {
					actions++
				}
			}
			if want := []int{10, 10, 20}[i]; actions != want || b.Actions != want {
				t.Fatalf("block %d has %d actions, planned %d, want %d", i, actions, b.Actions, want)
			}
		}
		state := p.Initial
		for i, s := range p.Slots {
			least := e.LeastGap()
			if slices.Contains(e.Looks, i) {
				least += e.Settle
			}
			if i > 0 && (s.At-p.Slots[i-1].At < least || s.At-p.Slots[i-1].At > least+2*e.Jitter) {
				t.Fatalf("slot %d comes %v after the one before", i, s.At-p.Slots[i-1].At)
			}
			if !s.Control {
				if e.Directions == experiments.Alternate && s.Action == state {
					t.Fatalf("slot %d repeats under alternate", i)
				}
				state = s.Action
			}
		}
		if got := p.End(30); got != p.Slots[29].At+e.Window+e.Settle || p.End(120) != p.Duration {
			t.Fatalf("ends after %v at look 1, after %v at the last", got, p.End(120))
		}
	})
}

// Every assignment of each block comes up equally often, and blocks do not
// depend on one another: 2 of 4 slots, twice, are 36 assignments. Chi-square
// with 35 degrees of freedom exceeds 66.6 once in a thousand times.
func TestBlocksAreDrawnUniformly(t *testing.T) {
	e, _ := experiments.Preset("toggles")
	e.Actions, e.Controls, e.Looks, e.Alpha = 4, 4, []int{4, 8}, 0.5
	if err := e.Validate(); err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	const draws = 18000
	for seed := range uint64(draws) {
		var b strings.Builder
		for _, s := range experiments.NewPlan(e, seed).Slots {
			b.WriteByte("ac"[side(s.Control)])
		}
		counts[b.String()]++
	}
	chi, want := 0.0, e.Assignments()
	for _, n := range counts {
		chi += math.Pow(float64(n)-draws/want, 2) / (draws / want)
	}
	if len(counts) != 36 || want != 36 || chi > 66.6 {
		t.Errorf("%d assignments of %v, chi-square %.1f", len(counts), want, chi)
	}
}

func side(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

func TestLooksThatCannotBeAreRefused(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*experiments.Experiment)
		want   string
	}{
		"one":       {func(e *experiments.Experiment) { e.Looks = []int{120} }, "name at least two"},
		"falling":   {func(e *experiments.Experiment) { e.Looks = []int{60, 30, 120} }, "must increase"},
		"twice":     {func(e *experiments.Experiment) { e.Looks = []int{60, 60, 120} }, "must increase"},
		"zero":      {func(e *experiments.Experiment) { e.Looks = []int{0, 60, 120} }, "must increase"},
		"short":     {func(e *experiments.Experiment) { e.Looks = []int{30, 60} }, "write 120 as the last one"},
		"too early": {func(e *experiments.Experiment) { e.Looks = []int{9, 120} }, "look 1, after 9 slots (3 actions), has a least p of 0.0119, above its level 0.005"},
		"no action": {func(e *experiments.Experiment) { e.Looks = []int{1, 120} }, "0 actions and 1 controls"},
		"no pause":  {func(e *experiments.Experiment) { e.Settle = time.Second }, "plan at least 2s"},
	} {
		e := looking()
		tt.change(&e)
		err := e.Validate()
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
}

func TestLooksAreDerived(t *testing.T) {
	for _, tt := range []struct {
		actions, controls int
		want              []int
	}{{40, 80, []int{30, 60, 120}}, {20, 20, []int{20, 40}}, {10, 20, nil}, {1, 1, nil}} {
		e := looking()
		e.Actions, e.Controls = tt.actions, tt.controls
		if got := e.DerivedLooks(); !slices.Equal(got, tt.want) {
			t.Errorf("%d + %d slots: looks %v, want %v", tt.actions, tt.controls, got, tt.want)
		}
	}
}

func TestTheDesignAtALook(t *testing.T) {
	e := looking()
	at := e.At(1)
	if at.Actions != 10 || at.Controls != 20 || at.Level() != e.Level() || at.Assignments() != experiments.Choose(30, 10) {
		t.Errorf("at look 1: %+v, level %v", at, at.Level())
	}
	if e.Redraws() != 3*experiments.Redraws || e.LeastP() != 1.0/30001 {
		t.Errorf("%d redraws, least p %v", e.Redraws(), e.LeastP())
	}
	if e.At(3).Slots() != 120 || e.Duration() != 2*time.Minute+119*30*time.Second+2*time.Minute+15*time.Second {
		t.Errorf("at the end %d slots, %v", e.At(3).Slots(), e.Duration())
	}
}

// A run is analysed at the look that ended it, else at the last one it reached;
// slots beyond belong to no look.
func TestTheLookThatARunHasReached(t *testing.T) {
	for _, tt := range []struct {
		slots   int
		decided bool
		want    int
	}{{0, false, 0}, {29, false, 0}, {30, false, 1}, {59, false, 1}, {60, false, 2}, {60, true, 1}, {119, false, 2}, {120, false, 3}} {
		r := experiments.Run{Plan: experiments.Plan{Experiment: looking()}}
		for i := range tt.slots {
			r.Commands = append(r.Commands, experiments.Command{Slot: i})
		}
		if tt.decided {
			r.Looks = []experiments.Look{{Number: 1, Slots: 30, Decided: true}}
		}
		if got := r.LookReached(); got != tt.want {
			t.Errorf("%d slots, decided %t: look %d, want %d", tt.slots, tt.decided, got, tt.want)
		}
	}
	fixed, _ := experiments.Preset("toggles")
	r := experiments.Run{Plan: experiments.Plan{Experiment: fixed}, Commands: []experiments.Command{{Slot: 0}}}
	if got := r.LookReached(); got != 0 {
		t.Errorf("a fixed design has reached look %d", got)
	}
}

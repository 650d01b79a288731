package experiments_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/hueprint/hueprint/experiments"
)

// valid draws any experiment that Validate accepts.
func valid(t *rapid.T) experiments.Experiment {
	e := experiments.Experiment{
		Actions:    rapid.IntRange(1, 40).Draw(t, "actions"),
		Controls:   rapid.IntRange(1, 40).Draw(t, "controls"),
		Spacing:    time.Duration(rapid.IntRange(2000, 60000).Draw(t, "spacing")) * time.Millisecond,
		Settle:     time.Duration(rapid.IntRange(0, 60000).Draw(t, "settle")) * time.Millisecond,
		Directions: rapid.SampledFrom([]experiments.Directions{experiments.Alternate, experiments.Random}).Draw(t, "directions"),
		Grouping:   experiments.Separate,
		Alpha:      0.01,
	}
	e.Jitter = time.Duration(rapid.Int64Range(0, int64(e.Spacing)/2-1).Draw(t, "jitter"))
	if e.LeastGap() < time.Second {
		e.Jitter = e.Spacing - time.Second
	}
	e.Window = e.LeastGap() / 2
	if err := e.Validate(); err != nil {
		t.Fatalf("drew an invalid experiment: %v", err)
	}
	return e
}

func TestPlansKeepTheirDesign(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := valid(t)
		seed := rapid.Uint64().Draw(t, "seed")
		p := experiments.NewPlan(e, seed)
		if again := experiments.NewPlan(e, seed); !cmp.Equal(p, again) {
			t.Fatalf("equal seeds, different plans:\n%s", cmp.Diff(p, again))
		}
		actions, state := 0, p.Initial
		for i, s := range p.Slots {
			if i > 0 {
				if gap := s.At - p.Slots[i-1].At; gap < e.Spacing-e.Jitter || gap > e.Spacing+e.Jitter {
					t.Fatalf("slot %d comes %v after the one before", i, gap)
				}
			}
			if s.Control {
				if s.Action != "" {
					t.Fatalf("control slot %d has action %q", i, s.Action)
				}
				continue
			}
			actions++
			if s.Repeat != (s.Action == state) {
				t.Fatalf("slot %d: %s while %s is marked repeat=%v", i, s.Action, state, s.Repeat)
			}
			if e.Directions == experiments.Alternate && s.Repeat {
				t.Fatalf("slot %d repeats under alternate", i)
			}
			state = s.Action
		}
		if actions != e.Actions || len(p.Slots) != e.Slots() {
			t.Fatalf("%d actions in %d slots, want %d in %d", actions, len(p.Slots), e.Actions, e.Slots())
		}
		if last := p.Slots[len(p.Slots)-1].At; p.Duration != last+e.Window+e.Settle {
			t.Fatalf("duration %v does not hold the last window and the settling", p.Duration)
		}
	})
}

// Every assignment of 2 actions to 5 slots must come up equally often: the test
// stands on nothing else. 10,000 draws over 10 assignments; chi-square with 9
// degrees of freedom exceeds 27.9 once in a thousand times, and the seeds are
// fixed.
func TestAssignmentsAreDrawnUniformly(t *testing.T) {
	e, _ := experiments.Preset("toggles")
	e.Actions, e.Controls = 2, 3
	counts := map[string]int{}
	const draws = 10000
	for seed := range uint64(draws) {
		var b strings.Builder
		for _, s := range experiments.NewPlan(e, seed).Slots {
			if s.Control {
				b.WriteByte('c')
			} else {
				b.WriteByte('a')
			}
		}
		counts[b.String()]++
	}
	if len(counts) != 10 {
		t.Fatalf("%d different assignments, want 10", len(counts))
	}
	chi := 0.0
	for _, n := range counts {
		chi += math.Pow(float64(n)-draws/10, 2) / (draws / 10)
	}
	if chi > 27.9 {
		t.Errorf("chi-square %.1f over assignments %v", chi, counts)
	}
}

func TestPresetsAreValid(t *testing.T) {
	for _, e := range experiments.Presets() {
		if err := e.Validate(); err != nil {
			t.Errorf("preset %s: %v", e.Name, err)
		}
	}
	if _, ok := experiments.Preset("none"); ok {
		t.Error("a preset named none exists")
	}
}

func TestChoose(t *testing.T) {
	for _, tt := range []struct {
		n, k int
		want float64
	}{{20, 10, 184756}, {30, 10, 30045015}, {5, 0, 1}, {5, 5, 1}, {5, 6, 0}, {52, 5, 2598960}, {60, 30, 118264581564861424}} {
		if got := experiments.Choose(tt.n, tt.k); math.Abs(got-tt.want) > tt.want*1e-12 {
			t.Errorf("Choose(%d, %d) = %.0f, want %.0f", tt.n, tt.k, got, tt.want)
		}
	}
}

func TestLeastP(t *testing.T) {
	e, _ := experiments.Preset("demo")
	if got := e.LeastP(); got != 1.0/184756 {
		t.Errorf("10 + 10 slots: least p is %g, want 1/184756", got)
	}
	e, _ = experiments.Preset("toggles")
	if got := e.LeastP(); got != 1.0/10001 {
		t.Errorf("10 + 20 slots: least p is %g, want 1/10001", got)
	}
}

func TestValidateReportsEveryMistake(t *testing.T) {
	e := experiments.Experiment{Spacing: time.Second, Jitter: 600 * time.Millisecond, Window: -1, Settle: -1, Alpha: 1, Directions: "left", Grouping: "apart"}
	err := e.Validate()
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{"actions is 0", "controls is 0", "must not be negative", "less than half of spacing",
		"photosensitive", "window -1ns", "alpha 1", `directions "left"`, `run "apart"`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no mention of %q in:\n%v", want, err)
		}
	}
}

func TestWarnings(t *testing.T) {
	e, _ := experiments.Preset("toggles")
	e.Actions, e.Controls = 2, 2
	if ws := e.Warnings(); len(ws) != 1 || !strings.Contains(ws[0], "add slots") {
		t.Errorf("2 + 2 slots at alpha 0.01: warnings %q", ws)
	}
	if e, _ := experiments.Preset("toggles"); len(e.Warnings()) != 0 {
		t.Errorf("preset toggles warns: %q", e.Warnings())
	}
}

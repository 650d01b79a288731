package store

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/experiments"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// aged is a complete, analysed run of that many days ago, of 100 bytes.
func aged(days int, gateway string) Run {
	return Run{ID: fmt.Sprintf("%s%03d", gateway, 999-days), Prepared: noon.AddDate(0, 0, -days), Ending: experiments.Complete, Restored: true,
		Gateways: []string{gateway}, Verdicts: []RunVerdict{{Gateway: gateway, Verdict: analysis.NotDetected}}, Bytes: 100}
}

func TestRetention(t *testing.T) {
	week := 7 * 24 * time.Hour
	kept := aged(40, "echo")
	kept.Tags = []string{"x", KeepTag}
	failed := aged(30, "echo")
	failed.Attention = true
	raw := aged(20, "echo")
	raw.Verdicts = nil
	idle := aged(15, "echo")
	idle.Verdicts, idle.Idle = nil, true
	lone := aged(50, "nest")
	all := []Run{aged(1, "echo"), idle, aged(8, "echo"), kept, raw, aged(9, "echo"), failed, lone}
	for _, c := range []struct {
		name   string
		policy Retention
		remove []string
		over   int64
	}{
		{"nothing is asked", Retention{}, nil, 0},
		{"a week", Retention{Keep: week}, []string{idle.ID, "echo990", "echo991"}, 0},
		{"room for all", Retention{Budget: 800}, nil, 0},
		{"one too many: the oldest that may go", Retention{Budget: 799}, []string{idle.ID}, 0},
		{"too small for what stays", Retention{Budget: 250}, []string{idle.ID, "echo990", "echo991"}, 250},
		{"both", Retention{Keep: week, Budget: 500}, []string{idle.ID, "echo990", "echo991"}, 0},
	} {
		got := c.policy.Choose(all, noon)
		var ids []string
		for _, r := range got.Remove {
			ids = append(ids, r.ID)
		}
		if !slices.Equal(ids, c.remove) || got.Over != c.over {
			t.Errorf("%s: remove %v, over %d; want %v, %d", c.name, ids, got.Over, c.remove, c.over)
		}
	}
}

// What a policy has left, it leaves: choosing again chooses nothing, and whatever
// the runs, each gateway keeps its last verdict.
func TestRetentionSettles(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var all []Run
		for i := range rapid.IntRange(0, 20).Draw(t, "runs") {
			r := aged(rapid.IntRange(0, 60).Draw(t, "days"), rapid.SampledFrom([]string{"echo", "nest"}).Draw(t, "gateway"))
			r.ID = fmt.Sprint(i)
			r.Attention = rapid.IntRange(0, 5).Draw(t, "attention") == 0
			all = append(all, r)
		}
		p := Retention{Keep: time.Duration(rapid.IntRange(0, 50).Draw(t, "keep")) * 24 * time.Hour, Budget: int64(rapid.IntRange(0, 2000).Draw(t, "budget"))}
		c := p.Choose(all, noon)
		left := slices.DeleteFunc(slices.Clone(all), func(r Run) bool {
			return slices.ContainsFunc(c.Remove, func(o Run) bool { return o.ID == r.ID })
		})
		if again := p.Choose(left, noon); len(again.Remove) > 0 || again.Over != c.Over {
			t.Fatalf("chose %v, then %v", c, again)
		}
		for _, g := range []string{"echo", "nest"} {
			of := func(r Run) bool { return r.Gateways[0] == g }
			if slices.ContainsFunc(all, of) && !slices.ContainsFunc(left, of) {
				t.Fatalf("%s has lost its last verdict", g)
			}
		}
	})
}

package storetest

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/store"
)

// Runs is the suite of [store.Runs].
func Runs(t *testing.T, open func(t *testing.T) store.Runs) {
	t.Run("WhatIsPutIsReturned", func(t *testing.T) { runsRoundTrip(t, open(t)) })
	t.Run("QueriesThatCannotBeAsked", func(t *testing.T) { runsBadQueries(t, open(t)) })
	t.Run("TextIsNoPattern", func(t *testing.T) { runsText(t, open(t)) })
	t.Run("FacetsAreWhatOccurs", func(t *testing.T) { runsFacets(t, open(t)) })
	t.Run("PagesStayWholeWhileRunsAreEntered", func(t *testing.T) { runsGrowing(t, open(t)) })
	t.Run("ACancelledCallEnds", func(t *testing.T) { runsCancelled(t, open(t)) })
	t.Run("ListsAgreeWithThePlainComputation", func(t *testing.T) { runsAgree(t, open(t)) })
}

// FullRun is a run with all its fields set.
func FullRun(id string) store.Run {
	p := 0.0078125
	return store.Run{
		ID: id, Dir: "/lab/runs/2026-11-22-toggles-" + id, Experiment: "toggles", Gateways: []string{"aeotec", "echo"}, Light: "3",
		Simulated: true, Idle: true, Prepared: noon, Started: noon.Add(time.Second), Ended: noon.Add(time.Minute),
		Ending: experiments.Aborted, Cause: "the bridge is gone", Restored: true, Slots: 7, Planned: 40,
		Verdicts: []store.RunVerdict{{Gateway: "aeotec", Verdict: analysis.CloudVisible, P: &p, Alpha: 0.01}, {Gateway: "echo", Verdict: analysis.Inconclusive, Alpha: 0.01}},
		Schedule: "nightly", By: "desk", Attempt: 2, Tags: []string{"keep", "night shift"}, Notes: 3, Bytes: 1 << 40, Attention: true,
	}
}

func runsRoundTrip(t *testing.T, s store.Runs) {
	ctx, r := background(), FullRun("A")
	_, err := s.Run(ctx, "A")
	want(t, "a run that is not there", err, store.ErrNotFound)
	must(t, s.PutRun(ctx, r))
	got, err := s.Run(ctx, "A")
	must(t, err)
	same(t, "runs", r, got)
	bare := store.Run{ID: "A", Gateways: []string{}, Verdicts: []store.RunVerdict{}, Tags: []string{}}
	must(t, s.PutRun(ctx, store.Run{ID: "A"}))
	got, err = s.Run(ctx, "A")
	must(t, err)
	same(t, "a run put again, without anything,", bare, got)
	for _, q := range []store.RunQuery{{Gateway: "echo"}, {Tag: "keep"}, {Verdict: "inconclusive"}, {Text: "aeotec"}, {Attention: true}} {
		if page, err := s.ListRuns(ctx, q); err != nil || page.Total != 0 {
			t.Errorf("what the run was is still found by %+v: %v", q, err)
		}
	}
	must(t, s.RemoveRun(ctx, "A"), s.RemoveRun(ctx, "A"))
	_, err = s.Run(ctx, "A")
	want(t, "a removed run", err, store.ErrNotFound)
}

func runsBadQueries(t *testing.T, s store.Runs) {
	ctx := background()
	for i := range 3 {
		must(t, s.PutRun(ctx, store.Run{ID: string(rune('A' + i)), Prepared: noon}))
	}
	page, err := s.ListRuns(ctx, store.RunQuery{Limit: 1})
	must(t, err)
	for what, q := range map[string]store.RunQuery{
		"an unknown column": {Sort: "id; DROP TABLE runs"}, "a long page": {Limit: 501}, "a negative page": {Limit: -1}, "a long text": {Text: strings.Repeat("x", 201)},
		"garbage": {After: "garbage"}, "another order's cursor": {After: page.Next, Ascending: true}, "another column's cursor": {After: page.Next, Sort: store.ByP},
		"a changed cursor": {After: page.Next + "A"}, "no base64": {After: "%%%"}, "an empty cursor": {After: store.Cursor{}.String()},
	} {
		_, err := s.ListRuns(ctx, q)
		want(t, what, err, store.ErrQuery)
	}
}

func runsText(t *testing.T, s store.Runs) {
	ctx := background()
	for id, name := range map[string]string{"A": "100%", "B": "1000", "C": "a_b", "D": "axb", "E": `back\slash`, "F": "Grüße", "G": "'; --"} {
		must(t, s.PutRun(ctx, store.Run{ID: id, Experiment: name, Prepared: noon}))
	}
	for text, ids := range map[string]string{"100%": "A", "%": "A", "_": "C", "A_B": "C", `\`: "E", "grÜSSE": "", "GRÜ": "F", "'; --": "G", "100": "BA", "zzz": ""} {
		page, err := s.ListRuns(ctx, store.RunQuery{Text: text})
		must(t, err)
		got := ""
		for _, r := range page.Runs {
			got += r.ID
		}
		if got != ids || page.Total != len(ids) {
			t.Errorf("looking for %q found %q, want %q", text, got, ids)
		}
	}
}

func runsFacets(t *testing.T, s store.Runs) {
	ctx := background()
	f, err := s.RunFacets(ctx)
	must(t, err)
	same(t, "facets of nothing", store.Facets{Gateways: []string{}, Verdicts: []string{}, Tags: []string{}, Experiments: []string{}}, f)
	must(t, s.PutRun(ctx, FullRun("A")), s.PutRun(ctx, FullRun("B")), s.PutRun(ctx, store.Run{ID: "C", Gateways: []string{"nest"}}))
	f, err = s.RunFacets(ctx)
	must(t, err)
	same(t, "facets", store.Facets{Gateways: []string{"aeotec", "echo", "nest"}, Verdicts: []string{"cloud-visible", "inconclusive"},
		Tags: []string{"keep", "night shift"}, Experiments: []string{"toggles"}}, f)
}

func runsGrowing(t *testing.T, s store.Runs) {
	ctx := background()
	for i := range 20 {
		must(t, s.PutRun(ctx, store.Run{ID: string(rune('a' + i)), Prepared: noon.Add(time.Duration(2*i) * time.Hour)}))
	}
	seen, q := "", store.RunQuery{Limit: 3}
	for i := 0; ; i++ {
		page, err := s.ListRuns(ctx, q)
		must(t, err)
		for _, r := range page.Runs {
			seen += r.ID
		}
		must(t, s.PutRun(ctx, store.Run{ID: string(rune('A' + i)), Prepared: noon.Add(time.Duration(39-4*i) * time.Hour)}))
		if q.After = page.Next; page.Next == "" {
			break
		}
	}
	for i := range 20 {
		if id := string(rune('a' + i)); strings.Count(seen, id) != 1 {
			t.Errorf("run %s was shown %d times in %s", id, strings.Count(seen, id), seen)
		}
	}
}

func runsCancelled(t *testing.T, s store.Runs) {
	ctx, cancel := context.WithCancel(background())
	cancel()
	want(t, "a cancelled call", s.PutRun(ctx, store.Run{ID: "A"}), context.Canceled)
	if _, err := s.Run(background(), "A"); err == nil {
		t.Error("a cancelled call has entered its run")
	}
}

// runsAgree compares random lists with choose and order, page by page.
func runsAgree(t *testing.T, s store.Runs) {
	ctx := background()
	all := map[string]store.Run{}
	rapid.Check(t, func(t *rapid.T) {
		for range rapid.IntRange(0, 6).Draw(t, "changes") {
			r := drawRun(t)
			if rapid.IntRange(0, 4).Draw(t, "remove") == 0 {
				delete(all, r.ID)
				if err := s.RemoveRun(ctx, r.ID); err != nil {
					t.Fatal(err)
				}
				continue
			}
			all[r.ID] = r
			if err := s.PutRun(ctx, r); err != nil {
				t.Fatal(err)
			}
		}
		q := drawQuery(t)
		want := choose(all, q)
		got := []string{}
		for {
			page, err := s.ListRuns(ctx, q)
			if err != nil {
				t.Fatal(err)
			}
			if page.Total != len(want) {
				t.Fatalf("total %d, want %d for %+v", page.Total, len(want), q)
			}
			for _, r := range page.Runs {
				got = append(got, r.ID)
			}
			if q.After = page.Next; page.Next == "" {
				break
			}
			if len(page.Runs) != q.Limit {
				t.Fatalf("a page of %d before the last one, want %d", len(page.Runs), q.Limit)
			}
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%+v: got %v, want %v", q, got, want)
		}
	})
}

var (
	ids        = rapid.StringMatching(`[A-F][0-9]`)
	gateways   = rapid.SampledFrom([]string{"aeotec", "echo", "nest", "a,b"})
	verdicts   = rapid.SampledFrom([]analysis.Conclusion{analysis.CloudVisible, analysis.LANVisible, analysis.NotDetected, analysis.Inconclusive})
	tags       = rapid.SampledFrom([]string{"keep", "seen", "night"})
	named      = rapid.SampledFrom([]string{"toggles", "paper", ""})
	fired      = rapid.SampledFrom([]string{"", "nightly"})
	endings    = rapid.SampledFrom([]experiments.Ending{experiments.Complete, experiments.Aborted})
	leastPs    = rapid.SampledFrom([]float64{0.001, 0.01, 0.5, 1})
	fewSeconds = rapid.Custom(func(t *rapid.T) time.Duration {
		return time.Duration(rapid.IntRange(0, 5).Draw(t, "seconds")) * time.Second
	})
)

func drawRun(t *rapid.T) store.Run {
	r := store.Run{ID: ids.Draw(t, "id"), Experiment: named.Draw(t, "experiment"), Prepared: noon.Add(fewSeconds.Draw(t, "prepared")),
		Ending: endings.Draw(t, "ending"), Schedule: fired.Draw(t, "schedule"), Attention: rapid.Bool().Draw(t, "attention"),
		Gateways: rapid.SliceOfNDistinct(gateways, 0, 2, rapid.ID[string]).Draw(t, "gateways"),
		Tags:     rapid.SliceOfNDistinct(tags, 0, 2, rapid.ID[string]).Draw(t, "tags")}
	if rapid.Bool().Draw(t, "ran") {
		r.Started = r.Prepared
		r.Ended = r.Started.Add(fewSeconds.Draw(t, "took"))
	}
	for _, g := range r.Gateways {
		v := store.RunVerdict{Gateway: g, Verdict: verdicts.Draw(t, "verdict")}
		if rapid.Bool().Draw(t, "tested") {
			p := leastPs.Draw(t, "p")
			v.P = &p
		}
		if rapid.Bool().Draw(t, "analysed") {
			r.Verdicts = append(r.Verdicts, v)
		}
	}
	return r
}

func drawQuery(t *rapid.T) store.RunQuery {
	sometimes := func(name, value string) string {
		if rapid.IntRange(0, 3).Draw(t, name) > 0 {
			return ""
		}
		return value
	}
	q := store.RunQuery{
		Gateway: sometimes("by gateway", gateways.Draw(t, "gateway")), Verdict: sometimes("by verdict", string(verdicts.Draw(t, "verdict"))),
		Tag: sometimes("by tag", tags.Draw(t, "tag")), Experiment: sometimes("by experiment", named.Draw(t, "experiment")),
		Schedule: sometimes("by schedule", fired.Draw(t, "schedule")), Ending: sometimes("by ending", string(endings.Draw(t, "ending"))),
		Text:      sometimes("by text", rapid.SampledFrom([]string{"E", "toggles", "A1", ","}).Draw(t, "text")),
		Attention: rapid.IntRange(0, 3).Draw(t, "by attention") == 0,
		Sort:      rapid.SampledFrom([]store.RunSort{"", store.ByTime, store.ByExperiment, store.ByGateway, store.ByVerdict, store.ByP, store.ByDuration}).Draw(t, "sort"),
		Ascending: rapid.Bool().Draw(t, "ascending"), Limit: rapid.IntRange(1, 7).Draw(t, "limit"),
	}
	if rapid.IntRange(0, 3).Draw(t, "by time") == 0 {
		q.From, q.To = noon.Add(fewSeconds.Draw(t, "from")), noon.Add(fewSeconds.Draw(t, "to"))
	}
	return q
}

// choose is what a list must hold, in its order.
func choose(all map[string]store.Run, q store.RunQuery) []string {
	found := []store.Run{}
	for _, r := range all {
		if matches(r, q) {
			found = append(found, r)
		}
	}
	slices.SortFunc(found, func(a, b store.Run) int {
		c := cmp.Or(compare(a, b, q.Sort), cmp.Compare(a.ID, b.ID))
		if !q.Ascending {
			c = -c
		}
		return c
	})
	chosen := []string{}
	for _, r := range found {
		chosen = append(chosen, r.ID)
	}
	return chosen
}

func matches(r store.Run, q store.RunQuery) bool {
	verdict := func(v store.RunVerdict) bool {
		return string(v.Verdict) == q.Verdict && (q.Gateway == "" || v.Gateway == q.Gateway)
	}
	text := strings.ToLower(strings.Join(slices.Concat([]string{r.ID, r.Experiment, r.Cause}, r.Gateways, r.Tags), "\n"))
	return (q.Gateway == "" || slices.Contains(r.Gateways, q.Gateway)) &&
		(q.Verdict == "" || slices.ContainsFunc(r.Verdicts, verdict)) &&
		(q.Tag == "" || slices.Contains(r.Tags, q.Tag)) &&
		(q.Experiment == "" || r.Experiment == q.Experiment) && (q.Schedule == "" || r.Schedule == q.Schedule) &&
		(q.Ending == "" || string(r.Ending) == q.Ending) && (!q.Attention || r.Attention) &&
		(q.From.IsZero() || !r.Prepared.Before(q.From)) && (q.To.IsZero() || r.Prepared.Before(q.To)) &&
		strings.Contains(text, strings.ToLower(q.Text))
}

func compare(a, b store.Run, by store.RunSort) int {
	switch by {
	case store.ByExperiment:
		return cmp.Compare(a.Experiment, b.Experiment)
	case store.ByGateway:
		return cmp.Compare(strings.Join(a.Gateways, ", "), strings.Join(b.Gateways, ", "))
	case store.ByVerdict:
		return cmp.Compare(widest(a), widest(b))
	case store.ByP:
		return cmp.Compare(smallestP(a), smallestP(b))
	case store.ByDuration:
		return cmp.Compare(took(a), took(b))
	}
	return a.Prepared.Compare(b.Prepared)
}

func widest(r store.Run) int {
	rank := map[analysis.Conclusion]int{analysis.CloudVisible: 4, analysis.LANVisible: 3, analysis.NotDetected: 2, analysis.Inconclusive: 1}
	most := 0
	for _, v := range r.Verdicts {
		most = max(most, rank[v.Verdict])
	}
	return most
}

func smallestP(r store.Run) float64 {
	least := 99.0
	for _, v := range r.Verdicts {
		if v.P != nil {
			least = min(least, *v.P)
		}
	}
	return least
}

func took(r store.Run) time.Duration {
	if r.Started.IsZero() || r.Ended.IsZero() {
		return 0
	}
	return r.Ended.Sub(r.Started)
}

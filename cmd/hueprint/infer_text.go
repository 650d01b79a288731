package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hueprint/hueprint/analysis/infer"
	"github.com/hueprint/hueprint/reports"
)

// mostListed is how many inferred actions of a recording are listed.
const mostListed = 200

// printInference says an answer for people.
func printInference(w io.Writer, a infer.Answer) error {
	var b strings.Builder
	if a.Simulated {
		b.WriteString("SIMULATED: evidence for nothing about real gateways.\n\n")
	}
	for _, l := range a.Lessons {
		tellLesson(&b, l)
	}
	for _, t := range a.Tests {
		tellTest(&b, t)
	}
	if len(a.Tests) > 1 {
		b.WriteString("In total\n")
		tellScore(&b, a.Score)
	}
	for _, n := range a.Warnings {
		fmt.Fprintf(&b, "\nNote: %s\n", reports.Prose(n))
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write the answer: %w", err)
	}
	return nil
}

func tellLesson(b *strings.Builder, l infer.Lesson) {
	name := reports.Prose(l.Gateway)
	if l.Empty() {
		fmt.Fprintf(b, "Nothing can be learned about %s: no mark comes significantly with the actions of the training. It is never said to act.\n\n", name)
		return
	}
	m := l.Variants[0].Model
	fmt.Fprintf(b, "Learned about %s from %d actions in %d recordings:\n", name, l.Actions, l.Recordings)
	for _, g := range m.Signatures {
		fmt.Fprintf(b, "  %s: at least %d of these %d, seen with %d of %d actions and %d times without\n", reports.Prose(g.Label), g.Needed, len(g.Steps), g.Trained, g.Of, g.False)
		for _, s := range g.Steps {
			mark := m.Marks[s.Mark]
			fmt.Fprintf(b, "    %+6.2f s  %-3s %-13s %-14s %s\n", (s.From + (s.To-s.From)/2).Seconds(), mark.Direction, mark.Kind, lengthsOf(s.Lengths),
				reports.Prose(fmt.Sprintf("%s:%d/%s %s", mark.Channel.Name, mark.Channel.Port, mark.Channel.Transport, mark.Detail)))
		}
	}
	c := m.Classifier
	switch {
	case len(c.Labels) < 2:
	case c.Separable:
		fmt.Fprintf(b, "  told apart, each left out in turn: %s; ceiling %s\n", share(c.LeaveOneOut.Share), percent(c.Ceiling))
	default:
		fmt.Fprintf(b, "  its actions cannot be told apart (each left out in turn: %s)\n", share(c.LeaveOneOut.Share))
	}
	b.WriteString("\n")
}

func lengthsOf(all []infer.Range) string {
	var parts []string
	for _, r := range all {
		if r.Max == 0 {
			continue
		}
		part := fmt.Sprint(r.Min)
		if r.Max > r.Min {
			part += fmt.Sprintf("–%d", r.Max)
		}
		parts = append(parts, part)
	}
	if len(parts) == 0 {
		return "-"
	}
	return strings.Join(parts, ", ") + " B"
}

func tellTest(b *strings.Builder, t infer.Test) {
	fmt.Fprintf(b, "Tested on %s", reports.Prose(t.Recording))
	switch t.Truth {
	case infer.TruthUnknown:
		fmt.Fprintf(b, ", %.2f hours, truth unknown: %d actions inferred\n", t.Hours, len(t.Inferred))
		for _, d := range t.Inferred[:min(mostListed, len(t.Inferred))] {
			fmt.Fprintf(b, "  %s  %-10s confidence %.2f (%d of %d steps)\n", d.Time.UTC().Format(time.RFC3339Nano), reports.Prose(d.Label), d.Confidence, d.Found, d.Steps)
		}
		if n := len(t.Inferred) - mostListed; n > 0 {
			fmt.Fprintf(b, "  … and %d more (--json has all)\n", n)
		}
	case infer.TruthIdle:
		fmt.Fprintf(b, ", nothing was done in it\n")
		tellFalse(b, t.Score)
	default:
		b.WriteString("\n")
		tellScore(b, t.Score)
		for _, v := range t.Variants[min(1, len(t.Variants)):] {
			fmt.Fprintf(b, "  one side alone, %-3s  %d of %d found, %s, %d false\n", v.Side, v.Detected, v.Actions, named(v.Score), v.FalsePositives)
		}
	}
	b.WriteString("\n")
}

func tellScore(b *strings.Builder, s infer.Score) {
	fmt.Fprintf(b, "  %d of %d actions found, %s\n", s.Detected, s.Actions, named(s))
	fmt.Fprintf(b, "  recall %s, precision %s, F1 %s; accuracy %s, ceiling %s\n", share(s.Recall), share(s.Precision), share(s.F1), share(s.Accuracy), percent(s.Ceiling))
	tellFalse(b, s)
	if len(s.Confusion) > 0 {
		fmt.Fprintf(b, "  done → said: %s\n", confusion(s.Confusion))
	}
}

// named tells how many were called by their name, where they can be.
func named(s infer.Score) string {
	unnamed := s.PerLabel[infer.AnyAction].Correct
	words := fmt.Sprintf("%d of them right", s.Correct-unnamed)
	switch {
	case unnamed > 0 && unnamed == s.Detected:
		return "not told apart"
	case unnamed > 0:
		words += fmt.Sprintf(", %d not told apart", unnamed)
	}
	return words
}

func tellFalse(b *strings.Builder, s infer.Score) {
	fmt.Fprintf(b, "  %d false positives in %.2f hours", s.FalsePositives, s.Hours)
	if s.PerHour != nil {
		fmt.Fprintf(b, ": %.2g an hour, at most %.2g", *s.PerHour, *s.AtMost)
	}
	b.WriteString("\n")
}

func confusion(all map[string]map[string]int) string {
	var parts []string
	for _, done := range slices.Sorted(maps.Keys(all)) {
		for _, said := range slices.Sorted(maps.Keys(all[done])) {
			parts = append(parts, fmt.Sprintf("%s → %s %d", reports.Prose(done), reports.Prose(said), all[done][said]))
		}
	}
	return strings.Join(parts, ", ")
}

func share(i *infer.Interval) string {
	if i == nil {
		return "–"
	}
	return fmt.Sprintf("%.1f %% (%.1f–%.1f)", 100*i.Value, 100*i.Low, 100*i.High)
}

func percent(v *float64) string {
	if v == nil {
		return "–"
	}
	return fmt.Sprintf("%.1f %%", 100**v)
}

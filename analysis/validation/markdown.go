package validation

import (
	"fmt"
	"strings"

	"github.com/hueprint/hueprint/analysis"
)

// Markdown is the document of the results.
func (r Results) Markdown() string {
	var b strings.Builder
	b.WriteString(strings.ReplaceAll(preface, "VERSION", analysis.Version))
	if r.Reduced {
		b.WriteString("\n**These are reduced sizes: the figures are rough.**\n")
	}
	r.levels(&b)
	r.marks(&b)
	r.causes(&b)
	r.looks(&b)
	b.WriteString("\n## Claims\n\n")
	if failures := r.Failures(); len(failures) > 0 {
		for _, f := range failures {
			b.WriteString("- FAILED: " + f + "\n")
		}
		return b.String()
	}
	b.WriteString("All that is claimed above holds in these runs.\n")
	return b.String()
}

const preface = `# Validation

What the analysis claims, tried on synthetic traffic whose truth is known, by the
same code that analyses recordings, from packets to verdict (analysis version
VERSION). Written by

    hueprint validate --out docs/validation.md

with fixed seeds: another run gives the same bytes. The traffic is made to fool
tests and resembles no real gateway. These tables say that the method is sound;
they say nothing about what any device does.
`

func (r Results) levels(b *strings.Builder) {
	fmt.Fprintf(b, `
## Level: nothing there, nothing found

Traffic that does not depend on which slots were actions. %d runs of each, 8 + 8
slots (all 12,870 assignments); the share of runs whose p is at most the level.
A share may be lower than its level, as p is discrete and candidates are
adjusted for; by chance alone it exceeds %.3f or %.3f once in a thousand tables.
A test that never says "yes" would keep every level, too: so the mean p must lie
within 0.45 and 0.60. A run in which no kind of packet was common enough to be
tested has no p; it counts as "not found", and not in the mean.

| traffic | runs | with p | p ≤ 0.05 | p ≤ 0.01 | mean p |
|---|---:|---:|---:|---:|---:|
`, r.Sizes.Null, Upper(r.Sizes.Null, 0.05), Upper(r.Sizes.Null, 0.01))
	for _, l := range r.Levels {
		fmt.Fprintf(b, "| %s | %d | %d | %.3f | %.3f | %.3f |\n", l.Name, l.Runs, l.Tested, l.At05, l.At01, l.MeanP)
	}
	b.WriteString(`
In "commands failing in busy slots" the bridge fails where the gateway is busy:
every slot stays in the arm into which it was drawn, or the test would be
biased. "State leak beyond the window" is a heartbeat whose length follows the
light twenty seconds late, after the window has closed. A leak *inside* the
window is no null: there the window shows its own command, and saying so is
right.
`)
}

func (r Results) marks(b *strings.Builder) {
	least := 0
	for i, d := range r.Marks {
		if i == 0 || d.LeastCandidates < least {
			least = d.LeastCandidates
		}
	}
	fmt.Fprintf(b, `
## Power: what is there is found

One record of a length of its own after a share of the actions, beside the
traffic of a busy gateway. %d runs of each rate, 10 + 20 slots, alpha 0.01, at
least %d candidate classes in every run. Claimed: at least 0.99 at rate 1.0 and
0.95 at rate 0.9.

| rate of reaction | found |
|---:|---:|
`, r.Sizes.Mark, least)
	for _, d := range r.Marks {
		fmt.Fprintf(b, "| %.1f | %.3f |\n", d.Rate, d.Share)
	}
}

func (r Results) causes(b *strings.Builder) {
	fmt.Fprintf(b, `
## Secondary tests: each effect under its own name

Runs with random directions, 24 + 24 slots, %d of each cause, alpha 0.01. The
columns are the shares of runs in which each question was answered "yes" at 0.05
and at 0.01; where the question is not the cause's own, this is its level. On
against off and change against command compare reactions and have nothing to
compare where the run shows none: such runs count as "no". "Named" is the share
of runs in which the cause's own question got the right answer; it is claimed to
be at least %.1f. A reaction to "on" only, or to changes only, exists in about
half of the actions: what the run cannot see at all, it cannot name.

| cause | cloud-visible | on against off | change against command | state | named |
|---|---:|---:|---:|---:|---:|
`, r.Sizes.Cause, RightAtLeast)
	for _, a := range r.Causes {
		fmt.Fprintf(b, "| %s | %.3f |", a.Cause.Name, a.Visible)
		for i, q := range Questions() {
			mark := ""
			if q == a.Cause.Asked {
				mark = "**"
			}
			fmt.Fprintf(b, " %s%.3f / %.3f%s |", mark, a.Levels[i].At05, a.Levels[i].At01, mark)
		}
		named := "–"
		if a.Cause.Asked != "" {
			named = fmt.Sprintf("%.3f, \"%s\"", a.Right, a.Cause.Answer)
		}
		fmt.Fprintf(b, " %s |\n", named)
	}
	b.WriteString(`
A leak of the state lets windows differ, too: after "on" they show the traffic
of a light that is on. It is kept out of the comparison of reactions, because
only classes count that come with the action among trials in the same state.
`)
}

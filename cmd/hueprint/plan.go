package main

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/hueprint/hueprint/analysis/correlate"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/orchestrator"
)

func (p *program) planCommand() *cobra.Command {
	var seed uint64
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "plan EXPERIMENT",
		Short: "Show what a run would do and what it could detect; touches nothing",
		Long: `Draws the plan of an experiment and prints its slots, how long it takes, the
smallest p it can yield, and how reliably a gateway must react to be found. It
touches neither bridge nor network.

EXPERIMENT is one of the configuration, or a preset (toggles, paper, demo). The
same --seed draws the same plan; 'hueprint run --seed' carries it out.`,
		Example: "  hueprint plan toggles --seed 7\n  hueprint plan demo --json",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			e, err := p.experiment(args[0])
			if err != nil {
				return err
			}
			if !cmd.Flags().Changed("seed") {
				seed = drawSeed()
			}
			plan := experiments.NewPlan(e, seed)
			if asJSON {
				enc := json.NewEncoder(p.out)
				enc.SetIndent("", "  ")
				return enc.Encode(plan)
			}
			p.printPlan(plan)
			p.warnUnconfirmed(plan)
			return nil
		},
		ValidArgsFunction: p.completeExperiments,
	}
	cmd.Flags().Uint64Var(&seed, "seed", 0, "seed of the draw (default: a new one)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the plan as JSON")
	return cmd
}

// experiment finds a design by name: in the configuration, or, where that has
// none of the name or does not exist, among the presets.
func (p *program) experiment(name string) (experiments.Experiment, error) {
	preset, isPreset := experiments.Preset(name)
	c, err := p.load()
	if err != nil {
		if isPreset {
			return preset, nil
		}
		return experiments.Experiment{}, err
	}
	if e, ok := c.Experiment(name); ok {
		return e, nil
	}
	if isPreset {
		return preset, nil
	}
	return experiments.Experiment{}, fmt.Errorf("%s has no experiment %q: it has %s; the presets are toggles, paper and demo",
		p.configPath, name, strings.Join(c.ExperimentNames(), ", "))
}

func (p *program) completeExperiments(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	names := []string{"toggles", "paper", "demo"}
	if c, err := p.load(); err == nil {
		names = c.ExperimentNames()
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// drawSeed draws a seed that is easy to repeat by hand.
func drawSeed() uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return binary.LittleEndian.Uint64(b[:]) % 1_000_000_000
}

func (p *program) printPlan(plan experiments.Plan) {
	e := plan.Experiment
	fmt.Fprintf(p.out, "%s: %d actions and %d controls, every %v ± %v, window %v, seed %d\n",
		e.Name, e.Actions, e.Controls, e.Spacing, e.Jitter, e.Window, plan.Seed)
	fmt.Fprintf(p.out, "takes %v; the light is first put %s\n", plan.Duration.Round(time.Second), plan.Initial)
	p.printLooks(plan)
	fmt.Fprintln(p.out)
	slots := p.table("slot", "at", "what")
	for i, s := range plan.Slots {
		if look := slices.Index(e.Looks, i); look >= 0 {
			slots.AppendRow(table.Row{"", "", fmt.Sprintf("look %d of %d", look+1, len(e.Looks))})
		}
		what := "control (nothing is sent)"
		if !s.Control {
			what = string(s.Action)
		}
		if s.Repeat {
			what += " (repeat: it already is)"
		}
		slots.AppendRow(table.Row{s.Index + 1, s.At.Round(time.Millisecond), what})
	}
	fmt.Fprintf(p.out, "%s\n\n", slots.Render())
	p.printPower(e)
	for _, w := range e.Warnings() {
		fmt.Fprintf(p.out, "\nWarning: %s\n", w)
	}
}

// warnUnconfirmed says so where the configured bridge has no event stream and
// the slots follow too fast for reading the light back: more than one command in
// ten without a witness makes a run inconclusive.
func (p *program) warnUnconfirmed(plan experiments.Plan) {
	c, err := p.load()
	if err != nil || !strings.HasPrefix(c.Bridge.Address, "http://") {
		return
	}
	if n, actions := orchestrator.Unreadable(plan), plan.Experiment.Actions; 10*n > actions {
		fmt.Fprintf(p.out, "\nWarning: the run will be inconclusive: over http:// the bridge has no event stream that confirms commands, and %d of %d actions leave no time to read the light back (the next slot must be 3.75 s away). Lengthen the spacing, or reach the bridge over https://.\n", n, actions)
	}
}

// printPower says what the design can detect, alone and beside other candidates,
// and what more slots would bring.
func (p *program) printPower(e experiments.Experiment) {
	fmt.Fprintf(p.out, "least p: %.2g (α = %g)\n", e.LeastP(), e.Alpha)
	fmt.Fprintf(p.out, "A mark that never occurs by itself is found\n\n")
	t := p.table("slots", "other kinds of packets", "always when in", "in 95 % of runs at a rate of")
	for _, at := range prospects(e) {
		for _, others := range []int{0, 50} {
			// A lot drawn by block finds a little more; this is the bound without blocks.
			d := correlate.Detectable(at.Actions, at.Controls, at.Level(), others, e.Redraws())
			least, rate := "never", "–"
			if d.KMin > 0 {
				least, rate = fmt.Sprintf("%d of %d actions", d.KMin, at.Actions), fmt.Sprintf("%.0f %%", d.R95*100)
			}
			t.AppendRow(table.Row{fmt.Sprintf("%d + %d", at.Actions, at.Controls), others, least, rate})
		}
	}
	fmt.Fprintln(p.out, t.Render())
}

// prospects are the designs whose power is worth knowing beforehand: the one
// planned, with two and three times the slots beside it, or at each of its looks.
func prospects(e experiments.Experiment) []experiments.Experiment {
	var all []experiments.Experiment
	if len(e.Looks) > 0 {
		for look := range e.Looks {
			all = append(all, e.At(look+1))
		}
		return all
	}
	for factor := 1; factor <= 3; factor++ {
		more := e
		more.Actions, more.Controls = e.Actions*factor, e.Controls*factor
		all = append(all, more)
	}
	return all
}

// printLooks says when a run may end early, and at which level.
func (p *program) printLooks(plan experiments.Plan) {
	e := plan.Experiment
	if len(e.Looks) == 0 {
		return
	}
	fmt.Fprintf(p.out, "may end early: α = %g is split equally over %d looks, so that p must be at most %.3g at one of them\n", e.Alpha, len(e.Looks), e.Level())
	for i, slots := range e.Looks {
		at := e.At(i + 1)
		fmt.Fprintf(p.out, "  look %d of %d after %d slots (%d actions, %d controls): takes %v if it ends there, least p %.2g\n",
			i+1, len(e.Looks), slots, at.Actions, at.Controls, plan.End(slots).Round(time.Second), experiments.LeastP(at.Assignments(), e.Redraws()))
	}
}

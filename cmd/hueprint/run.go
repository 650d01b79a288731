package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"os/user"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/capture"
	"github.com/hueprint/hueprint/config"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/hue"
	"github.com/hueprint/hueprint/orchestrator"
	"github.com/hueprint/hueprint/reports"
	"github.com/hueprint/hueprint/runs"
)

// runFlags are what run takes beside its argument.
type runFlags struct {
	out      outputFlags
	seed     uint64
	seedSet  bool
	gateways []string
}

func (p *program) runCommand() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "run EXPERIMENT",
		Short: "Carry out an experiment: toggle, record, test, report",
		Long: `Carries out an experiment of the configuration: records the gateways' traffic,
operates the light at the planned times, puts it back as it was found, analyses
the recording, and writes the report into the run's folder.

Nothing is sent before every recorder has proved that it records. Ctrl-C stops
the run and puts the light back; what was recorded is kept. A second Ctrl-C ends
the tries at a bridge that is away. If it stays away, or the program or the host
dies, the next 'hueprint run', 'doctor' or 'restore' puts the light back.

An experiment with "until: decided" looks at what it has after planned numbers of
slots, and ends at once when a mark is shown.

'hueprint plan EXPERIMENT' shows beforehand what will be done.`,
		Example: "  hueprint run toggles\n  hueprint run toggles --gateway aeotec --seed 7 --json",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			f.seedSet = cmd.Flags().Changed("seed")
			return p.runExperiment(cmd.Context(), args[0], f)
		},
		ValidArgsFunction: p.completeExperiments,
	}
	f.out.add(cmd, "")
	cmd.Flags().Uint64Var(&f.seed, "seed", 0, "seed of the plan (default: a new one)")
	cmd.Flags().StringSliceVar(&f.gateways, "gateway", nil, "test only these gateways of the experiment")
	return cmd
}

// bench is the lab, ready for runs.
type bench struct {
	config    config.Config
	site      site
	act       actuator
	identity  experiments.BridgeIdentity
	addresses []netip.Addr
	state     string
}

// openBench loads the configuration and asks the bridge who it is.
func (p *program) openBench(ctx context.Context) (bench, error) {
	c, err := p.load()
	if err != nil {
		return bench{}, err
	}
	client, err := p.bridgeClient(c.Bridge)
	if err != nil {
		return bench{}, err
	}
	b, err := connect(c.Bridge, client)
	if err != nil {
		return bench{}, err
	}
	return newBench(ctx, c, b)
}

func newBench(ctx context.Context, c config.Config, b *hue.Bridge) (bench, error) {
	act := actuator{b}
	identity, err := act.identify(ctx)
	if err != nil {
		return bench{}, fmt.Errorf("ask the bridge who it is: %w", err)
	}
	return bench{config: c, site: realSite{}, act: act, identity: identity, addresses: addressesOf(ctx, c.Bridge.Address), state: runs.StateDir(os.Getenv)}, nil
}

// addressesOf finds the bridge's addresses, for telling a gateway's talk with it
// apart.
func addressesOf(ctx context.Context, address string) []netip.Addr {
	u, err := url.Parse(address)
	if err != nil {
		return nil
	}
	if addr, err := netip.ParseAddr(u.Hostname()); err == nil {
		return []netip.Addr{addr.Unmap()}
	}
	addrs, _ := net.DefaultResolver.LookupNetIP(ctx, "ip", u.Hostname())
	for i := range addrs {
		addrs[i] = addrs[i].Unmap()
	}
	return addrs
}

func (p *program) runExperiment(ctx context.Context, name string, f runFlags) error {
	b, err := p.openBench(ctx)
	if err != nil {
		return err
	}
	e, ok := b.config.Experiment(name)
	if !ok {
		return fmt.Errorf("%s has no experiment %q: it has %s", p.configPath, name, strings.Join(b.config.ExperimentNames(), ", "))
	}
	if len(f.gateways) > 0 {
		e.Gateways = f.gateways
	}
	if err := p.restorePending(ctx, b); err != nil {
		return err
	}
	d := reports.Document{Lab: b.config.Lab, Command: "hueprint run " + shellQuote(name)}
	board := newProgress(p.err)
	failed := false
	for _, group := range groups(e) {
		seed := f.seed
		if !f.seedSet {
			seed = drawSeed()
		}
		part, err := p.conduct(ctx, b, group, seed, board)
		if part != nil {
			d.Parts = append(d.Parts, *part)
		}
		if err != nil {
			failed = true
			fmt.Fprintf(p.err, "hueprint: %s\n", complaint(err))
			if ctx.Err() != nil {
				break
			}
		}
	}
	board.stop()
	if len(d.Parts) == 0 {
		return errors.New("no run could be carried out")
	}
	err = p.presentRuns(d, f.out)
	if failed {
		err = failure(err, errors.New("not every run was completed; see above"))
	}
	return err
}

// failure makes the exit status that of failed work, which comes before an
// answer that is inconclusive because of it.
func failure(answer, failed error) error {
	if errors.Is(answer, errInconclusive) {
		answer = nil
	}
	return errors.Join(answer, failed)
}

// presentRuns shows the answer; the report of a single run is the one in its
// folder unless another was asked for.
func (p *program) presentRuns(d reports.Document, f outputFlags) error {
	if f.report == "" && len(d.Parts) == 1 && !f.json {
		err := p.present(d, f)
		fmt.Fprintf(p.out, "\nRun:    %s\nReport: %s\n", d.Parts[0].Folder, d.Parts[0].Folder+"/report.html")
		return err
	}
	return p.present(d, f)
}

// groups splits an experiment into its runs: one a gateway, or one for all.
func groups(e experiments.Experiment) []experiments.Experiment {
	if e.Grouping == experiments.Together {
		return []experiments.Experiment{e}
	}
	var all []experiments.Experiment
	for _, name := range e.Gateways {
		one := e
		one.Gateways = []string{name}
		all = append(all, one)
	}
	return all
}

// conduct carries out one run and analyses it. There is a part whenever
// something was recorded, also beside an error.
func (p *program) conduct(ctx context.Context, b bench, e experiments.Experiment, seed uint64, board *progressBoard) (*reports.Part, error) {
	order, err := b.order(e, seed)
	if err != nil {
		return nil, err
	}
	conductor := b.conductor()
	hurry, stop := p.secondSignal()
	defer stop()
	conductor.Hurry = hurry
	conductor.Observer = board.gateway(strings.Join(e.Gateways, " + "), e.Slots())
	folder, err := conductor.Run(ctx, order)
	if folder == nil {
		return nil, err
	}
	part, analysisErr := analyzeRun(folder, analysis.Options{})
	if analysisErr != nil {
		return nil, errors.Join(err, analysisErr)
	}
	return &part, errors.Join(err, keepReport(folder, part, fmt.Sprintf("hueprint run %s --seed %d", shellQuote(e.Name), seed)))
}

// conductor has the means of the lab.
func (b bench) conductor() orchestrator.Conductor {
	c := orchestrator.Conductor{
		Root: b.config.Runs, State: b.state,
		Switch: b.act, States: b.act, Restorer: b.act, Preparer: b.act, Watcher: b.act,
	}
	if u, err := user.Current(); err == nil {
		c.User = u.Username
	}
	return c
}

// order gathers what one run needs.
func (b bench) order(e experiments.Experiment, seed uint64) (orchestrator.Order, error) {
	o := orchestrator.Order{
		Plan: experiments.NewPlan(e, seed), Recorders: map[string]capture.Recorder{},
		Bridge: b.identity, Registered: analysis.Registered(e), Simulated: b.site.simulated(), Keep: b.config.Keep, Version: programVersion(), Via: "bridge",
	}
	for _, name := range e.Gateways {
		g, ok := b.config.Gateway(name, b.addresses...)
		if !ok {
			return o, fmt.Errorf("the configuration has no gateway %q", name)
		}
		o.Gateways = append(o.Gateways, g)
		o.Recorders[name] = b.site.tap(g)
	}
	if e.Grouping == experiments.Separate && !b.site.simulated() { // simulated gateways never rest, and never affect each other
		o.Others = b.others(e.Gateways)
	}
	return o, nil
}

func tapOf(g experiments.Gateway) capture.Recorder {
	return capture.Live{Interface: g.Interface, Gateway: g.Addresses, Promiscuous: true}
}

// others are taps on the gateways that are configured and not under test.
func (b bench) others(tested []string) map[string]capture.Recorder {
	taps := map[string]capture.Recorder{}
	for _, c := range b.config.Gateways {
		if g, ok := b.config.Gateway(c.Name); ok && !slices.Contains(tested, c.Name) {
			taps[c.Name] = b.site.tap(g)
		}
	}
	return taps
}

// restorePending puts back lights that an earlier run left changed.
func (p *program) restorePending(ctx context.Context, b bench) error {
	pending, err := runs.Pending(b.state, b.config.Runs)
	if err != nil {
		return err
	}
	for _, u := range pending {
		if u.Simulated || u.Bridge.ID != b.identity.ID {
			continue
		}
		fmt.Fprintf(p.err, "run %s of %s was interrupted: putting light %s back\n", u.Run, u.Since.Format(time.DateTime), u.Light)
		if err := b.restore(ctx, p, u.Dir); err != nil {
			return err
		}
	}
	return nil
}

func (b bench) restore(ctx context.Context, p *program, dir string) error {
	folder, err := runs.Open(dir)
	if err != nil {
		return err
	}
	run, err := b.conductor().Restore(ctx, folder)
	if err != nil {
		return err
	}
	if run.Restored {
		fmt.Fprintf(p.out, "light %s is as run %s found it\n", run.Plan.Experiment.Light, run.ID)
	} else {
		fmt.Fprintf(p.out, "light %s was left as it is: %s\n", run.Plan.Experiment.Light, run.RestoreNote)
	}
	return nil
}

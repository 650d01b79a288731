package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/capture"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/hue"
	"github.com/hueprint/hueprint/orchestrator"
	"github.com/hueprint/hueprint/reports"
	"github.com/hueprint/hueprint/runs"
	"github.com/hueprint/hueprint/simulator"
	"github.com/hueprint/hueprint/simulator/bridge"
	"github.com/hueprint/hueprint/simulator/gateways"
	"github.com/hueprint/hueprint/traffic"
)

// demoFlags turn the simulated lab and say where its runs are kept.
type demoFlags struct {
	out      outputFlags
	dir      string
	kinds    []string
	react    map[string]string
	sizes    string
	keep     string
	pace     float64
	seed     uint64
	seedSet  bool
	actions  int
	controls int
	looks    []int
}

func (p *program) demoCommand() *cobra.Command {
	var f demoFlags
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "The whole job on a simulated lab: no hardware, no root, no network",
		Long: `Carries out the whole job on simulated labs, in about three quarters of a minute:
the base paper's four gateways side by side, each in a home of its own with a
Hue bridge, a router and its clouds; ten toggles and ten control slots each.

Everything is as on a real bench but the devices: real HTTP to the bridge, real
TCP, TLS, DNS and QUIC, every frame recorded, the same test and report. What the
gateways do can be turned; the analysis does not know it. The result is evidence
for nothing about real gateways.`,
		Example: `  hueprint demo
  hueprint demo --react aeotec=0,echo=0.8 --sizes random --seed 7
  hueprint demo --actions 16 --controls 16 --looks 16,32`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f.seedSet = cmd.Flags().Changed("seed")
			return p.demo(cmd.Context(), f)
		},
	}
	f.out.add(cmd, "")
	cmd.Flags().StringVar(&f.dir, "dir", "hueprint-demo", "folder for the runs and the report")
	cmd.Flags().StringSliceVar(&f.kinds, "gateways", kindNames(), "gateways to test")
	cmd.Flags().StringToStringVar(&f.react, "react", nil, "probability to react to a change, by gateway (default: aeotec=1,homeassistant=1,echo=0,nest=0)")
	cmd.Flags().StringVar(&f.sizes, "sizes", "paper", "sizes of the reaction: paper or random")
	cmd.Flags().StringVar(&f.keep, "keep", string(traffic.KeepRecords), "how much of each frame to record: headers, records or full")
	cmd.Flags().Float64Var(&f.pace, "pace", 20, "how much faster than real the idle traffic runs")
	cmd.Flags().Uint64Var(&f.seed, "seed", 0, "seed of plans and labs (default: a new one)")
	cmd.Flags().IntVar(&f.actions, "actions", 0, "slots with a command (default: 10)")
	cmd.Flags().IntVar(&f.controls, "controls", 0, "slots without (default: 10)")
	cmd.Flags().IntSliceVar(&f.looks, "looks", nil, "end early when a mark is shown after one of these numbers of slots, the last being all")
	return cmd
}

func kindNames() []string {
	var names []string
	for _, k := range gateways.Kinds() {
		names = append(names, string(k))
	}
	return names
}

// demoLab is one simulated lab with the means to run an experiment on it.
type demoLab struct {
	name string
	lab  *simulator.Lab
	act  actuator
	keep traffic.Keep
}

func (p *program) demo(ctx context.Context, f demoFlags) (err error) {
	e, options, err := f.check()
	if err != nil {
		return usageError{err}
	}
	if !f.seedSet {
		f.seed = drawSeed()
	}
	if err := os.MkdirAll(f.dir, 0o755); err != nil {
		return fmt.Errorf("make the demo's folder: %w", err)
	}
	if f.out.report == "" {
		f.out.report = filepath.Join(f.dir, "report.html")
	}
	labs, err := p.buildLabs(ctx, options, f.seed)
	defer func() {
		for _, l := range labs {
			err = errors.Join(err, l.lab.Close())
		}
	}()
	if err != nil {
		return err
	}
	fmt.Fprintf(p.err, "Simulated lab, seed %d: %d + %d slots for each of %d gateways, about %v.\n",
		f.seed, e.Actions, e.Controls, len(labs), e.Duration().Round(time.Second))
	for i := range labs {
		labs[i].keep = traffic.Keep(f.keep)
	}
	folders, runErr := p.conductLabs(ctx, labs, e, f)
	d := reports.Document{Lab: "Simulated lab", Command: f.command()}
	for _, folder := range folders {
		if folder == nil {
			continue
		}
		part, err := analyzeRun(folder, analysis.Options{})
		if err != nil {
			return errors.Join(runErr, err)
		}
		if err := keepReport(folder, part, d.Command); err != nil {
			return errors.Join(runErr, err)
		}
		d.Parts = append(d.Parts, part)
	}
	if len(d.Parts) == 0 {
		return runErr
	}
	err = p.present(d, f.out)
	if runErr != nil {
		err = failure(err, runErr)
	}
	return err
}

// check reads the flags: the design, and one option for each gateway.
func (f demoFlags) check() (experiments.Experiment, []gateways.Options, error) {
	e, _ := experiments.Preset("demo")
	e.Light = "1"
	if f.actions > 0 {
		e.Actions = f.actions
	}
	if f.controls > 0 {
		e.Controls = f.controls
	}
	e.Looks = f.looks
	errs := []error{e.Validate(), new(traffic.Keep).UnmarshalText([]byte(f.keep))}
	var options []gateways.Options
	for i, name := range f.kinds {
		if !slices.Contains(gateways.Kinds(), gateways.Kind(name)) {
			errs = append(errs, fmt.Errorf("--gateways: there is no simulated %q; there are %s", name, strings.Join(kindNames(), ", ")))
			continue
		}
		if slices.Contains(f.kinds[:i], name) {
			errs = append(errs, fmt.Errorf("--gateways: %s stands there twice", name))
			continue
		}
		o := gateways.Defaults(gateways.Kind(name))
		o.Pace, o.Sizes = f.pace, gateways.Sizes(f.sizes)
		if rate, ok := f.react[name]; ok {
			x, err := strconv.ParseFloat(rate, 64)
			if err != nil || !(x >= 0 && x <= 1) {
				errs = append(errs, fmt.Errorf("--react %s=%s: want a probability from 0 to 1", name, rate))
			}
			o.React = x
		}
		errs = append(errs, o.Check())
		options = append(options, o)
	}
	for name := range f.react {
		if !slices.Contains(f.kinds, name) {
			errs = append(errs, fmt.Errorf("--react: there is no gateway %q in the demo; there are %s", name, strings.Join(f.kinds, ", ")))
		}
	}
	return e, options, errors.Join(errs...)
}

// command is the line that repeats the demo.
func (f demoFlags) command() string {
	words := []string{"hueprint demo", "--seed", strconv.FormatUint(f.seed, 10)}
	if !slices.Equal(f.kinds, kindNames()) {
		words = append(words, "--gateways", strings.Join(f.kinds, ","))
	}
	if len(f.react) > 0 {
		var rates []string
		for name, rate := range f.react {
			rates = append(rates, name+"="+rate)
		}
		slices.Sort(rates)
		words = append(words, "--react", strings.Join(rates, ","))
	}
	if f.sizes != "paper" {
		words = append(words, "--sizes", f.sizes)
	}
	if f.keep != string(traffic.KeepRecords) {
		words = append(words, "--keep", f.keep)
	}
	if f.pace != 20 {
		words = append(words, "--pace", strconv.FormatFloat(f.pace, 'g', -1, 64))
	}
	if f.actions > 0 {
		words = append(words, "--actions", strconv.Itoa(f.actions))
	}
	if f.controls > 0 {
		words = append(words, "--controls", strconv.Itoa(f.controls))
	}
	if len(f.looks) > 0 {
		words = append(words, "--looks", strings.Trim(strings.Join(strings.Fields(fmt.Sprint(f.looks)), ","), "[]"))
	}
	return strings.Join(words, " ")
}

// buildLabs starts the labs and waits until every gateway talks.
func (p *program) buildLabs(ctx context.Context, options []gateways.Options, seed uint64) ([]demoLab, error) {
	var labs []demoLab
	byHost := map[string]dialer{}
	for i, o := range options {
		o.Seed = seed + uint64(i)
		lab, err := simulator.New(simulator.LabOptions{Gateway: o, Wire: userspace, Subnet: uint8(11 + i), Seed: seed + uint64(i)})
		if err != nil {
			return labs, fmt.Errorf("build the lab of %s: %w", o.Kind, err)
		}
		labs = append(labs, demoLab{name: string(o.Kind), lab: lab})
		byHost[lab.BridgeAddr().String()] = lab.Controller().Dial
	}
	client := p.client(func(ctx context.Context, network, address string) (net.Conn, error) {
		host, _, _ := net.SplitHostPort(address)
		dial, ok := byHost[host]
		if !ok {
			return nil, fmt.Errorf("%s is not in the simulated lab", address)
		}
		return dial(ctx, network, address)
	}, nil)
	ready, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	for i := range labs {
		b, err := hue.New("https://"+labs[i].lab.BridgeAddr().String(), labKey(labs[i].lab), client)
		if err != nil {
			return labs, err
		}
		labs[i].act = actuator{b}
		if err := labs[i].lab.Ready(ready); err != nil {
			return labs, fmt.Errorf("the simulated %s does not get ready: %w", labs[i].name, err)
		}
	}
	return labs, nil
}

// labKey is what pairing with the lab's bridge would have given.
func labKey(lab *simulator.Lab) hue.Key {
	return hue.Key{BridgeID: lab.Bridge().ID(), Username: lab.Key(), Pin: pinOf(lab.Bridge())}
}

// pinOf is the fingerprint of a simulated bridge's certificate.
func pinOf(b *bridge.Bridge) string {
	sum := sha256.Sum256(b.Certificate().Leaf.Raw)
	return hex.EncodeToString(sum[:])
}

// conductLabs runs the experiment in all labs at once. The folders are in the
// order of the labs, nil where nothing was begun.
func (p *program) conductLabs(ctx context.Context, labs []demoLab, e experiments.Experiment, f demoFlags) ([]*runs.Folder, error) {
	board := newProgress(p.err)
	defer board.stop()
	folders := make([]*runs.Folder, len(labs))
	errs := make([]error, len(labs))
	var group errgroup.Group
	for i, l := range labs {
		observer := board.gateway(l.name, e.Slots())
		group.Go(func() error {
			folders[i], errs[i] = l.conduct(ctx, e, f.seed+uint64(i), f.dir, observer)
			return nil
		})
	}
	_ = group.Wait()
	return folders, errors.Join(errs...)
}

// conduct carries out the experiment in one lab.
func (l demoLab) conduct(ctx context.Context, e experiments.Experiment, seed uint64, dir string, observer orchestrator.Observer) (*runs.Folder, error) {
	e.Gateways = []string{l.name}
	identity, err := l.act.identify(ctx)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", l.name, err)
	}
	gateway := l.lab.Gateway()
	gateway.Name = l.name
	conductor := orchestrator.Conductor{
		Root: filepath.Join(dir, "runs"), State: filepath.Join(dir, "state"),
		Switch: l.act, States: l.act, Restorer: l.act, Preparer: l.act, Watcher: l.act, Observer: observer,
	}
	folder, err := conductor.Run(ctx, orchestrator.Order{
		Plan:      experiments.NewPlan(e, seed),
		Gateways:  []experiments.Gateway{{Addresses: gateway, Kind: experiments.Kind(l.name), Interface: "simulated cable", Peers: l.lab.Peers()}},
		Recorders: map[string]capture.Recorder{l.name: l.lab.Recorder()},
		Bridge:    identity, Registered: analysis.Registered(e), Simulated: true, Keep: l.keep, Version: programVersion(), Via: "bridge",
	})
	if err != nil {
		err = fmt.Errorf("%s: %w", l.name, err)
	}
	return folder, err
}

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/hueprint/hueprint/pcapng"
	"github.com/hueprint/hueprint/simulator"
	"github.com/hueprint/hueprint/simulator/bridge"
	"github.com/hueprint/hueprint/simulator/gateways"
	"github.com/hueprint/hueprint/traffic"
)

func (p *program) simulateCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "simulate",
		Short: "Serve a simulated bridge, or a whole lab, on real ports",
		Long: `Serves a simulated Hue bridge, or a lab with a gateway around it, on ports of this
computer: for trying out clients, and for tests. Evidence for nothing about real
devices.`,
	}
	cmd.AddCommand(p.simulateBridgeCommand(), p.simulateLabCommand())
	return cmd
}

// bridgeSimulation are the flags of simulate bridge.
type bridgeSimulation struct {
	listen, listenTLS string
	fault             string
	lights            []string
	keys              []string
	seed              uint64
	button            bool
	log               string
}

func (p *program) simulateBridgeCommand() *cobra.Command {
	var f bridgeSimulation
	cmd := &cobra.Command{
		Use:   "bridge",
		Short: "Serve a simulated Hue bridge",
		Long: "Serves a simulated Hue bridge (API v1, v2, event stream, pairing) until Ctrl-C.\nThe Enter key presses its round button.\n\nFaults (NAME, or NAME/3 for every third request):\n" +
			faultList(),
		Example: "  hueprint simulate bridge --listen 127.0.0.1:8080 --listen-tls 127.0.0.1:8443\n  hueprint bridge pair --address http://127.0.0.1:8080 --key /tmp/key.json",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return p.simulateBridge(cmd.Context(), f) },
	}
	cmd.Flags().StringVar(&f.listen, "listen", "127.0.0.1:8080", "address for plain HTTP; empty for none")
	cmd.Flags().StringVar(&f.listenTLS, "listen-tls", "127.0.0.1:8443", "address for HTTPS; empty for none")
	cmd.Flags().StringVar(&f.fault, "fault", "", "misbehave in this way")
	cmd.Flags().StringSliceVar(&f.lights, "light", []string{"Bench bulb"}, "names of the lights")
	cmd.Flags().StringSliceVar(&f.keys, "app-key", nil, "application keys that are paired already")
	cmd.Flags().Uint64Var(&f.seed, "seed", 1, "seed of identity and delays")
	cmd.Flags().BoolVar(&f.button, "button", false, "keep the round button pressed")
	cmd.Flags().StringVar(&f.log, "log", "", "append each request, keys masked, as a line of JSON to this file")
	return cmd
}

func faultList() string {
	var b strings.Builder
	for _, f := range bridge.Faults() {
		fmt.Fprintf(&b, "  %-14s %s\n", f, f.Doc())
	}
	return b.String()
}

func (p *program) simulateBridge(ctx context.Context, f bridgeSimulation) (err error) {
	fault, err := bridge.ParseFault(f.fault)
	if err != nil {
		return usageError{fmt.Errorf("--fault: %w", err)}
	}
	options := bridge.Options{Lights: f.lights, Seed: f.seed, Fault: fault, Keys: map[string]string{}}
	for i, key := range f.keys {
		options.Keys[fmt.Sprintf("command line %d", i+1)] = key
	}
	if f.log != "" {
		file, err := os.OpenFile(f.log, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
		if err != nil {
			return fmt.Errorf("open the request log: %w", err)
		}
		defer func() { err = errors.Join(err, file.Close()) }()
		options.Log = file
	}
	b, err := bridge.New(options)
	if err != nil {
		return err
	}
	plain, err := listen(ctx, f.listen)
	if err != nil {
		return err
	}
	secure, err := listen(ctx, f.listenTLS)
	if err != nil {
		return err
	}
	if plain == nil && secure == nil {
		return usageError{errors.New("--listen and --listen-tls are both empty")}
	}
	p.announce(b, plain, secure)
	go p.button(ctx, b, f.button)
	return b.Serve(ctx, plain, secure)
}

// listen opens a port; an empty address opens none.
func listen(ctx context.Context, address string) (net.Listener, error) {
	if address == "" {
		return nil, nil
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("serve on %s: %w", address, err)
	}
	return l, nil
}

func (p *program) announce(b *bridge.Bridge, plain, secure net.Listener) {
	fmt.Fprintf(p.out, "simulated bridge %s\n", b.ID())
	if plain != nil {
		fmt.Fprintf(p.out, "  http://%s\n", plain.Addr())
	}
	if secure != nil {
		fmt.Fprintf(p.out, "  https://%s\n", secure.Addr())
	}
	fmt.Fprintln(p.out, "press Enter for its round button, Ctrl-C to end")
}

// button presses the link button at each line of input, and all the time when
// it is to be held.
func (p *program) button(ctx context.Context, b *bridge.Bridge, hold bool) {
	for hold && ctx.Err() == nil {
		b.PressLinkButton()
		select {
		case <-ctx.Done():
		case <-time.After(20 * time.Second):
		}
	}
	for lines := bufio.NewScanner(p.in); !hold && lines.Scan(); {
		b.PressLinkButton()
		fmt.Fprintln(p.err, "the round button is pressed: pair within 30 s")
	}
}

// labSimulation are the flags of simulate lab.
type labSimulation struct {
	gateway, listen, capture string
	react, pace              float64
	reactSet                 bool
	sizes                    string
	seed                     uint64
}

func (p *program) simulateLabCommand() *cobra.Command {
	var f labSimulation
	cmd := &cobra.Command{
		Use:   "lab",
		Short: "Run a simulated lab: a gateway, its bridge and its clouds",
		Long: `Runs a simulated home with a gateway, a Hue bridge and the gateway's clouds on a
network inside this process, until Ctrl-C. The bridge is reached through a port
on loopback, by HTTP and HTTPS alike; --capture keeps what passes on the
gateway's cable.`,
		Example: "  hueprint simulate lab --gateway aeotec --listen 127.0.0.1:8080 --capture aeotec.pcapng",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f.reactSet = cmd.Flags().Changed("react")
			return p.simulateLab(cmd.Context(), f)
		},
	}
	cmd.Flags().StringVar(&f.gateway, "gateway", "aeotec", strings.Join(kindNames(), ", "))
	cmd.Flags().StringVar(&f.listen, "listen", "127.0.0.1:8080", "loopback address of the bridge")
	cmd.Flags().StringVar(&f.capture, "capture", "", "keep the gateway's frames in this pcapng file")
	cmd.Flags().Float64Var(&f.react, "react", 0, "probability to react to a change (default: as in the paper)")
	cmd.Flags().StringVar(&f.sizes, "sizes", "paper", "sizes of the reaction: paper or random")
	cmd.Flags().Float64Var(&f.pace, "pace", 1, "how much faster than real the idle traffic runs")
	cmd.Flags().Uint64Var(&f.seed, "seed", 1, "seed of the lab")
	return cmd
}

func (p *program) simulateLab(ctx context.Context, f labSimulation) (err error) {
	if !slices.Contains(kindNames(), f.gateway) {
		return usageError{fmt.Errorf("--gateway: there is no simulated %q; there are %s", f.gateway, strings.Join(kindNames(), ", "))}
	}
	o := gateways.Defaults(gateways.Kind(f.gateway))
	o.Pace, o.Sizes, o.Seed = f.pace, gateways.Sizes(f.sizes), f.seed
	if f.reactSet {
		o.React = f.react
	}
	if err := o.Check(); err != nil {
		return usageError{err}
	}
	lab, err := simulator.New(simulator.LabOptions{Gateway: o, Wire: userspace, Subnet: 11, Seed: f.seed})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lab.Close()) }()
	port, err := listen(ctx, f.listen)
	if err != nil {
		return err
	}
	if port == nil {
		return usageError{errors.New("--listen is empty")}
	}
	stop, err := keepFrames(ctx, lab, f)
	if err != nil {
		return errors.Join(err, port.Close())
	}
	defer func() { err = errors.Join(err, stop()) }()
	fmt.Fprintf(p.out, "simulated %s (%v) with bridge %s\n  http://%s and https://%s\npress Enter for the round button, then pair, Ctrl-C to end\n",
		f.gateway, lab.Gateway().MACs, lab.Bridge().ID(), port.Addr(), port.Addr())
	go p.button(ctx, lab.Bridge(), false)
	var group errgroup.Group
	group.Go(func() error { return simulator.Relay(ctx, lab, port) })
	return group.Wait()
}

// fileSink writes frames into one pcapng file.
type fileSink struct {
	w  *pcapng.Writer
	id int
}

// Frame writes one frame.
func (s fileSink) Frame(f traffic.Frame) error { return s.w.Frame(s.id, f) }

// keepFrames records the gateway's cable into the file of --capture, if any.
func keepFrames(ctx context.Context, lab *simulator.Lab, f labSimulation) (stop func() error, err error) {
	if f.capture == "" {
		return func() error { return nil }, nil
	}
	file, err := os.Create(f.capture)
	if err != nil {
		return nil, fmt.Errorf("keep the capture: %w", err)
	}
	w, id, err := simulatedFile(file, f.gateway)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	session, err := lab.Recorder().Start(ctx, fileSink{w, id})
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return func() error {
		_, err := session.Stop(context.WithoutCancel(ctx))
		return errors.Join(err, w.Flush(), file.Close())
	}, nil
}

func simulatedFile(w io.Writer, gateway string) (*pcapng.Writer, int, error) {
	pw, err := pcapng.NewWriter(w, pcapng.Section{Application: "hueprint " + programVersion(), Comments: []string{"simulated: evidence for nothing about real devices"}})
	if err != nil {
		return nil, 0, err
	}
	id, err := pw.AddInterface(pcapng.Interface{Name: "simulated " + gateway, Link: traffic.LinkEthernet, Snaplen: 262144})
	return pw, id, err
}

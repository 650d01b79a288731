package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/hueprint/hueprint/config"
	"github.com/hueprint/hueprint/hue"
	"github.com/hueprint/hueprint/reports"
)

// bridgeFlags name a bridge without, or against, the configuration.
type bridgeFlags struct {
	address, keyFile string
}

func (p *program) bridgeCommand() *cobra.Command {
	var flags bridgeFlags
	cmd := &cobra.Command{
		Use:   "bridge",
		Short: "Find, pair with, and try out the Hue bridge",
		Long: `Finds the bridge, pairs with it, and tries out its lights. The bridge is the one
in the configuration unless --address names another.`,
	}
	cmd.PersistentFlags().StringVar(&flags.address, "address", "", "the bridge, as https://HOST or http://HOST (default: from the configuration)")
	cmd.PersistentFlags().StringVar(&flags.keyFile, "key", "", "file of the application key (default: from the configuration)")
	cmd.AddCommand(p.discoverCommand(), p.pairCommand(&flags), p.lightsCommand(&flags), p.blinkCommand(&flags),
		p.switchCommand(&flags, "on", true), p.switchCommand(&flags, "off", false))
	return cmd
}

// settings are the bridge's from flags and, where they are silent, the
// configuration.
func (p *program) settings(flags *bridgeFlags) (config.Bridge, error) {
	if flags.address != "" && flags.keyFile != "" {
		return config.Bridge{Address: flags.address, KeyFile: flags.keyFile}, nil
	}
	c, err := p.load()
	if err != nil {
		return config.Bridge{}, fmt.Errorf("%w\n(or name the bridge with --address and --key)", err)
	}
	b := c.Bridge
	if flags.address != "" {
		b.Address = flags.address
	}
	if flags.keyFile != "" {
		b.KeyFile = flags.keyFile
	}
	return b, nil
}

func (p *program) discoverCommand() *cobra.Command {
	var iface string
	var cloud, asJSON bool
	var wait time.Duration
	cmd := &cobra.Command{
		Use:   "discover",
		Short: "Find bridges on the local network",
		Long: `Asks the local network for bridges (mDNS, _hue._tcp). With --cloud it also asks
the vendor's look-up service, which tells the vendor that somebody at your
address looks for a bridge.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, cancel := context.WithTimeout(cmd.Context(), wait)
			defer cancel()
			found, err := hue.Discover(ctx, iface)
			if cloud {
				more, cloudErr := hue.DiscoverCloud(cmd.Context(), p.client(nil, nil), "https://discovery.meethue.com")
				found, err = append(found, more...), errors.Join(err, cloudErr)
			}
			if len(found) == 0 {
				return errors.Join(err, errors.New("no bridge answered: check that it is powered and on this network, name its interface with --interface, or look its address up in the Hue app"))
			}
			if asJSON {
				return json.NewEncoder(p.out).Encode(found)
			}
			t := p.table("address", "id", "model", "name")
			for _, f := range found {
				t.AppendRow(table.Row{f.Address(), f.ID, f.Model, reports.Printable(f.Name)})
			}
			fmt.Fprintln(p.out, t.Render())
			return nil
		},
	}
	cmd.Flags().StringVar(&iface, "interface", "", "ask on this interface only")
	cmd.Flags().BoolVar(&cloud, "cloud", false, "also ask the vendor's look-up service")
	cmd.Flags().DurationVar(&wait, "wait", 3*time.Second, "how long to wait for answers")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (p *program) pairCommand(flags *bridgeFlags) *cobra.Command {
	var wait time.Duration
	cmd := &cobra.Command{
		Use:   "pair",
		Short: "Get an application key: press the bridge's round button",
		Long: `Asks the bridge for an application key until somebody presses its round button.
The key is written to a file that only you can read, and is never printed. Over
https the bridge's certificate is pinned in it.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			b, err := p.settings(flags)
			if err != nil {
				return err
			}
			client, err := p.bridgeClient(b)
			if err != nil {
				return err
			}
			// Before anybody presses the button: a key that cannot be kept is lost.
			if err := os.MkdirAll(filepath.Dir(b.KeyFile), 0o700); err != nil {
				return fmt.Errorf("make the folder for the key: %w", err)
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), wait)
			defer cancel()
			fmt.Fprintf(p.err, "Press the round button on the bridge at %s (waiting %v)…\n", b.Address, wait)
			key, err := hue.Pair(ctx, b.Address, appName(), client)
			if err != nil {
				return err
			}
			if err := hue.SaveKey(b.KeyFile, key); err != nil {
				return err
			}
			fmt.Fprintf(p.out, "paired with bridge %s; the key is in %s\n", key.BridgeID, b.KeyFile)
			return nil
		},
	}
	cmd.Flags().DurationVar(&wait, "wait", time.Minute, "how long to wait for the button")
	return cmd
}

// appName is how the bridge's list of applications shows this program.
func appName() string {
	host, err := os.Hostname()
	if err != nil || host == "" {
		host = "lab"
	}
	return "hueprint#" + host[:min(len(host), 19)]
}

func (p *program) lightsCommand(flags *bridgeFlags) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "lights",
		Short: "List the bridge's lights with their numbers and states",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			b, err := p.openBridge(flags)
			if err != nil {
				return err
			}
			lights, err := b.Lights(cmd.Context())
			if err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(p.out).Encode(lights)
			}
			t := p.table("number", "name", "model", "state", "reachable")
			for _, l := range lights {
				t.AppendRow(table.Row{l.ID, reports.Printable(l.Name), reports.Printable(l.Model), describe(l.State), yesNo(l.Reachable)})
			}
			fmt.Fprintln(p.out, t.Render())
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func describe(s hue.State) string {
	if !s.On {
		return "off"
	}
	if s.Brightness > 0 {
		return fmt.Sprintf("on, %d %%", (int(s.Brightness)*100+127)/254)
	}
	return "on"
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func (p *program) blinkCommand(flags *bridgeFlags) *cobra.Command {
	return &cobra.Command{
		Use:   "blink LIGHT",
		Short: "Let a light blink once, to see which one it is",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			b, err := p.openBridge(flags)
			if err != nil {
				return err
			}
			return b.Blink(cmd.Context(), args[0])
		},
	}
}

func (p *program) switchCommand(flags *bridgeFlags, word string, on bool) *cobra.Command {
	return &cobra.Command{
		Use:   word + " LIGHT",
		Short: "Turn a light " + word,
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			b, err := p.openBridge(flags)
			if err != nil {
				return err
			}
			receipt, err := b.Switch(cmd.Context(), args[0], on)
			if err != nil {
				return err
			}
			fmt.Fprintf(p.out, "light %s is %s; the bridge answered after %v\n", args[0], word, receipt.Answered.Sub(receipt.Written).Round(time.Millisecond))
			return nil
		},
	}
}

// openBridge makes a bridge that is paired already.
func (p *program) openBridge(flags *bridgeFlags) (*hue.Bridge, error) {
	b, err := p.settings(flags)
	if err != nil {
		return nil, err
	}
	client, err := p.bridgeClient(b)
	if err != nil {
		return nil, err
	}
	return connect(b, client)
}

func connect(b config.Bridge, client *http.Client) (*hue.Bridge, error) {
	key, err := hue.LoadKey(b.KeyFile)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("there is no application key at %s: 'hueprint bridge pair' gets one", b.KeyFile)
	}
	if err != nil {
		return nil, err
	}
	return hue.New(b.Address, key, client)
}

// table is a plain table with aligned columns.
func (p *program) table(header ...string) table.Writer {
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	row := table.Row{}
	for _, h := range header {
		row = append(row, strings.ToLower(h))
	}
	style := t.Style()
	style.Options.DrawBorder, style.Options.SeparateColumns = false, false
	style.Format.Header = 0
	t.AppendHeader(row)
	return t
}

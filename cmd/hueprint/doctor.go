package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/hueprint/hueprint/capture"
	"github.com/hueprint/hueprint/config"
	"github.com/hueprint/hueprint/reports"
	"github.com/hueprint/hueprint/runs"
	"github.com/hueprint/hueprint/traffic"
)

// A check is one line of the doctor's report.
type check struct {
	Name string `json:"check"`
	OK   bool   `json:"ok"`
	// Found says what was seen; Do what to do about a failure.
	Found string `json:"found"`
	Do    string `json:"do,omitempty"`
}

func (p *program) doctorCommand() *cobra.Command {
	var asJSON bool
	var wait time.Duration
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check the whole bench, line by line, and say what to do",
		Long: `Checks what a run needs: the configuration, room on the disk, the clock, each
capture interface and the right to use it, whether the bridge answers, the light
can be reached, and each gateway is seen on its interface. It also puts back
lights that an interrupted run left changed. The exit status is 1 when a check
fails.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return p.doctor(cmd.Context(), wait, asJSON) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().DurationVar(&wait, "wait", 20*time.Second, "how long to wait for each gateway's packets")
	return cmd
}

func (p *program) doctor(ctx context.Context, wait time.Duration, asJSON bool) error {
	d := &diagnosis{program: p, quiet: asJSON}
	d.examine(ctx, wait)
	if asJSON {
		if err := json.NewEncoder(p.out).Encode(d.checks); err != nil {
			return err
		}
	}
	failed := 0
	for _, c := range d.checks {
		if !c.OK {
			failed++
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d checks failed", failed, len(d.checks))
	}
	return nil
}

// diagnosis gathers checks and prints each as it comes.
type diagnosis struct {
	*program
	quiet  bool
	checks []check
}

func (d *diagnosis) add(c check) {
	c.Found, c.Do = reports.Prose(c.Found), reports.Prose(c.Do)
	d.checks = append(d.checks, c)
	if d.quiet {
		return
	}
	_, tty := terminal(d.out)
	mark, color := "ok  ", text.FgGreen
	if !c.OK {
		mark, color = "FAIL", text.FgRed
	}
	if tty && os.Getenv("NO_COLOR") == "" {
		mark = color.Sprint(mark)
	}
	fmt.Fprintf(d.out, "%s  %-22s %s\n", mark, c.Name, c.Found)
	if !c.OK && c.Do != "" {
		fmt.Fprintf(d.out, "      %-22s → %s\n", "", c.Do)
	}
}

// result adds a check that passed with found, or failed with err, whose text
// says what to do.
func (d *diagnosis) result(name, found string, err error) bool {
	if err != nil {
		d.add(check{Name: name, Found: "failed", Do: err.Error()})
		return false
	}
	d.add(check{Name: name, OK: true, Found: found})
	return true
}

func (d *diagnosis) examine(ctx context.Context, wait time.Duration) {
	c, err := d.load()
	if !d.result("configuration", d.configPath, err) {
		return
	}
	d.disk(c.Runs)
	d.clock()
	recordable := map[string]bool{}
	for _, g := range c.Gateways {
		if _, seen := recordable[g.Interface]; !seen {
			recordable[g.Interface] = d.iface(g.Interface)
		}
	}
	d.bridge(ctx)
	for _, g := range c.Gateways {
		if recordable[g.Interface] {
			d.seen(ctx, g, wait)
		}
	}
}

// leastDisk is room for a few runs; a week of watching needs more.
const leastDisk = 1 << 30

func (d *diagnosis) disk(dir string) {
	at := dir
	for {
		if _, err := os.Stat(at); err == nil || filepath.Dir(at) == at {
			break
		}
		at = filepath.Dir(at)
	}
	var s syscall.Statfs_t
	if err := syscall.Statfs(at, &s); err != nil {
		d.result("disk", "", fmt.Errorf("ask for the room below %s: %w", at, err))
		return
	}
	free := s.Bavail * uint64(s.Bsize)
	c := check{Name: "disk", OK: free >= leastDisk, Found: fmt.Sprintf("%.1f GiB free for %s", float64(free)/(1<<30), dir)}
	if !c.OK {
		c.Do = "make room, or name another folder under runs"
	}
	d.add(c)
}

// clock asks the kernel whether a time service keeps the clock.
func (d *diagnosis) clock() {
	var t unix.Timex
	state, err := unix.Adjtimex(&t)
	if err != nil {
		d.result("clock", "", fmt.Errorf("ask the kernel about its clock: %w", err))
		return
	}
	synced := state != unix.TIME_ERROR && t.Status&unix.STA_UNSYNC == 0
	c := check{Name: "clock", OK: true, Found: fmt.Sprintf("kept by a time service, estimated error %d ms", t.Esterror/1000)}
	if !synced {
		c.Found = "not kept by a time service: fine for a run on this host, as one clock stamps commands and packets; run NTP or chrony if others are to compare times"
	}
	d.add(c)
}

func (d *diagnosis) iface(name string) bool {
	return d.result("interface "+name, "can be captured", capture.Check(name))
}

func (d *diagnosis) bridge(ctx context.Context) {
	b, err := d.openBench(ctx)
	if err != nil {
		d.result("bridge", "", err)
		return
	}
	d.result("bridge", fmt.Sprintf("%s (%s, software %s) answers at %s", b.identity.Name, b.identity.Model, b.identity.Software, b.identity.Address), nil)
	lights, err := b.act.bridge.Lights(ctx)
	if err != nil {
		d.result("light "+b.config.Light, "", err)
		return
	}
	for _, l := range lights {
		if l.ID == b.config.Light {
			c := check{Name: "light " + l.ID, OK: l.Reachable, Found: fmt.Sprintf("%s is %s", l.Name, describe(l.State))}
			if !l.Reachable {
				c.Found, c.Do = l.Name+" does not answer the bridge", "switch the bulb's power on, bring it nearer to the bridge"
			}
			d.add(c)
			d.pending(ctx, b)
			return
		}
	}
	d.add(check{Name: "light " + b.config.Light, Found: "the bridge has no such light", Do: "choose one of 'hueprint bridge lights'"})
}

// pending puts back the lights of interrupted runs.
func (d *diagnosis) pending(ctx context.Context, b bench) {
	pending, err := runs.Pending(b.state, b.config.Runs)
	mine := slices.DeleteFunc(pending, func(u runs.Unrestored) bool { return u.Simulated || u.Bridge.ID != b.identity.ID })
	if err != nil || len(mine) == 0 {
		d.result("lights put back", "no run left a light changed", err)
		return
	}
	for _, u := range mine {
		d.result("lights put back", fmt.Sprintf("light %s is as run %s found it", u.Light, u.Run), b.restore(ctx, d.program, u.Dir))
	}
}

// counter is a sink that counts frames and wants no more than one.
type counter struct{ seen chan struct{} }

// Frame notes that a frame came.
func (c counter) Frame(traffic.Frame) error {
	select {
	case c.seen <- struct{}{}:
	default:
	}
	return nil
}

// seen waits for a packet of the gateway on its interface.
func (d *diagnosis) seen(ctx context.Context, g config.Gateway, wait time.Duration) {
	name := "gateway " + g.Name
	sink := counter{make(chan struct{}, 1)}
	live := capture.Live{Interface: g.Interface, Gateway: traffic.Gateway{Name: g.Name, MACs: g.MACs, Addrs: g.Addresses}, Promiscuous: true}
	session, err := live.Start(ctx, sink)
	if err != nil {
		d.result(name, "", err)
		return
	}
	defer session.Stop(context.WithoutCancel(ctx))
	select {
	case <-sink.seen:
		d.result(name, "packets seen on "+g.Interface, nil)
	case <-session.Done():
		d.result(name, "", session.Err())
	case <-ctx.Done():
		d.result(name, "", context.Cause(ctx))
	case <-time.After(wait):
		d.add(check{Name: name, Found: fmt.Sprintf("no packet of %s seen on %s within %v", strings.Trim(fmt.Sprint(g.MACs, g.Addresses), "[]"), g.Interface, wait),
			Do: "check its addresses, that it is switched on, and that this interface sees its traffic (mirror port, router, or its own cable)"})
	}
}

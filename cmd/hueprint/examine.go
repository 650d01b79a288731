package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/hueprint/hueprint/config"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/reports"
	"github.com/hueprint/hueprint/runs"
	"github.com/hueprint/hueprint/traffic"
)

// An examination is the doctor's: it goes through what a run needs and tells
// each finding as it comes.
type examination struct {
	// path is what the configuration is called, load reads it.
	path string
	load func() (config.Config, error)
	site site
	// open asks the bridge who it is; nil leaves the bridge alone, while a run
	// goes on.
	open func(context.Context) (bench, error)
	// mend puts back the light of an interrupted run.
	mend func(ctx context.Context, b bench, dir string) error
	tell func(check)
}

func (d examination) add(c check) {
	c.Found, c.Do = reports.Prose(c.Found), reports.Prose(c.Do)
	d.tell(c)
}

// result adds a check that passed with found, or failed with err, whose text
// says what to do.
func (d examination) result(name, found string, err error) bool {
	if err != nil {
		d.add(check{Name: name, Found: "failed", Do: err.Error()})
		return false
	}
	d.add(check{Name: name, OK: true, Found: found})
	return true
}

func (d examination) examine(ctx context.Context, wait time.Duration) {
	c, err := d.load()
	if !d.result("configuration", d.path, err) && c.Runs == "" {
		return // nothing of it could be read
	}
	d.disk(c.Runs)
	d.clock()
	recordable := map[string]bool{}
	for _, g := range c.Gateways {
		if _, seen := recordable[g.Interface]; !seen {
			recordable[g.Interface] = d.iface(g.Interface)
		}
	}
	switch {
	case d.open == nil:
		d.result("bridge", "not asked while a run goes on", nil)
	case c.Bridge.Address != "":
		d.bridge(ctx)
	}
	for _, g := range c.Gateways {
		if recordable[g.Interface] {
			d.seen(ctx, g, wait)
		}
	}
}

// leastDisk is room for a few runs; a week of watching needs more.
const leastDisk = 1 << 30

func (d examination) disk(dir string) {
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
func (d examination) clock() {
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

func (d examination) iface(name string) bool {
	return d.result("interface "+name, "can be captured", d.site.recordable(name))
}

func (d examination) bridge(ctx context.Context) {
	b, err := d.open(ctx)
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
func (d examination) pending(ctx context.Context, b bench) {
	pending, err := runs.Pending(b.state, b.config.Runs)
	mine := slices.DeleteFunc(pending, func(u runs.Unrestored) bool { return u.Simulated != d.site.simulated() || u.Bridge.ID != b.identity.ID })
	if err != nil || len(mine) == 0 {
		d.result("lights put back", "no run left a light changed", err)
		return
	}
	for _, u := range mine {
		d.result("lights put back", fmt.Sprintf("light %s is as run %s found it", u.Light, u.Run), d.mend(ctx, b, u.Dir))
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
func (d examination) seen(ctx context.Context, g config.Gateway, wait time.Duration) {
	name := "gateway " + g.Name
	sink := counter{make(chan struct{}, 1)}
	tap := d.site.tap(experiments.Gateway{Interface: g.Interface, Addresses: traffic.Gateway{Name: g.Name, MACs: g.MACs, Addrs: g.Addresses}})
	session, err := tap.Start(ctx, sink)
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

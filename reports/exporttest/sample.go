// Package exporttest makes small runs with their recordings, for tests of what
// is exported from runs: a gateway that reacts to each command with two TLS
// records in one segment and a datagram, hostile names, several files, link
// types without addresses.
//
// It is no simulator: nothing is sent, and time stands in the values only.
package exporttest

import (
	"iter"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/traffic"
	"github.com/hueprint/hueprint/traffic/decode"
)

// Hostile is a name as an attacker would choose it: markup, a terminal escape,
// separators of tables and lines, a spreadsheet's formula, a change of writing
// direction and invalid UTF-8.
const Hostile = "=cmd()\t</script>\x1b[31m\n\",;\u202e\xff"

// Epoch is when a sample's recordings begin.
var Epoch = time.Date(2026, 3, 1, 12, 0, 0, 123456789, time.UTC)

// A Sample is one run with what was recorded.
type Sample struct {
	Run      experiments.Run
	Settings []experiments.Setting
	// Files holds the frames of each gateway by file, numbered within it.
	Files map[string][][]traffic.Frame
}

// Options turn a sample.
type Options struct {
	// Gateways names them; empty means one, called hub.
	Gateways []string
	// Name is the experiment's.
	Name string
	// Files is the number of files of each recording; 0 means 1.
	Files int
	// Link is how frames begin; 0 means Ethernet, LinkRaw is the other that is
	// known.
	Link traffic.LinkType
	// Offset is the capturing host's clock minus the controller's.
	Offset time.Duration
	// Silent gateways do not react.
	Silent bool
}

// New makes a sample; equal options make equal samples.
func New(o Options) Sample {
	if len(o.Gateways) == 0 {
		o.Gateways = []string{"hub"}
	}
	s := Sample{Run: run(o), Files: map[string][][]traffic.Frame{}}
	s.Settings = []experiments.Setting{
		{Purpose: experiments.Initial, At: Epoch, On: false, Sent: true, Outcome: experiments.Done},
		{Purpose: experiments.Restoration, At: s.Run.Ended, On: true, Sent: true, Outcome: experiments.Done},
	}
	for i, name := range o.Gateways {
		s.Files[name] = split(frames(s.Run, i, o), max(o.Files, 1))
	}
	return s
}

// run is the record of 6 actions and 6 controls, all carried out.
func run(o Options) experiments.Run {
	e, _ := experiments.Preset("demo")
	e.Gateways, e.Light, e.Grouping = o.Gateways, "3", experiments.Together
	e.Actions, e.Controls = 6, 6 // few assignments, so that tests are fast
	if o.Name != "" {
		e.Name = o.Name
	}
	plan := experiments.NewPlan(e, 7)
	r := experiments.Run{
		ID: "01KB0000000000000000000000", Simulated: true, Version: "test", Via: "bridge", Plan: plan,
		Registered: analysis.Registered(e), Prepared: Epoch, Started: Epoch.Add(time.Second),
		Ended: Epoch.Add(2*time.Second + plan.Duration), Ending: experiments.Complete, Restored: true,
		Found: experiments.LightState{On: true},
	}
	for i, name := range o.Gateways {
		g := experiments.Gateway{Kind: "test", LinkStated: true, Addresses: traffic.Gateway{Name: name, Addrs: []netip.Addr{home(i)}}}
		r.Gateways = append(r.Gateways, g)
		r.Recordings = append(r.Recordings, traffic.Recording{
			Gateway: name, Interface: "eth0", Start: Epoch.Add(o.Offset), Proved: Epoch.Add(o.Offset),
			End: r.Ended.Add(o.Offset), Proof: "test", Offset: traffic.ClockOffset{Min: o.Offset, Max: o.Offset},
		})
	}
	for _, slot := range plan.Slots {
		r.Commands = append(r.Commands, commandOf(slot, r.Started.Add(slot.At)))
	}
	return r
}

func commandOf(slot experiments.Slot, at time.Time) experiments.Command {
	c := experiments.Command{Slot: slot.Index, Action: slot.Action, Planned: at, Begun: at.Add(time.Millisecond), Lateness: time.Millisecond}
	c.Outcome = experiments.Withheld
	if !slot.Control {
		c.Light = "3"
		c.Receipt = experiments.Receipt{Sent: at.Add(2 * time.Millisecond), Answered: at.Add(9 * time.Millisecond), Outcome: experiments.Done}
		c.Confirmed, c.ConfirmedBy = at.Add(30*time.Millisecond), experiments.ByEventStream
	}
	return c
}

// split deals a recording out to n files, each numbered from 1.
func split(all []traffic.Frame, n int) [][]traffic.Frame {
	files := slices.Collect(slices.Chunk(all, (len(all)+n-1)/n))
	for _, file := range files {
		for i := range file {
			file[i].Number = i + 1
		}
	}
	return files
}

// Frames yields a gateway's recording as a run folder does.
func (s Sample) Frames(gateway string) iter.Seq2[traffic.Frame, error] {
	return func(yield func(traffic.Frame, error) bool) {
		for _, file := range s.Files[gateway] {
			for _, f := range file {
				if !yield(f, nil) {
					return
				}
			}
		}
	}
}

// Analyze derives the findings of the sample.
func (s Sample) Analyze(t testing.TB) (analysis.Findings, []analysis.Trace) {
	t.Helper()
	f, traces, err := analysis.Analyze(s.Run, func(gateway string) iter.Seq2[traffic.Packet, error] {
		return decode.Packets(s.Frames(gateway), &decode.Stats{})
	}, analysis.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return f, traces
}

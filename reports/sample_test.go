package reports_test

import (
	"math"
	"net/netip"
	"strings"
	"time"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/analysis/events"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/reports"
	"github.com/hueprint/hueprint/traffic"
)

var start = time.Date(2026, 3, 29, 0, 59, 50, 0, time.UTC)

func ptr(x float64) *float64 { return &x }

func cloud(name string) events.Channel {
	return events.Channel{Name: name, Transport: "tcp", Port: 443, Scope: traffic.Internet}
}

// step is one that was seen in all of ten actions and in no control.
func step(c events.Channel, d traffic.Direction, length int, ms float64) analysis.Step {
	return analysis.Step{Channel: c, Name: c.Name + ":443/tcp", Direction: d, Kind: events.TLSRecord,
		LengthMin: length, LengthMax: length + 1, FrameMin: length + 71, FrameMax: length + 72, PayloadMin: length + 5, PayloadMax: length + 6,
		DelayMS: ms, DelayIQRMS: 12, Seen: 10, Of: 10, SeenControl: 0, OfControl: 10, Core: true, P: 5.4e-6, F1: 1,
		Actions: map[string]int{"on": 5, "off": 5}}
}

var design = analysis.Design{Method: analysis.Randomisation, Actions: 10, Controls: 10, Assignments: 184756, Redraws: 184756,
	Enumerated: true, LeastP: 1.0 / 184756, Window: 1500 * time.Millisecond, Alpha: 0.01, Seed: 7}

// trials alternate between actions and controls, two seconds apart.
func trials() []analysis.Trial {
	var all []analysis.Trial
	for i := range 20 {
		t := analysis.Trial{Slot: i, At: start.Add(time.Duration(2+2*i) * time.Second), Control: i%2 == 1, Packets: 3, Bytes: 900}
		if !t.Control {
			t.Action = []string{"on", "off"}[i/2%2]
		}
		all = append(all, t)
	}
	return all
}

// visible is the verdict on a gateway that answers every action to its cloud.
func visible(gateway string) analysis.Verdict {
	steps := []analysis.Step{step(cloud("eu.example.net"), traffic.Out, 377, 131), step(cloud("eu.example.net"), traffic.In, 201, 166)}
	steps[0].Main, steps[1].Core, steps[1].Seen = true, false, 9
	return analysis.Verdict{Gateway: gateway, Kind: "hub", Verdict: analysis.CloudVisible, Link: analysis.LinkShown, P: ptr(5.4e-6), Alpha: 0.01,
		Reasons: []string{"The smallest adjusted p is 5.4e-06, at most α = 0.01."},
		Scopes: []analysis.ScopeVerdict{
			{Scope: traffic.Internet, Verdict: analysis.CloudVisible, P: ptr(5.4e-6), Packets: 1493, Pattern: analysis.Pattern{Steps: steps}},
			{Scope: traffic.LAN, Verdict: analysis.NotDetected, P: ptr(0.98), Packets: 12, Pattern: analysis.Pattern{Steps: []analysis.Step{}}}},
		Pattern: analysis.Pattern{Steps: steps}, Power: power(), Evidence: evidence(), Candidates: 28, Constant: 2, Null: null(), Trials: trials(),
		Tests: []analysis.Test{{Channel: "eu.example.net:443/tcp", Scope: traffic.Internet, Direction: traffic.Out, Kind: events.TLSRecord,
			LengthMin: 377, LengthMax: 378, Feature: "presence", Observed: 10, RawP: 5.4e-6, P: 5.4e-6}}}
}

func local(gateway string) analysis.Verdict {
	v := visible(gateway)
	c := events.Channel{Name: "192.0.2.20", Transport: "tcp", Port: 8123, Scope: traffic.Phone}
	s := analysis.Pattern{Steps: []analysis.Step{step(c, traffic.Out, 105, 135)}}
	v.Verdict, v.Pattern = analysis.LANVisible, s
	v.Scopes = []analysis.ScopeVerdict{
		{Scope: traffic.Internet, Verdict: analysis.NotDetected, P: ptr(0.47), Packets: 88, Pattern: analysis.Pattern{Steps: []analysis.Step{}}},
		{Scope: traffic.Phone, Verdict: analysis.LANVisible, P: ptr(5.4e-6), Packets: 64, Pattern: s}}
	return v
}

func unseen(gateway string, link analysis.Link) analysis.Verdict {
	v := visible(gateway)
	v.Verdict, v.Link, v.P, v.Pattern = analysis.NotDetected, link, ptr(0.95), analysis.Pattern{Steps: []analysis.Step{}}
	v.Reasons = []string{"The smallest adjusted p is 0.95, above α = 0.01."}
	v.Scopes = []analysis.ScopeVerdict{{Scope: traffic.Internet, Verdict: analysis.NotDetected, P: ptr(0.95), Packets: 301, Pattern: analysis.Pattern{Steps: []analysis.Step{}}}}
	v.Null.Observed = 0.4
	return v
}

// doubtful has next to nothing: no p, no packets, no trials, no times.
func doubtful(gateway string) analysis.Verdict {
	return analysis.Verdict{Gateway: gateway, Verdict: analysis.Inconclusive, Link: analysis.LinkNotShown, Alpha: 0.01,
		Reasons: []string{"No packet of the gateway was recorded: check its MAC address and the place of the tap."}}
}

func power() analysis.Power {
	return analysis.Power{Sentence: "With probability 0.95 this run would have detected one packet of a length not seen otherwise in at least 85 % of actions.",
		Plants: []analysis.Plant{
			{Kind: "new-length", KMin: 7, R95: 0.85, Detected: []float64{0, 0, 0.01, 0.05, 0.17, 0.38, 0.65, 0.88, 0.99, 1}},
			{Kind: "extra-record", KMin: 10, R95: 1, Detected: []float64{0, 0, 0, 0, 0, 0, 0, 0.1, 0.35, 1}},
			{Kind: "extra-record-any-delay"}}}
}

func null() analysis.Null {
	return analysis.Null{Edges: []float64{0, 1, 2, 3, 4, 5}, Counts: []int{90000, 70000, 20000, 4000, 756}, Observed: 5.3}
}

func evidence() analysis.Evidence {
	return analysis.Evidence{Packets: 1505, Bytes: 310000, DroppedDup: 2, Retransmits: 7, Outcomes: map[string]int{"done": 10, "withheld": 10},
		Confirmed: map[string]int{"event-stream": 10}, LatenessP50: 12 * time.Microsecond, LatenessP99: 310 * time.Microsecond, LatenessMax: 1234567,
		ClockUncertainty: 1500 * time.Microsecond, Proof: "a marker frame (EtherType 0x88b5) on the tap of gateway reached the recording", BridgePackets: 38, Restored: true}
}

// trace has the steps of v after each action, and a heartbeat.
func trace(v analysis.Verdict) analysis.Trace {
	t := analysis.Trace{Gateway: v.Gateway, Start: start, Duration: 45 * time.Second}
	add := func(after time.Duration, slot, step, length int, d traffic.Direction, name string) {
		t.Points = append(t.Points, analysis.Point{After: after, Slot: slot, Step: step, Event: events.Event{Time: start.Add(after), Channel: cloud(name),
			Direction: d, Kind: events.TLSRecord, Length: length, Frame: length + 71, Payload: length + 5, Number: len(t.Points) + 1, Peer: netip.MustParseAddr("203.0.113.9")}})
	}
	for i, trial := range v.Trials {
		at := trial.At.Sub(start)
		add(at+900*time.Millisecond, i, -1, 33, traffic.Out, "beat.example.net")
		for j, s := range v.Pattern.Steps {
			if !trial.Control {
				add(at+time.Duration(s.DelayMS)*time.Millisecond, i, j, s.LengthMin, s.Direction, s.Channel.Name)
			}
		}
	}
	return t
}

// part is one run with the given verdicts.
func part(vs ...analysis.Verdict) reports.Part {
	run := experiments.Run{ID: "01KB2M7Q0000000000000000AA", Version: "1.0.0", Via: "bridge", Started: start, Ended: start.Add(45 * time.Second), Ending: experiments.Complete,
		Bridge: experiments.BridgeIdentity{Model: "BSB002", Software: "1967054020"}, Restored: true}
	p := reports.Part{Run: &run, Folder: "lab/runs/01KB2M7Q0000000000000000AA", Findings: analysis.Findings{
		Schema: analysis.Schema, Version: analysis.Version, Design: design, Verdicts: vs,
		Subject: analysis.Subject{Run: run.ID, Experiment: "toggles", Started: run.Started, Ended: run.Ended, Ending: "complete", Via: "bridge"}}}
	for i, v := range vs {
		p.Traces = append(p.Traces, trace(v))
		mac := traffic.MAC{2, 0, 0, 0, 0, byte(i + 1)}
		run.Gateways = append(run.Gateways, experiments.Gateway{Addresses: traffic.Gateway{Name: v.Gateway, MACs: []traffic.MAC{mac}, Addrs: []netip.Addr{netip.AddrFrom4([4]byte{192, 0, 2, byte(i + 1)})}}})
	}
	for _, t := range trials() {
		run.Commands = append(run.Commands, command(t))
	}
	return p
}

func command(t analysis.Trial) experiments.Command {
	c := experiments.Command{Slot: t.Slot, Planned: t.At, Begun: t.At, Lateness: 12 * time.Microsecond, Action: experiments.Action(t.Action)}
	switch {
	case t.Control:
		c.Outcome = experiments.Withheld
	case t.Slot == 4: // sent, and nothing came back
		c.Sent, c.Outcome, c.Failure, c.ConfirmedBy = t.At, experiments.Unknown, "no answer within 2 s", experiments.ByNone
	default:
		c.Sent, c.Answered, c.Outcome = t.At.Add(time.Millisecond), t.At.Add(9*time.Millisecond), experiments.Done
		c.Confirmed, c.ConfirmedBy = t.At.Add(70*time.Millisecond), experiments.ByEventStream
	}
	return c
}

// labelled is what two captures with their lists of actions give.
func labelled() reports.Part {
	v := visible("192.0.2.135")
	v.Kind, v.Link, v.P, v.Alpha, v.Null, v.Power = "", analysis.LinkNotShown, ptr(0.004), 0.05, analysis.Null{}, analysis.Power{}
	v.Scopes = v.Scopes[:1]
	v.Scopes[0].P = v.P
	steps := v.Scopes[0].Pattern.Steps
	for i := range steps {
		steps[i].SeenControl, steps[i].OfControl = 0, 0
	}
	steps[0].DelayMS = -492
	v.Trials = nil
	for i := range 10 {
		v.Trials = append(v.Trials, analysis.Trial{Slot: i, At: start.Add(time.Duration(2+4*i) * time.Second), Action: []string{"on", "off"}[i%2]})
	}
	v.Evidence = analysis.Evidence{Packets: 839, Bytes: 234000, DroppedDup: 43}
	d := analysis.Design{Method: analysis.CircularShift, Actions: 10, Assignments: 1243, Redraws: 1243, Enumerated: true, LeastP: 0.004, Window: 2 * time.Second, Alpha: 0.05, Seed: 1}
	return reports.Part{Traces: []analysis.Trace{trace(v)}, Findings: analysis.Findings{Schema: analysis.Schema, Version: analysis.Version, Design: d,
		Subject: analysis.Subject{Captures: []string{"tuesday.pcap", "wednesday.pcap"}}, Verdicts: []analysis.Verdict{v},
		Warnings: []string{"p is approximate: the captures have no control slots."}}}
}

// evil is every name that a device could send to harm a reader's tools.
var evil = []string{
	"</script><img src=x onerror=alert(1)>", "\x1b[31mred\x1b[0m\x1b]0;title\a", "tab\tnew\nline\r\v", "=cmd()|' /C calc'!A0", `";drop`, "`id`$(id)", "|pi|pe|",
	"\u202eevil\u2066\u200f\u061c", "\x9b31m\xff\xfe", "\u009b31m\u2028\u2029\u0085", "[x](javascript:alert(1)) ![y](http://evil.example/p.png) **b** <b>", "&lt;b&gt; ' onload='x", strings.Repeat("a", 255), strings.Repeat("漢", 85), "{{.}} ${x} %s %!d",
}

// hostile puts each of the evil names everywhere a name can stand.
func hostile() reports.Document {
	all := strings.Join(evil, " ")
	var vs []analysis.Verdict
	for _, name := range evil {
		v := visible(name)
		v.Kind, v.Reasons, v.Evidence.Proof = name, []string{name, all}, name
		s := step(cloud(name), traffic.Out, 90, 10)
		s.Name, s.Detail, s.Kind = name+":443/tcp", name, events.DNSQuestion
		v.Pattern = analysis.Pattern{Steps: []analysis.Step{s}}
		v.Scopes[0].Pattern = v.Pattern
		v.Secondary, v.Series, v.Idle = secondary(name), series(name), idle(name)
		v.Secondary[0].Question, v.Secondary[1].Assumption = analysis.Question(name), name
		v.Series.Runs[0].Run = name
		v.Tests[0].Channel, v.Tests[0].Detail = name, name
		v.Power.Sentence, v.Power.Plants[0].Kind = name, name
		for i := range v.Trials {
			if !v.Trials[i].Control {
				v.Trials[i].Action = name
			}
		}
		vs = append(vs, v)
	}
	p := part(vs...)
	for i := range p.Traces {
		for j := range p.Traces[i].Points {
			p.Traces[i].Points[j].Detail, p.Traces[i].Points[j].Channel.Name = evil[i], evil[i]
		}
	}
	p.Run.Cause, p.Run.Bridge.Model, p.Run.Bridge.Software, p.Run.Via, p.Run.Version, p.Run.ID = all, all, all, all, all, all
	for i := range p.Run.Commands {
		p.Run.Commands[i].Failure, p.Run.Commands[i].Action = evil[i%len(evil)], experiments.Action(evil[i%len(evil)])
	}
	p.Findings.Subject.Experiment, p.Findings.Subject.Run, p.Findings.Subject.Captures = all, all, evil
	p.Findings.Warnings = []string{all}
	return reports.Document{Lab: all, Command: all, Parts: []reports.Part{p}}
}

// documents are the goldens' subjects by name.
func documents() map[string]reports.Document {
	all := part(visible("alpha"), local("beta"), unseen("gamma", analysis.LinkStated), unseen("delta", analysis.LinkNotShown), doubtful("epsilon"))
	all.Findings.Simulated, all.Findings.Warnings = true, []string{"the light was touched by others"}
	explored := part(unseen(strings.Repeat("long-name-", 26)[:255], analysis.LinkShown))
	explored.Findings.Exploratory = true
	explored.Findings.Design.Assignments, explored.Findings.Design.Enumerated, explored.Findings.Design.Redraws = math.Inf(1), false, 10000
	var eight []reports.Part
	for _, name := range []string{"one", "two", "three", "four", "five", "six", "seven", "eight"} {
		v := visible(name)
		v.Trials, v.Tests = nil, nil
		eight = append(eight, part(v))
	}
	return map[string]reports.Document{
		"verdicts":    {Lab: "Bench 1", Command: "hueprint report lab/runs/01KB", Parts: []reports.Part{all}},
		"labelled":    {Command: "hueprint analyze tuesday.pcap wednesday.pcap", Parts: []reports.Part{labelled()}},
		"exploratory": {Command: "hueprint analyze 01KB --alpha 0.05", Parts: []reports.Part{explored}},
		"eight":       {Command: "hueprint report 01KB…", Parts: eight},
		"beside":      besides(),
		"hostile":     hostile(),
		"looks":       looking(),
		"empty":       {},
	}
}

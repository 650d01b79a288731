package reports_test

import (
	"fmt"
	"time"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/analysis/events"
	"github.com/hueprint/hueprint/reports"
	"github.com/hueprint/hueprint/traffic"
)

// besides are verdicts beside which everything stands that can.
func besides() reports.Document {
	v, w := visible("alpha"), unseen("gamma", analysis.LinkStated)
	v.Secondary, v.Series, v.Idle = secondary(cloud("eu.example.net").Name), series("alpha"), idle("eu.example.net")
	w.Secondary = []analysis.SecondaryTest{
		{Question: analysis.OnAgainstOff, Answer: analysis.NotTestable, Assumption: analysis.ExchangeablePairs, Sentence: "There is nothing to compare in the reactions to on and to off: the run shows none."},
		{Question: analysis.StateQuestion, Answer: analysis.Described, Assumption: analysis.Undrawn, Sentence: "Outside all windows the gateway's traffic had 30.2 events a minute while the light was on and 29.9 while it was off; directions that alternate allow no test of it."},
	}
	w.Idle = &analysis.IdleComparison{RunDuration: 45 * time.Second, IdleDuration: 7 * 24 * time.Hour, OnlyRun: []analysis.ChannelTraffic{}, Both: 4,
		OnlyIdle: []analysis.ChannelTraffic{channelTraffic("time1.example.net", "udp", 123, 504)}}
	u, x := local("beta"), doubtful("epsilon")
	none := []analysis.ChannelTraffic{}
	u.Idle = &analysis.IdleComparison{RunDuration: 45 * time.Second, IdleDuration: time.Hour, OnlyRun: none, OnlyIdle: none, Both: 3}
	x.Idle = &analysis.IdleComparison{RunDuration: 45 * time.Second, OnlyRun: none, OnlyIdle: none}
	return reports.Document{Command: "hueprint analyze 01KB --idle idle.pcapng", Parts: []reports.Part{part(v, w, u, x)}}
}

func secondary(name string) []analysis.SecondaryTest {
	contrast := func(more, less string, seen, other int, p float64) *analysis.Contrast {
		return &analysis.Contrast{More: more, Seen: map[string]int{more: seen, less: other}, Of: map[string]int{more: 5, less: 5},
			Test: analysis.Test{Channel: name + ":443/tcp", Scope: traffic.Internet, Direction: traffic.Out, Kind: events.TLSRecord, LengthMin: 401, LengthMax: 401, Feature: "presence", Observed: 5, RawP: p / 2, P: p}}
	}
	state := contrast("on", "off", 5, 4, 0.002)
	state.PerMinute = map[string]float64{"on": 29.75, "off": 15.1}
	return []analysis.SecondaryTest{
		{Question: analysis.OnAgainstOff, Answer: analysis.Shown, P: ptr(0.0021), Assumption: analysis.ByDesign, Clearest: contrast("off", "on", 5, 0, 0.0021),
			Sentence: "A difference between the reactions to on and to off is shown (p = 0.0021, by design: the directions were drawn by fair coins): most clearly 401-byte TLS records sent to " + name + ":443/tcp, by its presence, more with off; seen in 5 of 5 with off and in 0 of 5 with on."},
		{Question: analysis.ChangeAgainstCommand, Answer: analysis.NotShown, P: ptr(0.41), Assumption: analysis.ByDesign, Clearest: contrast("repeat", "change", 3, 2, 0.41),
			Sentence: "No difference shown between the reactions to a change and to a command that changes nothing (p = 0.41, by design: the directions were drawn by fair coins)."},
		{Question: analysis.StateQuestion, Answer: analysis.LateOrState, P: ptr(0.002), Assumption: analysis.ByDesign, Clearest: state,
			Sentence: "A difference between the traffic outside all windows while the light is on and while it is off is shown (p = 0.002, by design: the directions were drawn by fair coins). A reaction that comes after the window would look the same."},
	}
}

func series(gateway string) *analysis.Series {
	return &analysis.Series{Experiment: "toggles", Gateway: gateway, Looks: 3, Tests: 2, P: ptr(1.08e-5), Runs: []analysis.Look{
		{Run: "01KB2M7Q0000000000000000AA", Started: start, Verdict: analysis.CloudVisible, P: ptr(5.4e-6), HolmP: ptr(1.08e-5)},
		{Run: "01KB2M7Q0000000000000000AB", Started: start.Add(time.Hour), Verdict: analysis.Inconclusive},
		{Run: "01KB2M7Q0000000000000000AC", Started: start.Add(2 * time.Hour), Verdict: analysis.NotDetected, P: ptr(0.2), HolmP: ptr(0.2), Exploratory: true},
	}, Sentence: "These are 3 runs of experiment toggles on " + gateway + ", of which 2 gave a p; the smallest one, adjusted for their number (Holm), is 1.1e-05."}
}

// idle has more channels of the run alone than are shown.
func idle(name string) *analysis.IdleComparison {
	c := &analysis.IdleComparison{RunDuration: 45 * time.Second, IdleDuration: 3*time.Hour + 7*time.Second, Both: 2,
		OnlyIdle: []analysis.ChannelTraffic{channelTraffic("time1.example.net", "udp", 123, 9)}}
	for i := range 14 {
		c.OnlyRun = append(c.OnlyRun, channelTraffic(name, "tcp", uint16(8000+i), 200-10*i))
	}
	return c
}

func channelTraffic(name, transport string, port uint16, packets int) analysis.ChannelTraffic {
	return analysis.ChannelTraffic{Channel: events.Channel{Name: name, Transport: transport, Port: port, Scope: traffic.Internet},
		Name: fmt.Sprintf("%s:%d/%s", name, port, transport), Packets: packets, Bytes: int64(90 * packets)}
}

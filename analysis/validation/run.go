package validation

import (
	"net/netip"
	"time"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/traffic"
)

// Who takes part, and when a run starts.
var (
	GatewayAddr  = netip.MustParseAddr("192.168.7.2")
	CloudAddr    = netip.MustParseAddr("203.0.113.9")
	BridgeAddr   = netip.MustParseAddr("192.168.7.4")
	resolverAddr = netip.MustParseAddr("192.168.7.1")
	Epoch        = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
)

// Design is the mission's experiment with a number of slots.
func Design(actions, controls int) experiments.Experiment {
	e, _ := experiments.Preset("toggles")
	e.Actions, e.Controls = actions, controls
	return e
}

// RunOf is a run in which everything went well.
func RunOf(e experiments.Experiment, seed uint64) experiments.Run {
	plan := experiments.NewPlan(e, seed)
	run := experiments.Run{
		ID: "01TEST", Plan: plan, Registered: analysis.Registered(e), Via: "bridge", Simulated: true,
		Gateways: []experiments.Gateway{{
			Addresses: traffic.Gateway{Name: "gw", Addrs: []netip.Addr{GatewayAddr}},
			Peers:     traffic.Peers{Bridge: []netip.Addr{BridgeAddr}},
		}},
		Started: Epoch, Ended: Epoch.Add(plan.Duration), Ending: experiments.Complete, Restored: true,
	}
	for _, slot := range plan.Slots {
		c := experiments.Command{Slot: slot.Index, Action: slot.Action, Planned: Epoch.Add(slot.At), Begun: Epoch.Add(slot.At)}
		if slot.Control {
			c.Outcome = experiments.Withheld
		} else {
			c.Sent, c.Outcome, c.ConfirmedBy = c.Begun, experiments.Done, experiments.ByEventStream
		}
		run.Commands = append(run.Commands, c)
	}
	run.Recordings = []traffic.Recording{{Gateway: "gw", Start: Epoch, Proved: Epoch, End: run.Ended, Proof: "marker"}}
	return run
}

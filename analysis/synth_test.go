package analysis_test

import (
	"iter"
	"testing"
	"time"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/analysis/validation"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/traffic"
)

// The synthetic traffic is that of the validation.
type (
	wire   = validation.Wire
	stream = validation.Stream
)

var (
	gatewayAddr = validation.GatewayAddr
	cloudAddr   = validation.CloudAddr
	bridgeAddr  = validation.BridgeAddr
	epoch       = validation.Epoch
)

func design(actions, controls int) experiments.Experiment {
	return validation.Design(actions, controls)
}

func runOf(e experiments.Experiment, seed uint64) experiments.Run { return validation.RunOf(e, seed) }

// heartbeat puts a pair of records on the stream at a fixed period.
func heartbeat(s *stream, d time.Duration, period time.Duration, out, in int) {
	for at := period / 3; at < d; at += period {
		s.Record(epoch.Add(at), traffic.Out, out)
		s.Record(epoch.Add(at+30*time.Millisecond), traffic.In, in)
	}
}

// only gives the same packets for every gateway.
func only(w *wire) func(string) iter.Seq2[traffic.Packet, error] {
	return func(string) iter.Seq2[traffic.Packet, error] { return w.All() }
}

func analyze(t testing.TB, run experiments.Run, w *wire) analysis.Findings {
	t.Helper()
	f, _, err := analysis.Analyze(run, only(w), analysis.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

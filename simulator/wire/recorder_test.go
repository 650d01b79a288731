package wire_test

import (
	"context"
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/hueprint/hueprint/capture"
	"github.com/hueprint/hueprint/capture/capturetest"
	"github.com/hueprint/hueprint/simulator/wire"
	"github.com/hueprint/hueprint/simulator/wire/memory"
	"github.com/hueprint/hueprint/simulator/wire/netstack"
	"github.com/hueprint/hueprint/traffic"
)

var options = wire.Options{Home: netip.MustParsePrefix("10.77.0.0/24"), Router: netip.MustParseAddr("10.77.0.1")}

// A labNetwork is what a tap recorder needs.
type labNetwork interface {
	wire.Network
	wire.Injector
}

// withGateway adds the capture suite's gateway to a network and closes it with
// the test.
func withGateway(t *testing.T, n labNetwork, err error) labNetwork {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	gateway := capturetest.Gateway()
	if _, err := n.Add(wire.HostOptions{Name: gateway.Name, Addr: gateway.Addrs[0], MAC: gateway.MACs[0]}); err != nil {
		t.Fatal(err)
	}
	return n
}

func inMemory(t *testing.T) labNetwork {
	n, err := memory.New(options)
	return withGateway(t, n, err)
}

func overNetstack(t *testing.T) labNetwork {
	n, err := netstack.New(options)
	return withGateway(t, n, err)
}

func recorderOn(n wire.Network) wire.TapRecorder {
	gateway := capturetest.Gateway()
	return wire.TapRecorder{Network: n, Host: gateway.Name, MAC: gateway.MACs[0]}
}

func TestTapRecorder(t *testing.T) {
	for name, open := range map[string]func(*testing.T) labNetwork{"memory": inMemory, "netstack": overNetstack} {
		t.Run(name, func(t *testing.T) {
			capturetest.Run(t, func(t *testing.T) capturetest.Bench {
				n := open(t)
				return capturetest.Bench{Recorder: recorderOn(n), Send: func(frames [][]byte) {
					for _, f := range frames {
						if err := n.Inject(capturetest.Gateway().Name, f); err != nil {
							t.Error(err)
						}
					}
				}}
			})
		})
	}
}

// A stuckSink takes nothing until it is released.
type stuckSink struct{ release chan struct{} }

func (s stuckSink) Frame(traffic.Frame) error { <-s.release; return nil }

// TestTapRecorderCountsDrops demands that a sink that stands still costs frames
// and not memory, and that this is told.
func TestTapRecorderCountsDrops(t *testing.T) {
	n, sink := inMemory(t), stuckSink{make(chan struct{})}
	session, err := recorderOn(n).Start(t.Context(), sink)
	if err != nil {
		t.Fatal(err)
	}
	const sent = 2<<16 + 5000 // more than a full queue and what the sink was handed of one
	for _, f := range capturetest.Frames(0, 1) {
		for range sent {
			n.Inject(capturetest.Gateway().Name, f)
		}
	}
	impatient, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := session.Prove(impatient); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a session whose sink stands still proves that it records: %v", err)
	}
	if _, err := session.Stop(impatient); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("stopping it says %v", err)
	}
	close(sink.release)
	stats, err := session.Stop(t.Context())
	if err != nil || stats.Dropped == 0 || stats.Frames+stats.Dropped < sent {
		t.Errorf("%d frames and %d dropped of %d, error %v", stats.Frames, stats.Dropped, sent, err)
	}
	var inGaps uint64
	for _, gap := range stats.Gaps {
		inGaps += gap.Dropped
	}
	if inGaps != stats.Dropped {
		t.Errorf("the gaps %v hold %d of %d dropped frames", stats.Gaps, inGaps, stats.Dropped)
	}
}

func TestTapRecorderRefusals(t *testing.T) {
	n := inMemory(t)
	nobody := wire.TapRecorder{Network: n, Host: "nobody"}
	if _, err := nobody.Start(t.Context(), &capturetest.Memory{}); err == nil {
		t.Error("recorded a host that does not exist")
	}
	session, err := recorderOn(n).Start(t.Context(), &capturetest.Memory{})
	if err != nil {
		t.Fatal(err)
	}
	n.Close()
	if _, err := session.Prove(t.Context()); err == nil {
		t.Error("proved a recording on a closed network")
	}
	if stats, err := session.Stop(t.Context()); err != nil || stats.Frames != 0 {
		t.Errorf("stop: %+v, %v", stats, err)
	}
	var _ capture.Describer = nobody
}

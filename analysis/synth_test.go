package analysis_test

import (
	"encoding/binary"
	"iter"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/traffic"
)

var (
	gatewayAddr = netip.MustParseAddr("192.168.7.2")
	cloudAddr   = netip.MustParseAddr("203.0.113.9")
	bridgeAddr  = netip.MustParseAddr("192.168.7.4")
	epoch       = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
)

// A stream is one TLS connection between the gateway and a far end, met at its
// start; records become packets of traffic.
type stream struct {
	wire    *wire
	far     netip.AddrPort
	near    netip.AddrPort
	seq     [3]uint32
	started bool
}

// A wire collects the packets of a synthetic recording.
type wire struct {
	packets []traffic.Packet
	port    uint16
}

func (w *wire) stream(far netip.Addr, port uint16) *stream {
	w.port++
	return &stream{wire: w, far: netip.AddrPortFrom(far, port), near: netip.AddrPortFrom(gatewayAddr, 40000+w.port), seq: [3]uint32{0, 1000, 2000}}
}

func (s *stream) packet(at time.Time, dir traffic.Direction, flags traffic.Flags, payload []byte) {
	src, dst := s.near, s.far
	if dir == traffic.In {
		src, dst = dst, src
	}
	p := traffic.Packet{
		Time: at, Wire: 54 + len(payload), Src: src.Addr(), Dst: dst.Addr(), SrcPort: src.Port(), DstPort: dst.Port(),
		Protocol: traffic.ProtocolTCP, Seq: s.seq[dir], Ack: s.seq[3-dir], Flags: flags, Length: len(payload), Payload: payload, TTL: 64,
		IPID: uint16(len(s.wire.packets)), Digest: rand.Uint64(),
	}
	s.seq[dir] += uint32(len(payload))
	if flags.Has(traffic.SYN) {
		s.seq[dir]++
	}
	s.wire.packets = append(s.wire.packets, p)
}

// record puts one application-data record of that length on the stream.
func (s *stream) record(at time.Time, dir traffic.Direction, length int) {
	if !s.started {
		s.started = true
		s.packet(epoch, traffic.Out, traffic.SYN, nil)
		s.packet(epoch.Add(time.Millisecond), traffic.In, traffic.SYN|traffic.ACK, nil)
	}
	payload := make([]byte, 5+length)
	copy(payload, []byte{23, 3, 3})
	binary.BigEndian.PutUint16(payload[3:], uint16(length))
	s.packet(at, dir, traffic.ACK|traffic.PSH, payload)
}

// all yields the packets in order of time. Streams must have been written in
// order of time each.
func (w *wire) all() iter.Seq2[traffic.Packet, error] {
	slices.SortStableFunc(w.packets, func(a, b traffic.Packet) int { return a.Time.Compare(b.Time) })
	return func(yield func(traffic.Packet, error) bool) {
		for i, p := range w.packets {
			p.Number = i + 1
			if !yield(p, nil) {
				return
			}
		}
	}
}

// design is a quick experiment with a number of slots.
func design(actions, controls int) experiments.Experiment {
	e, _ := experiments.Preset("toggles")
	e.Actions, e.Controls = actions, controls
	return e
}

// runOf is a run in which everything went well.
func runOf(e experiments.Experiment, seed uint64) experiments.Run {
	plan := experiments.NewPlan(e, seed)
	run := experiments.Run{
		ID: "01TEST", Plan: plan, Registered: analysis.Registered(e), Via: "bridge", Simulated: true,
		Gateways: []experiments.Gateway{{
			Addresses: traffic.Gateway{Name: "gw", Addrs: []netip.Addr{gatewayAddr}},
			Peers:     traffic.Peers{Bridge: []netip.Addr{bridgeAddr}},
		}},
		Started: epoch, Ended: epoch.Add(plan.Duration), Ending: experiments.Complete, Restored: true,
	}
	for _, slot := range plan.Slots {
		c := experiments.Command{Slot: slot.Index, Action: slot.Action, Planned: epoch.Add(slot.At), Begun: epoch.Add(slot.At)}
		if slot.Control {
			c.Outcome = experiments.Withheld
		} else {
			c.Sent, c.Outcome, c.ConfirmedBy = c.Begun, experiments.Done, experiments.ByEventStream
		}
		run.Commands = append(run.Commands, c)
	}
	run.Recordings = []traffic.Recording{{Gateway: "gw", Start: epoch, Proved: epoch, End: run.Ended, Proof: "marker"}}
	return run
}

// heartbeat puts a pair of records on the stream at a fixed period.
func heartbeat(s *stream, d time.Duration, period time.Duration, out, in int) {
	for at := period / 3; at < d; at += period {
		s.record(epoch.Add(at), traffic.Out, out)
		s.record(epoch.Add(at+30*time.Millisecond), traffic.In, in)
	}
}

// only gives the same packets for every gateway.
func only(w *wire) func(string) iter.Seq2[traffic.Packet, error] {
	return func(string) iter.Seq2[traffic.Packet, error] { return w.all() }
}

func analyze(t testing.TB, run experiments.Run, w *wire) analysis.Findings {
	t.Helper()
	f, _, err := analysis.Analyze(run, only(w), analysis.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

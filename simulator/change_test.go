package simulator_test

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hueprint/hueprint/simulator"
	"github.com/hueprint/hueprint/simulator/gateways"
	"github.com/hueprint/hueprint/simulator/wire"
	"github.com/hueprint/hueprint/traffic"
)

// reaction lists what carried data between the gateway and one far end.
func reaction(seen []sight, peer netip.Addr) (steps []sight) {
	for _, s := range seen {
		if s.tcp != nil && len(s.payload) > 0 && (s.src == peer || s.dst == peer) {
			steps = append(steps, s)
		}
	}
	return steps
}

func frames(steps []sight) string {
	var words []string
	for _, s := range steps {
		words = append(words, fmt.Sprint(s.direction, " ", s.size))
	}
	return strings.Join(words, ", ")
}

// told is what a truth's steps look like on a tap.
func told(steps []gateways.Step) string {
	var words []string
	for _, s := range steps {
		words = append(words, fmt.Sprint(s.Direction, " ", s.Frame))
	}
	return strings.Join(words, ", ")
}

// change switches the light and returns what the tap saw after it.
func (b *bench) change(on bool) []sight {
	b.Helper()
	before := len(b.seen())
	b.set(on)
	time.Sleep(b.after)
	return b.seen()[before:]
}

func TestAeotecAnswersAChangeAsInTable1(t *testing.T) {
	virtually(t, func(t *testing.T) {
		b := open(t, simulator.LabOptions{Gateway: gateways.Defaults(gateways.Aeotec), Subnet: 11, Seed: 1})
		defer b.close()
		b.record()
		cloud := longStream(b)
		for i := range 10 {
			time.Sleep(7 * time.Second)
			got := frames(reaction(b.change(i%2 == 0), cloud))
			if want := "out 113, out 490, in 113, in 318"; got != want {
				t.Errorf("change %d: got %v, want %s", i, got, want)
			}
			if told := told(b.lab.Truth().On); got != told {
				t.Errorf("the truth says %s, the tap %s", told, got)
			}
		}
	})
}

func TestHomeAssistantPushesToItsPhone(t *testing.T) {
	virtually(t, func(t *testing.T) {
		b := open(t, simulator.LabOptions{Gateway: gateways.Defaults(gateways.HomeAssistant), Subnet: 12, Seed: 3})
		defer b.close()
		b.record()
		cloud := longStream(b)
		lengths, total := map[int]int{}, 0
		for i := range 40 {
			time.Sleep(7 * time.Second)
			on := i%2 == 0
			seen := b.change(on)
			pushes := outgoing(reaction(seen, b.lab.Peers().Phones[0]))
			lengths[len(pushes)]++
			total += len(pushes)
			checkPushes(t, pushes, on)
			if got := reaction(seen, cloud); len(got) > 2 { // a heartbeat and its answer may fall in
				t.Errorf("the cloud heard of it: %s", frames(got))
			}
		}
		if got := slices.Sorted(maps.Keys(lengths)); !slices.Equal(got, []int{2, 3, 4}) || total < 40*2+10 || total > 40*4-10 {
			t.Errorf("pushes of %v messages, %d in all", lengths, total)
		}
	})
}

func outgoing(steps []sight) []sight {
	return slices.DeleteFunc(steps, func(s sight) bool { return s.direction != traffic.Out || len(s.payload) == 24 /* a pong */ })
}

func checkPushes(t *testing.T, pushes []sight, on bool) {
	t.Helper()
	if len(pushes) < 2 || len(pushes) > 4 {
		t.Errorf("%d pushes, want 2 to 4: %s", len(pushes), frames(pushes))
		return
	}
	for _, p := range pushes {
		if len(p.payload) < 13 || len(p.payload) > 105 {
			t.Errorf("a push has %d bytes, want 13 to 105", len(p.payload))
		}
	}
	within(t, "the second push", pushes[1].at.Sub(pushes[0].at), 20*time.Millisecond, 2*time.Millisecond)
	if len(pushes) == 4 {
		want := 2 * time.Millisecond
		if on {
			want = time.Second
		}
		within(t, "the fourth push", pushes[3].at.Sub(pushes[2].at), want, 2*time.Millisecond)
	}
}

func within(t *testing.T, what string, got, want, tolerance time.Duration) {
	t.Helper()
	if (got - want).Abs() > tolerance {
		t.Errorf("%s came after %v, want %v", what, got, want)
	}
}

// TestEchoAndNestDoNotFollowTheLight compares two benches that are alike but
// for ten changes of the light.
func TestEchoAndNestDoNotFollowTheLight(t *testing.T) {
	for _, kind := range []gateways.Kind{gateways.Echo, gateways.Nest} {
		t.Run(string(kind), func(t *testing.T) {
			virtually(t, func(t *testing.T) {
				still, changed := tenMinutes(t, kind, false), tenMinutes(t, kind, true)
				if !maps.Equal(still, changed) {
					t.Errorf("without changes %v\nwith changes %v", still, changed)
				}
				if len(still) < 5 {
					t.Errorf("too little was seen to compare: %v", still)
				}
			})
		})
	}
}

// tenMinutes counts the frames with data by far end, port and direction; those
// of the handshakes and of the bridge's answers, whose lengths are drawn, by
// number only.
func tenMinutes(t *testing.T, kind gateways.Kind, change bool) map[string]int {
	b := open(t, simulator.LabOptions{Gateway: gateways.Defaults(kind), Subnet: 13, Seed: 5})
	defer b.close()
	b.record()
	time.Sleep(17 * time.Second) // so that no period of the gateway's ends with the watch
	for i := range 10 {
		if change {
			b.set(i%2 == 0)
		}
		time.Sleep(time.Minute)
	}
	counts := map[string]int{}
	for _, s := range b.seen() {
		switch {
		case s.tcp != nil && len(s.payload) > 0:
			counts[fmt.Sprintf("tcp %v %v", s.direction, peer(s))]++
		case s.udp != nil:
			counts[fmt.Sprintf("udp %v %v %d", s.direction, peer(s), len(s.payload))]++
		case s.icmp != nil:
			counts[fmt.Sprintf("icmp %v %v", s.direction, peer(s))]++
		}
	}
	return counts
}

func peer(s sight) string {
	addr, port := s.dst, uint16(0)
	if s.direction == traffic.In {
		addr = s.src
	}
	switch {
	case s.tcp != nil && s.direction == traffic.In:
		port = uint16(s.tcp.SrcPort)
	case s.tcp != nil:
		port = uint16(s.tcp.DstPort)
	}
	return netip.AddrPortFrom(addr, port).String()
}

// TestEchoReadsTheSameWhateverTheLightDoes demands that the bridge's answers to
// the Echo are as long when the light is on as when it is off.
func TestEchoReadsTheSameWhateverTheLightDoes(t *testing.T) {
	virtually(t, func(t *testing.T) {
		b := open(t, simulator.LabOptions{Gateway: gateways.Defaults(gateways.Echo), Subnet: 14, Seed: 5})
		defer b.close()
		b.record()
		for i := range 6 {
			b.set(i%2 == 0)
			time.Sleep(2 * time.Minute)
		}
		answers := map[uint16]int{}
		for _, s := range b.seen() {
			if s.tcp != nil && s.direction == traffic.In && s.src == b.lab.BridgeAddr() {
				answers[uint16(s.tcp.DstPort)] += len(s.payload)
			}
		}
		lengths := map[int]int{}
		for _, n := range answers {
			lengths[n]++
		}
		if len(lengths) != 1 || len(answers) != 12 {
			t.Errorf("lengths of the bridge's answers: %v in %d polls", lengths, len(answers))
		}
	})
}

// TestTruthsAreTurnedFromOutside draws truths and demands that the tap shows
// what the truth says, as often as it says.
func TestTruthsAreTurnedFromOutside(t *testing.T) {
	for seed := range uint64(8) {
		for _, kind := range gateways.Kinds() {
			t.Run(fmt.Sprintf("%s/%d", kind, seed), func(t *testing.T) {
				virtually(t, func(t *testing.T) { turned(t, kind, seed) })
			})
		}
	}
}

func turned(t *testing.T, kind gateways.Kind, seed uint64) {
	o := gateways.Defaults(kind)
	o.Seed, o.Sizes, o.React = seed, gateways.Random, []float64{1, 0.5, 0}[seed%3]
	o.Differ = []gateways.Differ{gateways.Alike, gateways.ByDelay, gateways.BySize}[seed/2%3]
	o.MinDelay, o.MaxDelay = 100*time.Millisecond, 300*time.Millisecond
	b := open(t, simulator.LabOptions{Gateway: o, Subnet: 15, Seed: seed})
	defer b.close()
	b.record()
	peer := b.lab.Peers().Phones
	if peer == nil {
		peer = []netip.Addr{longStream(b)}
	}
	const changes = 30
	reacted := 0
	for i := range changes {
		time.Sleep(5 * time.Second)
		got := frames(reaction(b.change(i%2 == 0), peer[0]))
		want := told(b.lab.Truth().Steps(i%2 == 0)[:b.lab.Truth().Least])
		if strings.Contains(got, want) {
			reacted++
		}
	}
	if want := o.React * changes; float64(reacted) < want-9*o.React*(1-o.React)*4 || float64(reacted) > want+9*o.React*(1-o.React)*4 {
		t.Errorf("reacted to %d of %d changes at rate %v", reacted, changes, o.React)
	}
}

func TestDecoysComeWithoutAnyChange(t *testing.T) {
	virtually(t, func(t *testing.T) {
		o := gateways.Defaults(gateways.Aeotec)
		o.Decoys = []gateways.Decoy{{Every: 10 * time.Second, Offset: 3 * time.Second, Size: 395}}
		b := open(t, simulator.LabOptions{Gateway: o, Subnet: 16, Seed: 2})
		defer b.close()
		b.record()
		time.Sleep(10 * time.Minute)
		n := 0
		for _, s := range reaction(b.seen(), longStream(b)) {
			if s.direction == traffic.Out && s.size == 490 {
				n++
			}
		}
		if n != 60 {
			t.Errorf("%d decoys in ten minutes, want 60", n)
		}
	})
}

func TestGatewaysFollowAgainAfterTheBridgeWasOff(t *testing.T) {
	for _, kind := range []gateways.Kind{gateways.Aeotec, gateways.HomeAssistant} {
		t.Run(string(kind), func(t *testing.T) {
			virtually(t, func(t *testing.T) {
				b := open(t, simulator.LabOptions{Gateway: gateways.Defaults(kind), Subnet: 17, Seed: 2})
				defer b.close()
				b.record()
				if err := b.lab.RestartBridge(t.Context(), 5*time.Minute); err != nil {
					t.Fatal(err)
				}
				if log := b.log.String(); !strings.Contains(log, "subscription") {
					t.Errorf("the loss was not reported: %s", log)
				}
				time.Sleep(time.Minute)
				peer := b.lab.Peers().Phones
				if peer == nil {
					peer = []netip.Addr{longStream(b)}
				}
				if got := reaction(b.change(true), peer[0]); len(got) < 2 {
					t.Errorf("after the bridge came back: %s", frames(got))
				}
			})
		})
	}
}

func TestSeveralLabsStandSideBySide(t *testing.T) {
	virtually(t, func(t *testing.T) {
		var benches []*bench
		for i, kind := range gateways.Kinds() {
			b := open(t, simulator.LabOptions{Gateway: gateways.Defaults(kind), Subnet: uint8(31 + i), Seed: 9})
			defer b.close()
			b.record()
			benches = append(benches, b)
		}
		benches[0].set(true)
		time.Sleep(3 * time.Second)
		for i, b := range benches {
			if on := b.lab.Bridge().State("1").On; on != (i == 0) {
				t.Errorf("%s: the light is %v", b.lab.Gateway().Name, on)
			}
		}
	})
}

// TestLossyLinesDelayButDoNotEndAnything loses every twentieth frame.
func TestLossyLinesDelayButDoNotEndAnything(t *testing.T) {
	for _, kind := range gateways.Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			virtually(t, func(t *testing.T) {
				o := gateways.Defaults(kind)
				o.React = 1
				b := open(t, simulator.LabOptions{
					Gateway: o, Subnet: 18, Seed: 6,
					Line: wire.Options{Delay: time.Millisecond, CloudDelay: 20 * time.Millisecond, Jitter: 2 * time.Millisecond, Loss: 0.05},
				})
				defer b.close()
				b.record()
				b.after = 10 * time.Second
				peer := b.lab.Peers().Phones
				if peer == nil {
					peer = []netip.Addr{longStream(b)}
				}
				time.Sleep(time.Hour)
				reacted := 0
				for i := range 20 {
					time.Sleep(time.Minute)
					if len(reaction(b.change(i%2 == 0), peer[0])) >= b.lab.Truth().Least {
						reacted++
					}
				}
				if reacted < 18 {
					t.Errorf("reacted to %d of 20 changes", reacted)
				}
			})
		})
	}
}

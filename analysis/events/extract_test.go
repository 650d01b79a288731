package events_test

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/hueprint/hueprint/analysis/events"
	"github.com/hueprint/hueprint/traffic"
)

// lines writes events as a person would, to compare them with what is wanted.
func lines(log events.Log) []string {
	var out []string
	for _, e := range log.Events {
		c := e.Channel
		line := fmt.Sprintf("%v %s %s:%d/%s %s %d", e.Direction, e.Kind, c.Name, c.Port, c.Transport, c.Scope, e.Length)
		if e.Detail != "" {
			line += " " + e.Detail
		}
		out = append(out, line)
	}
	return out
}

func want(t *testing.T, log events.Log, wanted ...string) {
	t.Helper()
	if d := gocmp.Diff(wanted, lines(log)); d != "" {
		t.Errorf("events (-want +got):\n%s", d)
	}
}

func TestTLSConnection(t *testing.T) {
	s := newScene()
	c := s.connection(at(plug, 40001), at(cloud, 443))
	c.open()
	c.data(0, hello("Cloud.Example"))
	c.data(1, append(record(22, 80), record(20, 1)...))
	both := append(record(23, 300), record(23, 41)...)
	c.data(0, both[:200]) // records over two segments
	s.after(time.Millisecond)
	c.data(0, both[200:])
	c.data(1, record(21, 26)) // alerts are no candidates
	c.finish()
	log := s.extract(t)
	want(t, log,
		"out flow-start cloud.example:443/tcp internet 0",
		"out client-hello cloud.example:443/tcp internet 69",
		"out tls-record cloud.example:443/tcp internet 300",
		"out tls-record cloud.example:443/tcp internet 41",
		"out flow-end cloud.example:443/tcp internet 0",
	)
	e := log.Events[3]
	if e.Number != 7 || e.Payload != 151 || e.Frame != 217 || e.Peer != cloud {
		t.Errorf("the record came with %+v, want frame 7", e)
	}
}

func TestPlainMessages(t *testing.T) {
	s := newScene()
	c := s.connection(at(phone, 50000), at(plug, 9999))
	c.open()
	c.data(0, []byte("get the state"))
	s.after(5 * time.Millisecond)
	c.data(1, make([]byte, 1000))
	s.after(19 * time.Millisecond)
	c.data(0, []byte("and more")) // 24 ms after the first part
	c.data(1, make([]byte, 200))  // 19 ms after the first part
	s.after(20 * time.Millisecond)
	c.data(1, make([]byte, 7)) // 20 ms are too many
	c.send(1, traffic.RST, nil)
	want(t, s.extract(t),
		"in flow-start 192.168.1.9:9999/tcp phone 0",
		"in tcp-message 192.168.1.9:9999/tcp phone 13",
		"in tcp-message 192.168.1.9:9999/tcp phone 8",
		"out tcp-message 192.168.1.9:9999/tcp phone 1200",
		"out tcp-message 192.168.1.9:9999/tcp phone 7",
		"out flow-end 192.168.1.9:9999/tcp phone 0",
	)
}

func TestDatagramsQuestionsAndGroups(t *testing.T) {
	s := newScene()
	s.datagram(at(plug, 40002), at(resolver, 53), dns(t, "NTP.example.", netip.Addr{}))
	s.datagram(at(resolver, 53), at(plug, 40002), dns(t, "NTP.example.", clock))
	s.datagram(at(plug, 123), at(clock, 123), make([]byte, 48))
	s.after(59*time.Second).datagram(at(clock, 123), at(plug, 123), make([]byte, 48))
	s.after(61*time.Second).datagram(at(plug, 123), at(clock, 123), make([]byte, 48))
	s.datagram(at(plug, 5353), at(group, 5353), dns(t, "_hue._tcp.local.", netip.Addr{}))
	s.datagram(at(plug, 40003), at(group, 1900), make([]byte, 90))
	s.datagram(at(bridge, 40003), at(group, 1900), make([]byte, 91)) // others' never count
	s.add(traffic.Packet{Src: plug, Dst: clock, Protocol: traffic.ProtocolICMP, SrcPort: 8 << 8, Length: 56})
	log := s.extract(t)
	want(t, log,
		"out dns-question 192.168.1.1:53/udp lan 0 ntp.example A",
		"in datagram 192.168.1.1:53/udp lan 45",
		"out flow-start ntp.example:123/udp internet 0",
		"out datagram ntp.example:123/udp internet 48",
		"in datagram ntp.example:123/udp internet 48",
		"out flow-start ntp.example:123/udp internet 0",
		"out datagram ntp.example:123/udp internet 48",
		"out dns-question 224.0.0.251:5353/udp lan 0 _hue._tcp.local A",
		"out multicast 224.0.0.251:1900/udp lan 90",
		"out icmp ntp.example:0/icmp internet 56 8",
	)
	if log.Frames != 9 || log.Packets != 8 || len(log.Stamps) != 8 || log.ScopePackets[traffic.Internet] != 4 {
		t.Errorf("frames %d, packets %d, scopes %v", log.Frames, log.Packets, log.ScopePackets)
	}
}

func TestWhatSaysNothingIsDropped(t *testing.T) {
	s := newScene()
	c := s.connection(at(plug, 40001), at(bridge, 80))
	c.open()
	s.after(time.Second)
	c.data(0, make([]byte, 100))
	s.after(70 * time.Microsecond).again() // an access point's second recording
	s.after(time.Second)
	c.data(0, make([]byte, 50))
	s.after(200 * time.Millisecond)
	c.seq[0] -= 50
	c.data(0, make([]byte, 50)) // retransmitted: another IP id
	s.after(time.Second)
	c.seq[0]--
	c.send(0, traffic.ACK, make([]byte, 1)) // keep-alive
	c.send(1, traffic.ACK, nil)
	s.after(time.Second)
	c.seq[0] += 30 // a reordered pair
	c.data(0, make([]byte, 30))
	c.seq[0] -= 60
	c.data(0, make([]byte, 30))
	log := s.extract(t)
	want(t, log,
		"out flow-start 192.168.1.5:80/tcp bridge 0",
		"out tcp-message 192.168.1.5:80/tcp bridge 100",
		"out tcp-message 192.168.1.5:80/tcp bridge 50",
		"out tcp-message 192.168.1.5:80/tcp bridge 60",
	)
	if log.Duplicates != 1 || log.Retransmissions != 1 || log.KeepAlives != 1 || log.OutOfOrder != 0 || log.BridgePackets != 10 {
		t.Errorf("duplicates %d, retransmissions %d, keep-alives %d, out of order %d, bridge packets %d",
			log.Duplicates, log.Retransmissions, log.KeepAlives, log.OutOfOrder, log.BridgePackets)
	}
}

// The stream is older than the recording; its name comes with a later one.
func TestNamesLearnedLaterApplyToEarlierEvents(t *testing.T) {
	s := newScene()
	old := s.connection(at(plug, 40001), at(cloud, 8883))
	old.data(0, record(23, 100))
	plain := s.connection(at(plug, 30000), at(clock, 40000))
	plain.data(0, []byte("hello there"))
	s.after(time.Minute)
	s.datagram(at(resolver, 53), at(plug, 40002), dns(t, "time.example.", clock))
	c := s.connection(at(plug, 40003), at(cloud, 8883))
	c.open()
	c.data(0, hello("mqtt.example"))
	log := s.extract(t)
	want(t, log,
		"out tls-record mqtt.example:8883/tcp internet 100",
		"out tcp-message time.example:30000/tcp internet 11", // the lower port, for want of a SYN
		"in datagram 192.168.1.1:53/udp lan 46",
		"out flow-start mqtt.example:8883/tcp internet 0",
		"out client-hello mqtt.example:8883/tcp internet 68",
	)
}

func TestReusedPortsAreAnotherConnection(t *testing.T) {
	s := newScene()
	for i := range 2 {
		c := s.connection(at(plug, 40001), at(cloud, 80))
		c.seq[0] += uint32(i) * 1000
		c.open()
		c.data(0, []byte("GET / HTTP/1.1"))
		c.finish()
		s.after(time.Second)
	}
	if got := lines(s.extract(t)); len(got) != 6 {
		t.Errorf("got %q, want start, message and end of each", got)
	}
}

// mixed makes a recording with everything in it, stamps as coarse as grain.
func mixed(t *rapid.T, tb testing.TB, grain time.Duration) []traffic.Packet {
	s := newScene()
	tlsConn := s.connection(at(plug, 40001), at(cloud, 443))
	plain := s.connection(at(phone, 50000), at(plug, 9999))
	tlsConn.open()
	tlsConn.data(0, hello("cloud.example"))
	plain.open()
	for range rapid.IntRange(5, 40).Draw(t, "steps") {
		s.after(time.Duration(rapid.IntRange(0, 30).Draw(t, "ms")) * time.Millisecond)
		side := rapid.IntRange(0, 1).Draw(t, "side")
		n := rapid.IntRange(1, 600).Draw(t, "length")
		switch rapid.IntRange(0, 6).Draw(t, "what") {
		case 0, 1:
			tlsConn.data(side, record(23, n))
		case 2:
			plain.data(side, make([]byte, n))
		case 3:
			s.datagram(at(plug, 123), at(clock, 123), make([]byte, 48))
		case 4:
			s.datagram(at(resolver, 53), at(plug, 40002), dns(tb, fmt.Sprintf("n%d.example.", n), clock))
		case 5:
			s.datagram(at(bridge, 5353), at(group, 5353), dns(tb, fmt.Sprintf("m%d.local.", n), cloud))
		case 6:
			s.again()
		}
	}
	for i := range s.packets {
		s.packets[i].Time = s.packets[i].Time.Truncate(grain)
	}
	return s.packets
}

func TestOrderOfEqualStampsChangesNothing(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		packets := mixed(rt, t, 50*time.Millisecond)
		first, _ := events.Extract(all(packets), byAddr, peers)
		keys := rapid.SliceOfN(rapid.Uint32(), len(packets), len(packets)).Draw(rt, "order")
		slices.SortFunc(packets, func(a, b traffic.Packet) int {
			return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(keys[a.Number-1], keys[b.Number-1]))
		})
		second, _ := events.Extract(all(packets), byAddr, peers)
		if d := gocmp.Diff(first, second, cmpopts.EquateComparable(netip.Addr{})); d != "" {
			rt.Errorf("another order (-first +second):\n%s", d)
		}
	})
}

func TestShiftOfTheClockShiftsOnlyTimes(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		packets := mixed(rt, t, time.Microsecond)
		first, _ := events.Extract(all(packets), byAddr, peers)
		by := time.Duration(rapid.Int64Range(-int64(1000*time.Hour), int64(1000*time.Hour)).Draw(rt, "shift"))
		for i := range packets {
			packets[i].Time = packets[i].Time.Add(by)
		}
		second, _ := events.Extract(all(packets), byAddr, peers)
		for i := range second.Events {
			second.Events[i].Time = second.Events[i].Time.Add(-by)
		}
		if d := gocmp.Diff(first.Events, second.Events, cmpopts.EquateComparable(netip.Addr{})); d != "" {
			rt.Errorf("shifted (-first +second):\n%s", d)
		}
	})
}

func TestGatewayByAddressOrByMAC(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		packets := mixed(rt, t, time.Microsecond)
		first, _ := events.Extract(all(packets), byAddr, peers)
		second, _ := events.Extract(all(packets), byMAC, peers)
		if d := gocmp.Diff(first, second, cmpopts.EquateComparable(netip.Addr{})); d != "" {
			rt.Errorf("by MAC (-by address +by MAC):\n%s", d)
		}
	})
}

func TestPacketsFarOutOfOrderAreCounted(t *testing.T) {
	s := newScene()
	for range 10 {
		s.after(time.Second).datagram(at(plug, 123), at(clock, 123), make([]byte, 48))
	}
	s.packets[3], s.packets[6] = s.packets[6], s.packets[3]
	log := s.extract(t)
	byTime := func(a, b events.Stamp) int { return a.Time.Compare(b.Time) }
	if log.OutOfOrder != 3 || log.Packets != 10 || !slices.IsSortedFunc(log.Stamps, byTime) {
		t.Errorf("out of order %d of %d, stamps %v", log.OutOfOrder, log.Packets, log.Stamps)
	}
}

func TestBrokenSourceGivesWhatItHad(t *testing.T) {
	s := newScene()
	s.datagram(at(plug, 123), at(clock, 123), make([]byte, 48))
	broken := errors.New("file ends early")
	log, err := events.Extract(func(yield func(traffic.Packet, error) bool) {
		if yield(s.packets[0], nil) {
			yield(traffic.Packet{}, broken)
		}
	}, byAddr, peers)
	if !errors.Is(err, broken) || log.Packets != 1 || len(log.Events) != 2 {
		t.Errorf("error %v, %d packets, events %v", err, log.Packets, log.Events)
	}
}

func TestEmptyRecording(t *testing.T) {
	log, err := events.Extract(all(nil), byAddr, peers)
	if err != nil || !log.First.IsZero() || log.Packets != 0 || log.Events != nil {
		t.Errorf("error %v, log %+v", err, log)
	}
}

// A router asks all who has the gateway's address: inside is the address, but
// the frame is not for the gateway.
func TestOthersBroadcastsNeverCount(t *testing.T) {
	s := newScene()
	s.add(traffic.Packet{Src: resolver, Dst: plug, Protocol: traffic.ProtocolARP})
	s.packets[0].DstMAC = traffic.MAC{255, 255, 255, 255, 255, 255}
	s.add(traffic.Packet{Src: plug, Dst: resolver, Protocol: traffic.ProtocolARP})
	if log := s.extract(t); log.Frames != 2 || log.Packets != 1 || log.Stamps[0].Direction != traffic.Out {
		t.Errorf("%d of %d packets are the gateway's: %v", log.Packets, log.Frames, log.Stamps)
	}
}

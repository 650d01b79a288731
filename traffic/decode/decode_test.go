package decode_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net/netip"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"pgregory.net/rapid"

	"github.com/hueprint/hueprint/traffic"
	"github.com/hueprint/hueprint/traffic/decode"
)

// withGopacket reads from gopacket's layers what Frame should find.
func withGopacket(b []byte) (p traffic.Packet) {
	g := gopacket.NewPacket(b, layers.LayerTypeEthernet, gopacket.NoCopy)
	eth := g.Layer(layers.LayerTypeEthernet).(*layers.Ethernet)
	p.SrcMAC, p.DstMAC = traffic.MAC(eth.SrcMAC), traffic.MAC(eth.DstMAC)
	switch ip := g.NetworkLayer().(type) {
	case *layers.IPv4:
		p.Src, p.Dst = netip.AddrFrom4([4]byte(ip.SrcIP)), netip.AddrFrom4([4]byte(ip.DstIP))
		p.TTL, p.IPID = ip.TTL, ip.Id
	case *layers.IPv6:
		p.Src, p.Dst = netip.AddrFrom16([16]byte(ip.SrcIP)), netip.AddrFrom16([16]byte(ip.DstIP))
		p.TTL = ip.HopLimit
	}
	switch h := g.TransportLayer().(type) {
	case *layers.TCP:
		p.Protocol, p.SrcPort, p.DstPort = traffic.ProtocolTCP, uint16(h.SrcPort), uint16(h.DstPort)
		p.Seq, p.Ack, p.Payload, p.Length = h.Seq, h.Ack, h.Payload, len(h.Payload)
		for i, set := range []bool{h.FIN, h.SYN, h.RST, h.PSH, h.ACK, h.URG} {
			if set {
				p.Flags |= 1 << i
			}
		}
	case *layers.UDP:
		p.Protocol, p.SrcPort, p.DstPort = traffic.ProtocolUDP, uint16(h.SrcPort), uint16(h.DstPort)
		p.Payload, p.Length = h.Payload, len(h.Payload)
	}
	return p
}

// same compares what gopacket tells of a packet, too.
func same(t interface{ Errorf(string, ...any) }, got, want traffic.Packet) {
	if got.SrcMAC != want.SrcMAC || got.DstMAC != want.DstMAC || got.Src != want.Src || got.Dst != want.Dst ||
		got.Protocol != want.Protocol || got.SrcPort != want.SrcPort || got.DstPort != want.DstPort ||
		got.TTL != want.TTL || got.IPID != want.IPID || got.Seq != want.Seq || got.Ack != want.Ack ||
		got.Flags != want.Flags || got.Length != want.Length || !bytes.Equal(got.Payload, want.Payload) {
		t.Errorf("got\n%+v, want\n%+v", got, want)
	}
}

func TestFrameAgreesWithGopacket(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		b := drawn(rt, t)
		f := frame(traffic.LinkEthernet, b)
		var p traffic.Packet
		if flaw := decode.Frame(&f, &p); flaw != decode.Sound {
			rt.Fatalf("flaw %v", flaw)
		}
		same(rt, p, withGopacket(b))
	})
}

func TestCutFramesKeepTheirHeadersAndLength(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		b := drawn(rt, t)
		whole := frame(traffic.LinkEthernet, b)
		var p, q traffic.Packet
		decode.Frame(&whole, &p)
		headers := cap(b) - cap(p.Payload)
		cut := whole
		cut.Data = b[:rapid.IntRange(headers, headers+p.Length).Draw(rt, "snaplen")]
		if flaw := decode.Frame(&cut, &q); flaw != decode.Sound {
			rt.Fatalf("flaw %v", flaw)
		}
		want := p
		want.Payload = p.Payload[:len(cut.Data)-headers]
		same(rt, q, want)
	})
}

// The recorder cut inside the TCP header. Of the second cut, gopacket's layers
// give no port at all, which is one reason why the walk is our own.
func TestTCPHeaderCut(t *testing.T) {
	ip := ip4(layers.IPProtocolTCP)
	b := serialize(t, ether(layers.EthernetTypeIPv4), ip, tcp(ip), gopacket.Payload(make([]byte, 100)))
	for _, c := range []struct{ snaplen, length int }{{54, 100}, {50, 100}, {46, 112}} {
		f := frame(traffic.LinkEthernet, b)
		f.Data = b[:c.snaplen]
		var p traffic.Packet
		if flaw := decode.Frame(&f, &p); flaw != decode.ShortTransport {
			t.Errorf("cut at %d: flaw %v, want %v", c.snaplen, flaw, decode.ShortTransport)
		}
		if p.SrcPort != 40001 || p.DstPort != 443 || p.Seq != 0xfffffff0 || p.Length != c.length {
			t.Errorf("cut at %d: got %+v", c.snaplen, p)
		}
	}
}

func TestFrameReadsEveryLinkType(t *testing.T) {
	ip, six := ip4(layers.IPProtocolUDP), ip6(layers.IPProtocolUDP)
	four := serialize(t, ip, udp(ip), gopacket.Payload("hue"))
	sixth := serialize(t, six, udp(six), gopacket.Payload("hue"))
	join := func(head []byte, b []byte) []byte { return append(append([]byte{}, head...), b...) }
	sll2 := make([]byte, 20)
	binary.BigEndian.PutUint16(sll2, 0x86dd)
	sll := make([]byte, 16)
	binary.BigEndian.PutUint16(sll[14:], 0x0800)
	snap := append(append(append([]byte{}, macB...), macA...), 0, 39, 0xaa, 0xaa, 3, 0, 0, 0, 8, 0)
	pppoe := append(append(append([]byte{}, macB...), macA...), 0x88, 0x64, 0x11, 0, 0, 1, 0, 33, 0, 0x21)
	qinq := append(append(append([]byte{}, macB...), macA...), 0x88, 0xa8, 0, 1, 0x81, 0, 0, 2, 8, 0)
	for _, c := range []struct {
		name string
		link traffic.LinkType
		data []byte
	}{
		{"raw IPv4", traffic.LinkRaw, four},
		{"raw IPv6", traffic.LinkRaw, sixth},
		{"IPv4", traffic.LinkIPv4, four},
		{"IPv6", traffic.LinkIPv6, sixth},
		{"null, little endian", traffic.LinkNull, join([]byte{2, 0, 0, 0}, four)},
		{"null, big endian, Darwin's IPv6", traffic.LinkNull, join([]byte{0, 0, 0, 30}, sixth)},
		{"loop", traffic.LinkLoop, join([]byte{0, 0, 0, 2}, four)},
		{"cooked", traffic.LinkLinuxSLL, join(sll, four)},
		{"cooked v2", traffic.LinkSLL2, join(sll2, sixth)},
		{"802.3 SNAP", traffic.LinkEthernet, join(snap, four)},
		{"PPPoE", traffic.LinkEthernet, join(pppoe, four)},
		{"802.1ad", traffic.LinkEthernet, join(qinq, four)},
		{"padded", traffic.LinkEthernet, append(serialize(t, ether(layers.EthernetTypeIPv4), ip, udp(ip), gopacket.Payload("hue")), make([]byte, 15)...)},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := frame(c.link, c.data)
			var p traffic.Packet
			if flaw := decode.Frame(&f, &p); flaw != decode.Sound {
				t.Fatalf("flaw %v", flaw)
			}
			if p.Protocol != traffic.ProtocolUDP || p.DstPort != 53 || string(p.Payload) != "hue" || p.Length != 3 || !p.Src.IsValid() {
				t.Errorf("got %+v", p)
			}
		})
	}
}

func TestFrameCountsFlaws(t *testing.T) {
	ip := ip4(layers.IPProtocolTCP)
	good := serialize(t, ether(layers.EthernetTypeIPv4), ip, tcp(ip))
	change := func(at int, to byte) []byte {
		b := append([]byte{}, good...)
		b[at] = to
		return b
	}
	for _, c := range []struct {
		name string
		link traffic.LinkType
		data []byte
		want decode.Flaw
	}{
		{"empty", traffic.LinkEthernet, nil, decode.ShortLink},
		{"unknown link", 147, good, decode.UnknownLink},
		{"no IP", traffic.LinkRaw, nil, decode.ShortNetwork},
		{"half an IP header", traffic.LinkEthernet, good[:24], decode.ShortNetwork},
		{"IP version 9", traffic.LinkEthernet, change(14, 0x95), decode.BadNetwork},
		{"IP header of 8 bytes", traffic.LinkEthernet, change(14, 0x42), decode.BadNetwork},
		{"no ports", traffic.LinkEthernet, good[:36], decode.ShortTransport},
		{"TCP header of 4 bytes", traffic.LinkEthernet, change(46, 0x10), decode.BadTransport},
		{"TCP header beyond IP", traffic.LinkEthernet, change(46, 0xf0), decode.BadTransport},
		{"LLC", traffic.LinkEthernet, append(append([]byte{}, good[:12]...), 0, 3, 0x42, 0x42, 3), decode.Sound},
	} {
		t.Run(c.name, func(t *testing.T) {
			var stats decode.Stats
			n := 0
			for p, err := range decode.Packets(repeat(1, frame(c.link, c.data)), &stats) {
				if err != nil || p.Number != 1 {
					t.Fatalf("packet %d, error %v", p.Number, err)
				}
				n++
			}
			if n != 1 || stats.Flaws[c.want] != 1 {
				t.Errorf("yielded %d, flaws %v, want one %v", n, stats.Flaws, c.want)
			}
		})
	}
}

func TestFragmentsARPAndICMP(t *testing.T) {
	later := ip4(layers.IPProtocolUDP)
	later.FragOffset = 100
	fragment6 := append(serialize(t, ip6(44), gopacket.Payload{17, 0, 0, 8, 0, 0, 0, 1, 1, 2, 3}), 0)
	ip := ip4(layers.IPProtocolICMPv4)
	echo := &layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(8, 0), Id: 77, Seq: 1}
	arp := &layers.ARP{
		AddrType: 1, Protocol: 0x0800, HwAddressSize: 6, ProtAddressSize: 4, Operation: 1,
		SourceHwAddress: macA, SourceProtAddress: []byte{192, 168, 1, 2}, DstHwAddress: make([]byte, 6), DstProtAddress: []byte{192, 168, 1, 1},
	}
	for _, c := range []struct {
		name string
		link traffic.LinkType
		data []byte
		ok   func(p traffic.Packet) bool
	}{
		{"IPv4 fragment", traffic.LinkRaw, serialize(t, later, gopacket.Payload("rest")), func(p traffic.Packet) bool {
			return p.Fragment && p.Protocol == traffic.ProtocolUDP && p.DstPort == 0 && p.Length == 4
		}},
		{"IPv6 fragment", traffic.LinkRaw, fragment6, func(p traffic.Packet) bool {
			return p.Fragment && p.Protocol == traffic.ProtocolUDP && p.DstPort == 0 && p.Length == 3
		}},
		{"echo", traffic.LinkRaw, serialize(t, ip, echo, gopacket.Payload("ping!")), func(p traffic.Packet) bool {
			return p.Protocol == traffic.ProtocolICMP && p.SrcPort == 8<<8 && p.DstPort == 77 && p.Length == 5
		}},
		{"ARP", traffic.LinkEthernet, serialize(t, ether(layers.EthernetTypeARP), arp), func(p traffic.Packet) bool {
			return p.Protocol == traffic.ProtocolARP && p.Src.String() == "192.168.1.2" && p.Dst.String() == "192.168.1.1"
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := frame(c.link, c.data)
			var p traffic.Packet
			if flaw := decode.Frame(&f, &p); flaw != decode.Sound || !c.ok(p) {
				t.Errorf("flaw %v, %+v", flaw, p)
			}
		})
	}
}

func TestDigestIsOfTheIPPacketOnly(t *testing.T) {
	ip := ip4(layers.IPProtocolUDP)
	bare := serialize(t, ip, udp(ip), gopacket.Payload("hue"))
	eth := serialize(t, ether(layers.EthernetTypeIPv4), ip, udp(ip), gopacket.Payload("hue"))
	padded := append(append([]byte{}, eth...), 1, 2, 3)
	other := serialize(t, ip, udp(ip), gopacket.Payload("hux"))
	digest := func(link traffic.LinkType, b []byte) uint64 {
		f := frame(link, b)
		var p traffic.Packet
		decode.Frame(&f, &p)
		return p.Digest
	}
	want := digest(traffic.LinkRaw, bare)
	if digest(traffic.LinkEthernet, eth) != want || digest(traffic.LinkEthernet, padded) != want {
		t.Error("link header or padding changes the digest")
	}
	if digest(traffic.LinkRaw, other) == want {
		t.Error("another payload has the same digest")
	}
}

func TestPacketsPassesErrorsOn(t *testing.T) {
	broken := errors.New("file ends early")
	frames := func(yield func(traffic.Frame, error) bool) { yield(traffic.Frame{}, broken) }
	for _, err := range decode.Packets(frames, nil) {
		if !errors.Is(err, broken) {
			t.Errorf("error %v", err)
		}
	}
}

func TestPacketsDoesNotAllocate(t *testing.T) {
	ip := ip6(layers.IPProtocolTCP)
	f := frame(traffic.LinkEthernet, serialize(t, ether(layers.EthernetTypeIPv6), ip, tcp(ip), gopacket.Payload("data")))
	var stats decode.Stats
	run := func(n int) float64 {
		return testing.AllocsPerRun(20, func() {
			for range decode.Packets(repeat(n, f), &stats) {
			}
		})
	}
	if few, many := run(1), run(1000); many > few {
		t.Errorf("1,000 packets allocate %v times, one %v", many, few)
	}
}

func FuzzFrame(f *testing.F) {
	ip, six := ip4(layers.IPProtocolTCP), ip6(layers.IPProtocolUDP)
	f.Add(uint16(1), serialize(f, ether(layers.EthernetTypeIPv4), ip, tcp(ip), gopacket.Payload("data")), 9)
	f.Add(uint16(101), serialize(f, six, udp(six), gopacket.Payload("data")), 0)
	f.Add(uint16(101), serialize(f, ip6(0), gopacket.Payload{44, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 8}), 0)
	f.Fuzz(func(t *testing.T, link uint16, data []byte, cut int) {
		in := frame(traffic.LinkType(link), data)
		in.Wire += max(0, cut%70000)
		var p traffic.Packet
		flaw := decode.Frame(&in, &p)
		if p.Length < 0 || len(p.Payload) > p.Length || len(p.Payload) > len(data) {
			t.Errorf("flaw %v: payload %d of length %d in %d bytes", flaw, len(p.Payload), p.Length, len(data))
		}
	})
}

func BenchmarkPackets(b *testing.B) {
	ip := ip4(layers.IPProtocolTCP)
	for _, size := range []int{0, 400, 1400} {
		f := frame(traffic.LinkEthernet, serialize(b, ether(layers.EthernetTypeIPv4), ip, tcp(ip), gopacket.Payload(make([]byte, size))))
		b.Run(map[int]string{0: "ack", 400: "record", 1400: "full"}[size], func(b *testing.B) {
			b.ReportAllocs()
			var stats decode.Stats
			for range decode.Packets(repeat(b.N, f), &stats) {
			}
		})
	}
}

// BenchmarkGopacket is the yardstick: the same frame through preallocated
// layers, without a digest.
func BenchmarkGopacket(b *testing.B) {
	ip := ip4(layers.IPProtocolTCP)
	data := serialize(b, ether(layers.EthernetTypeIPv4), ip, tcp(ip), gopacket.Payload(make([]byte, 400)))
	var eth layers.Ethernet
	var four layers.IPv4
	var segment layers.TCP
	var payload gopacket.Payload
	parser := gopacket.NewDecodingLayerParser(layers.LayerTypeEthernet, &eth, &four, &segment, &payload)
	parser.IgnoreUnsupported = true
	var found []gopacket.LayerType
	b.ReportAllocs()
	for b.Loop() {
		if err := parser.DecodeLayers(data, &found); err != nil {
			b.Fatal(err)
		}
	}
}

package decode_test

import (
	"iter"
	"net"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"pgregory.net/rapid"

	"github.com/hueprint/hueprint/traffic"
)

var (
	macA = net.HardwareAddr{0, 0x17, 0x88, 1, 2, 3}
	macB = net.HardwareAddr{0x50, 0xc7, 0xbf, 4, 5, 6}
)

// serialize writes layers with lengths and checksums.
func serialize(t testing.TB, stack ...gopacket.SerializableLayer) []byte {
	t.Helper()
	b := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, stack...); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func ip4(p layers.IPProtocol) *layers.IPv4 {
	return &layers.IPv4{
		Version: 4, IHL: 5, TTL: 63, Id: 4711, Protocol: p,
		SrcIP: net.IP{192, 168, 1, 2}, DstIP: net.IP{198, 51, 100, 7},
	}
}

func ip6(p layers.IPProtocol) *layers.IPv6 {
	return &layers.IPv6{
		Version: 6, HopLimit: 61, NextHeader: p,
		SrcIP: net.ParseIP("fd00::2"), DstIP: net.ParseIP("2001:db8::7"),
	}
}

func ether(kind layers.EthernetType) *layers.Ethernet {
	return &layers.Ethernet{SrcMAC: macA, DstMAC: macB, EthernetType: kind}
}

// tcp has the timestamps that make a header of 32 bytes.
func tcp(ip gopacket.NetworkLayer) *layers.TCP {
	h := &layers.TCP{
		SrcPort: 40001, DstPort: 443, Seq: 0xfffffff0, Ack: 99, PSH: true, ACK: true, Window: 501,
		Options: []layers.TCPOption{
			{OptionType: 1}, {OptionType: 1},
			{OptionType: layers.TCPOptionKindTimestamps, OptionLength: 10, OptionData: make([]byte, 8)},
		},
	}
	if err := h.SetNetworkLayerForChecksum(ip); err != nil {
		panic(err)
	}
	return h
}

func udp(ip gopacket.NetworkLayer) *layers.UDP {
	h := &layers.UDP{SrcPort: 40002, DstPort: 53}
	if err := h.SetNetworkLayerForChecksum(ip); err != nil {
		panic(err)
	}
	return h
}

func frame(link traffic.LinkType, b []byte) traffic.Frame {
	return traffic.Frame{Time: time.Unix(1, 2).UTC(), Link: link, Data: b, Wire: len(b), Number: 1}
}

// drawn makes an arbitrary Ethernet frame with IP.
func drawn(t *rapid.T, tb testing.TB) []byte {
	var stack []gopacket.SerializableLayer
	payload := gopacket.Payload(rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "payload"))
	proto := rapid.SampledFrom([]layers.IPProtocol{layers.IPProtocolTCP, layers.IPProtocolUDP}).Draw(t, "protocol")
	kind := layers.EthernetTypeIPv4
	six := rapid.Bool().Draw(t, "v6")
	if six {
		kind = layers.EthernetTypeIPv6
	}
	tags := rapid.IntRange(0, 2).Draw(t, "tags")
	first := kind
	if tags > 0 {
		first = layers.EthernetTypeDot1Q
	}
	stack = append(stack, ether(first))
	for i := range tags {
		next := kind
		if i < tags-1 {
			next = layers.EthernetTypeDot1Q
		}
		stack = append(stack, &layers.Dot1Q{VLANIdentifier: 7, Type: next})
	}
	var network gopacket.NetworkLayer
	if six {
		h := ip6(proto)
		network, stack = h, append(stack, h)
	} else {
		h := ip4(proto)
		h.Options = rapid.SampledFrom([][]layers.IPv4Option{nil, {{OptionType: 1}}}).Draw(t, "options")
		network, stack = h, append(stack, h)
	}
	if proto == layers.IPProtocolTCP {
		stack = append(stack, tcp(network))
	} else {
		stack = append(stack, udp(network))
	}
	return serialize(tb, append(stack, payload)...)
}

// repeat yields the same frames over and over, n in all.
func repeat(n int, frames ...traffic.Frame) iter.Seq2[traffic.Frame, error] {
	return func(yield func(traffic.Frame, error) bool) {
		for i := range n {
			f := frames[i%len(frames)]
			f.Number = i + 1
			if !yield(f, nil) {
				return
			}
		}
	}
}

package memory

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/hueprint/hueprint/traffic"
)

var broadcast = traffic.MAC{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}

// A frame is an Ethernet frame that is not yet bytes: an ARP message or an IP
// packet between two MACs.
type frame struct {
	src, dst traffic.MAC
	arp      *arp
	packet   *packet
}

// An arp is an ARP request or reply (RFC 826).
type arp struct {
	request              bool
	senderMAC, targetMAC traffic.MAC
	sender, target       netip.Addr
}

// A packet is an IPv4 packet that is not yet bytes. It is never changed once
// sent. Exactly one of tcp, icmp and neither (then it is UDP) is set.
type packet struct {
	src, dst netip.AddrPort
	ttl      uint8
	id       uint16
	tcp      *tcpHeader
	icmp     *icmpHeader
	payload  []byte
}

type tcpHeader struct {
	seq, ack           uint32
	flags              traffic.Flags
	window             uint16
	stamp, stampedEcho uint32
}

type icmpHeader struct {
	kind     layers.ICMPv4TypeCode
	id, seq  uint16
	original *packet // what an error message is about
}

// windowShift is the window scale that both sides announce (RFC 7323).
const windowShift = 7

var serialize = gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}

// bytes builds the frame in buf. It cannot fail for what this package sends.
func (f frame) bytes(buf gopacket.SerializeBuffer) []byte {
	eth := &layers.Ethernet{SrcMAC: f.src[:], DstMAC: f.dst[:], EthernetType: layers.EthernetTypeIPv4}
	var err error
	if f.arp != nil {
		eth.EthernetType = layers.EthernetTypeARP
		err = gopacket.SerializeLayers(buf, serialize, eth, f.arp.layer())
	} else {
		err = gopacket.SerializeLayers(buf, serialize, append([]gopacket.SerializableLayer{eth}, f.packet.layers()...)...)
	}
	if err != nil {
		panic(fmt.Sprintf("memory wire: build frame: %v", err))
	}
	return buf.Bytes()
}

func (a *arp) layer() *layers.ARP {
	operation := uint16(layers.ARPReply)
	if a.request {
		operation = layers.ARPRequest
	}
	return &layers.ARP{
		AddrType: layers.LinkTypeEthernet, Protocol: layers.EthernetTypeIPv4,
		HwAddressSize: 6, ProtAddressSize: 4, Operation: operation,
		SourceHwAddress: a.senderMAC[:], SourceProtAddress: a.sender.AsSlice(),
		DstHwAddress: a.targetMAC[:], DstProtAddress: a.target.AsSlice(),
	}
}

// layers gives the packet's headers and payload for gopacket to serialise.
func (p *packet) layers() []gopacket.SerializableLayer {
	ip := &layers.IPv4{Version: 4, TTL: p.ttl, Id: p.id, Flags: layers.IPv4DontFragment,
		SrcIP: p.src.Addr().AsSlice(), DstIP: p.dst.Addr().AsSlice()}
	payload := gopacket.Payload(p.payload)
	switch {
	case p.tcp != nil:
		ip.Protocol = layers.IPProtocolTCP
		tcp := p.tcp.layer(p.src.Port(), p.dst.Port())
		tcp.SetNetworkLayerForChecksum(ip)
		return []gopacket.SerializableLayer{ip, tcp, payload}
	case p.icmp != nil:
		ip.Protocol = layers.IPProtocolICMPv4
		if p.icmp.original != nil {
			payload = p.icmp.original.head()
		}
		return []gopacket.SerializableLayer{ip,
			&layers.ICMPv4{TypeCode: p.icmp.kind, Id: p.icmp.id, Seq: p.icmp.seq}, payload}
	}
	ip.Protocol = layers.IPProtocolUDP
	udp := &layers.UDP{SrcPort: layers.UDPPort(p.src.Port()), DstPort: layers.UDPPort(p.dst.Port())}
	udp.SetNetworkLayerForChecksum(ip)
	return []gopacket.SerializableLayer{ip, udp, payload}
}

// head is the IP header and the first eight bytes after it, which an ICMP error
// quotes (RFC 792).
func (p *packet) head() gopacket.Payload {
	buf := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(buf, serialize, p.layers()...); err != nil {
		panic(fmt.Sprintf("memory wire: quote packet: %v", err))
	}
	return gopacket.Payload(buf.Bytes()[:min(28, len(buf.Bytes()))])
}

func (h *tcpHeader) layer(src, dst uint16) *layers.TCP {
	return &layers.TCP{
		SrcPort: layers.TCPPort(src), DstPort: layers.TCPPort(dst), Seq: h.seq, Ack: h.ack, Window: h.window,
		SYN: h.flags.Has(traffic.SYN), ACK: h.flags.Has(traffic.ACK), PSH: h.flags.Has(traffic.PSH),
		FIN: h.flags.Has(traffic.FIN), RST: h.flags.Has(traffic.RST), Options: h.options(),
	}
}

// options are: on SYN the segment size,
// timestamps and window scale; timestamps on everything after.
func (h *tcpHeader) options() []layers.TCPOption {
	nop := layers.TCPOption{OptionType: layers.TCPOptionKindNop, OptionLength: 1}
	stamps := make([]byte, 8)
	binary.BigEndian.PutUint32(stamps, h.stamp)
	binary.BigEndian.PutUint32(stamps[4:], h.stampedEcho)
	timestamps := layers.TCPOption{OptionType: layers.TCPOptionKindTimestamps, OptionLength: 10, OptionData: stamps}
	switch {
	case h.flags.Has(traffic.RST):
		return nil
	case !h.flags.Has(traffic.SYN):
		return []layers.TCPOption{nop, nop, timestamps}
	}
	return []layers.TCPOption{
		{OptionType: layers.TCPOptionKindMSS, OptionLength: 4, OptionData: []byte{1460 >> 8, 1460 & 0xff}},
		nop, nop, timestamps, nop,
		{OptionType: layers.TCPOptionKindWindowScale, OptionLength: 3, OptionData: []byte{windowShift}},
	}
}

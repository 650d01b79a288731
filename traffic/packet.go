package traffic

import (
	"net/netip"
	"time"
)

// LinkType is the kind of link header of a captured frame, numbered as in pcap
// files (https://www.tcpdump.org/linktypes.html).
type LinkType uint16

// The link types that hueprint reads. LinkRaw starts with the IP header.
const (
	LinkNull     LinkType = 0
	LinkEthernet LinkType = 1
	LinkRaw      LinkType = 101
	LinkLoop     LinkType = 108
	LinkLinuxSLL LinkType = 113
	LinkIPv4     LinkType = 228
	LinkIPv6     LinkType = 229
	LinkSLL2     LinkType = 276
)

// LinkUpperPDU frames hold no packet but a message of an upper layer with the
// name of its dissector (Wireshark's "Exported PDU"); no capture of ours has
// them, annotated copies do.
const LinkUpperPDU LinkType = 252

// A Frame is one frame as a recorder saw it, not yet decoded.
type Frame struct {
	// Time is the instant of capture by the clock of the capturing host.
	Time time.Time
	// Link says how Data begins.
	Link LinkType
	// Data is what was captured, at most Wire bytes. It belongs to the reader
	// it came from and is valid only until the next frame is asked for.
	Data []byte
	// Wire is the length on the wire in bytes, link header included, frame
	// check sequence not.
	Wire int
	// Number is the frame's place in its recording, from 1, as Wireshark's
	// frame.number (per file; see [Recording] for several files).
	Number int
}

// Protocol is the transport that a packet carries, numbered as in the IP
// header; ARP and unknown link payloads have numbers outside that range.
type Protocol uint16

// The protocols that the analysis tells apart.
const (
	ProtocolOther  Protocol = 0xffff
	ProtocolARP    Protocol = 0x806
	ProtocolICMP   Protocol = 1
	ProtocolIGMP   Protocol = 2
	ProtocolTCP    Protocol = 6
	ProtocolUDP    Protocol = 17
	ProtocolICMPv6 Protocol = 58
)

// String names the protocol in lower case, as reports print it.
func (p Protocol) String() string {
	switch p {
	case ProtocolARP:
		return "arp"
	case ProtocolICMP:
		return "icmp"
	case ProtocolIGMP:
		return "igmp"
	case ProtocolTCP:
		return "tcp"
	case ProtocolUDP:
		return "udp"
	case ProtocolICMPv6:
		return "icmpv6"
	}
	return "other"
}

// Flags are the control bits of a TCP header, as on the wire.
type Flags uint8

// The TCP control bits (RFC 9293, section 3.1).
const (
	FIN Flags = 1 << iota
	SYN
	RST
	PSH
	ACK
	URG
)

// Has tells whether all bits of f2 are set.
func (f Flags) Has(f2 Flags) bool { return f&f2 == f2 }

// A Packet is one decoded frame: the headers that the analysis needs, flat, so
// that millions of them need no allocation each.
type Packet struct {
	// Time, Wire and Number are the frame's.
	Time   time.Time
	Wire   int
	Number int
	// SrcMAC and DstMAC are zero on links without Ethernet addresses.
	SrcMAC, DstMAC MAC
	// Src and Dst are the IP addresses (for ARP: sender and target protocol
	// address); the zero Addr where there are none.
	Src, Dst netip.Addr
	// Protocol is the transport.
	Protocol Protocol
	// SrcPort and DstPort are zero unless Protocol is TCP or UDP. For ICMP,
	// SrcPort is type<<8|code and DstPort the echo identifier.
	SrcPort, DstPort uint16
	// TTL is the IPv4 time to live or the IPv6 hop limit; IPID is the IPv4
	// identification (0 for IPv6).
	TTL  uint8
	IPID uint16
	// Seq, Ack and Flags are TCP's.
	Seq, Ack uint32
	Flags    Flags
	// Length is the length of the transport payload in bytes by the IP header,
	// also where the capture cut it off.
	Length int
	// Payload is the captured part of the transport payload, at most Length
	// bytes; valid only until the next packet is asked for.
	Payload []byte
	// Fragment tells that this is an IP fragment other than the first: it has
	// no ports.
	Fragment bool
	// Digest is a 64-bit hash of the captured frame from the IP header on (the
	// whole frame where there is no IP), by which an access point's
	// double-recorded frames are known.
	Digest uint64
}

// Flow is the direction-free key of a conversation: the pair of end points and
// the transport, with A the smaller one. It is comparable; it is not for
// telling who began.
type Flow struct {
	Protocol Protocol
	A, B     netip.AddrPort
}

// Flow returns the key of the packet's conversation.
func (p *Packet) Flow() Flow {
	a, b := netip.AddrPortFrom(p.Src, p.SrcPort), netip.AddrPortFrom(p.Dst, p.DstPort)
	if b.Compare(a) < 0 {
		a, b = b, a
	}
	return Flow{p.Protocol, a, b}
}

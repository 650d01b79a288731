package redact

import (
	"encoding/binary"

	"github.com/hueprint/hueprint/traffic"
	"github.com/hueprint/hueprint/traffic/checksum"
	"github.com/hueprint/hueprint/traffic/decode"
)

// A Keeper keeps of frames what its level says. It follows TCP connections and
// QUIC flows in bounded memory; give each recording one of its own, and all of
// its frames in order of capture. It is not safe for concurrent use.
//
// KeepHeaders keeps up to and including the transport header: TCP with its
// options, UDP, the first eight bytes of ICMP and of other transports, ARP and
// IGMP whole; of frames without IP the link header alone. KeepRecords keeps
// besides: each TLS record header with the first four bytes of handshake
// records, ClientHello and ServerHello; DNS and mDNS messages; QUIC Initials
// and the first 25 bytes of other QUIC packets (RFC 8999: header and connection
// ID); the 48 bytes of NTP's header; IPv6 neighbour discovery.
//
// Where it removes the content of a datagram whose UDP checksum is absent or was
// left to the network card, it enters the right one, so that two datagrams that
// differ in their content alone can still be told apart.
//
// A ClientHello whose segments were captured out of order may lose its later
// part, and with it the server's name.
type Keeper struct {
	level traffic.Keep
	// hidden: QUIC Initials are kept to their headers.
	hidden bool
	flows  flows
	marks  marks
	space  []byte
}

// NewKeeper returns a Keeper; the empty level keeps everything.
func NewKeeper(level traffic.Keep) *Keeper { return &Keeper{level: level} }

// HideInitials keeps of QUIC Initials the headers only: whoever knows the
// protocol can decrypt them and read the server's name.
func (k *Keeper) HideInitials() { k.hidden = true }

// Frame returns what is kept of f. The data is valid until the next call; f's
// own are not changed.
func (k *Keeper) Frame(f traffic.Frame) traffic.Frame {
	if k.level == traffic.KeepFull || k.level == "" {
		return f
	}
	var p traffic.Packet
	l, flaw := decode.Locate(&f, &p)
	k.marks.reset()
	switch {
	case flaw == decode.UnknownLink, flaw == decode.ShortLink:
	case !l.IP:
		k.plain(l, &p)
	case flaw != decode.Sound:
		k.marks.keep(0, flawed(&f, l, &p, flaw))
	case p.Fragment:
		k.marks.keep(0, l.Transport)
	default:
		k.transport(l, &p)
	}
	k.space = append(k.space[:0], f.Data...)
	kept := f
	kept.Data = k.marks.apply(k.space[:min(l.End, len(k.space))])
	if p.Protocol == traffic.ProtocolUDP && flaw == decode.Sound && !p.Fragment && len(kept.Data) > 0 {
		complete(f.Data[l.Network:l.End], kept.Data[l.Network:], l.Transport-l.Network)
	}
	return kept
}

// plain keeps a frame without IP: ARP whole, else its link header.
func (k *Keeper) plain(l decode.Layout, p *traffic.Packet) {
	const arp = 28
	k.marks.keep(0, l.Network)
	if p.Protocol == traffic.ProtocolARP {
		k.marks.keep(0, l.Network+arp)
	}
}

// flawed says where the headers end of a packet that was not decoded to its
// end: at the longest the flaw allows without content.
func flawed(f *traffic.Frame, l decode.Layout, p *traffic.Packet, flaw decode.Flaw) int {
	const ipv4, tcp, udp = 20, 20, 8
	switch {
	case flaw == decode.BadNetwork && l.Network < len(f.Data) && f.Data[l.Network]>>4 == 4:
		return l.Network + ipv4
	case flaw == decode.BadNetwork:
		return l.Network + 1
	case flaw == decode.BadTransport && p.Protocol == traffic.ProtocolTCP:
		return l.Transport + tcp
	case flaw == decode.BadTransport:
		return l.Transport + udp
	}
	return l.End // the capture ends inside the headers
}

// transport keeps a sound packet.
func (k *Keeper) transport(l decode.Layout, p *traffic.Packet) {
	const icmp, other = 8, 8
	k.marks.keep(0, l.Payload)
	switch p.Protocol {
	case traffic.ProtocolTCP:
		if k.level == traffic.KeepRecords {
			k.marks.base = l.Payload
			k.flows.side(p).segment(p, &k.marks)
		}
	case traffic.ProtocolUDP:
		if k.level == traffic.KeepRecords {
			k.marks.base = l.Payload
			k.datagram(p)
		}
	case traffic.ProtocolICMP:
		k.marks.keep(0, l.Transport+icmp)
	case traffic.ProtocolICMPv6:
		k.marks.keep(0, l.Transport+icmp)
		if kind := p.SrcPort >> 8; k.level == traffic.KeepRecords && kind >= 133 && kind <= 137 {
			k.marks.keep(0, l.End)
		}
	case traffic.ProtocolIGMP:
		k.marks.keep(0, l.End)
	default:
		k.marks.keep(0, l.Transport+other)
	}
}

// complete enters the right UDP checksum into kept, an IP packet whose content
// was removed, if the one in whole is absent or wrong.
func complete(whole, kept []byte, transport int) {
	const addresses4, addresses6, header = 12, 24, 8
	if len(kept) == len(whole) || len(whole) < transport+header {
		return
	}
	segment := whole[transport:]
	if int(binary.BigEndian.Uint16(segment[4:])) != len(segment) {
		return // cut: nobody can tell
	}
	addresses := whole[addresses4 : addresses4+8]
	if whole[0]>>4 == 6 {
		addresses = whole[addresses6-16 : addresses6+16]
	}
	if sum := binary.BigEndian.Uint16(segment[6:]); sum != 0 && checksum.Transport(addresses, 17, segment) == 0 {
		return
	}
	blank := append([]byte(nil), segment...)
	blank[6], blank[7] = 0, 0
	sum := checksum.Transport(addresses, 17, blank)
	if sum == 0 {
		sum = 0xffff
	}
	binary.BigEndian.PutUint16(kept[transport+6:], sum)
}

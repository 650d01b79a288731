package pseudonym

import (
	"bytes"
	"encoding/binary"
	"net/netip"

	"github.com/hueprint/hueprint/traffic"
	"github.com/hueprint/hueprint/traffic/checksum"
	"github.com/hueprint/hueprint/traffic/decode"
	"github.com/hueprint/hueprint/traffic/redact"
)

const (
	portDNS  = 53
	portNTP  = 123
	portMDNS = 5353
)

// Frame replaces addresses and names in a frame as [redact.Keeper] has kept it
// at KeepRecords; fields are those of its hellos. The data is valid until the
// next call; f's own are not changed.
//
// Checksums of IP headers, and of transport segments that are there whole, are
// computed anew; the others are carried over the change of addresses.
func (m *Mapper) Frame(f traffic.Frame, fields []redact.Field) traffic.Frame {
	var p traffic.Packet
	l, flaw := decode.Locate(&f, &p)
	whole := len(f.Data)
	m.space = append(m.space[:0], f.Data...)
	f.Data = m.space
	m.link(f.Link, f.Data)
	switch {
	case !l.IP && p.Protocol == traffic.ProtocolARP:
		m.arp(f.Data[l.Network:])
	case !l.IP:
	case flaw == decode.ShortNetwork || flaw == decode.BadNetwork:
		f.Data = f.Data[:l.Network] // an address may be half there
	default:
		m.hello(f.Data, fields)
		f.Data = m.packet(f.Data[:whole:whole], l, &p)
	}
	return f
}

// link replaces the link header's addresses.
func (m *Mapper) link(link traffic.LinkType, b []byte) {
	switch {
	case link == traffic.LinkEthernet && len(b) >= 12:
		m.mac(b)
		m.mac(b[6:])
	case link == traffic.LinkLinuxSLL && len(b) >= 14:
		m.cooked(b[6:14], int(binary.BigEndian.Uint16(b[4:])))
	case link == traffic.LinkSLL2 && len(b) >= 20:
		m.cooked(b[12:20], int(b[11]))
	case link == traffic.LinkEthernet:
		clear(b)
	}
}

// cooked replaces the address of a Linux cooked header, which has n bytes.
func (m *Mapper) cooked(b []byte, n int) {
	if n != 6 {
		clear(b)
		return
	}
	m.mac(b)
	clear(b[6:])
}

func (m *Mapper) mac(b []byte) {
	mapped := m.MAC(traffic.MAC(b[:6]))
	copy(b, mapped[:])
}

// address replaces the address that fills b.
func (m *Mapper) address(b []byte) {
	if addr, ok := netip.AddrFromSlice(b); ok {
		copy(b, m.Addr(addr).AsSlice())
	}
}

// arp replaces the addresses of an ARP packet (RFC 826).
func (m *Mapper) arp(b []byte) {
	const head, size = 8, 28
	if len(b) < size || binary.BigEndian.Uint16(b[2:]) != 0x0800 || b[4] != 6 || b[5] != 4 {
		clear(b[min(head, len(b)):])
		return
	}
	m.mac(b[8:])
	m.address(b[14:18])
	m.mac(b[18:])
	m.address(b[24:28])
}

// hello replaces server names and blanks randoms, sessions and tickets. A name
// that goes over into another segment cannot be mapped and is crossed out.
func (m *Mapper) hello(b []byte, fields []redact.Field) {
	for _, f := range fields {
		part := b[min(f.From, len(b)):min(f.To, len(b))]
		switch {
		case f.Kind != redact.ServerName:
			clear(part)
		case f.First && f.Last:
			copy(part, m.Name(string(part)))
		default:
			copy(part, bytes.Repeat([]byte{'x'}, len(part)))
		}
	}
}

// packet replaces what an IP packet holds and returns the frame, cut where
// addresses follow that are not understood.
func (m *Mapper) packet(b []byte, l decode.Layout, p *traffic.Packet) []byte {
	b = b[:min(len(b), l.End)]
	before := bytes.Clone(m.addresses(b[l.Network:]))
	b = m.payload(b, l, p)
	ip := b[l.Network:]
	half := len(before) / 2
	addresses := m.addresses(ip)
	m.address(addresses[:half])
	m.address(addresses[half:])
	if ip[0]>>4 == 4 {
		options4(ip, l.Transport-l.Network)
	} else {
		routing6(ip, l.Transport-l.Network)
	}
	if !p.Fragment {
		reseal(b[min(l.Transport, len(b)):], p, before, addresses)
	}
	return b
}

// addresses are both addresses of an IP header.
func (m *Mapper) addresses(ip []byte) []byte {
	if ip[0]>>4 == 4 {
		return ip[12:20]
	}
	return ip[8:40]
}

// options4 blanks the options of an IPv4 header, which may hold addresses, with
// "no operation", and computes its checksum.
func options4(ip []byte, header int) {
	const fixed, none = 20, 1
	for i := fixed; i < header; i++ {
		ip[i] = none
	}
	ip[10], ip[11] = 0, 0
	binary.BigEndian.PutUint16(ip[10:], checksum.Sum(0).Add(ip[:header]).Fold())
}

// routing6 blanks the addresses of routing headers and the options of other
// extension headers of IPv6.
func routing6(ip []byte, transport int) {
	const fixed = 40
	next := ip[6]
	for at := fixed; at+8 <= transport; {
		size := 8 + 8*int(ip[at+1])
		switch next {
		case 44:
			size = 8
		case 51:
			size = 8 + 4*int(ip[at+1])
		case 43:
			clear(ip[min(at+8, transport):min(at+size, transport)])
		}
		next = ip[at]
		at += size
	}
}

// payload replaces names and addresses in what the transport carries.
func (m *Mapper) payload(b []byte, l decode.Layout, p *traffic.Packet) []byte {
	const icmpHeader, redirect, stable = 8, 5, 12
	content := b[min(l.Payload, len(b)):]
	between := func(port uint16) bool { return p.SrcPort == port || p.DstPort == port }
	switch p.Protocol {
	case traffic.ProtocolUDP:
		switch {
		case p.Fragment:
		case between(portDNS), between(portMDNS):
			m.dns(content)
		case between(portNTP): // the reference is an address, the rest tells the date
			clear(content[min(stable, len(content)):])
		}
	case traffic.ProtocolICMP, traffic.ProtocolICMPv6, traffic.ProtocolIGMP:
		b = b[:min(len(b), l.Transport+icmpHeader)]
		if head := b[min(l.Transport, len(b)):]; p.Protocol == traffic.ProtocolICMP && len(head) == icmpHeader && head[0] == redirect {
			clear(head[4:])
		}
	}
	return b
}

// reseal makes a transport checksum fit: anew where the segment is whole, else
// by what changed in the pseudo header.
func reseal(segment []byte, p *traffic.Packet, before, after []byte) {
	at, header := 0, 0
	switch p.Protocol {
	case traffic.ProtocolTCP:
		at, header = 16, 20
	case traffic.ProtocolUDP:
		at, header = 6, 8
	case traffic.ProtocolICMPv6:
		at, header = 2, 4
	default:
		return
	}
	if len(segment) < header {
		return
	}
	field := segment[at:]
	old := binary.BigEndian.Uint16(field)
	if p.Protocol == traffic.ProtocolUDP && old == 0 {
		return // none
	}
	sum := checksum.Update(old, before, after)
	if isWhole(segment, p) {
		field[0], field[1] = 0, 0
		sum = checksum.Transport(after, uint8(p.Protocol), segment)
	}
	if sum == 0 && p.Protocol == traffic.ProtocolUDP {
		sum = 0xffff
	}
	binary.BigEndian.PutUint16(field, sum)
}

// isWhole tells whether all of a segment is there.
func isWhole(segment []byte, p *traffic.Packet) bool {
	switch p.Protocol {
	case traffic.ProtocolTCP:
		return len(segment) == int(segment[12]>>4)*4+p.Length
	case traffic.ProtocolUDP:
		return len(segment) == int(binary.BigEndian.Uint16(segment[4:])) && len(segment) == 8+p.Length
	}
	return false
}

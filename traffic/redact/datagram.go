package redact

import (
	"github.com/hueprint/hueprint/traffic"
)

const (
	portDNS   = 53
	portNTP   = 123
	portQUIC  = 443
	portMDNS  = 5353
	ntpHeader = 48
	// quicShort is the longest header of a QUIC packet in the short form: flags,
	// a connection ID of 20 bytes, a packet number of 4 (RFC 9000, section 17.3).
	quicShort = 25
)

// datagram marks what is kept of a UDP payload.
func (k *Keeper) datagram(p *traffic.Packet) {
	b, between := p.Payload, func(port uint16) bool { return p.SrcPort == port || p.DstPort == port }
	switch {
	case between(portDNS), between(portMDNS):
		k.marks.keep(0, len(b))
	case between(portNTP):
		k.marks.keep(0, min(ntpHeader, len(b)))
	default:
		k.quic(p)
	}
}

// quic marks the packets of a QUIC datagram (RFC 9000, section 12.2).
func (k *Keeper) quic(p *traffic.Packet) {
	b, at := p.Payload, 0
	if _, ok := parseLong(b); ok {
		k.flows.of(p).quic = true
	}
	for {
		l, ok := parseLong(b)
		if !ok {
			break
		}
		kept := l.header
		if l.initial && !k.hidden {
			kept = min(l.end, len(b))
		}
		k.marks.keep(at, at+kept)
		if l.end >= len(b) {
			return
		}
		b, at = b[l.end:], at+l.end
	}
	const fixedBit = 0x40
	if len(b) > 0 && b[0]&fixedBit != 0 && (p.SrcPort == portQUIC || p.DstPort == portQUIC || k.flows.of(p).quic) {
		k.marks.keep(at, at+min(quicShort, len(b)))
	}
}

// long is a QUIC packet with a long header.
type long struct {
	initial bool
	// header is where the packet number stands, end where the packet ends; both
	// may lie beyond the captured bytes.
	header, end int
}

// parseLong reads a long header of QUIC version 1 (RFC 9000), its drafts, or
// version 2 (RFC 9369).
func parseLong(b []byte) (long, bool) {
	const longForm, version2 = 0xc0, 0x6b3343cf
	r := reader{b: b}
	flags := r.byte()
	version := r.uint32()
	if flags&longForm != longForm || version != 1 && version != version2 && version>>8 != 0xff0000 {
		return long{}, false
	}
	r.skip(int(r.byte())) // connection IDs
	r.skip(int(r.byte()))
	kind := flags >> 4 & 3
	if version == version2 {
		kind = (kind + 3) & 3
	}
	const initial, retry = 0, 3
	if kind == retry {
		return long{header: min(r.at, len(b)), end: len(b)}, !r.short
	}
	if kind == initial {
		r.skip(r.varint())
	}
	length := r.varint()
	if r.short {
		return long{}, false
	}
	return long{initial: kind == initial, header: r.at, end: r.at + length}, true
}

// reader reads fields; short tells that they were not all there.
type reader struct {
	b     []byte
	at    int
	short bool
}

func (r *reader) skip(n int) {
	if n < 0 || n > len(r.b)-r.at {
		r.short, n = true, len(r.b)-r.at
	}
	r.at += n
}

func (r *reader) byte() byte {
	at := r.at
	if r.skip(1); r.at == at {
		return 0
	}
	return r.b[at]
}

func (r *reader) uint32() (v uint32) {
	for range 4 {
		v = v<<8 | uint32(r.byte())
	}
	return v
}

// varint reads a variable-length integer (RFC 9000, section 16); none here is
// longer than a datagram.
func (r *reader) varint() int {
	first := r.byte()
	v := uint64(first & 0x3f)
	for range 1<<(first>>6) - 1 {
		v = v<<8 | uint64(r.byte())
	}
	const most = 1 << 16
	return int(min(v, most))
}

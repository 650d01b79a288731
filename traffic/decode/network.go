package decode

import (
	"encoding/binary"
	"net/netip"

	"github.com/hueprint/hueprint/traffic"
)

// addr4 and addr16 read an address; the caller has checked the length.
func addr4(b []byte) netip.Addr  { return netip.AddrFrom4([4]byte(b[:4])) }
func addr16(b []byte) netip.Addr { return netip.AddrFrom16([16]byte(b[:16])) }

// ip decodes an IP header of either version and what follows it.
func (w *walk) ip() {
	if len(w.data) == 0 {
		w.flaw = ShortNetwork
		return
	}
	w.network, w.stop = w.at, w.at+len(w.data)
	switch w.data[0] >> 4 {
	case 4:
		w.ipv4()
	case 6:
		w.ipv6()
	default:
		w.flaw = BadNetwork
	}
}

// bound ends the walk's data with the IP packet of length bytes, so that the
// link's padding does not count. It returns the length to go on with: that of
// the frame where the header has none, as under segmentation offload.
func (w *walk) bound(length int) int {
	if length == 0 {
		return len(w.data) + w.missing
	}
	if length < len(w.data) {
		w.data = w.data[:length]
		w.stop = w.at + length
	}
	return length
}

// ipv4 decodes an IPv4 header (RFC 791).
func (w *walk) ipv4() {
	if len(w.data) < 20 {
		w.flaw = ShortNetwork
		return
	}
	header := int(w.data[0]&15) * 4
	length := int(binary.BigEndian.Uint16(w.data[2:]))
	w.p.IPID = binary.BigEndian.Uint16(w.data[4:])
	w.p.TTL = w.data[8]
	w.p.Protocol = traffic.Protocol(w.data[9])
	w.p.Src, w.p.Dst = addr4(w.data[12:]), addr4(w.data[16:])
	w.p.Fragment = binary.BigEndian.Uint16(w.data[6:])&0x1fff != 0
	if header < 20 || length != 0 && length < header {
		w.flaw = BadNetwork
		return
	}
	length = w.bound(length)
	if header > len(w.data) {
		w.p.Length = max(0, length-header)
		w.flaw = ShortNetwork
		return
	}
	w.skip(header)
	w.transport(length - header)
}

// ipv6 decodes an IPv6 header (RFC 8200).
func (w *walk) ipv6() {
	const header = 40
	if len(w.data) < header {
		w.flaw = ShortNetwork
		return
	}
	length := int(binary.BigEndian.Uint16(w.data[4:]))
	next := w.data[6]
	w.p.TTL = w.data[7]
	w.p.Src, w.p.Dst = addr16(w.data[8:]), addr16(w.data[24:])
	if length != 0 || next == 59 {
		length += header
	}
	length = w.bound(length)
	w.skip(header)
	w.extensions(next, length-header)
}

// extensions walks IPv6 extension headers; left is what the IP header says
// still follows.
func (w *walk) extensions(next uint8, left int) {
	for {
		size := 0
		switch next {
		case 0, 43, 60, 135: // hop by hop, routing, destination, mobility
			if len(w.data) >= 2 {
				size = 8 + 8*int(w.data[1])
			}
		case 44: // fragment
			size = 8
		case 51: // authentication (RFC 4302)
			if len(w.data) >= 2 {
				size = 8 + 4*int(w.data[1])
			}
		default:
			w.p.Protocol = traffic.Protocol(next)
			w.transport(left)
			return
		}
		if size == 0 || size > len(w.data) {
			w.p.Length = max(0, left-size)
			w.flaw = ShortNetwork
			return
		}
		if next == 44 && binary.BigEndian.Uint16(w.data[2:])&^7 != 0 {
			w.p.Fragment = true
		}
		next = w.data[0]
		w.skip(size)
		left = max(0, left-size)
	}
}

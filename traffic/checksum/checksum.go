// Package checksum computes the Internet checksum (RFC 1071) of IP headers and
// of TCP, UDP and ICMP, and carries it over a change of addresses where the
// bytes it covers are not all at hand (RFC 1624).
//
// It does not find headers in frames: package decode does.
package checksum

import "encoding/binary"

// A Sum is a ones' complement sum that is not yet folded. The zero Sum is that
// of no bytes.
type Sum uint64

// Add adds bytes, the first of which stands at an even offset.
func (s Sum) Add(b []byte) Sum {
	for ; len(b) >= 2; b = b[2:] {
		s += Sum(binary.BigEndian.Uint16(b))
	}
	if len(b) == 1 {
		s += Sum(b[0]) << 8
	}
	return s
}

// Fold is the checksum: the complement of the 16-bit ones' complement sum.
func (s Sum) Fold() uint16 {
	for s>>16 != 0 {
		s = s&0xffff + s>>16
	}
	return ^uint16(s)
}

// Transport is the checksum over the pseudo header of RFC 9293 (IPv4) or
// RFC 8200 (IPv6) and a transport segment, whose checksum field counts as it
// stands: over a segment with the right one the result is 0. addresses are
// source and destination as in the IP header.
func Transport(addresses []byte, protocol uint8, segment []byte) uint16 {
	s := Sum(0).Add(addresses).Add(segment)
	return (s + Sum(protocol) + Sum(len(segment))).Fold()
}

// Update is the checksum old after the bytes from, at an even offset, became
// to (RFC 1624, equation 3). Both have the same even length.
func Update(old uint16, from, to []byte) uint16 {
	s := Sum(^old)
	for i := 0; i+1 < len(from); i += 2 {
		s += Sum(^binary.BigEndian.Uint16(from[i:])) + Sum(binary.BigEndian.Uint16(to[i:]))
	}
	return s.Fold()
}

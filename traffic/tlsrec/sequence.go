package tlsrec

import (
	"slices"

	"github.com/hueprint/hueprint/traffic"
)

// A Fate says what a segment brought to its direction.
type Fate uint8

// The fates of a segment.
const (
	// Empty segments carry no data: SYN, FIN, RST and pure ACKs.
	Empty Fate = iota
	// Fresh data was seen for the first time, in order or ahead of it.
	Fresh
	// Late data fills a hole that an earlier segment left: reordering, or the
	// repetition of a segment that the capture has not seen.
	Late
	// Repeated data had been seen before: a retransmission.
	Repeated
	// Probe is a keep-alive or window probe: nothing or one byte, one before
	// the next to be sent (RFC 9293, section 3.8.4).
	Probe
)

// mostMissing bounds the holes that are remembered of one direction.
const mostMissing = 64

// span is a half-open range of sequence numbers.
type span struct{ from, to uint32 }

// before compares sequence numbers, which wrap around.
func before(a, b uint32) bool { return int32(a-b) < 0 }

// sequence knows which bytes of a direction have been seen.
type sequence struct {
	begun   bool
	high    uint32 // one after the highest byte seen
	missing []span // holes below high
}

// take notes a segment and tells how many of its bytes are seen for the first
// time.
func (q *sequence) take(p *traffic.Packet) (Fate, int) {
	from, n := dataStart(p), p.Length
	to := from + uint32(n)
	control := p.Flags&(traffic.SYN|traffic.FIN|traffic.RST) != 0
	if !q.begun {
		return q.begin(p, from, to)
	}
	if n <= 1 && !control && from == q.high-1 {
		return Probe, 0
	}
	if n == 0 {
		q.note(p, from)
		return Empty, 0
	}
	late := q.fill(from, to)
	ahead := q.extend(from, to)
	switch {
	case late+ahead == 0:
		return Repeated, 0
	case late > 0:
		return Late, late + ahead
	}
	return Fresh, ahead
}

// begin takes the first segment of the direction. A lone byte without PSH in
// mid-stream is the probe of a connection that idles, and a pure ACK may be
// one: neither says where the data goes on.
func (q *sequence) begin(p *traffic.Packet, from, to uint32) (Fate, int) {
	switch {
	case p.Length == 0 && p.Flags&(traffic.SYN|traffic.FIN) == 0:
		return Empty, 0
	case p.Length == 1 && p.Flags == traffic.ACK:
		q.begun, q.high = true, to
		return Probe, 0
	}
	q.begun, q.high = true, to
	if p.Length == 0 {
		return Empty, 0
	}
	return Fresh, p.Length
}

// note lets a FIN tell what was missed before it.
func (q *sequence) note(p *traffic.Packet, at uint32) {
	if p.Flags.Has(traffic.FIN) && before(q.high, at) {
		q.hole(span{q.high, at})
		q.high = at
	}
}

// extend moves high over a segment and returns the bytes it went beyond.
func (q *sequence) extend(from, to uint32) int {
	if !before(q.high, to) {
		return 0
	}
	if before(q.high, from) {
		q.hole(span{q.high, from})
		q.high = from
	}
	n := int(to - q.high)
	q.high = to
	return n
}

// hole remembers missing bytes, and forgets the oldest ones for want of room.
func (q *sequence) hole(s span) {
	if len(q.missing) == mostMissing {
		q.missing = append(q.missing[:0], q.missing[1:]...)
	}
	q.missing = append(q.missing, s)
}

// fill takes a segment's bytes out of the holes and returns their number.
func (q *sequence) fill(from, to uint32) int {
	overlaps := func(s span) bool { return before(latest(s.from, from), earliest(s.to, to)) }
	if !slices.ContainsFunc(q.missing, overlaps) {
		return 0
	}
	n := 0
	var left []span
	for _, s := range q.missing {
		a, b := latest(s.from, from), earliest(s.to, to)
		if !before(a, b) {
			left = append(left, s)
			continue
		}
		n += int(b - a)
		if before(s.from, a) {
			left = append(left, span{s.from, a})
		}
		if before(b, s.to) {
			left = append(left, span{b, s.to})
		}
	}
	q.missing = left[max(0, len(left)-mostMissing):]
	return n
}

// latest and earliest pick one of two sequence numbers.
func latest(a, b uint32) uint32 {
	if before(a, b) {
		return b
	}
	return a
}

func earliest(a, b uint32) uint32 {
	if before(a, b) {
		return a
	}
	return b
}

// dataStart is the sequence number of a segment's first byte of data.
func dataStart(p *traffic.Packet) uint32 {
	if p.Flags.Has(traffic.SYN) {
		return p.Seq + 1
	}
	return p.Seq
}

package redact

import (
	"encoding/binary"

	"github.com/hueprint/hueprint/traffic"
)

// The TLS record and handshake headers (RFC 8446, sections 5.1 and 4).
const (
	recordHeader    = 5
	handshakeHeader = 4
	longestRecord   = 1<<14 + 2048
	longestHello    = 64 << 10
	changeCipher    = 20
	handshake       = 22
	application     = 23
	heartbeat       = 24
)

// verdict says what a direction carries.
type verdict uint8

const (
	undecided verdict = iota
	secure            // TLS
	plain             // anything else
)

// side is one direction of a TCP connection, read as far as is needed to know
// where TLS record headers and hellos stand. Where its place is known it keeps
// exactly these; where it is not (begun in mid-stream, after a hole) it keeps
// every five bytes that could be a record header, which other content hardly
// ever has.
type side struct {
	verdict verdict
	begun   bool
	syn     bool // seen, with sequence number isn
	isn     uint32
	next    uint32 // of the byte after the last one seen in order
	placed  bool   // the state below is that of next

	head  [recordHeader]byte
	got   int // bytes of head
	kind  byte
	left  int // bytes left of the record
	hello hello
	tail  []byte // the last bytes, while not placed: they may begin a header
}

// hello is the reading of handshake records: their first bytes and the hellos.
type hello struct {
	head  [handshakeHeader]byte
	got   int
	left  int // bytes left of a hello that is kept
	scan  scanner
	ended bool // what follows is encrypted
}

// segment marks what is kept of a segment's payload.
func (s *side) segment(p *traffic.Packet, m *marks) {
	from := p.Seq
	if p.Flags.Has(traffic.SYN) {
		if !s.syn || s.isn != p.Seq {
			*s = side{syn: true, isn: p.Seq, begun: true, placed: true, next: p.Seq + 1}
		}
		from++
	}
	if p.Length == 0 || s.verdict == plain {
		return
	}
	if !s.begun {
		s.begun, s.next = true, from
	}
	b := p.Payload
	ahead := int(int32(s.next - from)) // bytes of the segment seen before
	switch {
	case ahead >= p.Length:
		s.again(b, 0, m)
		return
	case ahead > 0:
		seen := min(ahead, len(b))
		s.again(b[:seen], 0, m)
		s.forward(b[seen:], seen, m)
	case ahead < 0:
		s.placed, s.tail = false, nil
		if s.verdict == secure {
			m.keep(0, min(recordHeader-1, len(b))) // may end a header
		}
		s.forward(b, 0, m)
	default:
		s.forward(b, 0, m)
	}
	s.unseen(p.Length - max(ahead, 0) - max(0, len(b)-max(ahead, 0)))
	s.next = from + uint32(p.Length)
}

// again marks bytes that repeat what was seen; the state stays.
func (s *side) again(b []byte, at int, m *marks) {
	if s.verdict == undecided && s.placed {
		return
	}
	other := side{verdict: s.verdict}
	other.search(b, at, m)
	if s.verdict == secure {
		m.keep(at, at+min(recordHeader-1, len(b)))
	}
}

// forward marks the next bytes in order, which stand at offset at.
func (s *side) forward(b []byte, at int, m *marks) {
	if !s.placed {
		s.search(b, at, m)
		return
	}
	for len(b) > 0 {
		n, ok := 0, true
		if s.left > 0 {
			n = s.body(b[:min(s.left, len(b))], at, m)
		} else {
			n, ok = s.header(b, at, m)
		}
		if !ok {
			s.misfit(b, at, m)
			return
		}
		b, at = b[n:], at+n
	}
}

// misfit handles a header that is none: the first one says that this is no
// TLS, any other that the place is lost.
func (s *side) misfit(b []byte, at int, m *marks) {
	if s.verdict == undecided {
		s.verdict = plain
		return
	}
	s.placed, s.got = false, 0
	s.search(b, at, m)
}

// header takes bytes of a record header.
func (s *side) header(b []byte, at int, m *marks) (n int, ok bool) {
	n = copy(s.head[s.got:], b)
	if !begins(s.head[:s.got+n]) {
		return 0, false
	}
	s.got += n
	m.keep(at, at+n)
	if s.got == recordHeader {
		s.verdict = secure
		s.kind, s.left, s.got = s.head[0], int(binary.BigEndian.Uint16(s.head[3:])), 0
		s.hello.begin(s.kind)
	}
	return n, true
}

// body takes bytes of the record's content: at most what is left of it.
func (s *side) body(b []byte, at int, m *marks) int {
	if s.kind == handshake {
		s.hello.take(b, at, m)
		m.show(at + len(b)) // readers of handshakes stop at a cut
	}
	s.left -= len(b)
	return len(b)
}

// unseen passes over bytes that the recorder had cut before.
func (s *side) unseen(n int) {
	switch {
	case n <= 0:
	case s.placed && n <= s.left:
		s.left -= n
	default:
		s.placed, s.tail, s.got = false, nil, 0
	}
}

// begin is told of a new record.
func (h *hello) begin(kind byte) {
	switch kind {
	case changeCipher, application:
		h.ended, h.left = true, 0
	case handshake:
		if h.left == 0 {
			h.got = 0
		}
	}
}

// take marks bytes of handshake records: the first four of a record, and the
// hellos that begin one.
func (h *hello) take(b []byte, at int, m *marks) {
	if h.left == 0 && h.got < handshakeHeader {
		n := copy(h.head[h.got:], b)
		m.keep(at, at+n)
		h.got += n
		b, at = b[n:], at+n
		size := int(h.head[1])<<16 | int(h.head[2])<<8 | int(h.head[3])
		if h.got == handshakeHeader && (h.head[0] == 1 || h.head[0] == 2) && !h.ended && size <= longestHello {
			h.left, h.scan = size, scanner{}
			h.scan.scan(h.head[:], 0, func(Field) {})
		}
	}
	n := min(h.left, len(b))
	m.keep(at, at+n)
	if n > 0 {
		h.scan.scan(b[:n], m.base+at, m.field)
	}
	h.left -= n
}

// begins tells whether the bytes at hand could begin a record header.
func begins(b []byte) bool {
	for i, c := range b {
		switch {
		case i == 0 && (c < changeCipher || c > heartbeat), i == 1 && c != 3, i == 2 && c > 4:
			return false
		case i == 4 && int(binary.BigEndian.Uint16(b[3:])) > longestRecord:
			return false
		}
	}
	return true
}

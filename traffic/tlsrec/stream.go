package tlsrec

import (
	"slices"
	"time"

	"github.com/hueprint/hueprint/traffic"
)

// Bounds of what a direction may hold while it waits for a missing segment.
const (
	mostHeld      = 128
	mostHeldBytes = 256 << 10
	// longestWait is for a hole nobody has acknowledged; shortWait for one
	// whose bytes the far end has acknowledged: then the capture missed them,
	// unless it recorded them after their acknowledgement.
	longestWait = 3 * time.Second
	shortWait   = 50 * time.Millisecond
)

// A Verdict says whether a direction carries TLS.
type Verdict uint8

// Undecided needs more data. A direction seen from its SYN is decided by its
// first header, one met in mid-stream by a chain of headers or their absence.
const (
	Undecided Verdict = iota
	TLS
	Foreign
)

// Losses count what could not be read of a direction.
type Losses struct {
	// Bytes belong to no record that was yielded: missing segments, and what
	// was skipped until a chain of headers was found.
	Bytes int
	// Resyncs counts how often the place was lost and found again, a start in
	// mid-stream included.
	Resyncs int
}

// A Stream reassembles one direction of one TCP connection. The zero Stream
// is ready. Its memory is bounded whatever it is fed.
type Stream struct {
	seen  sequence
	begun bool
	next  uint32 // sequence number at which the parser stands
	held  []segment
	bytes int // held
	acked bool
	ack   uint32
	parse parser
}

// segment is data that waits for a hole before it.
type segment struct {
	from    uint32
	visible []byte
	cut     int
	by      carrier
}

// end is the sequence number after the segment.
func (g *segment) end() uint32 { return g.from + uint32(len(g.visible)+g.cut) }

// Segment takes the direction's next packet, in the order of capture, and
// returns the records that it completed, what it brought, and how many bytes
// of its data were seen for the first time. The slice is valid until the next
// call. All packets must be of one connection; a new SYN begins a new Stream.
func (s *Stream) Segment(p *traffic.Packet) (records []traffic.Record, fate Fate, fresh int) {
	s.parse.out = s.parse.out[:0]
	fate, fresh = s.seen.take(p)
	if s.parse.verdict == Foreign {
		return nil, fate, fresh
	}
	s.begin(p)
	if s.begun && fresh > 0 {
		s.insert(p)
	}
	s.drain()
	for s.giveUp(p.Time) {
		s.skip()
		s.drain()
	}
	return s.parse.out, fate, fresh
}

// Acked tells the stream that the far end has acknowledged its data up to ack.
func (s *Stream) Acked(ack uint32) {
	if !s.acked || before(s.ack, ack) {
		s.acked, s.ack = true, ack
	}
}

// Close ends the stream: it waits no longer for missing segments and returns
// the records that remain.
func (s *Stream) Close() []traffic.Record {
	s.parse.out = s.parse.out[:0]
	for len(s.held) > 0 {
		s.skip()
		s.drain()
	}
	return s.parse.out
}

// Verdict says whether the direction carries TLS, as far as is known.
func (s *Stream) Verdict() Verdict { return s.parse.verdict }

// Abandon makes the stream [Foreign]: it reads no more records and frees its
// memory, but goes on telling the fate of segments.
func (s *Stream) Abandon() {
	s.held, s.bytes = nil, 0
	s.parse.abandon()
}

// Losses returns what could not be read so far.
func (s *Stream) Losses() Losses { return s.parse.losses }

// begin sets the parser's place by the direction's first SYN or data.
func (s *Stream) begin(p *traffic.Packet) {
	switch {
	case s.begun:
	case p.Flags.Has(traffic.SYN):
		s.begun, s.next = true, dataStart(p)
	case s.seen.begun:
		s.begun, s.next = true, s.seen.high
		if p.Length > 1 || p.Flags != traffic.ACK {
			s.next = dataStart(p)
		}
		s.parse.lose()
	}
}

// insert holds the segment at its place.
func (s *Stream) insert(p *traffic.Packet) {
	g := segment{
		from:    dataStart(p),
		visible: p.Payload[:min(len(p.Payload), p.Length)],
		by:      carrier{p.Time, p.Wire, p.Length, p.Number},
	}
	g.cut = p.Length - len(g.visible)
	if len(s.held) == 0 && !before(s.next, g.from) {
		s.feed(g) // in order: no need to keep a copy
		return
	}
	g.visible = slices.Clone(g.visible)
	at := len(s.held)
	for at > 0 && before(g.from, s.held[at-1].from) {
		at--
	}
	s.held = slices.Insert(s.held, at, g)
	s.bytes += len(g.visible)
}

// feed gives the parser what it has not yet seen of a segment that begins at
// or before its place.
func (s *Stream) feed(g segment) {
	skip := int(int32(s.next - g.from))
	if skip >= len(g.visible)+g.cut {
		return
	}
	s.next = g.end()
	seen := min(skip, len(g.visible))
	g.cut -= skip - seen
	s.parse.feed(g.visible[seen:], g.cut, g.by)
}

// drain feeds the held segments up to the next hole.
func (s *Stream) drain() {
	n := 0
	for n < len(s.held) && !before(s.next, s.held[n].from) {
		s.bytes -= len(s.held[n].visible)
		s.feed(s.held[n])
		n++
	}
	s.held = slices.Delete(s.held, 0, n)
}

// giveUp decides whether to wait no longer for the hole before the held
// segments.
func (s *Stream) giveUp(now time.Time) bool {
	if len(s.held) == 0 {
		return false
	}
	if len(s.held) > mostHeld || s.bytes > mostHeldBytes {
		return true
	}
	waited := now.Sub(s.held[0].by.time)
	return waited > longestWait ||
		waited > shortWait && s.acked && !before(s.ack, s.held[0].from)
}

// skip passes over the hole before the first held segment.
func (s *Stream) skip() {
	hole := int(s.held[0].from - s.next)
	s.next = s.held[0].from
	s.parse.skip(hole)
}

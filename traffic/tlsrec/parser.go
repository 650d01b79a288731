package tlsrec

import (
	"encoding/binary"
	"time"

	"github.com/hueprint/hueprint/traffic"
)

// The record header (RFC 8446, section 5.1) and the longest record any version
// allows (RFC 5246, section 6.2.3: 2^14 + 2048).
const (
	header     = 5
	longest    = 1<<14 + 2048
	handshake  = 22
	leastType  = 20
	mostType   = 24
	majorTLS   = 3
	mostMinor  = 4
	notAPacket = -1
)

// carrier is the frame that carried some bytes.
type carrier struct {
	time                 time.Time
	wire, length, number int
}

// place says where in the record stream the parser stands.
type place uint8

const (
	atHeader place = iota // the next byte belongs to a record header
	inBody                // left more bytes of the record follow
	lost                  // somewhere; window is searched for a chain
)

// parser reads records from a direction's bytes in order, some of them unseen.
type parser struct {
	verdict Verdict
	place   place
	head    [header]byte
	got     int // bytes of head
	record  traffic.Record
	left    int
	// last is the number of the frame that carried the record's latest bytes,
	// whole tells that no byte of its content was unseen so far.
	last   int
	whole  bool
	window window
	losses Losses
	out    []traffic.Record
}

// plausible tells whether b begins like a record header.
func plausible(b []byte) bool {
	return b[0] >= leastType && b[0] <= mostType && b[1] == majorTLS && b[2] <= mostMinor &&
		int(binary.BigEndian.Uint16(b[3:])) <= longest
}

// feed reads a segment: its visible bytes, then cut bytes that the recorder
// did not keep.
func (p *parser) feed(visible []byte, cut int, by carrier) {
	for len(visible) > 0 && p.verdict != Foreign {
		switch p.place {
		case lost:
			p.search(visible, cut, by)
			return
		case atHeader:
			visible = p.readHeader(visible, by)
		case inBody:
			n := min(p.left, len(visible))
			p.readBody(visible[:n], by)
			visible = visible[n:]
		}
	}
	p.unseen(cut, by)
}

// readHeader takes the bytes of a record header and returns the rest.
func (p *parser) readHeader(b []byte, by carrier) []byte {
	if p.got == 0 {
		p.record, p.last, p.whole = traffic.Record{}, notAPacket, true
	}
	n := copy(p.head[p.got:], b)
	p.got += n
	p.touch(by)
	if p.got < header {
		return nil
	}
	if !plausible(p.head[:]) {
		return p.misfit(b)
	}
	p.got = 0
	p.verdict = TLS
	p.record.Type = p.head[0]
	p.record.Version = binary.BigEndian.Uint16(p.head[1:])
	p.record.Length = int(binary.BigEndian.Uint16(p.head[3:]))
	p.left, p.place = p.record.Length, inBody
	p.complete()
	return b[n:]
}

// misfit handles a header that is none: the first one of a connection says
// that it carries no TLS, any other one that the place is lost. The bytes of
// b are searched again.
func (p *parser) misfit(b []byte) []byte {
	if p.verdict == Undecided {
		p.abandon()
		return nil
	}
	p.lose()
	return b
}

// readBody takes bytes of the record's content; there are at most left.
func (p *parser) readBody(b []byte, by carrier) {
	p.touch(by)
	if p.record.Type == handshake && p.whole {
		p.record.Body = append(p.record.Body, b...)
	}
	p.left -= len(b)
	p.complete()
}

// unseen passes over n bytes that a frame carried but the recorder cut, or,
// with the zero carrier, that were in no captured frame.
func (p *parser) unseen(n int, by carrier) {
	for n > 0 && p.verdict != Foreign {
		if p.place == lost {
			p.search(nil, n, by)
			return
		}
		if p.place == atHeader {
			p.losses.Bytes += n
			p.lose()
			return
		}
		took := min(n, p.left)
		p.whole = false
		if !by.time.IsZero() {
			p.touch(by)
		} else {
			p.losses.Bytes += took
		}
		p.left -= took
		n -= took
		p.complete()
	}
}

// skip passes over n bytes that no captured frame carried.
func (p *parser) skip(n int) { p.unseen(n, carrier{}) }

// touch notes that a frame carried part of the record. The record's time is
// that of the latest such frame; of equally late ones, of the last in stream.
func (p *parser) touch(by carrier) {
	if by.number != p.last {
		p.last = by.number
		p.record.Segments++
	}
	if !by.time.Before(p.record.Time) {
		p.record.Time, p.record.Frame = by.time, by.wire
		p.record.Segment, p.record.Number = by.length, by.number
	}
}

// complete yields the record when nothing of it is left.
func (p *parser) complete() {
	if p.left > 0 {
		return
	}
	p.out = append(p.out, p.record)
	p.record = traffic.Record{}
	p.place = atHeader
}

// lose gives up the place.
func (p *parser) lose() {
	p.place, p.got, p.left = lost, 0, 0
	p.record = traffic.Record{}
	p.window = window{}
}

// abandon gives up the direction.
func (p *parser) abandon() {
	p.verdict = Foreign
	p.lose()
}

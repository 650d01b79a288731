package tlsrec

import "encoding/binary"

// Bounds of the search for a chain of headers.
const (
	// chain is how many consecutive headers must fit; fewer are enough when
	// the last record ends with its segment.
	chain = 3
	// mostWindow holds chain records of the longest kind.
	mostWindow       = 64 << 10
	mostWindowPieces = 1 << 10
	// mostSearched and mostPieces end the search of a direction that has shown
	// no TLS so far.
	mostSearched = 96 << 10
	mostPieces   = 64
)

// window holds the bytes in which a chain of headers is looked for. Bytes that
// were not captured stand in buf as zeros. It counts the bytes and segments
// searched since the place was lost.
type window struct {
	buf                []byte
	pieces             []piece
	searched, segments int
}

// piece is one segment's part of the window: [from, seen) was captured,
// [seen, to) was cut.
type piece struct {
	from, seen, to int
	by             carrier
}

// search adds a segment to the window and looks for a chain in it; when there
// is one, the window is read from there.
func (p *parser) search(visible []byte, cut int, by carrier) {
	w := &p.window
	if len(w.buf)+len(visible)+cut > mostWindow || len(w.pieces) == mostWindowPieces {
		p.losses.Bytes += len(w.buf)
		w.drop(len(w.buf))
	}
	if len(visible)+cut > mostWindow {
		p.losses.Bytes += len(visible) + cut
		return
	}
	w.add(visible, cut, by)
	start, found := w.find()
	p.losses.Bytes += start
	w.drop(start)
	if found {
		p.resume()
		return
	}
	if p.verdict == Undecided && (w.searched > mostSearched || w.segments > mostPieces) {
		p.abandon()
	}
}

// resume reads on from the start of the window.
func (p *parser) resume() {
	w := p.window
	p.window = window{}
	p.place, p.got = atHeader, 0
	p.losses.Resyncs++
	p.verdict = TLS
	for _, c := range w.pieces {
		p.feed(w.buf[c.from:c.seen], c.to-c.seen, c.by)
	}
}

// add appends a segment.
func (w *window) add(visible []byte, cut int, by carrier) {
	from := len(w.buf)
	w.buf = append(w.buf, visible...)
	w.buf = append(w.buf, make([]byte, cut)...)
	w.pieces = append(w.pieces, piece{from, from + len(visible), len(w.buf), by})
	w.searched += len(visible) + cut
	w.segments++
}

// drop forgets the first n bytes.
func (w *window) drop(n int) {
	if n == 0 {
		return
	}
	w.buf = w.buf[:copy(w.buf, w.buf[n:])]
	kept := w.pieces[:0]
	for _, c := range w.pieces {
		if c.to <= n {
			continue
		}
		kept = append(kept, piece{max(0, c.from-n), max(0, c.seen-n), c.to - n, c.by})
	}
	w.pieces = kept
}

// find returns where a chain begins, or else up to where none can begin.
func (w *window) find() (start int, found bool) {
	open := len(w.buf)
	for _, c := range w.pieces {
		for o := c.from; o < c.seen; o++ {
			if w.buf[o] < leastType || w.buf[o] > mostType {
				continue
			}
			switch w.follow(o) {
			case fits:
				return o, true
			case unfinished:
				open = min(open, o)
			}
		}
	}
	return open, false
}

// fit is how well a chain of headers fits.
type fit uint8

const (
	misfits    fit = iota
	unfinished     // it fits as far as the window goes
	fits
)

// follow walks the chain of headers from offset o.
func (w *window) follow(o int) fit {
	for n := 0; ; n++ {
		if n == chain {
			return fits
		}
		if o == len(w.buf) {
			return fits // n > 0: find starts inside the window
		}
		if o > len(w.buf) {
			return unfinished
		}
		b := w.known(o)
		switch {
		case len(b) >= header && !plausible(b):
			return misfits
		case len(b) >= header:
			o += header + int(binary.BigEndian.Uint16(b[3:]))
		case o+len(b) == len(w.buf) && begins(b):
			return unfinished
		default:
			return misfits
		}
	}
}

// begins tells whether the few bytes at hand could begin a header.
func begins(b []byte) bool {
	whole := [header]byte{leastType, majorTLS}
	copy(whole[:], b)
	return plausible(whole[:])
}

// known returns the captured bytes from o on, as many as a header has.
func (w *window) known(o int) []byte {
	end := o
	for _, c := range w.pieces {
		if c.from <= end && end < c.seen {
			end = min(c.seen, o+header)
		}
		if end == o+header {
			break
		}
	}
	return w.buf[o:end]
}

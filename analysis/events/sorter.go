package events

import (
	"cmp"
	"slices"
	"time"

	"github.com/hueprint/hueprint/traffic"
)

// Tolerance is how far back in time a packet may come and still be put into
// its place: capture on several queues or interfaces disorders frames so much.
const Tolerance = 100 * time.Millisecond

// mostWaiting bounds the packets that wait for their turn.
const mostWaiting = 4096

// sorter puts packets into the order of time and number.
type sorter struct {
	release func(p *traffic.Packet)
	waiting []*waiting
	spare   []*waiting
	latest  time.Time
	// tardy counts the packets that came too late for their place.
	tardy int
}

// waiting is a packet with its own copy of the payload.
type waiting struct {
	traffic.Packet
	payload []byte
}

// add takes the next packet and releases those whose turn has come.
func (s *sorter) add(p *traffic.Packet) {
	w := s.copy(p)
	at := len(s.waiting)
	for at > 0 && byTime(&w.Packet, &s.waiting[at-1].Packet) < 0 {
		at--
	}
	s.waiting = slices.Insert(s.waiting, at, w)
	switch {
	case p.Time.After(s.latest):
		s.latest = p.Time
	case s.latest.Sub(p.Time) > Tolerance:
		s.tardy++
	}
	n := 0
	for n < len(s.waiting) && (s.latest.Sub(s.waiting[n].Time) > Tolerance || len(s.waiting)-n > mostWaiting) {
		n++
	}
	s.let(n)
}

// flush releases all.
func (s *sorter) flush() { s.let(len(s.waiting)) }

// let releases the first n.
func (s *sorter) let(n int) {
	for _, w := range s.waiting[:n] {
		s.release(&w.Packet)
		s.spare = append(s.spare, w)
	}
	s.waiting = slices.Delete(s.waiting, 0, n)
}

// copy takes a packet out of the reader's memory.
func (s *sorter) copy(p *traffic.Packet) *waiting {
	w := &waiting{}
	if n := len(s.spare); n > 0 {
		w, s.spare = s.spare[n-1], s.spare[:n-1]
	}
	w.Packet = *p
	w.payload = append(w.payload[:0], p.Payload...)
	w.Payload = w.payload
	return w
}

// byTime orders packets by time and number.
func byTime(a, b *traffic.Packet) int {
	return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Number, b.Number))
}

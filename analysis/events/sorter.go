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
	// queue[head:] wait for their turn, sorted.
	queue  []*waiting
	head   int
	spare  []*waiting
	latest time.Time
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
	s.queue = append(s.queue, s.copy(p))
	for i := len(s.queue) - 1; i > s.head && byTime(&s.queue[i].Packet, &s.queue[i-1].Packet) < 0; i-- {
		s.queue[i], s.queue[i-1] = s.queue[i-1], s.queue[i]
	}
	switch {
	case p.Time.After(s.latest):
		s.latest = p.Time
	case s.latest.Sub(p.Time) > Tolerance:
		s.tardy++
	}
	for s.head < len(s.queue) && (s.latest.Sub(s.queue[s.head].Time) > Tolerance || len(s.queue)-s.head > mostWaiting) {
		s.next()
	}
	if s.head > mostWaiting {
		s.queue = slices.Delete(s.queue, 0, s.head)
		s.head = 0
	}
}

// flush releases all.
func (s *sorter) flush() {
	for s.head < len(s.queue) {
		s.next()
	}
}

// next releases the first.
func (s *sorter) next() {
	w := s.queue[s.head]
	s.head++
	s.release(&w.Packet)
	s.spare = append(s.spare, w)
}

// copy takes a packet out of the reader's memory.
func (s *sorter) copy(p *traffic.Packet) *waiting {
	var w *waiting
	if n := len(s.spare); n > 0 {
		w, s.spare = s.spare[n-1], s.spare[:n-1]
	} else {
		w = new(waiting)
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

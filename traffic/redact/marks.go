package redact

import (
	"cmp"
	"slices"
)

// marks are the stretches of a frame that are kept.
type marks struct {
	spans []span
	// base is where offsets of the payload count from; shown is how far the
	// frame is not cut, zeros or not.
	base, shown int
	fields      []Field
}

// span is a half-open stretch of the frame.
type span struct{ from, to int }

func (m *marks) reset() { m.spans, m.fields, m.base, m.shown = m.spans[:0], m.fields[:0], 0, 0 }

// field notes a field of a hello.
func (m *marks) field(f Field) { m.fields = append(m.fields, f) }

// keep keeps a stretch, by offsets from base.
func (m *marks) keep(from, to int) {
	if from >= to {
		return
	}
	m.spans = append(m.spans, span{m.base + from, m.base + to})
	m.show(to)
}

// show keeps the frame from being cut before to.
func (m *marks) show(to int) { m.shown = max(m.shown, m.base+to) }

// apply zeros what of b is not kept and cuts what is not shown.
func (m *marks) apply(b []byte) []byte {
	b = b[:min(len(b), m.shown)]
	slices.SortFunc(m.spans, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	at := 0
	for _, s := range m.spans {
		if s.from > at {
			clear(b[min(at, len(b)):min(s.from, len(b))])
		}
		at = max(at, s.to)
	}
	clear(b[min(at, len(b)):])
	return b
}

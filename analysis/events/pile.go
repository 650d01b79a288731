package events

import "slices"

// pile collects values without moving them about as it grows, which for
// millions of events would cost several times their size.
type pile[T any] struct {
	full [][]T
	open []T
}

// add puts a value on the pile.
func (p *pile[T]) add(v T) {
	if len(p.open) == cap(p.open) {
		p.full = append(p.full, p.open)
		p.open = make([]T, 0, min(max(64, 2*cap(p.open)), 8192))
	}
	p.open = append(p.open, v)
}

// join returns all values in the order in which they came.
func (p *pile[T]) join() []T { return slices.Concat(append(p.full, p.open)...) }

package capture

import (
	"container/heap"
	"iter"
	"time"

	"github.com/hueprint/hueprint/traffic"
)

// maxHeld bounds how many frames InOrder holds back.
const maxHeld = 65536

// InOrder yields frames by their times, holding each back for the given span of
// capture time, so that frames that are late by less come in their place; equal
// times keep their order. Frames later than that are yielded when they come. An
// error passes after what was held back. The frames keep their numbers.
func InOrder(frames iter.Seq2[traffic.Frame, error], within time.Duration) iter.Seq2[traffic.Frame, error] {
	return func(yield func(traffic.Frame, error) bool) {
		var h held
		var spare [][]byte
		release := func(keep func() bool) bool {
			for len(h) > 0 && !keep() {
				f := heap.Pop(&h).(traffic.Frame)
				if !yield(f, nil) {
					return false
				}
				spare = append(spare, f.Data)
			}
			return true
		}
		all := func() bool { return false }
		var newest time.Time
		for f, err := range frames {
			if err != nil {
				if !release(all) || !yield(f, err) {
					return
				}
				continue
			}
			var space []byte
			if n := len(spare); n > 0 {
				space, spare = spare[n-1], spare[:n-1]
			}
			f.Data = append(space[:0], f.Data...)
			heap.Push(&h, f)
			if f.Time.After(newest) {
				newest = f.Time
			}
			if !release(func() bool { return len(h) < maxHeld && newest.Sub(h[0].Time) <= within }) {
				return
			}
		}
		release(all)
	}
}

// held is a heap of frames, the oldest on top.
type held []traffic.Frame

func (h held) Len() int      { return len(h) }
func (h held) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h held) Less(i, j int) bool {
	if h[i].Time.Equal(h[j].Time) {
		return h[i].Number < h[j].Number
	}
	return h[i].Time.Before(h[j].Time)
}

// Push and Pop are container/heap's.
func (h *held) Push(f any) { *h = append(*h, f.(traffic.Frame)) }

func (h *held) Pop() any {
	last := len(*h) - 1
	f := (*h)[last]
	*h = (*h)[:last]
	return f
}

package live

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"iter"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/hueprint/hueprint/panel/lab"
)

// A Hub hands events to its readers. It is a [lab.Feed].
type Hub struct {
	epoch string // of this process; part of every ID
	now   func() time.Time

	mu     sync.Mutex
	ring   []entry
	last   uint64        // number of the newest event; the first has 1
	woken  chan struct{} // closed at the next event
	closed bool
}

// An entry is an event in the ring, and the value of packets, which can be put
// together for readers that are late.
type entry struct {
	event   lab.Event
	packets *lab.Packets
}

// NewHub makes a hub that keeps that many events, at least 16.
func NewHub(keep int) *Hub {
	epoch := make([]byte, 6)
	rand.Read(epoch) // never fails
	return &Hub{
		epoch: hex.EncodeToString(epoch), now: time.Now,
		ring: make([]entry, max(keep, 16)), woken: make(chan struct{}),
	}
}

// Publish tells all readers. It never waits. Data that cannot be written as JSON
// is a mistake of the caller's; readers are told by [lab.KindReset] to read
// everything again.
func (h *Hub) Publish(kind lab.Kind, data any) {
	encoded, err := json.Marshal(data)
	if err != nil {
		kind, encoded = lab.KindReset, []byte("null")
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return
	}
	h.last++
	e := entry{event: lab.Event{ID: h.id(h.last), Kind: kind, At: h.now(), Data: encoded}}
	if p, ok := data.(lab.Packets); ok {
		e.packets = &p
	}
	h.ring[h.last%uint64(len(h.ring))] = e
	close(h.woken)
	h.woken = make(chan struct{})
}

// Close ends all readers, and those to come. What is published later is dropped.
func (h *Hub) Close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.closed {
		h.closed = true
		close(h.woken)
	}
}

func (h *Hub) id(n uint64) string { return h.epoch + "-" + strconv.FormatUint(n, 10) }

// Events yields what happens until ctx ends or the hub is closed. An after of
// another life, or of an event that the ring no longer follows, is answered with
// [lab.KindReset] first.
func (h *Hub) Events(ctx context.Context, after string) iter.Seq[lab.Event] {
	at, lost := h.position(after) // now, not when somebody begins to read
	return func(yield func(lab.Event) bool) {
		at := at
		if lost && !yield(h.reset(at)) {
			return
		}
		for {
			closed := h.isClosed() // before reading: what came before the end is read
			batch, next, woken := h.read(at)
			for _, e := range batch {
				if !yield(e) {
					return
				}
			}
			at = next
			if len(batch) > 0 {
				continue
			}
			if closed {
				return
			}
			select {
			case <-ctx.Done():
				return
			case <-woken:
			}
		}
	}
}

func (h *Hub) isClosed() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.closed
}

// position is the number of the last event that a reader has, by the ID that it
// gives; lost when events after it are gone.
func (h *Hub) position(after string) (at uint64, lost bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if after == "" {
		return h.last, false
	}
	number, ours := strings.CutPrefix(after, h.epoch+"-")
	n, err := strconv.ParseUint(number, 10, 64)
	if !ours || err != nil || n > h.last || h.gone(n) {
		return h.last, true
	}
	return n, false
}

// gone tells whether the event after n has left the ring.
func (h *Hub) gone(n uint64) bool { return h.last-n > uint64(len(h.ring)) }

func (h *Hub) reset(at uint64) lab.Event {
	return lab.Event{ID: h.id(at), Kind: lab.KindReset, At: h.now(), Data: []byte("null")}
}

// read returns what a reader at that position has not had, its next position,
// and what to wait for when that is nothing.
func (h *Hub) read(at uint64) ([]lab.Event, uint64, <-chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.gone(at) {
		return []lab.Event{h.reset(h.last)}, h.last, h.woken
	}
	if at == h.last {
		return nil, at, h.woken
	}
	behind := make([]entry, 0, h.last-at)
	for n := at + 1; n <= h.last; n++ {
		behind = append(behind, h.ring[n%uint64(len(h.ring))])
	}
	return together(behind), h.last, h.woken
}

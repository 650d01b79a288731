package capture

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hueprint/hueprint/traffic"
)

// markEvery is how often a marker is sent until one is seen.
const markEvery = 100 * time.Millisecond

// Prove waits for a marker or for a frame of the gateway, whichever comes
// first. On an interface without Ethernet frames it is the latter.
func (s *liveSession) Prove(ctx context.Context) (Proof, error) {
	if ctx.Err() != nil {
		return Proof{}, s.unproved(context.Cause(ctx))
	}
	proof := make(chan Proof, 1)
	s.mu.Lock()
	if s.waiting == nil {
		s.waiting = make(map[chan Proof]bool)
	}
	s.waiting[proof] = true
	s.mu.Unlock()
	s.rouse()
	defer func() {
		s.mu.Lock()
		delete(s.waiting, proof)
		s.mu.Unlock()
	}()
	select {
	case p := <-proof:
		return p, nil
	case <-s.done:
		return Proof{}, errors.Join(fmt.Errorf("prove capture on %s: the recording has ended", s.live.Interface), s.Err())
	case <-ctx.Done():
		return Proof{}, s.unproved(context.Cause(ctx))
	}
}

// unproved says what was waited for in vain.
func (s *liveSession) unproved(cause error) error {
	what := fmt.Sprintf("neither a marker frame nor %s was seen (is the interface connected?)", s.live.awaited())
	if s.link != traffic.LinkEthernet {
		what = fmt.Sprintf("not %s was seen (the address may be wrong; make the gateway talk, or ping it)", s.live.awaited())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.trouble != nil {
		return fmt.Errorf("prove capture on %s: %s: %w: %w", s.live.Interface, what, s.trouble, cause)
	}
	return fmt.Errorf("prove capture on %s: %s: %w", s.live.Interface, what, cause)
}

// mark sends a marker if somebody waits for one.
func (s *liveSession) mark() {
	s.mu.Lock()
	wanted := len(s.waiting) > 0
	s.mu.Unlock()
	if !wanted || s.link != traffic.LinkEthernet || time.Since(s.marked) < markEvery {
		return
	}
	s.marked = time.Now()
	err := s.tap.mark(s.marker)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trouble = err
}

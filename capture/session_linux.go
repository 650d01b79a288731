package capture

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/hueprint/hueprint/traffic"
)

const (
	// lookEvery is how often a quiet session asks the kernel for drops.
	lookEvery = 200 * time.Millisecond
	// returnEvery is how often a session tries to come back to an interface.
	returnEvery = 250 * time.Millisecond
	// drainPatience bounds how long Stop waits for the kernel's next block.
	drainPatience = time.Second
	// mergeGaps is how close two gaps of one reason are to become one, so that
	// weeks of trouble make a list that can be read.
	mergeGaps = time.Second
)

// Start opens the interface. The errors say what to do: name another
// interface, switch it on, or allow this program to capture.
func (l Live) Start(ctx context.Context, sink Sink) (Session, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("capture on %s: %w", l.Interface, context.Cause(ctx))
	}
	t, err := l.open()
	if err != nil {
		return nil, err
	}
	wake, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		t.close()
		return nil, fmt.Errorf("capture on %s: %w", l.Interface, err)
	}
	s := &liveSession{live: l, sink: sink, tap: t, link: t.link, wake: wake, marker: newMarker(), stop: make(chan struct{}), done: make(chan struct{})}
	go s.run()
	return s, nil
}

// A liveSession records until it is stopped. Its goroutine alone touches the
// tap; what others ask of it is passed under the mutex.
type liveSession struct {
	live   Live
	sink   Sink
	tap    *tap // nil while the interface is away
	link   traffic.LinkType
	marker marker
	marked time.Time // when the last marker was sent
	looked time.Time // when the kernel's drops were last asked for
	frames int       // the number of the last frame

	stop chan struct{} // closed by Stop
	done chan struct{} // closed by run

	mu      sync.Mutex
	wake    int // wakes the goroutine; -1 when that has ended
	waiting map[chan Proof]bool
	trouble error // why no marker could be sent
	stats   Stats
	err     error
}

// run is the session's goroutine.
func (s *liveSession) run() {
	err := s.record()
	if s.tap != nil {
		s.tap.close()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	unix.Close(s.wake)
	s.wake = -1
	if err != nil {
		s.err = fmt.Errorf("capture on %s: %w", s.live.Interface, err)
	}
	close(s.done)
}

// record is the story of a session: wait, take, count, until stopped.
func (s *liveSession) record() error {
	s.looked = time.Now()
	for !s.stopping() {
		down := s.tap.wait(s.wake, s.patience())
		s.hearWake()
		if down != nil && !errors.Is(down, errDown) {
			return down
		}
		if err := s.take(); err != nil {
			return err
		}
		if down != nil {
			if err := s.comeBack(); err != nil {
				return err
			}
			continue
		}
		s.mark()
	}
	if s.tap == nil {
		return nil
	}
	if err := s.tap.seal(); err != nil {
		return err
	}
	return s.drain()
}

func (s *liveSession) stopping() bool {
	select {
	case <-s.stop:
		return true
	default:
		return false
	}
}

// patience is how long to wait for frames.
func (s *liveSession) patience() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.waiting) > 0 {
		return markEvery / 2
	}
	return lookEvery
}

// hearWake takes note of having been woken.
func (s *liveSession) hearWake() {
	var count [8]byte
	unix.Read(s.wake, count[:]) // not blocking
}

// take empties the ring once round at most, so that a flood does not keep the
// session from hearing Stop.
func (s *liveSession) take() error {
	for range len(s.tap.mem) / blockBytes {
		ready, err := s.takeBlock()
		if err != nil {
			return err
		}
		if !ready {
			break
		}
	}
	return s.count()
}

// takeBlock hands the frames of a block to the sink and adds up what they were.
func (s *liveSession) takeBlock() (bool, error) {
	var sum Stats
	var proof Proof
	taken, ready, err := s.tap.take(func(f slot) error {
		switch {
		case s.tap.loopback && f.outgoing: // it comes back in
			return nil
		case s.link == traffic.LinkEthernet && anyMarker(f.data):
			if s.marker.in(f.data) {
				proof = Proof{At: f.at, By: "a marker frame sent and seen on " + s.live.Interface}
			}
			return nil
		}
		s.frames++
		if sum.Frames == 0 {
			sum.First = f.at
		}
		sum.Frames, sum.Bytes, sum.Last = sum.Frames+1, sum.Bytes+uint64(len(f.data)), f.at
		frame := traffic.Frame{Time: f.at, Link: s.link, Data: f.data, Wire: f.wire, Number: s.frames}
		if err := s.sink.Frame(frame); err != nil {
			sum.Frames, sum.Bytes = sum.Frames-1, sum.Bytes-uint64(len(f.data))
			return fmt.Errorf("store a frame: %w", err)
		}
		if proof.By == "" {
			proof = Proof{At: f.at, By: s.live.awaited() + " on " + s.live.Interface}
		}
		return nil
	})
	s.tap.read += taken
	s.add(sum, proof)
	return ready, err
}

// add publishes a block's counts, and hands its proof to those who wait.
func (s *liveSession) add(sum Stats, proof Proof) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if sum.Frames > 0 {
		if s.stats.Frames == 0 {
			s.stats.First = sum.First
		}
		s.stats.Frames += sum.Frames
		s.stats.Bytes += sum.Bytes
		s.stats.Last = sum.Last
	}
	if proof.By != "" {
		for w := range s.waiting {
			w <- proof
			delete(s.waiting, w)
		}
	}
}

// count notes what the kernel dropped since the last time, as a gap.
func (s *liveSession) count() error {
	dropped, err := s.tap.count()
	if err != nil {
		return err
	}
	now := time.Now()
	if dropped > 0 {
		s.gap(traffic.Gap{From: s.looked, To: now, Dropped: dropped, Reason: "the packet ring was full (the disk or the host was too slow; enlarge the ring)"})
	}
	s.looked = now
	return nil
}

// gap notes a gap; one that follows soon upon its like prolongs that.
func (s *liveSession) gap(g traffic.Gap) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats.Dropped += g.Dropped
	if n := len(s.stats.Gaps); n > 0 {
		last := &s.stats.Gaps[n-1]
		if last.Reason == g.Reason && g.From.Sub(last.To) < mergeGaps {
			last.To, last.Dropped = g.To, last.Dropped+g.Dropped
			return
		}
	}
	s.stats.Gaps = append(s.stats.Gaps, g)
}

// drain takes what has passed the filter, until the kernel's count says that
// all of it was taken.
func (s *liveSession) drain() error {
	for limit := time.Now().Add(drainPatience); ; {
		before := s.tap.read
		if err := s.take(); err != nil {
			return err
		}
		if s.tap.read > before { // the sink may be slow, but it goes on
			limit = time.Now().Add(drainPatience)
		}
		if s.tap.drained() || time.Now().After(limit) {
			return nil
		}
		if err := s.tap.wait(-1, blockPatience/4); err != nil && !errors.Is(err, errDown) {
			return err
		}
	}
}

// comeBack tries to open the interface again until that works or the session
// is stopped, and notes the gap.
func (s *liveSession) comeBack() error {
	g := traffic.Gap{From: time.Now(), Reason: "the interface " + s.live.Interface + " was down or away"}
	err := s.drain()
	s.tap.close()
	s.tap = nil
	if err != nil {
		return err
	}
	defer func() {
		g.To = time.Now()
		s.gap(g)
		s.looked = g.To
	}()
	ticker := time.NewTicker(returnEvery)
	defer ticker.Stop()
	for {
		select {
		case <-s.stop:
			return nil
		case <-ticker.C:
		}
		t, err := s.live.open()
		s.mu.Lock()
		s.trouble = err
		s.mu.Unlock()
		if err == nil && t.link == s.link {
			s.tap = t
			return nil
		}
		if err == nil {
			t.close()
			return errors.New("the interface came back with another kind of frames")
		}
	}
}

// rouse wakes the session's goroutine.
func (s *liveSession) rouse() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.wake >= 0 {
		unix.Write(s.wake, []byte{1, 1, 1, 1, 1, 1, 1, 1})
	}
}

// Stats are the counts up to the last block.
func (s *liveSession) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	stats := s.stats
	stats.Gaps = append([]traffic.Gap(nil), stats.Gaps...)
	return stats
}

// Done is closed when nothing is handed to the sink any more.
func (s *liveSession) Done() <-chan struct{} { return s.done }

// Err is why the session ended by itself: its sink's error, or the kernel's.
func (s *liveSession) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// Stop closes the kernel's filter, then takes what had passed it.
func (s *liveSession) Stop(ctx context.Context) (Stats, error) {
	s.mu.Lock()
	select {
	case <-s.stop:
	default:
		close(s.stop)
	}
	s.mu.Unlock()
	s.rouse()
	select {
	case <-s.done:
		return s.Stats(), s.Err()
	case <-ctx.Done():
		return s.Stats(), fmt.Errorf("stop capture on %s: the last frames are not stored yet: %w", s.live.Interface, context.Cause(ctx))
	}
}

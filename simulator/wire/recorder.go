package wire

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/hueprint/hueprint/capture"
	"github.com/hueprint/hueprint/capture/filter"
	"github.com/hueprint/hueprint/traffic"
)

// tapQueue is how many frames wait for a slow sink before more are dropped.
const tapQueue = 1 << 16

// A TapRecorder records the frames on one host's cable, on networks that are
// an [Injector] too. It proves itself by marker frames like those of
// [capture.Live]: from the cable's MAC to itself, for no host and not handed to
// the sink.
type TapRecorder struct {
	Network Network
	Host    string
	MAC     traffic.MAC
}

var (
	_ capture.Recorder  = TapRecorder{}
	_ capture.Describer = TapRecorder{}
)

// Describe says what is recorded.
func (r TapRecorder) Describe() capture.Description {
	return capture.Description{Interface: "tap of " + r.Host, Filter: "every frame on the host's cable"}
}

// Start taps the cable.
func (r TapRecorder) Start(ctx context.Context, sink capture.Sink) (capture.Session, error) {
	injector, ok := r.Network.(Injector)
	if !ok {
		return nil, fmt.Errorf("record %s: this wire cannot inject marker frames (capture its interface instead)", r.Host)
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("record %s: %w", r.Host, context.Cause(ctx))
	}
	s := &tapSession{recorder: r, injector: injector, sink: sink,
		wake: make(chan struct{}, 1), done: make(chan struct{}), markers: map[nonce]chan struct{}{}}
	stop, err := r.Network.Tap(r.Host, s.see)
	if err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	s.untap = stop
	go s.run()
	return s, nil
}

// A nonce tells a marker from all others.
type nonce [16]byte

// A tapSession is a running recording: see fills the queue and run empties it
// into the sink.
type tapSession struct {
	recorder TapRecorder
	injector Injector
	sink     capture.Sink
	untap    func()
	wake     chan struct{}
	done     chan struct{}

	mu       sync.Mutex
	queue    []traffic.Frame
	stopping bool
	markers  map[nonce]chan struct{} // those on their way; closed when back
	stats    capture.Stats
	err      error
}

// see copies a frame into the queue, or counts it as dropped.
func (s *tapSession) see(f traffic.Frame) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopping {
		return
	}
	if len(s.queue) == tapQueue {
		s.drop(f.Time)
		return
	}
	f.Data = slices.Clone(f.Data)
	s.queue = append(s.queue, f)
	s.nudge()
}

// drop counts a frame for which there was no room; those in a row make one gap.
func (s *tapSession) drop(at time.Time) {
	s.stats.Dropped++
	gaps := s.stats.Gaps
	if n := len(gaps); n > 0 && gaps[n-1].From.After(s.stats.Last) {
		gaps[n-1].To = at
		gaps[n-1].Dropped++
		return
	}
	s.stats.Gaps = append(gaps, traffic.Gap{From: at, To: at, Dropped: 1, Reason: "the sink was too slow for the tap"})
}

func (s *tapSession) nudge() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// run hands frames to the sink until the session is stopped and drained, or
// the sink fails.
func (s *tapSession) run() {
	defer close(s.done)
	for {
		frames, stopping := s.take()
		for _, f := range frames {
			if err := s.hand(f); err != nil {
				s.fail(fmt.Errorf("record %s: %w", s.recorder.Host, err))
				return
			}
		}
		if stopping {
			return
		}
		if len(frames) == 0 {
			<-s.wake
		}
	}
}

// take empties the queue.
func (s *tapSession) take() (frames []traffic.Frame, stopping bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	frames, s.queue = s.queue, nil
	return frames, s.stopping
}

// hand gives the sink its next frame; markers go back to who sent them.
func (s *tapSession) hand(f traffic.Frame) error {
	if n, ok := markerNonce(f.Data); ok {
		s.mu.Lock()
		defer s.mu.Unlock()
		if back, ours := s.markers[n]; ours {
			close(back)
			delete(s.markers, n)
		}
		return nil
	}
	f.Number = int(s.Stats().Frames) + 1
	if err := s.sink.Frame(f); err != nil {
		return err
	}
	s.count(f)
	return nil
}

// count notes a frame that the sink has.
func (s *tapSession) count(f traffic.Frame) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stats.Frames == 0 {
		s.stats.First = f.Time
	}
	s.stats.Frames++
	s.stats.Bytes += uint64(f.Wire)
	s.stats.Last = f.Time
}

func (s *tapSession) fail(err error) {
	s.untap()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err, s.stopping, s.queue = err, true, nil
}

// Prove sends a marker frame through the tap and waits until it has come to
// where frames are handed to the sink.
func (s *tapSession) Prove(ctx context.Context) (capture.Proof, error) {
	proof, err := s.prove(ctx)
	if err != nil {
		return capture.Proof{}, fmt.Errorf("prove the recording of %s: %w", s.recorder.Host, err)
	}
	return proof, nil
}

func (s *tapSession) prove(ctx context.Context) (capture.Proof, error) {
	if ctx.Err() != nil {
		return capture.Proof{}, context.Cause(ctx)
	}
	n, back := s.newMarker()
	if err := s.injector.Inject(s.recorder.Host, s.marker(n)); err != nil {
		return capture.Proof{}, err
	}
	select {
	case <-back:
		return capture.Proof{At: time.Now(), By: fmt.Sprintf(
			"a marker frame (EtherType 0x%04x) on the tap of %s reached the recording", filter.MarkerType, s.recorder.Host)}, nil
	case <-s.done:
		return capture.Proof{}, errors.Join(errors.New("it has ended"), s.Err())
	case <-ctx.Done():
		return capture.Proof{}, fmt.Errorf("no marker frame came back: %w", context.Cause(ctx))
	}
}

// newMarker draws a marker's number and gives the channel that is closed when
// it is back.
func (s *tapSession) newMarker() (n nonce, back <-chan struct{}) {
	rand.Read(n[:]) // never fails
	waiting := make(chan struct{})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.markers[n] = waiting
	return n, waiting
}

// marker is the least Ethernet frame, from the cable's MAC to itself.
func (s *tapSession) marker(n nonce) []byte {
	mac := s.recorder.MAC
	frame := binary.BigEndian.AppendUint16(slices.Concat(mac[:], mac[:]), filter.MarkerType)
	frame = append(append(frame, filter.MarkerMagic...), n[:]...)
	return append(frame, make([]byte, 60-len(frame))...)
}

// markerNonce reads a marker's number, if the frame is a marker.
func markerNonce(frame []byte) (n nonce, ok bool) {
	const header = 14
	begin := header + len(filter.MarkerMagic)
	if len(frame) < begin+len(n) || binary.BigEndian.Uint16(frame[12:]) != filter.MarkerType ||
		string(frame[header:begin]) != filter.MarkerMagic {
		return n, false
	}
	return nonce(frame[begin:]), true
}

// Stats tells what the sink has so far.
func (s *tapSession) Stats() capture.Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	stats := s.stats
	stats.Gaps = slices.Clone(stats.Gaps)
	return stats
}

// Done is closed when the session has ended.
func (s *tapSession) Done() <-chan struct{} { return s.done }

// Err says why the session ended by itself.
func (s *tapSession) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// Stop closes the tap, drains what it has seen, and returns the final counts.
func (s *tapSession) Stop(ctx context.Context) (capture.Stats, error) {
	s.untap()
	s.mu.Lock()
	s.stopping = true
	s.nudge()
	s.mu.Unlock()
	select {
	case <-s.done:
		return s.Stats(), s.Err()
	case <-ctx.Done():
		return s.Stats(), fmt.Errorf("stop the recording of %s: its sink does not take the rest: %w",
			s.recorder.Host, context.Cause(ctx))
	}
}

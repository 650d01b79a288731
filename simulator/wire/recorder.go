package wire

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/hueprint/hueprint/capture"
	"github.com/hueprint/hueprint/traffic"
)

// MarkerType is the EtherType of the frames by which a [TapRecorder] proves
// that it records: the first of IEEE 802's local experimental ones.
const MarkerType = 0x88b5

// tapQueue is how many frames wait for a slow sink before more are dropped.
const tapQueue = 1 << 16

// A TapRecorder records the frames on one host's cable, on networks that are
// an [Injector] too. Its marker frames are from the cable's MAC to itself and
// reach the sink like others, but no host.
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
		wake: make(chan struct{}, 1), done: make(chan struct{}), proved: make(chan struct{})}
	stop, err := r.Network.Tap(r.Host, s.see)
	if err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	s.untap = stop
	go s.run()
	return s, nil
}

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
	markers  byte
	proved   chan struct{} // closed when a frame reached the sink, then renewed
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
			if err := s.sink.Frame(f); err != nil {
				s.fail(fmt.Errorf("record %s: %w", s.recorder.Host, err))
				return
			}
			s.count(f)
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

// count notes a frame that the sink has, which proves that the session records.
func (s *tapSession) count(f traffic.Frame) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stats.Frames == 0 {
		s.stats.First = f.Time
	}
	s.stats.Frames++
	s.stats.Bytes += uint64(f.Wire)
	s.stats.Last = f.Time
	close(s.proved)
	s.proved = make(chan struct{})
}

func (s *tapSession) fail(err error) {
	s.untap()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err, s.stopping, s.queue = err, true, nil
}

// Prove sends a marker frame through the tap and waits until a frame has
// reached the sink after that.
func (s *tapSession) Prove(ctx context.Context) (capture.Proof, error) {
	s.mu.Lock()
	proved := s.proved
	s.markers++
	marker := s.marker(s.markers)
	s.mu.Unlock()
	if err := s.injector.Inject(s.recorder.Host, marker); err != nil {
		return capture.Proof{}, fmt.Errorf("prove the recording of %s: %w", s.recorder.Host, err)
	}
	select {
	case <-proved:
		return capture.Proof{At: time.Now(), By: fmt.Sprintf(
			"a marker frame (EtherType 0x%04x) on the tap of %s reached the recording", MarkerType, s.recorder.Host)}, nil
	case <-s.done:
		return capture.Proof{}, errors.Join(fmt.Errorf("prove the recording of %s: it has ended", s.recorder.Host), s.Err())
	case <-ctx.Done():
		return capture.Proof{}, fmt.Errorf("prove the recording of %s: no marker frame came back: %w",
			s.recorder.Host, context.Cause(ctx))
	}
}

// marker is the least Ethernet frame, from the cable's MAC to itself.
func (s *tapSession) marker(number byte) []byte {
	mac := s.recorder.MAC
	frame := slices.Concat(mac[:], mac[:], []byte{MarkerType >> 8, MarkerType & 0xff}, []byte("hueprint marker "), []byte{number})
	return append(frame, make([]byte, 60-len(frame))...)
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

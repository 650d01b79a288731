package wiretest

import (
	"context"
	"encoding/binary"
	"errors"
	"sync"
	"time"

	"github.com/hueprint/hueprint/capture/filter"
	"github.com/hueprint/hueprint/simulator/wire"
	"github.com/hueprint/hueprint/traffic"
)

var recorderCases = []testCase{
	{"a tap recorder proves, records and drains", recorder},
	{"a failing sink ends the session", failingSink},
}

// A sink counts frames and fails when told to.
type sink struct {
	mu      sync.Mutex
	frames  int
	markers int
	failure error
}

func (s *sink) Frame(f traffic.Frame) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.frames++
	if isMarker(f) {
		s.markers++
	}
	return s.failure
}

func isMarker(f traffic.Frame) bool {
	return binary.BigEndian.Uint16(f.Data[12:]) == filter.MarkerType
}

func (l *lab) recorder() wire.TapRecorder {
	return wire.TapRecorder{Network: l.network, Host: "gateway", MAC: l.gateway.MAC()}
}

func recorder(l *lab) {
	if _, ok := l.network.(wire.Injector); !ok {
		if _, err := l.recorder().Start(l.Context(), &sink{}); err == nil {
			l.Error("a tap recorder started on a wire that it cannot prove itself on")
		}
		return
	}
	ctx, cancel := context.WithTimeout(l.Context(), 5*time.Second)
	defer cancel()
	s := &sink{}
	session, err := l.recorder().Start(ctx, s)
	if err != nil {
		l.Fatal(err)
	}
	for range 2 {
		if proof, err := session.Prove(ctx); err != nil || proof.By == "" {
			l.Errorf("proof %+v, error %v", proof, err)
		}
	}
	l.gateway.Ping(ctx, l.phone.Addr(), 3, time.Millisecond)
	for range 2 {
		stats, err := session.Stop(ctx)
		if err != nil || int(stats.Frames) != s.frames || s.markers != 0 || s.frames < 6 || stats.Dropped != 0 {
			l.Errorf("stopped with %+v, sink has %d frames and %d markers, error %v", stats, s.frames, s.markers, err)
		}
	}
	if _, err := session.Prove(ctx); err == nil {
		l.Error("a stopped session proved that it records")
	}
}

func failingSink(l *lab) {
	if _, ok := l.network.(wire.Injector); !ok {
		return
	}
	full := errors.New("no space left")
	session, err := l.recorder().Start(l.Context(), &sink{failure: full})
	if err != nil {
		l.Fatal(err)
	}
	l.gateway.Ping(l.Context(), l.phone.Addr(), 1, 0)
	<-session.Done()
	if !errors.Is(session.Err(), full) {
		l.Errorf("the session ended with %v", session.Err())
	}
	if _, err := session.Prove(l.Context()); !errors.Is(err, full) {
		l.Errorf("proof after the failure: %v", err)
	}
	if _, err := session.Stop(l.Context()); !errors.Is(err, full) {
		l.Errorf("stop after the failure: %v", err)
	}
}

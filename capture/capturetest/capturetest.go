// Package capturetest holds the suite that every [capture.Recorder] must pass.
//
// A recorder's own test makes a [Bench], which can put frames on the tap, and
// calls [Run]. What is special about a recorder (its errors, its drops, its
// filter) remains to be tested there.
package capturetest

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/hueprint/hueprint/capture"
	"github.com/hueprint/hueprint/traffic"
)

// patience is how long the suite waits for what must come.
const patience = 10 * time.Second

// Gateway is the device whose frames the suite sends and the recorder records.
func Gateway() traffic.Gateway {
	return traffic.Gateway{
		Name:  "suite",
		MACs:  []traffic.MAC{{0x02, 0x68, 0x75, 0x65, 0x00, 0x01}},
		Addrs: []netip.Addr{netip.AddrFrom4([4]byte{10, 77, 0, 2})},
	}
}

// A Bench is a recorder of [Gateway] with the means to put frames on its tap.
type Bench struct {
	Recorder capture.Recorder
	// Send puts Ethernet frames of the gateway on the tap, in order, and
	// returns when the tap has seen them.
	Send func(frames [][]byte)
	// ByFrame tells that the recorder proves itself by a frame of the gateway
	// only, and sends no markers.
	ByFrame bool
}

// Run holds a recorder to the contract; newBench is called for each part.
func Run(t *testing.T, newBench func(t *testing.T) Bench) {
	for name, test := range map[string]func(*trial){
		"nothing before Start":             nothingBeforeStart,
		"every frame once, in order":       everyFrameOnce,
		"Stop drains":                      stopDrains,
		"Stop ends the session":            stopEnds,
		"a sink's error ends the session":  sinkErrorEnds,
		"proof can be asked again":         proveAgain,
		"an ended context is refused":      endedContext,
		"proof and Stats while frames run": concurrentUse,
	} {
		t.Run(name, func(t *testing.T) { test(&trial{T: t, bench: newBench(t)}) })
	}
}

// Frames makes n frames of the gateway that differ in length and content; the
// first carries the number from.
func Frames(from, n int) [][]byte {
	gateway := Gateway().MACs[0]
	frames := make([][]byte, n)
	for i := range frames {
		f := append([]byte{0x02, 0x68, 0x75, 0x65, 0x00, 0xfe}, gateway[:]...)
		f = binary.BigEndian.AppendUint16(f, 0x88B6) // for local experiments, not the markers' type
		f = binary.BigEndian.AppendUint32(f, uint32(from+i))
		frames[i] = append(f, bytes.Repeat([]byte{byte(from + i)}, 42+(from+i)*37%1400)...)
	}
	return frames
}

// A Memory is a sink that keeps copies of what it is given.
type Memory struct {
	mu     sync.Mutex
	frames []traffic.Frame
	// Fail, if not nil, may refuse a frame.
	Fail func(traffic.Frame) error
}

// Frame keeps a copy of f.
func (m *Memory) Frame(f traffic.Frame) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.Fail != nil {
		if err := m.Fail(f); err != nil {
			return err
		}
	}
	f.Data = bytes.Clone(f.Data)
	m.frames = append(m.frames, f)
	return nil
}

// Frames returns what was kept so far.
func (m *Memory) Frames() []traffic.Frame {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.frames[:len(m.frames):len(m.frames)]
}

// A trial is one part of the suite with what it needs.
type trial struct {
	*testing.T
	bench Bench
	sink  Memory
	sent  [][]byte
}

func (t *trial) start() capture.Session {
	t.Helper()
	s, err := t.bench.Recorder.Start(t.Context(), &t.sink)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Stop(context.Background()) })
	return s
}

func (t *trial) send(n int) {
	frames := Frames(len(t.sent), n)
	t.sent = append(t.sent, frames...)
	t.bench.Send(frames)
}

func (t *trial) prove(s capture.Session) capture.Proof {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if t.bench.ByFrame {
		frame := Frames(len(t.sent), 1)
		t.sent = append(t.sent, frame...)
		prod := time.AfterFunc(20*time.Millisecond, func() { t.bench.Send(frame) })
		defer prod.Stop()
	}
	p, err := s.Prove(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if p.By == "" || p.At.IsZero() {
		t.Errorf("the proof %+v does not say when and by what", p)
	}
	return p
}

func (t *trial) end(s capture.Session) capture.Stats {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	stats, err := s.Stop(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return stats
}

// compare demands that the sink holds exactly what was sent, and that the
// counts say so.
func (t *trial) compare(stats capture.Stats) {
	t.Helper()
	got := t.sink.Frames()
	if len(got) != len(t.sent) {
		t.Fatalf("%d frames recorded, %d sent", len(got), len(t.sent))
	}
	var size uint64
	for i, f := range got {
		size += uint64(len(f.Data))
		switch {
		case !bytes.Equal(f.Data, t.sent[i]):
			t.Fatalf("frame %d is % x…, sent % x…", i+1, f.Data[:18], t.sent[i][:18])
		case f.Wire != len(f.Data) || f.Link != traffic.LinkEthernet || f.Number != i+1:
			t.Fatalf("frame %d: wire %d for %d bytes, link %d, number %d", i+1, f.Wire, len(f.Data), f.Link, f.Number)
		case i > 0 && f.Time.Before(got[i-1].Time):
			t.Fatalf("frame %d is %v older than the one before", i+1, got[i-1].Time.Sub(f.Time))
		}
	}
	if stats.Frames != uint64(len(got)) || stats.Bytes != size || stats.Dropped != 0 || len(stats.Gaps) != 0 {
		t.Errorf("counts %+v, want %d frames of %d bytes and no loss", stats, len(got), size)
	}
	if len(got) > 0 && (!stats.First.Equal(got[0].Time) || !stats.Last.Equal(got[len(got)-1].Time)) {
		t.Errorf("first and last frame at %v and %v, want %v and %v", stats.First, stats.Last, got[0].Time, got[len(got)-1].Time)
	}
}

func nothingBeforeStart(t *trial) {
	t.bench.Send(Frames(9000, 5))
	s := t.start()
	t.prove(s)
	t.compare(t.end(s))
}

func everyFrameOnce(t *trial) {
	before := time.Now()
	s := t.start()
	t.prove(s)
	t.send(1500)
	t.send(1)
	stats := t.end(s)
	t.compare(stats)
	if stats.First.Before(before.Add(-time.Second)) || stats.Last.After(time.Now().Add(time.Second)) {
		t.Errorf("frames are stamped %v to %v, recorded %v to %v", stats.First, stats.Last, before, time.Now())
	}
}

func stopDrains(t *trial) {
	s := t.start()
	t.prove(s)
	for range 20 {
		t.send(50)
	}
	t.compare(t.end(s))
}

func stopEnds(t *trial) {
	s := t.start()
	t.prove(s)
	select {
	case <-s.Done():
		t.Fatal("the session ended by itself: ", s.Err())
	default:
	}
	t.send(3)
	first := t.end(s)
	t.bench.Send(Frames(9000, 5))
	second := t.end(s)
	if first.Frames != second.Frames || first.Bytes != second.Bytes {
		t.Errorf("a second Stop counts %+v, the first %+v", second, first)
	}
	select {
	case <-s.Done():
	default:
		t.Error("Done is open after Stop")
	}
	if err := s.Err(); err != nil {
		t.Errorf("after Stop, Err is %v", err)
	}
	t.compare(second)
	if _, err := s.Prove(t.Context()); err == nil {
		t.Error("a stopped session proves that it records")
	}
}

func sinkErrorEnds(t *trial) {
	full := errors.New("the disk is full")
	s := t.start()
	t.prove(s)
	kept := len(t.sink.Frames())
	t.sink.mu.Lock()
	t.sink.Fail = func(f traffic.Frame) error {
		if f.Number > kept+2 {
			return full
		}
		return nil
	}
	t.sink.mu.Unlock()
	t.send(10)
	select {
	case <-s.Done():
	case <-time.After(patience / 5):
		t.Fatal("the session goes on although its sink fails")
	}
	if !errors.Is(s.Err(), full) {
		t.Errorf("Err is %v, want the sink's error", s.Err())
	}
	stats, err := s.Stop(context.Background())
	if !errors.Is(err, full) {
		t.Errorf("Stop says %v, want the sink's error", err)
	}
	if got := uint64(len(t.sink.Frames())); stats.Frames != got || got != uint64(kept)+2 {
		t.Errorf("%d frames counted, %d stored", stats.Frames, got)
	}
}

func proveAgain(t *trial) {
	s := t.start()
	first := t.prove(s)
	second := t.prove(s)
	if second.At.Before(first.At) {
		t.Errorf("the second proof is of %v, before the first of %v", second.At, first.At)
	}
	t.compare(t.end(s))
}

func endedContext(t *trial) {
	gone, cancel := context.WithCancelCause(t.Context())
	reason := errors.New("operator pressed stop")
	cancel(reason)
	if s, err := t.bench.Recorder.Start(gone, &t.sink); err == nil {
		s.Stop(context.Background())
		t.Error("a recording starts with an ended context")
	}
	s := t.start()
	if _, err := s.Prove(gone); !errors.Is(err, reason) {
		t.Errorf("Prove says %v, want the context's cause", err)
	}
	t.prove(s) // the session is unharmed
	t.compare(t.end(s))
}

func concurrentUse(t *trial) {
	s := t.start()
	t.prove(s)
	var asking sync.WaitGroup
	for range 3 {
		asking.Go(func() {
			for range 20 {
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				s.Stats()
				if _, err := s.Prove(ctx); err != nil && !t.bench.ByFrame {
					t.Error(err)
				}
				cancel()
			}
		})
	}
	stop := make(chan struct{})
	go func() { asking.Wait(); close(stop) }()
	for {
		t.send(20)
		select {
		case <-stop:
			t.compare(t.end(s))
			return
		case <-time.After(time.Millisecond):
		}
	}
}

package orchestrator

import (
	"context"
	"encoding/binary"
	"errors"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hueprint/hueprint/capture"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/traffic"
)

// faucet is a recorder whose frames a test gives.
type faucet struct {
	mu     sync.Mutex
	refuse error
	starts int
	open   []*pipe
}

// pipe is a session of a faucet.
type pipe struct {
	sink capture.Sink
	of   *faucet
	once sync.Once
	done chan struct{}
	err  error
}

func (f *faucet) Start(_ context.Context, sink capture.Sink) (capture.Session, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.starts++
	if f.refuse != nil {
		return nil, f.refuse
	}
	p := &pipe{sink: sink, of: f, done: make(chan struct{})}
	f.open = append(f.open, p)
	return p, nil
}

func (f *faucet) taps() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.open)
}

func (f *faucet) pour(t *testing.T, frames ...traffic.Frame) {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, p := range f.open {
		for _, frame := range frames {
			if err := p.sink.Frame(frame); err != nil {
				t.Error(err)
			}
		}
	}
}

func (p *pipe) end(err error) {
	p.once.Do(func() {
		p.of.mu.Lock()
		p.of.open = slices.DeleteFunc(p.of.open, func(o *pipe) bool { return o == p })
		p.of.mu.Unlock()
		p.err = err
		close(p.done)
	})
}

func (p *pipe) Prove(context.Context) (capture.Proof, error) { panic("a monitor proves nothing") }
func (p *pipe) Stats() capture.Stats                         { return capture.Stats{} }
func (p *pipe) Done() <-chan struct{}                        { return p.done }
func (p *pipe) Err() error {
	select {
	case <-p.done:
		return p.err
	default:
		return nil
	}
}
func (p *pipe) Stop(context.Context) (capture.Stats, error) { p.end(nil); return capture.Stats{}, nil }

var (
	hubMAC   = traffic.MAC{0x24, 0xfd, 0x5b, 1, 2, 3}
	otherMAC = traffic.MAC{2, 0, 0, 0, 0, 9}
)

// datagram is a UDP frame of the given length on the wire.
func datagram(at time.Time, from, to traffic.MAC, src, dst string, size int) traffic.Frame {
	data := make([]byte, size)
	copy(data, to[:])
	copy(data[6:], from[:])
	data[12], data[13] = 8, 0
	ip := data[14:]
	ip[0], ip[8], ip[9] = 0x45, 64, 17
	binary.BigEndian.PutUint16(ip[2:], uint16(size-14))
	s, d := netip.MustParseAddr(src).As4(), netip.MustParseAddr(dst).As4()
	copy(ip[12:], s[:])
	copy(ip[16:], d[:])
	binary.BigEndian.PutUint16(ip[20:], 4000)
	binary.BigEndian.PutUint16(ip[22:], 443)
	binary.BigEndian.PutUint16(ip[24:], uint16(size-34))
	return traffic.Frame{Time: at, Link: traffic.LinkEthernet, Data: data, Wire: size}
}

func out(at time.Time, dst string, size int) traffic.Frame {
	return datagram(at, hubMAC, otherMAC, "192.168.1.5", dst, size)
}

func hub() experiments.Gateway {
	return experiments.Gateway{Addresses: traffic.Gateway{Name: "hub", MACs: []traffic.MAC{hubMAC}},
		Peers: traffic.Peers{Bridge: []netip.Addr{netip.MustParseAddr("192.168.1.2")}}}
}

// watching is a running monitor of one gateway.
type watching struct {
	*Monitor
	faucet  *faucet
	mu      sync.Mutex
	batches []Batch
	changes int
	cancel  context.CancelFunc
	done    chan struct{}
}

func watchHub(t *testing.T) *watching {
	w := &watching{faucet: &faucet{}, done: make(chan struct{})}
	w.Monitor = &Monitor{
		Tell:    func(_ string, b Batch) { w.mu.Lock(); w.batches = append(w.batches, b); w.mu.Unlock() },
		Changed: func() { w.mu.Lock(); w.changes++; w.mu.Unlock() },
	}
	w.Watch([]experiments.Gateway{hub()}, map[string]capture.Recorder{"hub": w.faucet})
	ctx, cancel := context.WithCancel(t.Context())
	w.cancel = cancel
	go func() {
		defer close(w.done)
		_ = w.Run(ctx)
	}()
	synctest.Wait()
	return w
}

func (w *watching) told() []Batch {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.batches)
}

func TestTapsAreOpenOnlyWhileSomebodyLooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watchHub(t)
		time.Sleep(time.Minute)
		if w.faucet.starts != 0 || w.Taps()["hub"].Watched {
			t.Errorf("nobody looks: %d starts, %+v", w.faucet.starts, w.Taps())
		}
		for _, n := range []int{1, 2, 1, 0, 3, 0, 1} {
			w.Viewers(n)
			synctest.Wait()
			if want := min(n, 1); w.faucet.taps() != want || w.Taps()["hub"].Watched != (n > 0) {
				t.Errorf("%d look: %d taps, %+v", n, w.faucet.taps(), w.Taps())
			}
		}
		if w.faucet.starts != 3 {
			t.Errorf("%d starts", w.faucet.starts)
		}
		other := &faucet{}
		w.Watch([]experiments.Gateway{hub()}, map[string]capture.Recorder{"hub": other})
		synctest.Wait()
		if w.faucet.taps() != 0 || other.taps() != 1 {
			t.Errorf("another tap: %d of the old, %d of the new", w.faucet.taps(), other.taps())
		}
		w.Watch(nil, nil)
		synctest.Wait()
		if other.taps() != 0 || len(w.Taps()) != 0 {
			t.Errorf("a gateway that is gone: %d taps, %+v", w.faucet.taps(), w.Taps())
		}
		w.Watch([]experiments.Gateway{hub()}, map[string]capture.Recorder{"hub": w.faucet})
		synctest.Wait()
		w.cancel()
		<-w.done
		if w.faucet.taps() != 0 || w.faucet.starts != 4 {
			t.Errorf("at the end: %d taps of %d", w.faucet.taps(), w.faucet.starts)
		}
	})
}

func TestBatchesTellDirectionSizeAndScope(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watchHub(t)
		w.Viewers(1)
		synctest.Wait()
		now := time.Now()
		w.faucet.pour(t,
			out(now, "3.4.5.6", 200), out(now.Add(1), "192.168.1.2", 300),
			datagram(now.Add(2), otherMAC, hubMAC, "192.168.1.77", "192.168.1.5", 400),
			datagram(now.Add(3), otherMAC, traffic.MAC{2}, "192.168.1.77", "192.168.1.9", 999), // of others
			traffic.Frame{Time: now.Add(4), Link: traffic.LinkEthernet, Data: []byte{1, 2, 3}, Wire: 60})
		time.Sleep(time.Second)
		bs := w.told()
		if len(bs) != 1 || bs[0].Count != 3 || bs[0].Bytes != 900 || !bs[0].Heard.Equal(now.Add(2)) {
			t.Fatalf("batches %+v", bs)
		}
		want := []Blip{{now, true, 200, traffic.Internet}, {now.Add(1), true, 300, traffic.Bridge}, {now.Add(2), false, 400, traffic.LAN}}
		if !slices.Equal(bs[0].Blips, want) {
			t.Errorf("blips %+v", bs[0].Blips)
		}
		if s := w.Taps()["hub"]; !s.Heard.Equal(now.Add(2)) {
			t.Errorf("state %+v", s)
		}
		w.cancel()
		<-w.done
	})
}

func TestABatchHoldsTheLargestInOrderOfTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watchHub(t)
		w.Viewers(1)
		synctest.Wait()
		now := time.Now()
		const n = 5000
		for i := range n {
			size := 60 + i%100
			if i%25 == 0 {
				size = 1400 + i%7
			}
			w.faucet.pour(t, out(now.Add(time.Duration(i)), "3.4.5.6", size))
		}
		time.Sleep(300 * time.Millisecond)
		bs := w.told()
		if len(bs) != 1 || bs[0].Count != n || len(bs[0].Blips) != 200 {
			t.Fatalf("%d batches", len(bs))
		}
		for i, b := range bs[0].Blips {
			if b.Size < 1400 || i > 0 && b.At.Before(bs[0].Blips[i-1].At) {
				t.Errorf("blip %d is %+v", i, b)
			}
		}
		w.cancel()
		<-w.done
	})
}

func TestATapThatFailsIsOpenedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watchHub(t)
		w.faucet.refuse = errors.New("the device is down")
		w.Viewers(1)
		time.Sleep(10 * time.Minute)
		s := w.Taps()["hub"]
		if s.Watched || s.Trouble != "the traffic of hub cannot be watched: the device is down" || w.faucet.starts < 10 || w.faucet.starts > 20 || w.changes != 1 {
			t.Errorf("%+v after %d starts, %d changes", s, w.faucet.starts, w.changes)
		}
		w.faucet.mu.Lock()
		w.faucet.refuse = nil
		w.faucet.mu.Unlock()
		time.Sleep(listenMost + time.Second)
		if s := w.Taps()["hub"]; !s.Watched || s.Trouble != "" {
			t.Errorf("afterwards %+v", s)
		}
		w.faucet.open[0].end(errors.New("the device went away"))
		synctest.Wait()
		if s := w.Taps()["hub"]; s.Watched || s.Trouble == "" {
			t.Errorf("ended by itself: %+v", s)
		}
		time.Sleep(listenMost + time.Second)
		if s := w.Taps()["hub"]; !s.Watched || w.faucet.taps() != 1 {
			t.Errorf("after that: %+v, %d taps", s, w.faucet.taps())
		}
		w.cancel()
		<-w.done
	})
}

// BenchmarkMonitor is what a packet of a watched gateway costs, batches included.
func BenchmarkMonitor(b *testing.B) {
	l := &listener{watched: watched{gateway: hub()}, changed: func() {}}
	frame := out(time.Unix(1e9, 0), "3.4.5.6", 600)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if l.Frame(frame) != nil {
			b.Fatal("refused")
		}
		if i%1000 == 999 {
			l.take()
		}
	}
}

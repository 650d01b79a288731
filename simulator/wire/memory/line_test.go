package memory_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/hueprint/hueprint/simulator/wire"
	"github.com/hueprint/hueprint/simulator/wire/memory"
	"github.com/hueprint/hueprint/traffic"
	"pgregory.net/rapid"
)

// A pair is a gateway and a cloud, and what the gateway's tap saw.
type pair struct {
	network        *memory.Network
	gateway, cloud wire.Host
	mu             sync.Mutex
	frames         []traffic.Frame
}

// seen is what the tap saw so far.
func (p *pair) seen() []traffic.Frame {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.frames)
}

func newPair(t *testing.T, o wire.Options) *pair {
	o.Home, o.Router = netip.MustParsePrefix("192.168.1.0/24"), netip.MustParseAddr("192.168.1.1")
	network, err := memory.New(o)
	if err != nil {
		t.Fatal(err)
	}
	p := &pair{network: network,
		gateway: add(t, network, wire.HostOptions{Name: "gateway", MAC: traffic.MAC{2, 1}, Addr: netip.MustParseAddr("192.168.1.2")}),
		cloud:   add(t, network, wire.HostOptions{Name: "cloud", MAC: traffic.MAC{2, 2}, Addr: netip.MustParseAddr("203.0.113.7"), Cloud: true}),
	}
	if _, err := network.Tap("gateway", func(f traffic.Frame) {
		f.Data = slices.Clone(f.Data)
		p.mu.Lock()
		defer p.mu.Unlock()
		p.frames = append(p.frames, f)
	}); err != nil {
		t.Fatal(err)
	}
	return p
}

// connected makes a connection between the two.
func (p *pair) connected(t *testing.T) (near, far net.Conn) {
	t.Helper()
	listener, err := p.cloud.Listen("tcp", ":7")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	accepted := make(chan net.Conn)
	go func() {
		conn, _ := listener.Accept()
		accepted <- conn
	}()
	if near, err = p.gateway.Dial(t.Context(), "tcp", "203.0.113.7:7"); err != nil {
		t.Fatal(err)
	}
	return near, <-accepted
}

// tcp lists the TCP headers that the tap saw.
func (p *pair) tcp() (headers []*layers.TCP) {
	for _, f := range p.seen() {
		packet := gopacket.NewPacket(f.Data, layers.LayerTypeEthernet, gopacket.Default)
		if tcp, ok := packet.TransportLayer().(*layers.TCP); ok {
			headers = append(headers, tcp)
		}
	}
	return headers
}

// TestAnyLine demands that whatever a line delays, jitters and loses, and
// however the bytes are written, both sides get each other's bytes in order.
// Beyond a loss of some percent, TCP rightly gives connections up.
// (Equal seeds need not give equal frames: which of two programs that run at
// one instant is first is the scheduler's.)
func TestAnyLine(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		o := wire.Options{
			Delay:      time.Duration(rapid.IntRange(0, 5).Draw(r, "delay ms")) * time.Millisecond,
			CloudDelay: time.Duration(rapid.IntRange(0, 90).Draw(r, "cloud delay ms")) * time.Millisecond,
			Jitter:     time.Duration(rapid.IntRange(0, 50).Draw(r, "jitter ms")) * time.Millisecond,
			Loss:       float64(rapid.IntRange(0, 5).Draw(r, "loss %")) / 100,
			Seed:       rapid.Uint64().Draw(r, "seed"),
		}
		writes := rapid.SliceOfN(rapid.IntRange(1, 40_000), 1, 12).Draw(r, "writes")
		talk(t, o, writes)
	})
}

// talk sends the writes there and back, one side after the other.
func talk(t *testing.T, o wire.Options, writes []int) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, o)
		defer p.network.Close()
		near, far := p.connected(t)
		for _, side := range [][2]net.Conn{{near, far}, {far, near}} {
			var want []byte
			for i, n := range writes {
				want = append(want, bytes.Repeat([]byte{byte(i)}, n)...)
			}
			go func() {
				for rest := want; len(rest) > 0; {
					n := min(len(rest), writes[0])
					side[0].Write(rest[:n])
					rest = rest[n:]
				}
				side[0].(interface{ CloseWrite() error }).CloseWrite()
			}()
			if got, err := io.ReadAll(side[1]); !bytes.Equal(got, want) || err != nil {
				t.Errorf("got %d of %d bytes, error %v", len(got), len(want), err)
			}
		}
		near.Close()
		far.Close()
		time.Sleep(time.Hour)
	})
}

// TestDelayedAck demands that single segments are acknowledged 40 ms later,
// unless data goes the other way before.
func TestDelayedAck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, wire.Options{})
		defer p.network.Close()
		near, far := p.connected(t)
		before := len(p.seen())
		begin := time.Now()
		io.WriteString(near, "hello")
		io.ReadFull(far, make([]byte, 5))
		time.Sleep(time.Second)
		if got := len(p.seen()) - before; got != 2 {
			t.Fatalf("a segment and its acknowledgement made %d frames", got)
		}
		if late := p.seen()[before+1].Time.Sub(begin); late != 40*time.Millisecond {
			t.Errorf("acknowledged after %v", late)
		}
		io.WriteString(near, "hello")
		io.ReadFull(far, make([]byte, 5))
		io.WriteString(far, "hi")
		io.ReadFull(near, make([]byte, 2))
		time.Sleep(time.Second)
		if got := len(p.seen()) - before; got != 5 {
			t.Errorf("an answer did not carry the acknowledgement: %d frames, want 5", got)
		}
	})
}

// TestShutWindow demands that a writer waits for a reader that takes nothing,
// that its deadline holds, and that the reader's waking ends the wait.
func TestShutWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, wire.Options{CloudDelay: 10 * time.Millisecond})
		defer p.network.Close()
		near, far := p.connected(t)
		near.SetWriteDeadline(time.Now().Add(time.Minute))
		sent, err := near.Write(make([]byte, 1<<20))
		if !errors.Is(err, os.ErrDeadlineExceeded) || sent < 100<<10 || sent > 300<<10 {
			t.Fatalf("wrote %d bytes to a reader that takes nothing, error %v", sent, err)
		}
		near.SetWriteDeadline(time.Time{})
		go func() {
			near.Write(make([]byte, 1<<20))
			near.Close()
		}()
		if n, err := io.Copy(io.Discard, far); err != nil || n != int64(sent)+1<<20 {
			t.Errorf("then read %d bytes, error %v", n, err)
		}
	})
}

// TestSegments demands segments of 1448 bytes whose last is pushed, and frames
// of 66 bytes more than their payload.
func TestSegments(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, wire.Options{})
		defer p.network.Close()
		near, far := p.connected(t)
		near.Write(make([]byte, 3000))
		io.ReadFull(far, make([]byte, 3000))
		var sizes []int
		for _, tcp := range p.tcp() {
			if n := len(tcp.Payload); n > 0 {
				sizes = append(sizes, n)
				if tcp.PSH != (n == 104) {
					t.Errorf("a segment of %d bytes has PSH %v", n, tcp.PSH)
				}
			}
		}
		if !slices.Equal(sizes, []int{1448, 1448, 104}) {
			t.Errorf("3000 bytes went as %v", sizes)
		}
	})
}

// TestUnansweredDial demands that a connection that nobody answers fails by
// itself, after the handshake's repetitions.
func TestUnansweredDial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, wire.Options{})
		defer p.network.Close()
		begin := time.Now()
		_, err := p.gateway.Dial(t.Context(), "tcp", "203.0.113.99:80")
		if err == nil || time.Since(begin) < time.Minute || time.Since(begin) > 3*time.Minute {
			t.Errorf("dialling nobody: %v after %v", err, time.Since(begin))
		}
		if syns := len(p.tcp()); syns != 7 {
			t.Errorf("%d SYN frames, want 7", syns)
		}
	})
}

// Package wiretest is the suite that every wire must pass: what programs,
// looked at through taps, may rely on whichever network they run over. [Run] is
// the entry. It asks nothing about speed.
package wiretest

import (
	"io"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/hueprint/hueprint/simulator/wire"
	"github.com/hueprint/hueprint/traffic"
	"go.uber.org/goleak"
)

// An Open makes a network of the kind under test.
type Open func(wire.Options) (wire.Network, error)

// Around runs a test in surroundings; for virtual time it is synctest.Test.
type Around func(t *testing.T, test func(*testing.T))

// RealTime is the Around of wires in real time: it demands that a test leaves
// no goroutine.
func RealTime(t *testing.T, test func(*testing.T)) {
	before := goleak.IgnoreCurrent()
	test(t)
	goleak.VerifyNone(t, before)
}

// Run holds the wire that open makes to the suite, each test in its own network.
func Run(t *testing.T, open Open, around Around) {
	for _, c := range slices.Concat(streamCases, datagramCases, frameCases, applicationCases, recorderCases) {
		t.Run(c.name, func(t *testing.T) {
			around(t, func(t *testing.T) {
				lab := newLab(t, open, wire.Options{})
				defer lab.close()
				c.test(lab)
			})
		})
	}
	t.Run("tshark finds no fault", func(t *testing.T) { faultless(t, open, around) })
	t.Run("a line delays", func(t *testing.T) { around(t, func(t *testing.T) { lineDelays(t, open) }) })
	t.Run("bad options are refused", func(t *testing.T) { around(t, func(t *testing.T) { badOptions(t, open) }) })
}

// A testCase is one thing that must be true.
type testCase struct {
	name string
	test func(*lab)
}

// The cast of every test. Addresses are from documentation ranges.
var (
	home       = netip.MustParsePrefix("192.168.77.0/24")
	routerAddr = netip.MustParseAddr("192.168.77.1")
	cast       = []wire.HostOptions{
		{Name: "gateway", Addr: netip.MustParseAddr("192.168.77.10"), MAC: traffic.MAC{2, 0, 0, 0, 0, 0x10},
			Resolver: netip.MustParseAddr("198.51.100.53"), KeepAlive: time.Second},
		{Name: "phone", Addr: netip.MustParseAddr("192.168.77.20"), MAC: traffic.MAC{2, 0, 0, 0, 0, 0x20}},
		{Name: "cloud", Addr: netip.MustParseAddr("203.0.113.7"), MAC: traffic.MAC{2, 0, 0, 0, 1, 7}, Cloud: true},
		{Name: "dns", Addr: netip.MustParseAddr("198.51.100.53"), MAC: traffic.MAC{2, 0, 0, 0, 1, 0x53}, Cloud: true},
	}
)

// A lab is a network with the cast on it and a tap on the gateway's cable.
type lab struct {
	*testing.T
	network                    wire.Network
	gateway, phone, cloud, dns wire.Host
	running                    sync.WaitGroup
	closers                    []io.Closer
	mu                         sync.Mutex
	frames                     []traffic.Frame
}

// newLab builds the lab with the options' lines.
func newLab(t *testing.T, open Open, o wire.Options) *lab {
	t.Helper()
	o.Home, o.Router = home, routerAddr
	network, err := open(o)
	if err != nil {
		t.Fatalf("make the network: %v", err)
	}
	l := &lab{T: t, network: network}
	for i, host := range []*wire.Host{&l.gateway, &l.phone, &l.cloud, &l.dns} {
		if *host, err = network.Add(cast[i]); err != nil {
			t.Fatalf("add %s: %v", cast[i].Name, err)
		}
	}
	if _, err = network.Tap("gateway", l.see); err != nil {
		t.Fatalf("tap the gateway: %v", err)
	}
	return l
}

func (l *lab) see(f traffic.Frame) {
	f.Data = slices.Clone(f.Data)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.frames = append(l.frames, f)
}

// seen is what the tap saw, once nothing new comes.
func (l *lab) seen() []traffic.Frame {
	for before := -1; ; {
		l.mu.Lock()
		frames := slices.Clone(l.frames)
		l.mu.Unlock()
		if len(frames) == before {
			return frames
		}
		before = len(frames)
		time.Sleep(20 * time.Millisecond)
	}
}

// close ends the servers, then the network, and holds all that the tap saw to
// what is asked of any frame.
func (l *lab) close() {
	for _, c := range l.closers {
		c.Close()
	}
	frames := l.seen()
	if err := l.network.Close(); err != nil {
		l.Errorf("close the network: %v", err)
	}
	l.running.Wait()
	checkFrames(l.T, frames)
}

// serve accepts connections on the host's port, each in a goroutine of its own.
func (l *lab) serve(h wire.Host, port string, handle func(net.Conn)) {
	l.Helper()
	listener, err := h.Listen("tcp", "0.0.0.0:"+port)
	if err != nil {
		l.Fatalf("listen: %v", err)
	}
	l.closers = append(l.closers, listener)
	l.running.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			l.running.Go(func() {
				defer conn.Close()
				handle(conn)
			})
		}
	})
}

// dial connects or fails the test.
func (l *lab) dial(h wire.Host, network string, to wire.Host, port string) net.Conn {
	l.Helper()
	conn, err := h.Dial(l.Context(), network, net.JoinHostPort(to.Addr().String(), port))
	if err != nil {
		l.Fatalf("dial %s: %v", to.Name(), err)
	}
	return conn
}

// eventually waits until the condition holds; for frames on their way and
// states that follow.
func (l *lab) eventually(what string, holds func() bool) {
	l.Helper()
	for range 300 {
		if holds() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	l.Errorf("never came true: %s", what)
}

package capture_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/hueprint/hueprint/capture"
	"github.com/hueprint/hueprint/capture/capturetest"
	"github.com/hueprint/hueprint/traffic"
)

// A lab is two network namespaces with a cable between them: the tap's host
// with the interface "tap", and the gateway's with "far".
type lab struct {
	t          testing.TB
	host, away string // namespaces
	sender     int    // a packet socket on far
	far        int    // its interface's index
}

var labs atomic.Int64

func skip(t testing.TB, reason string) {
	t.Helper()
	if os.Getenv("HUEPRINT_CI") == "1" {
		t.Fatal(reason)
	}
	t.Skip(reason)
}

func newLab(t testing.TB) *lab {
	t.Helper()
	if os.Getuid() != 0 {
		skip(t, "needs root: it makes network namespaces")
	}
	if _, err := exec.LookPath("ip"); err != nil {
		skip(t, "needs ip of iproute2: "+err.Error())
	}
	n := labs.Add(1)
	l := &lab{t: t, host: fmt.Sprintf("hpcap%d-%dh", os.Getpid(), n), away: fmt.Sprintf("hpcap%d-%da", os.Getpid(), n), sender: -1}
	t.Cleanup(func() {
		unix.Close(l.sender)
		exec.Command("ip", "netns", "del", l.host).Run()
		exec.Command("ip", "netns", "del", l.away).Run()
	})
	l.ip("netns", "add", l.host)
	l.ip("netns", "add", l.away)
	l.connect()
	return l
}

// connect lays the cable.
func (l *lab) connect() {
	l.t.Helper()
	l.ip("-n", l.host, "link", "add", "tap", "type", "veth", "peer", "name", "far", "netns", l.away)
	l.ip("-n", l.host, "addr", "add", "10.77.0.1/24", "dev", "tap")
	l.ip("-n", l.away, "addr", "add", "10.77.0.2/24", "dev", "far")
	l.ip("-n", l.host, "link", "set", "tap", "up")
	l.ip("-n", l.away, "link", "set", "far", "up")
	err := capture.InNamespace("/run/netns/" + l.away)(func() (err error) {
		unix.Close(l.sender)
		if l.sender, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0); err != nil {
			return err
		}
		face, err := net.InterfaceByName("far")
		if err == nil {
			l.far = face.Index
		}
		return err
	})
	if err != nil {
		l.t.Fatal(err)
	}
}

func (l *lab) ip(args ...string) {
	l.t.Helper()
	if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
		l.t.Fatalf("ip %s: %v: %s", strings.Join(args, " "), err, out)
	}
}

func (l *lab) live() capture.Live {
	return capture.Live{Interface: "tap", Gateway: capturetest.Gateway(), Enter: capture.InNamespace("/run/netns/" + l.host)}
}

// send puts frames on the cable at the far end.
func (l *lab) send(frames [][]byte) {
	to := &unix.SockaddrLinklayer{Ifindex: l.far, Halen: 6}
	for _, f := range frames {
		for {
			err := unix.Sendto(l.sender, f, 0, to)
			if err == unix.ENOBUFS {
				time.Sleep(100 * time.Microsecond)
				continue
			}
			if err != nil {
				l.t.Error("send: ", err)
				return
			}
			break
		}
	}
}

func start(t testing.TB, r capture.Recorder, sink capture.Sink) capture.Session {
	t.Helper()
	s, err := r.Start(context.Background(), sink)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Stop(context.Background()) })
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if _, err := s.Prove(ctx); err != nil {
		t.Fatal(err)
	}
	return s
}

func stop(t testing.TB, s capture.Session) capture.Stats {
	t.Helper()
	stats, err := s.Stop(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return stats
}

func TestLiveKeepsTheContract(t *testing.T) {
	capturetest.Run(t, func(t *testing.T) capturetest.Bench {
		l := newLab(t)
		return capturetest.Bench{Recorder: l.live(), Send: l.send}
	})
}

func TestLiveRecordsTheGatewayOnly(t *testing.T) {
	l := newLab(t)
	var sink capturetest.Memory
	s := start(t, l.live(), &sink)
	strangers := capturetest.Frames(0, 50)
	for _, f := range strangers {
		f[11] = 0x99
	}
	l.send(strangers)
	l.send(capturetest.Frames(0, 3))
	if stats := stop(t, s); stats.Frames != 3 {
		t.Errorf("%d frames recorded, 3 of the gateway and 50 of a stranger sent", stats.Frames)
	}
}

// counter is a sink that only counts.
type counter struct{ frames, bytes int }

func (c *counter) Frame(f traffic.Frame) error {
	c.frames, c.bytes = c.frames+1, c.bytes+len(f.Data)
	return nil
}

func TestLiveLosesNothingInABurst(t *testing.T) {
	l := newLab(t)
	var sink counter
	s := start(t, l.live(), &sink)
	frames := capturetest.Frames(0, 1000)
	begin := time.Now()
	for range 100 {
		l.send(frames)
	}
	rate := 100_000 / time.Since(begin).Seconds()
	stats := stop(t, s)
	t.Logf("%.0f frames/s, %d MB", rate, stats.Bytes>>20)
	if stats.Frames != 100_000 || sink.frames != 100_000 || stats.Dropped != 0 || len(stats.Gaps) != 0 {
		t.Errorf("%+v of a burst of 100,000 frames", stats)
	}
}

func TestLiveTellsOfLosses(t *testing.T) {
	l := newLab(t)
	live := l.live()
	live.RingBytes = 1 << 20
	sent := make(chan struct{})
	sink := capturetest.Memory{Fail: func(traffic.Frame) error {
		<-sent // a disk that is busy
		return nil
	}}
	s := start(t, live, &sink)
	for range 10 {
		l.send(capturetest.Frames(0, 1000))
	}
	close(sent)
	stats := stop(t, s)
	var inGaps uint64
	for _, g := range stats.Gaps {
		inGaps += g.Dropped
		if !g.From.Before(g.To) || g.Reason == "" {
			t.Errorf("gap %+v", g)
		}
	}
	if stats.Dropped == 0 || stats.Frames+stats.Dropped != 10_000 || inGaps != stats.Dropped {
		t.Errorf("%d recorded, %d dropped, %d of them in gaps; 10,000 were sent", stats.Frames, stats.Dropped, inGaps)
	}
}

// TestLiveDrainsIntoASlowSink stops a recording whose disk takes longer than
// the session waits for the kernel.
func TestLiveDrainsIntoASlowSink(t *testing.T) {
	l := newLab(t)
	slow := capturetest.Memory{Fail: func(f traffic.Frame) error {
		if f.Number == 1 || f.Number == 1500 {
			time.Sleep(1100 * time.Millisecond)
		}
		return nil
	}}
	s := start(t, l.live(), &slow)
	for range 3 {
		l.send(capturetest.Frames(0, 1000))
	}
	hurry, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := s.Stop(hurry); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "not stored yet") {
		t.Errorf("a Stop in a hurry says %v", err)
	}
	if stats := stop(t, s); stats.Frames != 3000 {
		t.Errorf("%d of 3000 frames stored", stats.Frames)
	}
}

func TestLiveKeepsVLANTags(t *testing.T) {
	l := newLab(t)
	var sink capturetest.Memory
	s := start(t, l.live(), &sink)
	var want [][]byte
	for i, f := range capturetest.Frames(0, 4) {
		tag := binary.BigEndian.AppendUint16([]byte{0x81, 0x00}, uint16(i+1)|3<<13)
		if i >= 2 { // two tags
			tag = append([]byte{0x88, 0xA8, 0x00, 0x64}, tag...)
		}
		want = append(want, bytes.Join([][]byte{f[:12], tag, f[12:]}, nil))
	}
	l.send(want)
	stop(t, s)
	got := sink.Frames()
	if len(got) != len(want) {
		t.Fatalf("%d tagged frames recorded, %d sent", len(got), len(want))
	}
	for i, f := range got {
		if !bytes.Equal(f.Data, want[i]) || f.Wire != len(want[i]) {
			t.Errorf("frame %d, wire %d:\n% x\nsent, %d:\n% x", i, f.Wire, f.Data[:26], len(want[i]), want[i][:26])
		}
	}
}

// TestLiveKeepsLargeFramesWhole sends a stream whose segments the kernel hands
// over in pieces of up to 64 KiB.
func TestLiveKeepsLargeFramesWhole(t *testing.T) {
	l := newLab(t)
	live := l.live()
	live.Gateway = traffic.Gateway{Addrs: []netip.Addr{netip.MustParseAddr("10.77.0.2")}}
	var sink capturetest.Memory
	s := start(t, live, &sink)
	const size = 4 << 20
	if got := l.stream(size); got != size {
		t.Fatalf("%d bytes arrived, %d sent", got, size)
	}
	stats := stop(t, s)
	largest, covered := 0, make([]bool, size) // retransmissions cover bytes twice
	first, begun := uint32(0), false
	for _, f := range sink.Frames() {
		if len(f.Data) != f.Wire {
			t.Fatalf("frame %d of %d bytes is cut to %d", f.Number, f.Wire, len(f.Data))
		}
		largest = max(largest, f.Wire)
		payload, seq := tcpFrom(f.Data, [4]byte{10, 77, 0, 2})
		if payload > 0 && !begun {
			first, begun = seq, true
		}
		for i := range payload {
			covered[int(seq-first)+i] = true
		}
	}
	if missing := slices.Index(covered, false); largest <= 1514 || missing >= 0 || stats.Dropped != 0 {
		t.Errorf("largest frame %d bytes, byte %d of the stream is missing, %d dropped", largest, missing, stats.Dropped)
	}
}

// stream sends n bytes over TCP from the far end and returns how many came.
func (l *lab) stream(n int) int64 {
	l.t.Helper()
	var listener net.Listener
	err := capture.InNamespace("/run/netns/" + l.host)(func() (err error) {
		listener, err = net.Listen("tcp4", "10.77.0.1:7000")
		return err
	})
	if err != nil {
		l.t.Fatal(err)
	}
	defer listener.Close()
	var c net.Conn
	err = capture.InNamespace("/run/netns/" + l.away)(func() (err error) {
		c, err = net.Dial("tcp4", "10.77.0.1:7000")
		return err
	})
	if err != nil {
		l.t.Fatal(err)
	}
	go func() {
		c.Write(make([]byte, n))
		c.Close()
	}()
	in, err := listener.Accept()
	if err != nil {
		l.t.Fatal(err)
	}
	defer in.Close()
	got, _ := io.Copy(io.Discard, in)
	return got
}

// tcpFrom returns the payload length and the sequence number of a TCP segment
// over IPv4 from an address.
func tcpFrom(data []byte, from [4]byte) (length int, seq uint32) {
	if len(data) < 54 || data[12] != 8 || data[13] != 0 || data[23] != 6 || !bytes.Equal(data[26:30], from[:]) {
		return 0, 0
	}
	head := int(data[14]&15) * 4
	tcp := data[14+head:]
	return len(data) - 14 - head - int(tcp[12]>>4)*4, binary.BigEndian.Uint32(tcp[4:])
}

// TestLiveAgreesWithTcpdump records the same window with both.
func TestLiveAgreesWithTcpdump(t *testing.T) {
	l := newLab(t)
	if _, err := exec.LookPath("tcpdump"); err != nil {
		skip(t, "needs tcpdump: "+err.Error())
	}
	path := filepath.Join(t.TempDir(), "tcpdump.pcap")
	dump := exec.Command("ip", "netns", "exec", l.host, "tcpdump", "-i", "tap", "-Z", "root", "-B", "65536", "-s", "0", "-U",
		"--time-stamp-precision=nano", "-w", path, "ether host "+capturetest.Gateway().MACs[0].String())
	said, err := dump.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := dump.Start(); err != nil {
		t.Fatal(err)
	}
	defer dump.Wait()
	defer dump.Process.Signal(os.Interrupt)
	lines := bufio.NewScanner(said)
	for lines.Scan() && !strings.Contains(lines.Text(), "listening") {
	}
	go io.Copy(io.Discard, said)
	var sink capturetest.Memory
	s := start(t, l.live(), &sink)
	for range 20 {
		l.send(capturetest.Frames(0, 1000))
		time.Sleep(5 * time.Millisecond)
	}
	stop(t, s)
	ours := sink.Frames()
	var theirs []traffic.Frame
	for wait := time.Now().Add(10 * time.Second); len(theirs) < len(ours) && time.Now().Before(wait); time.Sleep(100 * time.Millisecond) {
		theirs = theirs[:0]
		for f, err := range capture.Files(path) {
			if err == nil {
				theirs = append(theirs, traffic.Frame{Wire: f.Wire, Data: bytes.Clone(f.Data)})
			}
		}
	}
	if len(ours) != 20_000 || len(theirs) != len(ours) {
		t.Fatalf("%d frames recorded, %d by tcpdump; 20,000 sent", len(ours), len(theirs))
	}
	for i := range ours {
		if !bytes.Equal(ours[i].Data, theirs[i].Data) || ours[i].Wire != theirs[i].Wire {
			t.Fatalf("frame %d differs from tcpdump's", i+1)
		}
	}
}

func TestLiveComesBack(t *testing.T) {
	for name, leave := range map[string]func(*lab) (comeBack func()){
		"down and up": func(l *lab) func() {
			l.ip("-n", l.host, "link", "set", "tap", "down")
			return func() { l.ip("-n", l.host, "link", "set", "tap", "up") }
		},
		"gone and back": func(l *lab) func() {
			l.ip("-n", l.host, "link", "del", "tap")
			return l.connect
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			var sink capturetest.Memory
			s := start(t, l.live(), &sink)
			l.send(capturetest.Frames(0, 10))
			left := time.Now()
			comeBack := leave(l)
			time.Sleep(100 * time.Millisecond)
			returning := time.Now()
			comeBack()
			back := time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			if _, err := s.Prove(ctx); err != nil {
				t.Fatal(err)
			}
			l.send(capturetest.Frames(10, 10))
			stats := stop(t, s)
			if stats.Frames != 20 || len(stats.Gaps) != 1 {
				t.Fatalf("%+v, want 20 frames and a gap", stats)
			}
			g := stats.Gaps[0]
			if g.From.Before(left) || g.From.After(returning) || g.To.Before(returning) || !strings.Contains(g.Reason, "tap") {
				t.Errorf("gap %v, the interface was away from %v, back between %v and %v", g, left, returning, back)
			}
		})
	}
}

func TestLiveStopsWhileTheInterfaceIsAway(t *testing.T) {
	l := newLab(t)
	s := start(t, l.live(), &counter{})
	l.ip("-n", l.host, "link", "del", "tap")
	time.Sleep(50 * time.Millisecond)
	if stats := stop(t, s); len(stats.Gaps) != 1 {
		t.Errorf("%+v, want a gap", stats)
	}
}

func TestLiveOnLoopback(t *testing.T) {
	l := newLab(t)
	l.ip("-n", l.host, "link", "set", "lo", "up")
	live := l.live()
	live.Interface, live.Gateway = "lo", traffic.Gateway{Addrs: []netip.Addr{netip.MustParseAddr("127.0.0.1")}}
	var sink capturetest.Memory
	s := start(t, live, &sink)
	err := live.Enter(func() error {
		c, err := net.Dial("udp4", "127.0.0.1:9")
		if err == nil {
			defer c.Close()
			_, err = c.Write([]byte("once"))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	stop(t, s)
	times := 0
	for _, f := range sink.Frames() {
		if bytes.HasSuffix(f.Data, []byte("once")) && f.Data[23] == 17 {
			times++
		}
	}
	if times != 1 {
		t.Errorf("a datagram on the loopback interface was recorded %d times", times)
	}
}

func TestLiveOnATunnelWaitsForTheGateway(t *testing.T) {
	l := newLab(t)
	l.ip("-n", l.host, "tuntap", "add", "tun9", "mode", "tun")
	l.ip("-n", l.host, "link", "set", "tun9", "up")
	live := l.live()
	live.Interface, live.Gateway.MACs = "tun9", nil
	s, err := live.Start(t.Context(), &counter{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Stop(context.Background())
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = s.Prove(ctx)
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "not a frame of the gateway") {
		t.Errorf("Prove says %v", err)
	}
}

func TestLiveSaysWhatToDo(t *testing.T) {
	l := newLab(t)
	l.ip("-n", l.host, "link", "set", "lo", "down")
	unprivileged := func(open func() error) error {
		done := make(chan error)
		go func() { // the thread ends with the goroutine
			runtime.LockOSThread()
			done <- errors.Join(dropCapabilities(), open())
		}()
		return <-done
	}
	for name, test := range map[string]struct {
		live capture.Live
		want []string
	}{
		"no such interface": {capture.Live{Interface: "eth9", Enter: l.live().Enter}, []string{"eth9", "there are", "tap"}},
		"down":              {capture.Live{Interface: "lo", Enter: l.live().Enter}, []string{"ip link set lo up"}},
		"not allowed":       {capture.Live{Interface: "lo", Enter: unprivileged}, []string{"setcap cap_net_raw+ep ", os.Args[0]}},
		"no such namespace": {capture.Live{Interface: "lo", Enter: capture.InNamespace("/run/netns/none")}, []string{"/run/netns/none"}},
	} {
		_, err := test.live.Start(t.Context(), &counter{})
		for _, want := range test.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error %v, want one with %q", name, err, want)
			}
		}
	}
}

// dropCapabilities takes all capabilities from the calling thread.
func dropCapabilities() error {
	head := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var none [2]unix.CapUserData
	return unix.Capset(&head, &none[0])
}

func TestInterfacesListsLoopback(t *testing.T) {
	list, err := capture.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range list {
		if i.Name == "lo" {
			return
		}
	}
	t.Errorf("no loopback interface in %+v", list)
}

package netstack_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/hueprint/hueprint/simulator/wire"
	"github.com/hueprint/hueprint/simulator/wire/netstack"
	"github.com/hueprint/hueprint/traffic"
	"go.uber.org/goleak"
)

var bench = wire.Options{Home: netip.MustParsePrefix("192.168.1.0/24"), Router: netip.MustParseAddr("192.168.1.1"),
	Delay: 200 * time.Microsecond, CloudDelay: 5 * time.Millisecond, Jitter: 500 * time.Microsecond, Seed: 11}

// newBench makes a network of seven machines: a gateway, two others in the home
// and three beyond the router, which echo on TCP and UDP port 7.
func newBench(t *testing.T, o wire.Options) (n *netstack.Network, gateway wire.Host, echoes []wire.Host) {
	t.Helper()
	n, err := netstack.New(o)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 6 {
		h, err := n.Add(wire.HostOptions{Name: fmt.Sprint("host", i), MAC: traffic.MAC{2, 0, 0, 0, 0, byte(10 + i)}, Cloud: i > 2,
			Addr: netip.MustParseAddr(fmt.Sprintf("%s.%d", map[bool]string{false: "192.168.1", true: "203.0.113"}[i > 2], 10+i))})
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			gateway = h
			continue
		}
		echoes = append(echoes, h)
		serveEcho(t, h)
	}
	return n, gateway, echoes
}

func serveEcho(t *testing.T, h wire.Host) {
	t.Helper()
	listener, err := h.Listen("tcp", ":7")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				io.Copy(conn, conn)
			}()
		}
	}()
}

// exchange sends size bytes to the host's echo and wants them back.
func exchange(ctx context.Context, from, to wire.Host, size int) error {
	conn, err := from.Dial(ctx, "tcp", net.JoinHostPort(to.Addr().String(), "7"))
	if err != nil {
		return err
	}
	defer conn.Close()
	sent := bytes.Repeat([]byte("0123456789abcdef"), size/16)
	go func() {
		conn.Write(sent)
		conn.(interface{ CloseWrite() error }).CloseWrite()
	}()
	got, err := io.ReadAll(conn)
	if err == nil && !bytes.Equal(got, sent) {
		err = fmt.Errorf("%s echoed %d of %d bytes", to.Name(), len(got), len(sent))
	}
	return err
}

// TestFourNetworks runs the demo's four labs at once and demands that they do
// not disturb each other and leave nothing.
func TestFourNetworks(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	var labs sync.WaitGroup
	for range 4 {
		labs.Go(func() {
			n, gateway, echoes := newBench(t, bench)
			defer n.Close()
			for range 5 {
				for _, to := range echoes {
					if err := exchange(t.Context(), gateway, to, 4000); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	labs.Wait()
}

// TestLoss demands that TCP gets everything over a line that loses a frame in
// fifty.
func TestLoss(t *testing.T) {
	lossy := bench
	lossy.Loss, lossy.CloudDelay = 0.02, time.Millisecond
	n, gateway, echoes := newBench(t, lossy)
	defer n.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := exchange(ctx, gateway, echoes[3], 256<<10); err != nil {
		t.Error(err)
	}
}

package memory_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"io"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hueprint/hueprint/simulator/wire"
	"github.com/hueprint/hueprint/simulator/wire/memory"
	"github.com/hueprint/hueprint/traffic"
)

func TestSmoke(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, loss := range []float64{0, 0.05} {
			smoke(t, loss)
		}
	})
}

func smoke(t *testing.T, loss float64) {
	n, err := memory.New(wire.Options{Home: netip.MustParsePrefix("192.168.1.0/24"), Router: netip.MustParseAddr("192.168.1.1"),
		Delay: time.Millisecond, CloudDelay: 10 * time.Millisecond, Jitter: time.Millisecond, Loss: loss, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	a, err := n.Add(wire.HostOptions{Name: "a", Addr: netip.MustParseAddr("192.168.1.2"), MAC: traffic.MAC{2, 0, 0, 0, 0, 2}})
	if err != nil {
		t.Fatal(err)
	}
	c, err := n.Add(wire.HostOptions{Name: "c", Addr: netip.MustParseAddr("52.0.0.2"), Cloud: true, MAC: traffic.MAC{2, 0, 0, 0, 0, 3}})
	if err != nil {
		t.Fatal(err)
	}
	frames := 0
	if _, err := n.Tap("a", func(f traffic.Frame) { frames++ }); err != nil {
		t.Fatal(err)
	}
	l, err := c.Listen("tcp", ":80")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				io.Copy(conn, conn)
				conn.Close()
			}()
		}
	}()
	conn, err := a.Dial(context.Background(), "tcp", "52.0.0.2:80")
	if err != nil {
		t.Fatal(err)
	}
	sent := make([]byte, 1<<20)
	rand.Read(sent)
	go func() {
		conn.Write(sent)
		conn.(interface{ CloseWrite() error }).CloseWrite()
	}()
	got, err := io.ReadAll(conn)
	if err != nil || !bytes.Equal(got, sent) {
		t.Fatal(len(got), err)
	}
	conn.Close()
	if loss == 0 {
		if k, err := a.Ping(context.Background(), c.Addr(), 10, time.Second); k != 10 || err != nil {
			t.Fatal(k, err)
		}
		if _, err := a.Dial(context.Background(), "tcp", "52.0.0.2:81"); err == nil {
			t.Fatal("dialled a port that nobody serves")
		}
	}
	t.Log(frames)
}

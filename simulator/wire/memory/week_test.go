package memory_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net"
	"net/netip"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hueprint/hueprint/simulator/wire"
	"github.com/hueprint/hueprint/simulator/wire/memory"
	"github.com/hueprint/hueprint/traffic"
)

// The idle week of the base paper's four gateways: its conversations, over TLS,
// and a ping every few minutes beside them.
const (
	week          = 7 * 24 * time.Hour
	conversations = 9305
	pings         = 4 * 7 * 24 * 12
)

// TestWeek demands that a virtual week takes seconds. Under the race detector
// and with -short it holds a tenth of the conversations, whose TLS is what takes
// the time.
func TestWeek(t *testing.T) {
	begin, share := time.Now(), 1
	if raceDetector || testing.Short() {
		share = 10
	}
	frames := 0
	synctest.Test(t, func(t *testing.T) { frames = aWeek(t, conversations/share) })
	took := time.Since(begin)
	t.Logf("%d conversations and %d frames of a week in %v", conversations/share, frames, took)
	if took > time.Minute {
		t.Errorf("a virtual week took %v, want well below a minute", took)
	}
}

// aWeek lets one gateway do what four do in a week, and counts the frames.
func aWeek(t *testing.T, conversations int) int {
	var frames atomic.Int64
	network, err := memory.New(wire.Options{Home: netip.MustParsePrefix("192.168.1.0/24"),
		Router: netip.MustParseAddr("192.168.1.1"), Delay: time.Millisecond, CloudDelay: 10 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer network.Close()
	gateway := add(t, network, wire.HostOptions{Name: "gateway", MAC: traffic.MAC{2, 1}, Addr: netip.MustParseAddr("192.168.1.2")})
	cloud := add(t, network, wire.HostOptions{Name: "cloud", MAC: traffic.MAC{2, 2}, Addr: netip.MustParseAddr("203.0.113.7"), Cloud: true})
	if _, err := network.Tap("gateway", func(traffic.Frame) { frames.Add(1) }); err != nil {
		t.Fatal(err)
	}
	listener, err := cloud.Listen("tcp", ":443")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	config := &tls.Config{Certificates: []tls.Certificate{selfSigned(t)}}
	go answer(listener, config)
	go func() {
		for range pings / 10 {
			gateway.Ping(t.Context(), cloud.Addr(), 10, time.Second)
			time.Sleep(week/(pings/10) - 10*time.Second)
		}
	}()
	for range conversations {
		converse(t, gateway)
		time.Sleep(week / time.Duration(conversations))
	}
	return int(frames.Load())
}

func add(t *testing.T, n *memory.Network, o wire.HostOptions) wire.Host {
	h, err := n.Add(o)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func answer(listener net.Listener, config *tls.Config) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			defer conn.Close()
			server := tls.Server(conn, config)
			io.Copy(server, server)
		}()
	}
}

func converse(t *testing.T, gateway wire.Host) {
	conn, err := gateway.Dial(t.Context(), "tcp", "203.0.113.7:443")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	client := tls.Client(conn, &tls.Config{InsecureSkipVerify: true})
	for _, size := range []int{200, 1000, 3000} {
		message := make([]byte, size)
		client.Write(message)
		if _, err := io.ReadFull(client, message); err != nil {
			t.Fatal(err)
		}
	}
}

func selfSigned(t *testing.T) tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<33, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

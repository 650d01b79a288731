package wiretest

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/google/gopacket/layers"
	"golang.org/x/net/dns/dnsmessage"
)

var datagramCases = []testCase{
	{"datagrams go both ways", datagrams},
	{"a datagram's deadline and close", datagramDeadline},
	{"a refused datagram is an error", datagramRefused},
	{"names are looked up over real DNS", lookup},
	{"a silent resolver is an error", lookupSilence},
	{"pings are answered and counted", ping},
	{"multicast is heard in the home with its TTL", multicast},
}

// serveUDP answers each datagram on the host's port by what reply makes of it,
// nothing when that is nil.
func (l *lab) serveUDP(conn net.PacketConn, err error, reply func([]byte) []byte) {
	l.Helper()
	if err != nil {
		l.Fatalf("listen: %v", err)
	}
	l.closers = append(l.closers, conn)
	l.running.Go(func() {
		buf := make([]byte, 2000)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			if answer := reply(buf[:n]); answer != nil {
				conn.WriteTo(answer, from)
			}
		}
	})
}

func datagrams(l *lab) {
	conn, err := l.cloud.ListenPacket("udp", "0.0.0.0:40007")
	l.serveUDP(conn, err, func(b []byte) []byte { return append([]byte("echo "), b...) })
	client := l.dial(l.gateway, "udp", l.cloud, "40007")
	defer client.Close()
	buf := make([]byte, 2000)
	for _, message := range []string{"a", strings.Repeat("long", 340)} {
		if _, err := client.Write([]byte(message)); err != nil {
			l.Fatalf("write: %v", err)
		}
		client.SetReadDeadline(time.Now().Add(5 * time.Second))
		if n, err := client.Read(buf); err != nil || string(buf[:n]) != "echo "+message {
			l.Errorf("datagram of %d bytes came back as %d, error %v", len(message), n, err)
		}
	}
	own, err := l.gateway.ListenPacket("udp", ":40123")
	if err != nil {
		l.Fatal(err)
	}
	defer own.Close()
	own.WriteTo([]byte("x"), &net.UDPAddr{IP: l.cloud.Addr().AsSlice(), Port: 40007})
	own.SetReadDeadline(time.Now().Add(5 * time.Second))
	if _, from, err := own.ReadFrom(buf); err != nil || from.String() != "203.0.113.7:40007" {
		l.Errorf("answer from %v, error %v", from, err)
	}
}

func datagramDeadline(l *lab) {
	conn, err := l.gateway.ListenPacket("udp", ":5000")
	if err != nil {
		l.Fatal(err)
	}
	conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if _, _, err := conn.ReadFrom(make([]byte, 10)); !errors.Is(err, os.ErrDeadlineExceeded) {
		l.Errorf("read past its deadline: %v", err)
	}
	conn.SetReadDeadline(time.Time{})
	time.AfterFunc(50*time.Millisecond, func() { conn.Close() })
	if _, _, err := conn.ReadFrom(make([]byte, 10)); !errors.Is(err, net.ErrClosed) {
		l.Errorf("read of a closed socket: %v", err)
	}
}

func datagramRefused(l *lab) {
	client := l.dial(l.gateway, "udp", l.cloud, "9999")
	defer client.Close()
	client.Write([]byte("anybody?"))
	client.SetReadDeadline(time.Now().Add(5 * time.Second))
	if _, err := client.Read(make([]byte, 10)); !errors.Is(err, syscall.ECONNREFUSED) {
		l.Errorf("read after a refused datagram: %v", err)
	}
}

// zone answers A questions for one name; all others do not exist.
func zone(question []byte) []byte {
	var m dnsmessage.Message
	if m.Unpack(question) != nil || len(m.Questions) != 1 {
		return nil
	}
	m.Response, m.Additionals = true, nil
	if q := m.Questions[0]; q.Name.String() == "cloud.example." {
		m.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 60},
			Body:   &dnsmessage.AResource{A: [4]byte{203, 0, 113, 7}}}}
	} else {
		m.RCode = dnsmessage.RCodeNameError
	}
	packed, _ := m.Pack()
	return packed
}

func lookup(l *lab) {
	conn, err := l.dns.ListenPacket("udp", "0.0.0.0:53")
	l.serveUDP(conn, err, zone)
	addrs, err := l.gateway.Lookup(l.Context(), "cloud.example")
	if err != nil || !slices.Equal(addrs, []netip.Addr{l.cloud.Addr()}) {
		l.Errorf("cloud.example is at %v, error %v", addrs, err)
	}
	var fault *net.DNSError
	if _, err := l.gateway.Lookup(l.Context(), "nowhere.example"); !errors.As(err, &fault) || !fault.IsNotFound {
		l.Errorf("look up of a name that does not exist: %v", err)
	}
	if _, err := l.phone.Lookup(l.Context(), "cloud.example"); err == nil {
		l.Error("a host without resolver looked up a name")
	}
	questions := 0
	for _, p := range decoded(l.T, l.seen()) {
		if dns, ok := p.Layer(layers.LayerTypeDNS).(*layers.DNS); ok && !dns.QR {
			questions++
		}
	}
	if questions != 2 {
		l.Errorf("the tap saw %d DNS questions, want 2", questions)
	}
}

func lookupSilence(l *lab) {
	ctx, cancel := context.WithTimeout(l.Context(), 300*time.Millisecond)
	defer cancel()
	conn, err := l.dns.ListenPacket("udp", "0.0.0.0:53")
	l.serveUDP(conn, err, func([]byte) []byte { return nil })
	begin := time.Now()
	if _, err := l.gateway.Lookup(ctx, "cloud.example"); err == nil || time.Since(begin) > 2*time.Second {
		l.Errorf("a silent resolver: error %v after %v", err, time.Since(begin))
	}
}

func ping(l *lab) {
	for _, to := range []netip.Addr{l.network.Router().Addr(), l.cloud.Addr(), l.phone.Addr()} {
		if n, err := l.gateway.Ping(l.Context(), to, 10, 5*time.Millisecond); n != 10 || err != nil {
			l.Errorf("ping %v: %d of 10 answered, error %v", to, n, err)
		}
	}
	requests := 0
	for _, p := range decoded(l.T, l.seen()) {
		if echo, ok := p.Layer(layers.LayerTypeICMPv4).(*layers.ICMPv4); ok &&
			echo.TypeCode.Type() == layers.ICMPv4TypeEchoRequest {
			requests++
		}
	}
	if requests != 30 {
		l.Errorf("the tap saw %d echo requests, want 30", requests)
	}
	if n, _ := l.gateway.Ping(l.Context(), netip.MustParseAddr("192.168.77.99"), 2, 5*time.Millisecond); n != 0 {
		l.Errorf("%d answers from nobody", n)
	}
}

func multicast(l *lab) {
	group := netip.MustParseAddrPort("239.10.1.1:10101")
	heard := make(chan string, 1)
	conn, err := l.phone.Multicast(group, 1)
	l.serveUDP(conn, err, func(b []byte) []byte { heard <- string(b); return nil })
	sender, err := l.gateway.Multicast(group, 4)
	if err != nil {
		l.Fatal(err)
	}
	defer sender.Close()
	if _, err := sender.WriteTo([]byte("hello all"), net.UDPAddrFromAddrPort(group)); err != nil {
		l.Fatal(err)
	}
	if got := <-heard; got != "hello all" {
		l.Errorf("the phone heard %q", got)
	}
	sender.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if n, _, err := sender.ReadFrom(make([]byte, 100)); err == nil {
		l.Errorf("the sender heard %d bytes of its own", n)
	}
	for _, p := range decoded(l.T, l.seen()) {
		if udp, ok := p.Layer(layers.LayerTypeUDP).(*layers.UDP); ok && udp.DstPort == 10101 {
			ip := p.NetworkLayer().(*layers.IPv4)
			mac := p.LinkLayer().(*layers.Ethernet).DstMAC.String()
			if ip.TTL != 4 || mac != "01:00:5e:0a:01:01" || udp.SrcPort != 10101 {
				l.Errorf("multicast frame with TTL %d to %s from port %d", ip.TTL, mac, udp.SrcPort)
			}
			return
		}
	}
	l.Error("the tap did not see the multicast")
}

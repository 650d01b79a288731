package wiretest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"io"
	"math/big"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/hueprint/hueprint/simulator/wire"
	"github.com/hueprint/hueprint/traffic"
)

var frameCases = []testCase{
	{"frames bear the right addresses", macs},
	{"TLS records have the paper's frame lengths", recordSizes},
	{"a stopped tap sees nothing more", stoppedTap},
	{"connections begin and end on the tap", lifeOnTap},
}

// decoded dissects the frames completely, but for the recorder's markers; the
// test fails where that cannot be.
func decoded(t *testing.T, frames []traffic.Frame) []gopacket.Packet {
	var packets []gopacket.Packet
	for _, f := range frames {
		if isMarker(f) {
			continue
		}
		p := gopacket.NewPacket(f.Data, layers.LayerTypeEthernet, gopacket.Default)
		if fault := p.ErrorLayer(); fault != nil {
			t.Errorf("frame %d does not decode: %v", f.Number, fault.Error())
		}
		packets = append(packets, p)
	}
	return packets
}

// checkFrames demands of every recording: order, numbers, lengths, and right
// checksums.
func checkFrames(t *testing.T, frames []traffic.Frame) {
	var last time.Time
	for i, f := range frames {
		if f.Time.Before(last) || f.Number != i+1 || f.Link != traffic.LinkEthernet || f.Wire != len(f.Data) || f.Wire > 1514 {
			t.Errorf("frame %d of %d bytes at %v is out of order, misnumbered or too long", f.Number, f.Wire, f.Time)
		}
		last = f.Time
	}
	for i, p := range decoded(t, frames) {
		if ip, ok := p.NetworkLayer().(*layers.IPv4); ok && !sound(ip) {
			t.Errorf("frame %d has a bad checksum: %v", i+1, p)
		}
	}
}

// sound tells whether the checksums of the packet are right.
func sound(ip *layers.IPv4) bool {
	if sum(0, ip.Contents) != 0xffff {
		return false
	}
	pseudo := sum(uint32(ip.Protocol)+uint32(len(ip.Payload)), slices.Concat(ip.SrcIP.To4(), ip.DstIP.To4()))
	switch ip.Protocol {
	case layers.IPProtocolTCP, layers.IPProtocolUDP:
		return sum(uint32(pseudo), ip.Payload) == 0xffff
	case layers.IPProtocolICMPv4, layers.IPProtocolIGMP:
		return sum(0, ip.Payload) == 0xffff
	}
	return true
}

// sum is the Internet checksum's ones' complement sum (RFC 1071), with begin.
func sum(begin uint32, b []byte) uint16 {
	for ; len(b) > 1; b = b[2:] {
		begin += uint32(binary.BigEndian.Uint16(b))
	}
	if len(b) == 1 {
		begin += uint32(b[0]) << 8
	}
	for begin > 0xffff {
		begin = begin&0xffff + begin>>16
	}
	return uint16(begin)
}

func macs(l *lab) {
	l.echo(l.cloud, 1<<20)
	l.echo(l.phone, 1<<20)
	gateway, router := l.gateway.MAC().String(), l.network.Router().MAC().String()
	for i, p := range decoded(l.T, l.seen()) {
		eth, ip := p.LinkLayer().(*layers.Ethernet), p.NetworkLayer()
		if ip == nil || ip.NetworkFlow().Dst().Raw()[0] >= 224 {
			continue
		}
		far, addr := eth.DstMAC.String(), ip.NetworkFlow().Dst().String()
		if eth.SrcMAC.String() != gateway {
			far, addr = eth.SrcMAC.String(), ip.NetworkFlow().Src().String()
		}
		want := map[string]string{l.cloud.Addr().String(): router, l.phone.Addr().String(): l.phone.MAC().String()}[addr]
		if far != want {
			l.Errorf("frame %d: %s has MAC %s, want %s", i+1, addr, far, want)
		}
		ttl := uint8(64)
		if eth.SrcMAC.String() == router {
			ttl-- // taken by the router
		}
		if got := ip.(*layers.IPv4).TTL; got != ttl {
			l.Errorf("frame %d from %s has TTL %d, want %d", i+1, eth.SrcMAC, got, ttl)
		}
	}
}

// recordSizes demands that the four messages of the base paper's Table 1, as
// TLS 1.2 AES-GCM records, have its frame lengths.
func recordSizes(l *lab) {
	plain := []int{18, 395, 18, 223}
	want := []int{113, 490, 113, 318}
	l.serve(l.cloud, "443", func(c net.Conn) {
		s := tls.Server(c, &tls.Config{Certificates: []tls.Certificate{certificate(l.T)}, MaxVersion: tls.VersionTLS12})
		io.ReadFull(s, make([]byte, plain[0]))
		s.Write(make([]byte, plain[2]))
		io.ReadFull(s, make([]byte, plain[1]))
		s.Write(make([]byte, plain[3]))
		io.Copy(io.Discard, s)
	})
	conn := l.dial(l.gateway, "tcp", l.cloud, "443")
	defer conn.Close()
	c := tls.Client(conn, &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12,
		CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}})
	if err := c.Handshake(); err != nil {
		l.Fatalf("TLS handshake: %v", err)
	}
	c.Write(make([]byte, plain[0]))
	io.ReadFull(c, make([]byte, plain[2]))
	c.Write(make([]byte, plain[1]))
	io.ReadFull(c, make([]byte, plain[3]))
	var got []int
	for _, p := range decoded(l.T, l.seen()) {
		if tcp, ok := p.TransportLayer().(*layers.TCP); ok && len(tcp.Payload) > 0 && tcp.Payload[0] == 23 {
			got = append(got, len(p.Data()))
		}
	}
	if !slices.Equal(got, []int{want[0], want[2], want[1], want[3]}) {
		l.Errorf("application records in frames of %v bytes, want %v", got, want)
	}
}

// certificate is one of its own authority, valid in synctest's year 2000 too.
func certificate(t *testing.T) tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"cloud.example"},
		NotBefore: time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func stoppedTap(l *lab) {
	seen := make(chan struct{}, 1000)
	stop, err := l.network.Tap("gateway", func(traffic.Frame) { seen <- struct{}{} })
	if err != nil {
		l.Fatal(err)
	}
	if n, err := l.gateway.Ping(l.Context(), l.phone.Addr(), 1, 0); n != 1 || err != nil {
		l.Fatalf("ping: %d, %v", n, err)
	}
	l.eventually("the tap sees request and reply", func() bool { return len(seen) >= 2 })
	stop()
	before := len(seen)
	l.gateway.Ping(l.Context(), l.phone.Addr(), 1, 0)
	l.seen()
	if len(seen) != before {
		l.Errorf("a stopped tap saw %d more frames", len(seen)-before)
	}
	stop()
}

// lifeOnTap demands first contact by ARP, then handshake, data and end.
func lifeOnTap(l *lab) {
	l.serve(l.cloud, "7", func(c net.Conn) { io.Copy(c, c) })
	conn := l.dial(l.gateway, "tcp", l.cloud, "7")
	io.WriteString(conn, "hello")
	io.ReadFull(conn, make([]byte, 5))
	conn.Close()
	fins := func() (n int) {
		for _, p := range decoded(l.T, l.seen()) {
			if tcp, ok := p.TransportLayer().(*layers.TCP); ok && tcp.FIN {
				n++
			}
		}
		return n
	}
	l.eventually("both ends say FIN", func() bool { return fins() == 2 })
	packets := decoded(l.T, l.seen())
	if arp, ok := packets[0].Layer(layers.LayerTypeARP).(*layers.ARP); !ok || arp.Operation != layers.ARPRequest {
		l.Errorf("the first frame is no ARP request: %v", packets[0])
	}
	var flags []string
	for _, p := range packets {
		if tcp, ok := p.TransportLayer().(*layers.TCP); ok {
			if tcp.SYN && len(tcp.Options) == 0 || !tcp.SYN && len(tcp.Contents) != 32 {
				l.Errorf("TCP header of %d bytes, want timestamps and nothing else", len(tcp.Contents))
			}
			flags = append(flags, map[bool]string{true: "S", false: "-"}[tcp.SYN])
		}
	}
	if len(flags) < 3 || flags[0] != "S" || flags[1] != "S" || flags[2] != "-" {
		l.Errorf("the connection begins with %v", flags)
	}
}

// lineDelays demands the delay that was asked for, of wires that can delay.
func lineDelays(t *testing.T, open Open) {
	o := wire.Options{Delay: 10 * time.Millisecond, CloudDelay: 30 * time.Millisecond, Jitter: 5 * time.Millisecond, Seed: 3}
	o.Home, o.Router = home, routerAddr
	if n, err := open(o); errors.Is(err, wire.ErrLine) {
		return
	} else if err != nil {
		t.Fatal(err)
	} else {
		n.Close()
	}
	l := newLab(t, open, o)
	defer l.close()
	l.gateway.Ping(t.Context(), l.cloud.Addr(), 1, 0)
	begin := time.Now()
	if n, err := l.gateway.Ping(t.Context(), l.cloud.Addr(), 1, 0); n != 1 || err != nil {
		t.Fatalf("ping: %d, %v", n, err)
	}
	if took := time.Since(begin); took < 80*time.Millisecond || took > 300*time.Millisecond {
		t.Errorf("round trip of %v, want 80 to 100 ms", took)
	}
	l.echo(l.cloud, 1<<20)
}

func badOptions(t *testing.T, open Open) {
	good := wire.Options{Home: home, Router: routerAddr}
	for _, spoil := range []func(*wire.Options){
		func(o *wire.Options) { o.Home = wire.Options{}.Home },
		func(o *wire.Options) { o.Router = cast[2].Addr },
		func(o *wire.Options) { o.Delay = -1 },
		func(o *wire.Options) { o.Loss = 1 },
	} {
		o := good
		spoil(&o)
		if n, err := open(o); err == nil {
			n.Close()
			t.Errorf("options %+v were accepted", o)
		}
	}
}

package labtest

import (
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/traffic"
)

// The addresses of every made-up gateway: runs are separate, so that they may be
// the same.
var (
	gatewayMAC  = traffic.MAC{0x24, 0xfd, 0x5b, 0, 0, 1}
	routerMAC   = traffic.MAC{2, 0, 0, 0, 0, 1}
	gatewayAddr = netip.MustParseAddr("192.168.1.20")
	bridgeAddr  = netip.MustParseAddr("192.168.1.2")
	cloudAddr   = netip.MustParseAddr("203.0.113.7")
	dnsAddr     = netip.MustParseAddr("192.168.1.1")
)

// A wire makes up a gateway's frames: a TLS stream to its cloud with records now
// and then, and, where it reacts, the bridge's word of each action and a record
// up and one down after it.
type wire struct {
	rng      *rand.Rand
	from, to time.Time
	sent     []traffic.Frame
	up, down uint32
}

func (w *wire) frames(commands []experiments.Command, reacts bool) []traffic.Frame {
	w.lookup(w.from.Add(10 * time.Millisecond))
	type burst struct {
		at    time.Time
		sizes []int // negative: down
	}
	var all []burst
	for at := w.from.Add(500 * time.Millisecond); at.Before(w.to); at = at.Add(time.Duration(400+w.rng.IntN(2600)) * time.Millisecond) {
		all = append(all, burst{at, []int{85 + 16*w.rng.IntN(4), -69}})
	}
	for _, c := range commands {
		if c.Action != "" && reacts {
			all = append(all, burst{c.Sent.Add(time.Duration(60+w.rng.IntN(30)) * time.Millisecond), []int{226, -149}})
		}
	}
	slices.SortFunc(all, func(a, b burst) int { return a.at.Compare(b.at) })
	for _, b := range all {
		for i, size := range b.sizes {
			w.record(b.at.Add(time.Duration(i)*20*time.Millisecond), size)
		}
	}
	for _, c := range commands {
		if c.Action != "" && reacts {
			w.told(c.Sent.Add(15 * time.Millisecond))
		}
	}
	slices.SortStableFunc(w.sent, func(a, b traffic.Frame) int { return a.Time.Compare(b.Time) })
	return w.sent
}

// record is one TLS record of application data on the stream to the cloud.
func (w *wire) record(at time.Time, size int) {
	n := max(size, -size)
	payload := append([]byte{23, 3, 3, byte((n - 5) >> 8), byte(n - 5)}, make([]byte, n-5)...)
	if size > 0 {
		w.tcp(at, gatewayAddr, cloudAddr, 40001, 443, &w.up, payload)
		return
	}
	w.tcp(at, cloudAddr, gatewayAddr, 443, 40001, &w.down, payload)
}

// told is the bridge telling the gateway of a change.
func (w *wire) told(at time.Time) {
	var seq uint32 = uint32(at.UnixMilli())
	w.tcp(at, bridgeAddr, gatewayAddr, 80, 40002, &seq, make([]byte, 180))
}

func (w *wire) tcp(at time.Time, from, to netip.Addr, sport, dport layers.TCPPort, seq *uint32, payload []byte) {
	ip := header(from, to, layers.IPProtocolTCP)
	tcp := &layers.TCP{SrcPort: sport, DstPort: dport, Seq: *seq + 1, ACK: true, PSH: true, Window: 501}
	*seq += uint32(len(payload))
	_ = tcp.SetNetworkLayerForChecksum(ip)
	w.add(at, from, ip, tcp, gopacket.Payload(payload))
}

// lookup is the answer that names the cloud.
func (w *wire) lookup(at time.Time) {
	name := dnsmessage.MustNewName("hub.cloud.example.")
	m := dnsmessage.Message{Header: dnsmessage.Header{Response: true},
		Questions: []dnsmessage.Question{{Name: name, Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET}},
		Answers: []dnsmessage.Resource{{Header: dnsmessage.ResourceHeader{Name: name, Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET, TTL: 300},
			Body: &dnsmessage.AResource{A: cloudAddr.As4()}}}}
	payload, err := m.Pack()
	if err != nil {
		panic(err) // the message is a constant
	}
	ip := header(dnsAddr, gatewayAddr, layers.IPProtocolUDP)
	udp := &layers.UDP{SrcPort: 53, DstPort: 40003}
	_ = udp.SetNetworkLayerForChecksum(ip)
	w.add(at, dnsAddr, ip, udp, gopacket.Payload(payload))
}

func header(from, to netip.Addr, p layers.IPProtocol) *layers.IPv4 {
	return &layers.IPv4{Version: 4, IHL: 5, TTL: 64, Protocol: p, SrcIP: net.IP(from.AsSlice()), DstIP: net.IP(to.AsSlice())}
}

func (w *wire) add(at time.Time, from netip.Addr, parts ...gopacket.SerializableLayer) {
	src, dst := routerMAC, gatewayMAC
	if from == gatewayAddr {
		src, dst = gatewayMAC, routerMAC
	}
	ether := &layers.Ethernet{SrcMAC: src[:], DstMAC: dst[:], EthernetType: layers.EthernetTypeIPv4}
	buffer := gopacket.NewSerializeBuffer()
	err := gopacket.SerializeLayers(buffer, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, append([]gopacket.SerializableLayer{ether}, parts...)...)
	if err != nil {
		panic(err) // all layers are made here
	}
	data := buffer.Bytes()
	w.sent = append(w.sent, traffic.Frame{Time: at, Link: traffic.LinkEthernet, Data: data, Wire: len(data)})
}

package events_test

import (
	"hash/fnv"
	"iter"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/hueprint/hueprint/analysis/events"
	"github.com/hueprint/hueprint/traffic"
)

// The lab of these tests: a gateway with its bridge, a phone, a resolver and
// two clouds.
var (
	start    = time.Unix(1_700_000_000, 0).UTC()
	plug     = netip.MustParseAddr("192.168.1.2")
	resolver = netip.MustParseAddr("192.168.1.1")
	bridge   = netip.MustParseAddr("192.168.1.5")
	phone    = netip.MustParseAddr("192.168.1.9")
	cloud    = netip.MustParseAddr("198.51.100.7")
	clock    = netip.MustParseAddr("203.0.113.4")
	group    = netip.MustParseAddr("224.0.0.251")
	plugMAC  = traffic.MAC{0, 0x17, 0x88, 0, 0, 1}
	otherMAC = traffic.MAC{0, 0x17, 0x88, 0, 0, 2}
	groupMAC = traffic.MAC{1, 0, 0x5e, 0, 0, 0xfb}
	peers    = traffic.Peers{Bridge: []netip.Addr{bridge}, Phones: []netip.Addr{phone}}
	byAddr   = traffic.Gateway{Name: "plug", Addrs: []netip.Addr{plug}}
	byMAC    = traffic.Gateway{Name: "plug", MACs: []traffic.MAC{plugMAC}}
)

// scene is a recording in the making.
type scene struct {
	packets []traffic.Packet
	now     time.Time
	id      uint16
}

func newScene() *scene { return &scene{now: start} }

// after lets time pass.
func (s *scene) after(d time.Duration) *scene {
	s.now = s.now.Add(d)
	return s
}

// add records a packet.
func (s *scene) add(p traffic.Packet) {
	s.id++
	p.Time, p.Number, p.IPID = s.now, len(s.packets)+1, s.id
	p.Wire = p.Length + 66
	if p.Payload == nil {
		p.Payload = make([]byte, p.Length)
	}
	p.SrcMAC, p.DstMAC = otherMAC, otherMAC
	if p.Src == plug {
		p.SrcMAC = plugMAC
	}
	switch {
	case p.Dst == plug:
		p.DstMAC = plugMAC
	case p.Dst.IsMulticast():
		p.DstMAC = groupMAC
	}
	h := fnv.New64a()
	h.Write(p.Payload)
	h.Write([]byte{byte(p.IPID), byte(p.IPID >> 8), byte(p.Seq), byte(p.Seq >> 8), byte(p.Flags)})
	p.Digest = h.Sum64()
	s.packets = append(s.packets, p)
}

// again records the latest packet once more.
func (s *scene) again() {
	p := s.packets[len(s.packets)-1]
	p.Time, p.Number = s.now, len(s.packets)+1
	s.packets = append(s.packets, p)
}

// datagram sends a UDP packet.
func (s *scene) datagram(from, to netip.AddrPort, payload []byte) {
	s.add(traffic.Packet{
		Src: from.Addr(), SrcPort: from.Port(), Dst: to.Addr(), DstPort: to.Port(),
		Protocol: traffic.ProtocolUDP, Payload: payload, Length: len(payload),
	})
}

// connection is a TCP connection in the making; side 0 is the client.
type connection struct {
	s    *scene
	ends [2]netip.AddrPort
	seq  [2]uint32
}

func (s *scene) connection(client, server netip.AddrPort) *connection {
	return &connection{s: s, ends: [2]netip.AddrPort{client, server}, seq: [2]uint32{0xfffffff0, 70000}}
}

// send records a segment of a side and moves its sequence number.
func (c *connection) send(side int, flags traffic.Flags, payload []byte) {
	from, to := c.ends[side], c.ends[1-side]
	c.s.add(traffic.Packet{
		Src: from.Addr(), SrcPort: from.Port(), Dst: to.Addr(), DstPort: to.Port(),
		Protocol: traffic.ProtocolTCP, Seq: c.seq[side], Ack: c.seq[1-side], Flags: flags,
		Payload: payload, Length: len(payload),
	})
	c.seq[side] += uint32(len(payload))
	if flags&(traffic.SYN|traffic.FIN) != 0 {
		c.seq[side]++
	}
}

// open does the handshake; data sends PSH segments; finish closes.
func (c *connection) open() {
	c.send(0, traffic.SYN, nil)
	c.send(1, traffic.SYN|traffic.ACK, nil)
	c.send(0, traffic.ACK, nil)
}

func (c *connection) data(side int, payload []byte) { c.send(side, traffic.ACK|traffic.PSH, payload) }

func (c *connection) finish() {
	c.send(0, traffic.ACK|traffic.FIN, nil)
	c.send(1, traffic.ACK|traffic.FIN, nil)
}

// record is a TLS record of n bytes of content.
func record(kind byte, n int) []byte {
	b := make([]byte, 5+n)
	copy(b, []byte{kind, 3, 3, byte(n >> 8), byte(n)})
	return b
}

// hello is a record with a ClientHello for a server name.
func hello(name string) []byte {
	n := len(name)
	ext := append([]byte{0, 0, 0, byte(n + 5), 0, byte(n + 3), 0, 0, byte(n)}, name...)
	body := append([]byte{3, 3}, make([]byte, 32)...)
	body = append(body, 0, 0, 2, 0x13, 1, 1, 0, 0, byte(len(ext)))
	body = append(body, ext...)
	message := append([]byte{1, 0, 0, byte(len(body))}, body...)
	return append([]byte{22, 3, 1, 0, byte(len(message))}, message...)
}

// dns is a question, or with an address its answer.
func dns(t testing.TB, name string, a netip.Addr) []byte {
	t.Helper()
	n := dnsmessage.MustNewName(name)
	m := dnsmessage.Message{
		Questions: []dnsmessage.Question{{Name: n, Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET}},
	}
	if a.IsValid() {
		m.Response = true
		m.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: n, Class: dnsmessage.ClassINET},
			Body:   &dnsmessage.AResource{A: a.As4()},
		}}
	}
	b, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// all yields packets.
func all(packets []traffic.Packet) iter.Seq2[traffic.Packet, error] {
	return func(yield func(traffic.Packet, error) bool) {
		for _, p := range packets {
			if !yield(p, nil) {
				return
			}
		}
	}
}

// extract reads a scene for the gateway known by address.
func (s *scene) extract(t testing.TB) events.Log {
	t.Helper()
	log, err := events.Extract(all(s.packets), byAddr, peers)
	if err != nil {
		t.Fatal(err)
	}
	return log
}

func at(a netip.Addr, port uint16) netip.AddrPort { return netip.AddrPortFrom(a, port) }

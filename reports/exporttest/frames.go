package exporttest

import (
	"encoding/binary"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/traffic"
)

var (
	cloud  = netip.MustParseAddr("203.0.113.9")
	server = netip.MustParseAddr("192.0.2.53")
)

// home is the address of the gateway of that index.
func home(i int) netip.Addr { return netip.AddrFrom4([4]byte{192, 168, 1, byte(10 + i)}) }

// tape collects the frames of one gateway.
type tape struct {
	frames []traffic.Frame
	link   traffic.LinkType
	offset time.Duration
	self   netip.Addr
	seq    uint32
	id     uint16
}

// frames are a gateway's: at each slot a question for a hostile name and a
// rhythm of its own; after each command, a segment that holds two records and a
// datagram in return.
func frames(r experiments.Run, index int, o Options) []traffic.Frame {
	p := &tape{link: o.Link, offset: o.Offset, self: home(index), seq: 1000}
	if p.link == 0 {
		p.link = traffic.LinkEthernet
	}
	for i := range int(r.Ended.Sub(r.Started) / (700 * time.Millisecond)) {
		at := r.Started.Add(time.Duration(i) * 700 * time.Millisecond)
		p.segment(at, record(48))
		if i%3 == 0 {
			p.datagram(at.Add(50*time.Millisecond), 40000, 53, question(Hostile), false)
		}
	}
	for _, c := range r.Commands {
		if c.Action == "" || o.Silent {
			continue
		}
		at := c.Sent.Add(120*time.Millisecond + time.Duration(c.Slot)*time.Millisecond)
		p.segment(at, append(record(100), record(333)...))
		p.datagram(at.Add(15*time.Millisecond), 5000, 9999, make([]byte, 81), true)
	}
	slices.SortStableFunc(p.frames, func(a, b traffic.Frame) int { return a.Time.Compare(b.Time) })
	return p.frames
}

// record is a TLS record of application data.
func record(length int) []byte {
	b := binary.BigEndian.AppendUint16([]byte{23, 3, 3}, uint16(length))
	return append(b, make([]byte, length)...)
}

// question is a DNS query for the labels of name.
func question(name string) []byte {
	b := []byte{0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, byte(len(name))}
	return append(append(b, name...), 0, 0, 1, 0, 1)
}

func (p *tape) segment(at time.Time, payload []byte) {
	tcp := &layers.TCP{SrcPort: 45000, DstPort: 443, Seq: p.seq, Ack: 1, ACK: true, PSH: true, Window: 500}
	p.seq += uint32(len(payload))
	p.put(at, p.self, cloud, layers.IPProtocolTCP, tcp, payload)
}

func (p *tape) datagram(at time.Time, own, far layers.UDPPort, payload []byte, in bool) {
	if in {
		p.put(at, cloud, p.self, layers.IPProtocolUDP, &layers.UDP{SrcPort: far, DstPort: own}, payload)
		return
	}
	p.put(at, p.self, server, layers.IPProtocolUDP, &layers.UDP{SrcPort: own, DstPort: far}, payload)
}

// transport is a header whose checksum covers the addresses.
type transport interface {
	gopacket.SerializableLayer
	SetNetworkLayerForChecksum(gopacket.NetworkLayer) error
}

func (p *tape) put(at time.Time, src, dst netip.Addr, protocol layers.IPProtocol, t transport, payload []byte) {
	p.id++
	ip := &layers.IPv4{Version: 4, TTL: 64, Id: p.id, Protocol: protocol, SrcIP: src.AsSlice(), DstIP: dst.AsSlice()}
	_ = t.SetNetworkLayerForChecksum(ip) // an IPv4 header is always one
	eth := &layers.Ethernet{SrcMAC: net.HardwareAddr{2, 0, 0, 0, 0, 1}, DstMAC: net.HardwareAddr{2, 0, 0, 0, 0, 2}, EthernetType: layers.EthernetTypeIPv4}
	all := []gopacket.SerializableLayer{eth, ip, t, gopacket.Payload(payload)}
	if p.link == traffic.LinkRaw {
		all = all[1:]
	}
	b := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, all...); err != nil {
		panic(err) // the layers above are complete
	}
	p.frames = append(p.frames, traffic.Frame{Time: at.Add(p.offset), Link: p.link, Data: b.Bytes(), Wire: len(b.Bytes())})
}

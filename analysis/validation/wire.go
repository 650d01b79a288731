package validation

import (
	"encoding/binary"
	"errors"
	"iter"
	"net/netip"
	"slices"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/hueprint/hueprint/traffic"
)

// A Stream is one TLS connection between the gateway and a far end, met at its
// start; records become packets of traffic.
type Stream struct {
	wire    *Wire
	far     netip.AddrPort
	near    netip.AddrPort
	seq     [3]uint32
	started bool
}

// A Wire collects the packets of a synthetic recording. Frames are told apart by
// their place in it.
type Wire struct {
	Packets []traffic.Packet
	port    uint16
}

// Stream is a new connection to the far end; it opens at the epoch, or at
// [Stream.Open].
func (w *Wire) Stream(far netip.Addr, port uint16) *Stream {
	w.port++
	return &Stream{wire: w, far: netip.AddrPortFrom(far, port), near: netip.AddrPortFrom(GatewayAddr, 40000+w.port), seq: [3]uint32{0, 1000, 2000}}
}

func (s *Stream) packet(at time.Time, dir traffic.Direction, flags traffic.Flags, payload []byte) {
	src, dst := s.near, s.far
	if dir == traffic.In {
		src, dst = dst, src
	}
	p := traffic.Packet{
		Time: at, Wire: 54 + len(payload), Src: src.Addr(), Dst: dst.Addr(), SrcPort: src.Port(), DstPort: dst.Port(),
		Protocol: traffic.ProtocolTCP, Seq: s.seq[dir], Ack: s.seq[3-dir], Flags: flags, Length: len(payload), Payload: payload, TTL: 64,
		IPID: uint16(len(s.wire.Packets)), Digest: uint64(len(s.wire.Packets) + 1),
	}
	s.seq[dir] += uint32(len(payload))
	if flags.Has(traffic.SYN) {
		s.seq[dir]++
	}
	s.wire.Packets = append(s.wire.Packets, p)
}

// Open begins the connection at an instant.
func (s *Stream) Open(at time.Time) {
	s.started = true
	s.packet(at, traffic.Out, traffic.SYN, nil)
	s.packet(at.Add(time.Millisecond), traffic.In, traffic.SYN|traffic.ACK, nil)
}

// Record puts one application-data record of that length on the stream.
func (s *Stream) Record(at time.Time, dir traffic.Direction, length int) {
	if !s.started {
		s.Open(Epoch)
	}
	payload := make([]byte, 5+length)
	copy(payload, []byte{23, 3, 3})
	binary.BigEndian.PutUint16(payload[3:], uint16(length))
	s.packet(at, dir, traffic.ACK|traffic.PSH, payload)
}

// All yields the packets in order of time. Streams must have been written in
// order of time each.
func (w *Wire) All() iter.Seq2[traffic.Packet, error] {
	slices.SortStableFunc(w.Packets, func(a, b traffic.Packet) int { return a.Time.Compare(b.Time) })
	return func(yield func(traffic.Packet, error) bool) {
		for i, p := range w.Packets {
			p.Number = i + 1
			if !yield(p, nil) {
				return
			}
		}
	}
}

// Question asks the home's resolver for a name's address.
func (w *Wire) Question(at time.Time, name string) {
	b := dnsmessage.NewBuilder(nil, dnsmessage.Header{ID: uint16(len(w.Packets)), RecursionDesired: true})
	q := dnsmessage.Question{Name: dnsmessage.MustNewName(name), Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET}
	if err := errors.Join(b.StartQuestions(), b.Question(q)); err != nil {
		panic(err) // the name is one of this package's own
	}
	payload, err := b.Finish()
	if err != nil {
		panic(err)
	}
	w.port++
	w.Packets = append(w.Packets, traffic.Packet{
		Time: at, Wire: 42 + len(payload), Src: GatewayAddr, Dst: resolverAddr, SrcPort: 50000 + w.port, DstPort: 53,
		Protocol: traffic.ProtocolUDP, Length: len(payload), Payload: payload, TTL: 64,
		IPID: uint16(len(w.Packets)), Digest: uint64(len(w.Packets) + 1),
	})
}

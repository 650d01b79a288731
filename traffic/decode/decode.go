package decode

import (
	"hash/crc32"
	"iter"

	"github.com/hueprint/hueprint/traffic"
)

// Packets decodes frames one by one. It keeps their order and number, passes
// the source's errors on as they come, and counts into stats (nil counts
// nothing). A packet's Payload points into the frame's data and is valid only
// until the next packet is asked for. No packet costs an allocation.
func Packets(frames iter.Seq2[traffic.Frame, error], stats *Stats) iter.Seq2[traffic.Packet, error] {
	return func(yield func(traffic.Packet, error) bool) {
		var p traffic.Packet
		for f, err := range frames {
			if err != nil {
				if !yield(traffic.Packet{}, err) {
					return
				}
				continue
			}
			flaw := Frame(&f, &p)
			if stats != nil {
				stats.add(&f, flaw)
			}
			if !yield(p, nil) {
				return
			}
		}
	}
}

// Frame decodes one frame into p, which it overwrites, and says what prevented
// it from decoding everything.
func Frame(f *traffic.Frame, p *traffic.Packet) Flaw {
	*p = traffic.Packet{Time: f.Time, Wire: f.Wire, Number: f.Number, Protocol: traffic.ProtocolOther}
	w := walk{data: f.Data, missing: max(0, f.Wire-len(f.Data)), p: p}
	w.link(f.Link)
	p.Digest = digest(f.Data[w.network:w.end(f)])
	return w.flaw
}

// walk is the state of the walk over one frame's headers.
type walk struct {
	data []byte // what is left of the captured frame, from the current header on
	// at is the offset of data in the frame; missing counts the bytes that
	// were on the wire after data and that the recorder cut off.
	at, missing int
	// network and stop are the offsets of the IP header, and of the end of the
	// IP packet as far as captured; both zero where there is no IP.
	network, stop int
	flaw          Flaw
	p             *traffic.Packet
}

// skip moves the walk over n captured bytes.
func (w *walk) skip(n int) {
	w.data = w.data[n:]
	w.at += n
}

// end is where the digest ends: with the IP packet, so that a link's padding
// does not tell two recordings of one packet apart.
func (w *walk) end(f *traffic.Frame) int {
	if w.stop > 0 {
		return w.stop
	}
	return len(f.Data)
}

// digest sums the captured bytes. Processors compute both polynomials; the two
// together are a 64-bit sum that is the same in every process.
func digest(b []byte) uint64 {
	castagnoli := crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli))
	return uint64(castagnoli)<<32 | uint64(crc32.ChecksumIEEE(b))
}

package tlsrec_test

import (
	"testing"
	"time"

	"github.com/hueprint/hueprint/traffic"
	"github.com/hueprint/hueprint/traffic/tlsrec"
)

// BenchmarkSegment reads records of 500 bytes, one a segment, in order.
func BenchmarkSegment(b *testing.B) {
	data := make([]byte, 505)
	copy(data, []byte{23, 3, 3, 500 >> 8, 500 & 255})
	p := traffic.Packet{
		Time: time.Unix(1, 0), Number: 1, Wire: 571, Seq: 1,
		Flags: traffic.ACK | traffic.PSH, Length: len(data), Payload: data,
	}
	var s tlsrec.Stream
	b.ReportAllocs()
	for b.Loop() {
		if records, _, _ := s.Segment(&p); len(records) != 1 {
			b.Fatal(len(records))
		}
		p.Seq += uint32(len(data))
		p.Number++
	}
}

package events_test

import (
	"testing"
	"time"

	"github.com/hueprint/hueprint/analysis/events"
)

// BenchmarkExtract reads a hundred thousand packets of a busy gateway: TLS
// records, plain messages and datagrams by turns.
func BenchmarkExtract(b *testing.B) {
	const packets = 100_000
	s := newScene()
	c := s.connection(at(plug, 40001), at(cloud, 443))
	plain := s.connection(at(plug, 40002), at(bridge, 80))
	c.open()
	c.data(0, hello("cloud.example"))
	plain.open()
	data, body := record(23, 500), make([]byte, 900)
	for len(s.packets) < packets {
		s.after(3 * time.Millisecond)
		switch len(s.packets) % 4 {
		case 0, 1:
			c.data(len(s.packets)%2, data)
		case 2:
			plain.data(0, body)
		case 3:
			s.datagram(at(plug, 123), at(clock, 123), body[:48])
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		log, err := events.Extract(all(s.packets), byAddr, peers)
		if err != nil || log.Packets != packets {
			b.Fatal(err, log.Packets)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/packets, "ns/packet")
}

package analysis

import (
	"iter"
	"slices"

	"github.com/hueprint/hueprint/analysis/events"
	"github.com/hueprint/hueprint/traffic"
)

// WithoutContent passes packets on as a recording cut to headers has them: TCP
// segments without their payload. So a model can be learned for such recordings
// from others.
func WithoutContent(packets iter.Seq2[traffic.Packet, error]) iter.Seq2[traffic.Packet, error] {
	return func(yield func(traffic.Packet, error) bool) {
		for p, err := range packets {
			if p.Protocol == traffic.ProtocolTCP {
				p.Payload = nil
			}
			if !yield(p, err) {
				return
			}
		}
	}
}

// A depth counts TCP segments with payload, and those of which a recording holds
// less than all.
type depth struct{ segments, cut int }

func (d *depth) watch(packets iter.Seq2[traffic.Packet, error]) iter.Seq2[traffic.Packet, error] {
	return func(yield func(traffic.Packet, error) bool) {
		for p, err := range packets {
			if err == nil && p.Protocol == traffic.ProtocolTCP && p.Length > 0 {
				d.segments++
				if len(p.Payload) < p.Length {
					d.cut++
				}
			}
			if !yield(p, err) {
				return
			}
		}
	}
}

// headersOnly tells whether so much was cut off that no record could be read.
func (d *depth) headersOnly(log events.Log) bool {
	return 2*d.cut > d.segments && !slices.ContainsFunc(log.Events, func(e events.Event) bool { return e.Kind == events.TLSRecord })
}

package events

import (
	"time"

	"github.com/hueprint/hueprint/traffic"
)

// doubleWithin is how soon an access point records a frame again.
const doubleWithin = 100 * time.Microsecond

// twice knows the packets of the last 100 µs.
type twice struct {
	recent [64]print
	next   int
}

// print is what two recordings of one frame have in common. The digest covers
// the IP header and what follows, the sequence number included, so that it
// holds for packets without an identification, too.
type print struct {
	time   time.Time
	digest uint64
	id     uint16
	seq    uint32
}

// seen tells whether the packet is another recording of a recent one, and
// otherwise remembers it.
func (t *twice) seen(p *traffic.Packet) bool {
	for i := range t.recent {
		r := &t.recent[(t.next-1-i+2*len(t.recent))%len(t.recent)]
		if p.Time.Sub(r.time) > doubleWithin {
			break
		}
		if r.digest == p.Digest && r.id == p.IPID && r.seq == p.Seq {
			return true
		}
	}
	t.recent[t.next] = print{time: p.Time, digest: p.Digest, id: p.IPID, seq: p.Seq}
	t.next = (t.next + 1) % len(t.recent)
	return false
}

package live

import (
	"encoding/json"
	"slices"

	"github.com/hueprint/hueprint/panel/lab"
)

// late is how many batches of packets a reader may be behind before it gets them
// put together; blipsAtMost is how many single packets a batch may have.
const (
	late        = 16
	blipsAtMost = 200
)

// together returns a reader's backlog as events. When it is long, each gateway's
// packets become one batch, in the place and with the ID of the last.
func together(behind []entry) []lab.Event {
	n := 0
	for _, e := range behind {
		if e.packets != nil {
			n++
		}
	}
	if n <= late {
		return events(behind)
	}
	return events(merged(behind))
}

func events(entries []entry) []lab.Event {
	list := make([]lab.Event, len(entries))
	for i, e := range entries {
		list[i] = e.event
	}
	return list
}

func merged(behind []entry) []entry {
	sums := map[string]*lab.Packets{}
	rest := make([]entry, 0, len(behind))
	for _, e := range slices.Backward(behind) {
		if e.packets == nil {
			rest = append(rest, e)
			continue
		}
		sum := sums[e.packets.Gateway]
		if sum == nil {
			sum = &lab.Packets{Gateway: e.packets.Gateway}
			sums[sum.Gateway] = sum
			rest = append(rest, entry{event: e.event, packets: sum})
		}
		sum.Count += e.packets.Count
		sum.Bytes += e.packets.Bytes
		sum.Blips = append(sum.Blips, e.packets.Blips...)
	}
	slices.Reverse(rest)
	for i, e := range rest {
		if e.packets != nil {
			rest[i].event.Data = largest(e.packets)
		}
	}
	return rest
}

// largest writes a batch with its largest packets only, in order of time.
func largest(p *lab.Packets) []byte {
	if len(p.Blips) > blipsAtMost {
		slices.SortStableFunc(p.Blips, func(a, b lab.Blip) int { return b.Size - a.Size })
		p.Blips = p.Blips[:blipsAtMost]
	}
	slices.SortStableFunc(p.Blips, func(a, b lab.Blip) int { return a.At.Compare(b.At) })
	data, err := json.Marshal(p)
	if err != nil { // it was written before, when it was published
		return []byte("null")
	}
	return data
}

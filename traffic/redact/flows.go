package redact

import (
	"net/netip"

	"github.com/hueprint/hueprint/traffic"
)

// mostFlows is how many flows a generation of the table holds.
const mostFlows = 8192

// flows remembers conversations. When a generation is full it becomes the old
// one, and what the old one held and nobody has used since is forgotten.
type flows struct{ young, old map[traffic.Flow]*flow }

// flow is one conversation.
type flow struct {
	a, b side // of TCP, by the key's end that sends
	quic bool
}

// of finds a packet's conversation, or begins it.
func (t *flows) of(p *traffic.Packet) *flow {
	key := p.Flow()
	if f, ok := t.young[key]; ok {
		return f
	}
	f, ok := t.old[key]
	if !ok {
		f = &flow{}
	}
	if t.young == nil || len(t.young) >= mostFlows {
		t.old, t.young = t.young, map[traffic.Flow]*flow{}
	}
	t.young[key] = f
	return f
}

// side finds the direction of a TCP packet.
func (t *flows) side(p *traffic.Packet) *side {
	f := t.of(p)
	if p.Flow().A == netip.AddrPortFrom(p.Src, p.SrcPort) {
		return &f.a
	}
	return &f.b
}

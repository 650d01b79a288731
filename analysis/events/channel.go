package events

import (
	"net/netip"
	"time"

	"github.com/hueprint/hueprint/traffic"
	"github.com/hueprint/hueprint/traffic/names"
)

// flow is one conversation as far as its channel's name needs it.
type flow struct {
	protocol  traffic.Protocol
	own, peer netip.AddrPort
	began     time.Time
	// server is the side known by SYN: Out the gateway, In the far end.
	server traffic.Direction
	// sni is the server name asked for in this very flow.
	sni string
	// group flows go to a group address: the port is the group's.
	group bool
}

// endpoint is one side of a conversation.
type endpoint struct {
	protocol traffic.Protocol
	addr     netip.AddrPort
}

// farEnd and ownEnd are the two sides of a packet.
func farEnd(p *traffic.Packet, d traffic.Direction) netip.AddrPort {
	if d == traffic.Out {
		return netip.AddrPortFrom(p.Dst, p.DstPort)
	}
	return netip.AddrPortFrom(p.Src, p.SrcPort)
}

func ownEnd(p *traffic.Packet, d traffic.Direction) netip.AddrPort {
	if d == traffic.Out {
		return netip.AddrPortFrom(p.Src, p.SrcPort)
	}
	return netip.AddrPortFrom(p.Dst, p.DstPort)
}

// newFlow begins a flow with its first packet and returns its index.
func (x *extractor) newFlow(p *traffic.Packet, d traffic.Direction) int32 {
	x.flows = append(x.flows, flow{
		protocol: p.Protocol, own: ownEnd(p, d), peer: farEnd(p, d), began: p.Time,
	})
	return int32(len(x.flows) - 1)
}

// channel names a flow's channel. It does so once for the whole flow, as of its
// beginning, so that a name that changes in between does not split it.
func (x *extractor) channel(f *flow) Channel {
	c := Channel{
		Name:  f.peer.Addr().String(),
		Scope: x.peers.Scope(f.peer.Addr()),
	}
	switch f.protocol {
	case traffic.ProtocolTCP:
		c.Transport, c.Port = "tcp", x.serverPort(f)
	case traffic.ProtocolUDP:
		c.Transport, c.Port = "udp", x.serverPort(f)
	default:
		c.Transport = "icmp"
	}
	if c.Scope == traffic.Internet {
		c.Name = x.name(f, c.Name)
	}
	return c
}

// name is the far end's: by the flow's own SNI, by an SNI that another flow to
// the same server had (for streams older than the recording), by DNS, or else
// its address.
func (x *extractor) name(f *flow, address string) string {
	if f.sni != "" {
		return f.sni
	}
	if f.protocol == traffic.ProtocolTCP {
		if name := x.book.Server(f.peer, f.began); name != "" {
			return name
		}
	}
	if name := x.book.Name(f.peer.Addr(), f.began); name != "" {
		return name
	}
	return address
}

// serverPort is the server's port: of the side known by SYN, in this flow or in
// another with the same end point, else the lower one.
func (x *extractor) serverPort(f *flow) uint16 {
	own, peer := f.own.Port(), f.peer.Port()
	peerServes := x.servers[endpoint{f.protocol, f.peer}]
	ownServes := x.servers[endpoint{f.protocol, f.own}]
	switch {
	case f.group, f.server == traffic.In:
		return peer
	case f.server == traffic.Out:
		return own
	case peerServes != ownServes && peerServes:
		return peer
	case peerServes != ownServes:
		return own
	}
	return min(own, peer)
}

// learnSNI gives a flow its server name.
func (x *extractor) learnSNI(flow int32, name string, at time.Time) {
	if name == "" {
		return
	}
	f := &x.flows[flow]
	if f.sni == "" {
		f.sni = names.Clean(name)
	}
	x.book.LearnServer(f.peer, name, at)
}

package events

import (
	"maps"
	"net/netip"
	"strconv"
	"time"

	"github.com/hueprint/hueprint/traffic"
	"github.com/hueprint/hueprint/traffic/names"
)

const (
	portDNS  = 53
	portMDNS = 5353
	// udpIdle ends a UDP flow: the next datagram starts another one.
	udpIdle = 60 * time.Second
)

// exchange is a conversation without connection: UDP between two end points,
// UDP to a group, or ICMP with a far end.
type exchange struct {
	flow int32
	last time.Time
}

// exchange finds the packet's exchange, and tells whether it begins with it.
func (x *extractor) exchange(key traffic.Flow, p *traffic.Packet, d traffic.Direction) (*exchange, bool) {
	e, known := x.exchanges[key]
	if known && p.Time.Sub(e.last) <= udpIdle {
		e.last = p.Time
		return e, false
	}
	if !known {
		x.expire(p.Time)
		e = &exchange{}
		x.exchanges[key] = e
	}
	e.flow, e.last = x.newFlow(p, d), p.Time
	return e, true
}

// expire forgets exchanges that are over, once there are many.
func (x *extractor) expire(now time.Time) {
	if len(x.exchanges) < x.mostExchanges {
		return
	}
	maps.DeleteFunc(x.exchanges, func(_ traffic.Flow, e *exchange) bool {
		return now.Sub(e.last) > udpIdle
	})
	x.mostExchanges = max(leastOpen, 2*len(x.exchanges))
}

// datagram takes a UDP packet. A question to DNS or mDNS is an event by its
// name and type and no datagram besides; answers are datagrams. What the
// gateway sends to a group is a multicast. DNS flows have no start of their
// own, as the question stands for it.
func (x *extractor) datagram(p *traffic.Packet, d traffic.Direction) {
	if d == traffic.In && (p.SrcPort == portDNS || p.SrcPort == portMDNS) {
		x.book.LearnDNS(p.Payload, p.Time)
	}
	group := isGroup(p)
	key := p.Flow()
	if group {
		key = traffic.Flow{Protocol: p.Protocol, A: netip.AddrPortFrom(p.Dst, p.DstPort)}
	}
	e, first := x.exchange(key, p, d)
	x.flows[e.flow].group = group
	dns := isDNS(p)
	if first && !group && !dns {
		x.event(e.flow, p, d, FlowStart, "", 0)
	}
	if dns {
		if asked := names.Questions(p.Payload); len(asked) > 0 {
			x.questions(e.flow, p, d, asked)
			return
		}
	}
	kind := Datagram
	if group {
		kind = Multicast
	}
	x.event(e.flow, p, d, kind, "", p.Length)
}

// questions records each question of a message.
func (x *extractor) questions(flow int32, p *traffic.Packet, d traffic.Direction, asked []names.Question) {
	for _, q := range asked {
		x.event(flow, p, d, DNSQuestion, q.String(), 0)
	}
}

// icmp takes an ICMP packet of either version.
func (x *extractor) icmp(p *traffic.Packet, d traffic.Direction) {
	kind := p.SrcPort >> 8
	key := traffic.Flow{Protocol: p.Protocol, A: netip.AddrPortFrom(farEnd(p, d).Addr(), 0)}
	e, _ := x.exchange(key, p, d)
	x.event(e.flow, p, d, ICMP, strconv.Itoa(int(kind)), p.Length)
}

// isDNS tells whether the packet is of DNS or mDNS.
func isDNS(p *traffic.Packet) bool {
	return p.DstPort == portDNS || p.SrcPort == portDNS || p.DstPort == portMDNS || p.SrcPort == portMDNS
}

// isGroup tells whether the packet goes to more than one host.
func isGroup(p *traffic.Packet) bool {
	return p.DstMAC.IsGroup() || p.Dst.IsMulticast() || p.Dst == netip.AddrFrom4([4]byte{255, 255, 255, 255})
}

// isAnnouncement tells whether the packet is an answer of mDNS, whoever sent it.
func isAnnouncement(p *traffic.Packet) bool {
	return p.Protocol == traffic.ProtocolUDP && p.SrcPort == portMDNS
}

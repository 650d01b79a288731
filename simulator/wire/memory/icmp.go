package memory

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/google/gopacket/layers"
	"github.com/hueprint/hueprint/simulator/wire"
)

var (
	echoRequest = layers.CreateICMPv4TypeCode(layers.ICMPv4TypeEchoRequest, 0)
	echoReply   = layers.CreateICMPv4TypeCode(layers.ICMPv4TypeEchoReply, 0)
)

// Ping sends n echo requests and counts the answers.
func (h *host) Ping(ctx context.Context, to netip.Addr, n int, every time.Duration) (int, error) {
	id, answers, err := h.newPing(n)
	if err != nil {
		return 0, fmt.Errorf("ping %v: %w", to, err)
	}
	count, err := wire.CountEchoes(ctx, n, every, func(seq uint16) { h.echo(to, id, seq) }, answers)
	h.network.mu.Lock()
	defer h.network.mu.Unlock()
	delete(h.pings, id)
	if err != nil {
		err = fmt.Errorf("ping %v: %w", to, err)
	}
	return count, err
}

// newPing chooses an identifier for n requests and gives the channel on which
// their answers are reported.
func (h *host) newPing(n int) (id uint16, answers chan uint16, err error) {
	h.network.mu.Lock()
	defer h.network.mu.Unlock()
	if h.network.closed {
		return 0, nil, errNetworkClosed
	}
	id, err = h.sourcePort(func(id uint16) bool { return h.pings[id] != nil })
	answers = make(chan uint16, max(n, 0))
	h.pings[id] = answers
	return id, answers, err
}

// echo sends one request.
func (h *host) echo(to netip.Addr, id, seq uint16) {
	h.network.mu.Lock()
	defer h.network.mu.Unlock()
	h.send(&packet{src: netip.AddrPortFrom(h.options.Addr, 0), dst: netip.AddrPortFrom(to, 0),
		icmp: &icmpHeader{kind: echoRequest, id: id, seq: seq}, payload: make([]byte, wire.EchoBytes)})
}

// receiveICMP answers echo requests, counts replies, and tells sockets that
// their datagrams were refused.
func (h *host) receiveICMP(p *packet) {
	switch p.icmp.kind {
	case echoRequest:
		h.send(&packet{src: p.dst, dst: p.src, payload: p.payload,
			icmp: &icmpHeader{kind: echoReply, id: p.icmp.id, seq: p.icmp.seq}})
	case echoReply:
		select {
		case h.pings[p.icmp.id] <- p.icmp.seq:
		default: // nobody asked, or so many answers were not asked for
		}
	default:
		h.refused(p.icmp.original)
	}
}

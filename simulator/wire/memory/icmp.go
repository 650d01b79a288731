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

// echoBytes is how much an echo request carries, as that of the ping command.
const echoBytes = 56

// A pinger is a running Ping: which of its requests were answered.
type pinger struct {
	answered map[uint16]bool
	want     int
	all      chan struct{}
}

// Ping sends n echo requests and counts the answers.
func (h *host) Ping(ctx context.Context, to netip.Addr, n int, every time.Duration) (int, error) {
	id, p, err := h.newPinger(n)
	if err != nil {
		return 0, fmt.Errorf("ping %v: %w", to, err)
	}
	err = h.pingAll(ctx, to, n, every, id)
	if err == nil && n > 0 {
		err = pause(ctx, wire.PingPatience, p.all)
	}
	h.network.mu.Lock()
	defer h.network.mu.Unlock()
	delete(h.pings, id)
	if err != nil {
		return len(p.answered), fmt.Errorf("ping %v: %w", to, err)
	}
	return len(p.answered), nil
}

func (h *host) newPinger(n int) (uint16, *pinger, error) {
	h.network.mu.Lock()
	defer h.network.mu.Unlock()
	if h.network.closed {
		return 0, nil, errNetworkClosed
	}
	id, err := h.sourcePort(func(id uint16) bool { return h.pings[id] != nil })
	p := &pinger{answered: map[uint16]bool{}, want: n, all: make(chan struct{})}
	h.pings[id] = p
	return id, p, err
}

// pingAll sends the requests.
func (h *host) pingAll(ctx context.Context, to netip.Addr, n int, every time.Duration, id uint16) error {
	for seq := range n {
		if seq > 0 {
			if err := pause(ctx, every, nil); err != nil {
				return err
			}
		}
		h.network.mu.Lock()
		h.send(&packet{src: netip.AddrPortFrom(h.options.Addr, 0), dst: netip.AddrPortFrom(to, 0),
			icmp: &icmpHeader{kind: echoRequest, id: id, seq: uint16(seq + 1)}, payload: make([]byte, echoBytes)})
		h.network.mu.Unlock()
	}
	return nil
}

// pause waits for d, or until enough is closed or the context ends.
func pause(ctx context.Context, d time.Duration, enough <-chan struct{}) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-enough:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	return nil
}

// receiveICMP answers echo requests, counts replies, and tells sockets that
// their datagrams were refused.
func (h *host) receiveICMP(p *packet) {
	switch p.icmp.kind {
	case echoRequest:
		h.send(&packet{src: p.dst, dst: p.src, payload: p.payload,
			icmp: &icmpHeader{kind: echoReply, id: p.icmp.id, seq: p.icmp.seq}})
	case echoReply:
		if ping := h.pings[p.icmp.id]; ping != nil && !ping.answered[p.icmp.seq] {
			ping.answered[p.icmp.seq] = true
			if len(ping.answered) == ping.want {
				close(ping.all)
			}
		}
	default:
		h.refused(p.icmp.original)
	}
}

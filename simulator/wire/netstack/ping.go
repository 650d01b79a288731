package netstack

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/hueprint/hueprint/simulator/wire"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/adapters/gonet"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/transport/icmp"
	"gvisor.dev/gvisor/pkg/waiter"
)

// Ping sends n echo requests and counts the answers. The port that the endpoint
// is bound to is the requests' identifier.
func (h *host) Ping(ctx context.Context, to netip.Addr, n int, every time.Duration) (int, error) {
	queue := new(waiter.Queue)
	endpoint, fault := h.stack.NewEndpoint(icmp.ProtocolNumber4, ipv4.ProtocolNumber, queue)
	if fault != nil {
		return 0, fmt.Errorf("ping %v: %w", to, translate(fault))
	}
	if fault := endpoint.Bind(tcpip.FullAddress{}); fault != nil {
		endpoint.Close()
		return 0, fmt.Errorf("ping %v: %w", to, translate(fault))
	}
	p := pinger{conn: gonet.NewUDPConn(queue, endpoint), answers: make(chan uint16)}
	if err := h.own(p.conn); err != nil {
		p.conn.Close()
		return 0, fmt.Errorf("ping %v: %w", to, err)
	}
	defer h.disown(p.conn)
	return p.count(ctx, to, n, every)
}

// A pinger sends echo requests on an ICMP endpoint, which gonet serves like a
// datagram socket.
type pinger struct {
	conn    *gonet.UDPConn
	answers chan uint16
}

// count sends the requests and counts those that are answered.
func (p pinger) count(ctx context.Context, to netip.Addr, n int, every time.Duration) (int, error) {
	go p.listen()
	defer func() {
		p.conn.SetReadDeadline(time.Unix(1, 0))
		p.conn.Close()
		for range p.answers { // until listen has returned
		}
	}()
	count, err := wire.CountEchoes(ctx, n, every, func(seq uint16) { p.send(to, seq) }, p.answers)
	if err != nil {
		err = fmt.Errorf("ping %v: %w", to, err)
	}
	return count, err
}

// send sends one request. One that cannot be sent is one that is not answered.
func (p pinger) send(to netip.Addr, seq uint16) {
	message := header.ICMPv4(slices.Concat(make([]byte, header.ICMPv4MinimumSize), make([]byte, wire.EchoBytes)))
	message.SetType(header.ICMPv4Echo)
	message.SetSequence(seq)
	p.conn.WriteTo(message, &net.UDPAddr{IP: to.AsSlice()})
}

// listen reports the sequence number of each answer until the endpoint closes.
func (p pinger) listen() {
	defer close(p.answers)
	buf := make([]byte, 1500)
	for {
		n, _, err := p.conn.ReadFrom(buf)
		if err != nil {
			return
		}
		if message := header.ICMPv4(buf[:n]); n >= header.ICMPv4MinimumSize && message.Type() == header.ICMPv4EchoReply {
			p.answers <- message.Sequence()
		}
	}
}

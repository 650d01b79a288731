package veth

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/hueprint/hueprint/simulator/wire"
	"golang.org/x/net/icmp"
	"golang.org/x/net/ipv4"
)

// Ping sends n echo requests and counts the answers.
func (h *host) Ping(ctx context.Context, to netip.Addr, n int, every time.Duration) (int, error) {
	conn, err := open(h, func() (*icmp.PacketConn, error) { return icmp.ListenPacket("ip4:icmp", h.options.Addr.String()) })
	if err != nil {
		return 0, fmt.Errorf("ping %v: %w", to, err)
	}
	p := pinger{conn: conn, id: h.pingID(), answers: make(chan uint16)}
	go p.listen()
	count, err := wire.CountEchoes(ctx, n, every, func(seq uint16) { p.send(to, seq) }, p.answers)
	h.disown(conn)
	conn.Close()
	for range p.answers { // until listen has returned
	}
	if err != nil {
		err = fmt.Errorf("ping %v: %w", to, err)
	}
	return count, err
}

// pingID gives each Ping of the host its own identifier.
func (h *host) pingID() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.pings++
	return int(h.pings)
}

// A pinger sends echo requests on a raw socket, which hears every Ping's
// answers.
type pinger struct {
	conn    *icmp.PacketConn
	id      int
	answers chan uint16
}

// send sends one request. One that cannot be sent is one that is not answered.
func (p pinger) send(to netip.Addr, seq uint16) {
	message := icmp.Message{Type: ipv4.ICMPTypeEcho,
		Body: &icmp.Echo{ID: p.id, Seq: int(seq), Data: make([]byte, wire.EchoBytes)}}
	if packed, err := message.Marshal(nil); err == nil {
		p.conn.WriteTo(packed, &net.IPAddr{IP: to.AsSlice()})
	}
}

// listen reports the sequence number of each answer until the socket closes.
func (p pinger) listen() {
	defer close(p.answers)
	buf := make([]byte, 1500)
	for {
		n, _, err := p.conn.ReadFrom(buf)
		if err != nil {
			return
		}
		message, err := icmp.ParseMessage(1, buf[:n])
		if err != nil || message.Type != ipv4.ICMPTypeEchoReply {
			continue
		}
		if echo, ok := message.Body.(*icmp.Echo); ok && echo.ID == p.id {
			p.answers <- uint16(echo.Seq)
		}
	}
}

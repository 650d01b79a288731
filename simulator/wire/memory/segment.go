package memory

import (
	"net/netip"
	"slices"
	"time"

	"github.com/hueprint/hueprint/traffic"
)

// A segment is one Ethernet: the home's, or the one beyond the router.
type segment struct {
	network *Network
	delay   time.Duration
	ports   []*port
}

func newSegment(n *Network, delay time.Duration) *segment { return &segment{network: n, delay: delay} }

// A port is a host's place on a segment, with its cable, its neighbours, and
// the taps on the cable.
type port struct {
	host       *host
	segment    *segment
	mac        traffic.MAC
	addr       netip.Addr
	taps       []*tap
	neighbours map[netip.Addr]*neighbour
	// lines holds when the last frame to each other port is due, as a line
	// never reorders.
	lines map[*port]time.Time
}

// A neighbour is what ARP knows of an address; packets wait until it knows.
type neighbour struct {
	mac     traffic.MAC
	known   bool
	asked   int
	waiting []*packet
}

// A tap is one looker-on.
type tap struct {
	see  func(traffic.Frame)
	seen int
}

// plug adds a port to the segment.
func (s *segment) plug(h *host, mac traffic.MAC, addr netip.Addr) *port {
	p := &port{host: h, segment: s, mac: mac, addr: addr,
		neighbours: map[netip.Addr]*neighbour{}, lines: map[*port]time.Time{}}
	s.ports = append(s.ports, p)
	return p
}

func (p *port) untap(t *tap) {
	p.taps = slices.DeleteFunc(p.taps, func(other *tap) bool { return other == t })
}

// arpTries is how often an address is asked for, a second apart, before the
// packets that wait for it are dropped.
const arpTries = 3

// send puts a packet on the cable towards the next hop, asking for its MAC at
// first contact.
func (p *port) send(hop netip.Addr, pkt *packet) {
	n := p.neighbours[hop]
	if n != nil && n.known {
		p.transmit(frame{src: p.mac, dst: n.mac, packet: pkt})
		return
	}
	if n == nil {
		n = &neighbour{}
		p.neighbours[hop] = n
		p.ask(hop, n)
	}
	n.waiting = append(n.waiting, pkt)
}

// ask sends ARP requests until an answer came or it is hopeless.
func (p *port) ask(hop netip.Addr, n *neighbour) {
	if n.known {
		return
	}
	if n.asked++; n.asked > arpTries {
		delete(p.neighbours, hop)
		return
	}
	p.transmit(frame{src: p.mac, dst: broadcast, arp: &arp{
		request: true, senderMAC: p.mac, sender: p.addr, target: hop}})
	p.segment.network.after(time.Second, func() { p.ask(hop, n) })
}

// learn notes whose MAC an address is and sends what waited for it.
func (p *port) learn(addr netip.Addr, mac traffic.MAC) {
	n := p.neighbours[addr]
	if n == nil {
		n = &neighbour{}
		p.neighbours[addr] = n
	}
	n.mac, n.known = mac, true
	for _, pkt := range n.waiting {
		p.transmit(frame{src: p.mac, dst: mac, packet: pkt})
	}
	n.waiting = nil
}

// transmit shows the frame to the taps of its sender and puts it on the line to
// every port that it is for.
func (p *port) transmit(f frame) {
	p.look(f)
	for _, to := range p.segment.ports {
		if to != p && (f.dst == to.mac || f.dst.IsGroup()) {
			p.line(to, f)
		}
	}
}

// line lets the frame arrive after delay and jitter, or loses it.
func (p *port) line(to *port, f frame) {
	n := p.segment.network
	due := time.Now().Add(p.segment.delay)
	if n.options.Jitter > 0 {
		due = due.Add(time.Duration(n.chance.Int64N(int64(n.options.Jitter))))
	}
	if n.options.Loss > 0 && n.chance.Float64() < n.options.Loss {
		return
	}
	if last := p.lines[to]; due.Before(last) {
		due = last
	}
	p.lines[to] = due
	n.at(due, func() { to.arrive(f) })
}

// arrive shows the frame to the taps of its receiver and hands it over.
func (p *port) arrive(f frame) {
	p.look(f)
	if f.arp == nil {
		p.host.receive(f.packet)
		return
	}
	if f.arp.target != p.addr {
		return
	}
	p.learn(f.arp.sender, f.arp.senderMAC)
	if f.arp.request {
		p.transmit(frame{src: p.mac, dst: f.src, arp: &arp{
			senderMAC: p.mac, sender: p.addr, targetMAC: f.arp.senderMAC, target: f.arp.sender}})
	}
}

// look makes the frame's bytes if somebody wants to see them.
func (p *port) look(f frame) {
	if len(p.taps) > 0 {
		p.show(f.bytes(p.segment.network.scratch))
	}
}

// show lets the taps see a frame's bytes.
func (p *port) show(data []byte) {
	now := time.Now()
	for _, t := range p.taps {
		t.seen++
		t.see(traffic.Frame{Time: now, Link: traffic.LinkEthernet, Data: data, Wire: len(data), Number: t.seen})
	}
}

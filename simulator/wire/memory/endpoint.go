package memory

import (
	"net/netip"
	"os"
	"syscall"
	"time"

	"github.com/hueprint/hueprint/traffic"
)

const (
	// maxSegment is the payload of a full segment: 1500 bytes less the headers
	// with timestamps.
	maxSegment = 1448
	// maxBuffer is how much a receiver keeps for its program.
	maxBuffer = 256 << 10
	// delayedAck is how long a receiver hopes to send its acknowledgement along
	// with data (Linux's least).
	delayedAck = 40 * time.Millisecond
	// firstRTO and leastRTO are the retransmission timeouts before and after
	// the round trip is known (RFC 6298; Linux's least).
	firstRTO, leastRTO = time.Second, 200 * time.Millisecond
	// synTries and dataTries are Linux's.
	synTries, dataTries = 6, 15
	// lingering is how long a closed connection answers late segments, and how
	// long it waits for the other side's end.
	lingering = 60 * time.Second
)

// An endpoint is one end of a TCP connection. The network's lock guards it.
type endpoint struct {
	host          *host
	local, remote netip.AddrPort
	listener      *listener // that it came from, until its handshake is done
	established   bool
	opened        time.Time

	// Sending: what is not acknowledged yet, and how far the peer lets us go.
	next, unackedFrom uint32
	limit             uint32
	unacked           []*packet
	sentAt            time.Time // of the oldest that is not acknowledged
	rto               time.Duration
	retries           int
	timing            bool // the retransmission timer is on the agenda
	probing           bool // so is the probe of a shut window
	finished          bool // FIN sent

	// Receiving: what waits for the program, and what came too early.
	want        uint32
	buffer      []byte
	early       map[uint32]*packet
	ended       bool // FIN received
	unseen      int  // segments not yet acknowledged
	acks        int  // acknowledgements sent, so that a delayed one knows it is late
	edge        uint32
	echo        uint32
	lastHeard   time.Time
	closed      bool // by the program
	removed     bool
	err         error
	changed     chan struct{}
	read, write *deadline
}

// newEndpoint enters a connection into its host.
func newEndpoint(h *host, port uint16, remote netip.AddrPort) *endpoint {
	isn := h.network.chance.Uint32()
	e := &endpoint{host: h, local: netip.AddrPortFrom(h.options.Addr, port), remote: remote,
		next: isn, unackedFrom: isn, rto: firstRTO, opened: time.Now(),
		early: map[uint32]*packet{}, changed: make(chan struct{}), read: newDeadline(), write: newDeadline()}
	h.conns[connKey{port, remote}] = e
	return e
}

// notify wakes all who wait on the connection.
func (e *endpoint) notify() {
	close(e.changed)
	e.changed = make(chan struct{})
}

// segment sends a segment; those that take sequence numbers are kept until they
// are acknowledged.
func (e *endpoint) segment(flags traffic.Flags, payload []byte) {
	p := &packet{src: e.local, dst: e.remote, payload: payload, tcp: e.header(flags)}
	e.next = p.end()
	if e.next != p.tcp.seq {
		e.unacked = append(e.unacked, p)
		e.startTimer()
	}
	e.host.send(p)
}

// header stamps a header and acknowledges all that came so far.
func (e *endpoint) header(flags traffic.Flags) *tcpHeader {
	free := uint32(maxBuffer - len(e.buffer))
	window := uint16(min(free>>windowShift, 0xffff))
	if flags.Has(traffic.SYN) {
		window = 0xffff
	}
	h := &tcpHeader{seq: e.next, flags: flags, window: window,
		stamp: uint32(e.host.network.elapsed().Milliseconds()) + 1, stampedEcho: e.echo}
	if flags.Has(traffic.ACK) {
		h.ack, e.unseen, e.edge = e.want, 0, e.want+free
		e.acks++
	}
	return h
}

// openActive begins the handshake.
func (e *endpoint) openActive() { e.segment(traffic.SYN, nil) }

// openPassive answers a SYN.
func (e *endpoint) openPassive(p *packet) {
	e.want, e.echo = p.end(), p.tcp.stamp
	e.limit = e.next + 1 + uint32(p.tcp.window)
	e.segment(traffic.SYN|traffic.ACK, nil)
}

// receive takes one segment.
func (e *endpoint) receive(p *packet) {
	e.lastHeard = time.Now()
	switch {
	case p.tcp.flags.Has(traffic.RST):
		e.refuse(p)
		return
	case p.tcp.flags.Has(traffic.SYN):
		e.synchronise(p)
		return
	case !p.tcp.flags.Has(traffic.ACK):
		return
	}
	if int32(p.tcp.seq-e.want) <= 0 {
		e.echo = p.tcp.stamp
	}
	e.acknowledged(p)
	switch {
	case p.end() != p.tcp.seq:
		e.accept(p)
	case p.tcp.seq == e.want-1: // a keep-alive
		e.segment(traffic.ACK, nil)
	}
}

// refuse ends the connection because the peer reset it.
func (e *endpoint) refuse(p *packet) {
	switch {
	case e.established:
		e.fail(os.NewSyscallError("read", syscall.ECONNRESET))
	case p.tcp.ack == e.next:
		e.fail(os.NewSyscallError("connect", syscall.ECONNREFUSED))
	}
}

// synchronise takes a SYN: the answer to ours, or the repetition of one.
func (e *endpoint) synchronise(p *packet) {
	if e.established || !p.tcp.flags.Has(traffic.ACK) {
		if e.established {
			e.segment(traffic.ACK, nil)
		}
		return
	}
	e.want, e.echo = p.end(), p.tcp.stamp
	e.acknowledged(p)
	e.segment(traffic.ACK, nil)
}

// acknowledged drops what the peer has, and notes how far it lets us go.
func (e *endpoint) acknowledged(p *packet) {
	if int32(p.tcp.ack-e.next) > 0 || int32(p.tcp.ack-e.unackedFrom) < 0 {
		return
	}
	window := uint32(p.tcp.window)
	if !p.tcp.flags.Has(traffic.SYN) {
		window <<= windowShift
	}
	e.limit = p.tcp.ack + window
	if p.tcp.ack != e.unackedFrom {
		e.unackedFrom, e.retries, e.sentAt = p.tcp.ack, 0, time.Now()
		for len(e.unacked) > 0 && int32(e.unacked[0].end()-p.tcp.ack) <= 0 {
			e.unacked = e.unacked[1:]
		}
	}
	if !e.established {
		e.establish()
	}
	e.notify()
}

// establish ends the handshake: the round trip is known now.
func (e *endpoint) establish() {
	e.established = true
	e.rto = leastRTO + 2*time.Since(e.opened)
	if e.listener != nil {
		e.listener.offer(e)
		e.listener = nil
	} else if e.host.options.KeepAlive > 0 {
		e.keepAlive()
	}
}

// accept takes a segment's data and FIN, in order.
func (e *endpoint) accept(p *packet) {
	switch ahead := int32(p.tcp.seq - e.want); {
	case e.closed && ahead >= 0 && len(p.payload) > 0: // new data, not a repetition
		e.reset(e.err)
		return
	case ahead > 0:
		e.early[p.tcp.seq] = p
		e.segment(traffic.ACK, nil)
		return
	case ahead < 0:
		e.segment(traffic.ACK, nil)
		return
	}
	for ; p != nil; p = e.early[e.want] {
		delete(e.early, p.tcp.seq)
		e.buffer = append(e.buffer, p.payload...)
		e.want, e.ended = p.end(), e.ended || p.tcp.flags.Has(traffic.FIN)
		e.unseen++
	}
	e.notify()
	e.acknowledge()
}

// acknowledge answers every second segment and every FIN at once, the rest
// after a while.
func (e *endpoint) acknowledge() {
	if e.unseen > 1 || e.ended {
		e.segment(traffic.ACK, nil)
		return
	}
	acks := e.acks
	e.host.network.after(delayedAck, func() {
		if e.acks == acks && !e.removed {
			e.segment(traffic.ACK, nil)
		}
	})
}

// fail ends the connection with an error for the program.
func (e *endpoint) fail(err error) {
	if e.err == nil {
		e.err = err
	}
	e.remove()
	e.notify()
}

// reset tells the peer that the connection is no more.
func (e *endpoint) reset(err error) {
	if e.removed {
		return
	}
	e.segment(traffic.RST|traffic.ACK, nil)
	e.fail(err)
}

// remove takes the connection out of its host.
func (e *endpoint) remove() {
	if !e.removed {
		e.removed = true
		delete(e.host.conns, connKey{e.local.Port(), e.remote})
	}
}

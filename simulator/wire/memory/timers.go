package memory

import (
	"os"
	"syscall"
	"time"

	"github.com/hueprint/hueprint/traffic"
)

// startTimer sees to it that what was sent is sent again if need be.
func (e *endpoint) startTimer() {
	if len(e.unacked) == 1 {
		e.sentAt = time.Now()
	}
	if !e.timing {
		e.timing = true
		e.host.network.after(e.rto, e.timeout)
	}
}

// timeout sends the oldest segment again if it has waited long enough.
func (e *endpoint) timeout() {
	e.timing = false
	if e.removed || len(e.unacked) == 0 {
		return
	}
	if wait := e.rto<<e.retries - time.Since(e.sentAt); wait > 0 {
		e.timing = true
		e.host.network.after(wait, e.timeout)
		return
	}
	e.retries++
	if e.retries > dataTries || !e.established && e.retries > synTries {
		e.fail(os.NewSyscallError("connect", syscall.ETIMEDOUT))
		return
	}
	e.repeat(e.unacked[0])
}

// repeat sends a segment again, newly stamped.
func (e *endpoint) repeat(p *packet) {
	again := *p
	again.tcp = e.header(p.tcp.flags)
	again.tcp.seq = p.tcp.seq
	e.sentAt, e.timing = time.Now(), true
	e.host.network.after(e.rto<<e.retries, e.timeout)
	e.host.send(&again)
}

// keepAlive probes a connection that has been silent for the host's interval.
func (e *endpoint) keepAlive() {
	if e.removed {
		return
	}
	every := e.host.options.KeepAlive
	wait := every - time.Since(e.lastHeard)
	if wait <= 0 {
		e.probe()
		wait = every
	}
	e.host.network.after(wait, e.keepAlive)
}

// probe asks the peer for an acknowledgement, with the number before the next.
func (e *endpoint) probe() {
	h := e.header(traffic.ACK)
	h.seq = e.next - 1
	e.host.send(&packet{src: e.local, dst: e.remote, tcp: h})
}

// persist probes while the peer's window is shut, since the frame that opens it
// may get lost.
func (e *endpoint) persist() {
	if e.probing {
		return
	}
	e.probing = true
	e.host.network.after(e.rto, func() {
		e.probing = false
		if !e.removed && len(e.unacked) == 0 && e.limit == e.next {
			e.probe()
			e.persist()
		}
	})
}

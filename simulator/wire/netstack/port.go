package netstack

import (
	"slices"
	"sync"
	"time"

	"github.com/hueprint/hueprint/traffic"
	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
)

// maxQueue is how many frames a line holds before more are lost.
const maxQueue = 8192

// A port is a host's place on a switch: the link below its stack, the line
// that leads to it, and the taps on its cable.
type port struct {
	mac      traffic.MAC
	ethernet *ethernetSwitch
	wake     chan struct{}
	forwards bool // the stack is a router

	// mu orders the frames on the cable: what taps see and what is sent on.
	mu   sync.Mutex
	taps []*tap

	queueMu sync.Mutex
	queue   []pending
	last    time.Time

	dispatcherMu sync.RWMutex
	dispatcher   stack.NetworkDispatcher
}

var _ stack.LinkEndpoint = (*port)(nil)

// A pending frame is on its way to the port.
type pending struct {
	frame []byte
	due   time.Time
}

// A tap is one looker-on.
type tap struct {
	see  func(traffic.Frame)
	seen int
}

func (p *port) tap(see func(traffic.Frame)) (stop func()) {
	t := &tap{see: see}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.taps = append(p.taps, t)
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.taps = slices.DeleteFunc(p.taps, func(other *tap) bool { return other == t })
	}
}

// show lets the taps see a frame. The lock is held.
func (p *port) show(frame []byte) {
	now := time.Now()
	for _, t := range p.taps {
		t.seen++
		t.see(traffic.Frame{Time: now, Link: traffic.LinkEthernet, Data: frame, Wire: len(frame), Number: t.seen})
	}
}

// WritePackets takes frames from the stack. Their bytes are copied, since the
// stack uses them again.
func (p *port) WritePackets(packets stack.PacketBufferList) (int, tcpip.Error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, packet := range packets.AsSlice() {
		frame := slices.Concat(packet.AsSlices()...)
		p.show(frame)
		p.ethernet.carry(p, frame)
	}
	return packets.Len(), nil
}

// enqueue puts a frame on the line, never due before the one ahead of it.
func (p *port) enqueue(frame []byte, due time.Time) {
	p.queueMu.Lock()
	defer p.queueMu.Unlock()
	if len(p.queue) == maxQueue {
		return
	}
	if due.Before(p.last) {
		due = p.last
	}
	p.last = due
	p.queue = append(p.queue, pending{frame, due})
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// run delivers what is on the line, each frame when it is due.
func (p *port) run() {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		frame, wait, ok := p.next()
		if ok {
			p.deliver(frame)
			continue
		}
		timer.Reset(wait)
		select {
		case <-timer.C:
		case <-p.wake:
		case <-p.ethernet.done:
			return
		}
	}
}

// next takes the frame that is due, or says how long to wait.
func (p *port) next() (frame []byte, wait time.Duration, ok bool) {
	p.queueMu.Lock()
	defer p.queueMu.Unlock()
	if len(p.queue) == 0 {
		return nil, time.Hour, false
	}
	if wait := time.Until(p.queue[0].due); wait > 0 {
		return nil, wait, false
	}
	frame = p.queue[0].frame
	p.queue[0] = pending{}
	p.queue = p.queue[1:]
	return frame, 0, true
}

// deliver shows a frame to the taps and hands it to the stack.
func (p *port) deliver(frame []byte) {
	p.mu.Lock()
	p.show(frame)
	p.mu.Unlock()
	p.dispatcherMu.RLock()
	dispatcher := p.dispatcher
	p.dispatcherMu.RUnlock()
	if dispatcher == nil {
		return
	}
	packet := stack.NewPacketBuffer(stack.PacketBufferOptions{Payload: p.buffer(frame)})
	defer packet.DecRef()
	dispatcher.DeliverNetworkPacket(0, packet)
}

// buffer copies a frame into the stack's memory. A stack that forwards reads the
// time to live from memory that it has just given back (in gVisor's ipv4,
// forwardPacketWithRoute after DeepCopyForForwarding), so that it can be another
// packet's. Memory above the pools' largest size is never given to another.
func (p *port) buffer(frame []byte) buffer.Buffer {
	if !p.forwards {
		return buffer.MakeWithData(frame)
	}
	view := buffer.NewView(buffer.MaxChunkSize + 1)
	view.Write(frame) // fits
	return buffer.MakeWithView(view)
}

// Attach is called by the stack with who takes packets, nil at its end.
func (p *port) Attach(d stack.NetworkDispatcher) {
	p.dispatcherMu.Lock()
	defer p.dispatcherMu.Unlock()
	p.dispatcher = d
}

// IsAttached tells whether a stack takes packets.
func (p *port) IsAttached() bool {
	p.dispatcherMu.RLock()
	defer p.dispatcherMu.RUnlock()
	return p.dispatcher != nil
}

// The rest of a link: Ethernet without offloads, whose header
// [gvisor.dev/gvisor/pkg/tcpip/link/ethernet] adds.

func (p *port) MTU() uint32                                  { return 1500 + header.EthernetMinimumSize }
func (p *port) SetMTU(uint32)                                {}
func (p *port) MaxHeaderLength() uint16                      { return 0 }
func (p *port) LinkAddress() tcpip.LinkAddress               { return tcpip.LinkAddress(p.mac[:]) }
func (p *port) SetLinkAddress(tcpip.LinkAddress)             {}
func (p *port) Capabilities() stack.LinkEndpointCapabilities { return 0 }
func (p *port) Wait()                                        {}
func (p *port) ARPHardwareType() header.ARPHardwareType      { return header.ARPHardwareEther }
func (p *port) AddHeader(*stack.PacketBuffer)                {}
func (p *port) ParseHeader(*stack.PacketBuffer) bool         { return true }
func (p *port) Close()                                       {}
func (p *port) SetOnCloseAction(func())                      {}

package capture

import (
	"cmp"

	"github.com/hueprint/hueprint/capture/filter"
	"github.com/hueprint/hueprint/pcapng"
	"github.com/hueprint/hueprint/traffic"
)

// DefaultRingBytes is the ring of a [Live] recorder that names none: it holds
// a second of 50,000 frames of 600 bytes while the disk is busy.
const DefaultRingBytes = 32 << 20

// MaxFrame is the largest frame in bytes that is recorded whole, more than the
// kernel joins of received segments.
const MaxFrame = pcapng.MaxFrame

// A Live recorder records a gateway's frames on a network interface of this
// host. It needs Linux and the capability CAP_NET_RAW.
//
// Frames are stamped by the host's clock, the one that commands are stamped by
// too, and not by that of a network card. A VLAN tag that the kernel took off
// is put back. On the loopback interface, where each frame passes twice, it is
// recorded once.
//
// When the interface goes down or away in mid-recording, the session notes a
// gap and keeps trying to come back until it is stopped.
type Live struct {
	// Interface is the name of the interface, such as "br-lan".
	Interface string
	// Gateway says whose frames the kernel lets through; one without addresses
	// lets all through.
	Gateway traffic.Gateway
	// Promiscuous asks the card for frames that are addressed to others, where
	// the host taps a mirror port.
	Promiscuous bool
	// RingBytes is the memory that the kernel fills while the sink is busy; 0
	// means DefaultRingBytes.
	RingBytes int
	// Enter runs the opening of the tap, on a thread that sees another network
	// namespace for instance; nil runs it as it is. See [InNamespace].
	Enter func(open func() error) error
}

var _ interface {
	Recorder
	Describer
} = Live{}

// Describe names the interface and the filter.
func (l Live) Describe() Description {
	return Description{
		Interface: l.Interface,
		Filter:    cmp.Or(filter.Expression(l.Gateway), "everything"),
	}
}

func (l Live) enter(open func() error) error {
	if l.Enter == nil {
		return open()
	}
	return l.Enter(open)
}

// awaited names what the filter lets through.
func (l Live) awaited() string {
	if len(l.Gateway.MACs)+len(l.Gateway.Addrs) == 0 {
		return "a frame"
	}
	return "a frame of the gateway"
}

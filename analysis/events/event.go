package events

import (
	"net/netip"
	"time"

	"github.com/hueprint/hueprint/traffic"
)

// Kind says what sort of thing happened on the wire.
type Kind string

// The kinds of `candidates`: what could be a mark of an action.
const (
	TLSRecord   Kind = "tls-record"   // application data, reassembled; Length = record length field
	Datagram    Kind = "datagram"     // UDP payload; Length = payload bytes
	Message     Kind = "tcp-message"  // segments of one direction closer than 20 ms; Length = payload bytes
	FlowStart   Kind = "flow-start"   // SYN, or the first datagram of a UDP flow; Length 0
	FlowEnd     Kind = "flow-end"     // first FIN or RST; Length 0
	ClientHello Kind = "client-hello" // Length = record length field
	DNSQuestion Kind = "dns-question" // Detail = "name type"; Length 0
	ICMP        Kind = "icmp"         // Length = ICMP payload bytes; Detail = type
	Multicast   Kind = "multicast"    // UDP to a group address; Length = payload bytes
)

// A Channel is the traffic between a gateway and one named far end, one
// transport and server port.
type Channel struct {
	// Name is the far end by SNI, else by DNS name, else its address; "*" for
	// the union of all channels of a scope and kind.
	Name      string        `json:"name"`
	Transport string        `json:"transport"` // tcp, udp, icmp
	Port      uint16        `json:"port"`      // the server's
	Scope     traffic.Scope `json:"scope"`
}

// An Event is one occurrence on a channel that could be a mark.
type Event struct {
	// Time is by the capturing host's clock: of the frame that completed it.
	Time      time.Time
	Channel   Channel
	Direction traffic.Direction
	Kind      Kind
	// Detail tells events of one kind apart that lengths cannot: a DNS
	// question's name and type. Part of the candidate's identity.
	Detail string
	// Length is in the unit of the kind.
	Length int
	// Frame is the wire length, Payload the transport payload length of the
	// frame that completed the event; Number that frame's place in the recording.
	Frame, Payload, Number int
	// Peer is the far end's address.
	Peer netip.Addr
}

package events

import (
	"time"

	"github.com/hueprint/hueprint/traffic"
)

// A Log is what [Extract] makes of one recording.
type Log struct {
	// Events are sorted by time, then number.
	Events []Event
	// Stamps has an entry for each of the gateway's packets, without frames
	// recorded twice, sorted by time, then number.
	Stamps []Stamp
	// First and Last bound the whole recording, frames of others included, by
	// the capturing host's clock; FirstOwn and LastOwn bound the gateway's.
	// Zero where there are none.
	First, Last       time.Time
	FirstOwn, LastOwn time.Time
	// Frames counts the whole recording. Packets and Bytes (wire lengths) are
	// the gateway's, as in Stamps.
	Frames, Packets int
	Bytes           int64
	// ScopePackets counts Packets by scope; BridgePackets are those between
	// gateway and bridge.
	ScopePackets  map[traffic.Scope]int
	BridgePackets int
	// Duplicates are frames of the gateway recorded twice; Retransmissions and
	// KeepAlives (window probes included) TCP segments that brought nothing
	// new; Undecoded the gateway's packets of no known protocol.
	Duplicates, Retransmissions, KeepAlives, Undecoded int
	// OutOfOrder packets came later than packets more than [Tolerance] younger;
	// they are counted in, but TCP may have been misjudged around them.
	OutOfOrder int
	// LostTLS are bytes of TLS connections in which no record could be read:
	// missing segments, or the middle of a record met at the start.
	LostTLS int64
}

// A Stamp is one packet of the gateway, for counting and for figures.
type Stamp struct {
	Time      time.Time
	Scope     traffic.Scope
	Wire      int32
	Number    int32
	Direction traffic.Direction
}

package events

import (
	"cmp"
	"errors"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/hueprint/hueprint/traffic"
	"github.com/hueprint/hueprint/traffic/names"
)

// Extract reads a whole recording and returns what gw did in it. Peers put the
// far ends into scopes. When the source fails, Extract reads on as long as it
// yields packets, and returns the log of what came together with its errors.
//
// Packets of equal stamps may come in any order that keeps their numbers.
func Extract(packets iter.Seq2[traffic.Packet, error], gw traffic.Gateway, peers traffic.Peers) (Log, error) {
	x := &extractor{
		gw: gw, peers: peers,
		log:           Log{ScopePackets: map[traffic.Scope]int{}},
		conversations: map[traffic.Flow]*conversation{},
		exchanges:     map[traffic.Flow]*exchange{},
		servers:       map[endpoint]bool{},
		mostOpen:      leastOpen, mostExchanges: leastOpen,
	}
	x.sorter.release = x.packet
	var errs []error
	for p, err := range packets {
		if err != nil {
			errs = append(errs, err)
			continue
		}
		x.arrive(&p)
	}
	x.sorter.flush()
	x.finish()
	return x.log, errors.Join(errs...)
}

// extractor is the state of one pass over a recording.
type extractor struct {
	gw    traffic.Gateway
	peers traffic.Peers
	log   Log

	sorter sorter
	twice  twice
	book   names.Book
	// flows are the conversations in order of appearance; origin has
	// the index of the flow of each event. Channels are named at the end, when
	// all names are known.
	flows  []flow
	events pile[Event]
	origin pile[int32]
	stamps pile[Stamp]

	conversations map[traffic.Flow]*conversation // TCP
	exchanges     map[traffic.Flow]*exchange     // everything else
	servers       map[endpoint]bool
	// mostOpen and mostExchanges are the numbers at which those that ended are
	// forgotten.
	mostOpen, mostExchanges int
}

// arrive takes a packet as the recording has it: only the gateway's own go on.
func (x *extractor) arrive(p *traffic.Packet) {
	x.log.Frames++
	widen(&x.log.First, &x.log.Last, p.Time)
	if x.direction(p) != traffic.None || isAnnouncement(p) {
		x.sorter.add(p)
	}
}

// direction is the gateway's; a group address is nobody's, whatever the
// addresses inside the frame say.
func (x *extractor) direction(p *traffic.Packet) traffic.Direction {
	d := x.gw.Direction(p)
	if d == traffic.In && p.DstMAC.IsGroup() {
		return traffic.None
	}
	return d
}

// packet takes one of the gateway's packets, or an announcement of others, in
// order of time.
func (x *extractor) packet(p *traffic.Packet) {
	d := x.direction(p)
	if d == traffic.None {
		x.book.LearnDNS(p.Payload, p.Time)
		return
	}
	if x.twice.seen(p) {
		x.log.Duplicates++
		return
	}
	x.stamp(p, d)
	switch {
	case p.Fragment:
	case p.Protocol == traffic.ProtocolTCP && p.Dst.IsValid():
		x.segment(p, d)
	case p.Protocol == traffic.ProtocolUDP && p.Dst.IsValid():
		x.datagram(p, d)
	case p.Protocol == traffic.ProtocolICMP, p.Protocol == traffic.ProtocolICMPv6:
		x.icmp(p, d)
	case p.Protocol == traffic.ProtocolOther:
		x.log.Undecoded++
	}
}

// stamp counts a packet.
func (x *extractor) stamp(p *traffic.Packet, d traffic.Direction) {
	scope := x.peers.Scope(farEnd(p, d).Addr())
	l := &x.log
	widen(&l.FirstOwn, &l.LastOwn, p.Time)
	l.Packets++
	l.Bytes += int64(p.Wire)
	l.ScopePackets[scope]++
	x.stamps.add(Stamp{p.Time, scope, int32(p.Wire), int32(p.Number), d})
}

// event records what a packet completed.
func (x *extractor) event(flow int32, p *traffic.Packet, d traffic.Direction, kind Kind, detail string, length int) {
	x.put(flow, Event{
		Time: p.Time, Direction: d, Kind: kind, Detail: detail, Length: length,
		Frame: p.Wire, Payload: p.Length, Number: p.Number,
	})
}

// put records an event of a flow.
func (x *extractor) put(flow int32, e Event) {
	e.Peer = x.flows[flow].peer.Addr()
	x.events.add(e)
	x.origin.add(flow)
}

// finish closes what is still open, names the channels and sorts.
func (x *extractor) finish() {
	for _, c := range slices.SortedFunc(maps.Values(x.conversations), byFlow) {
		x.close(c)
	}
	channels := make([]Channel, len(x.flows))
	for i := range x.flows {
		channels[i] = x.channel(&x.flows[i])
	}
	x.log.Events, x.log.Stamps = x.events.join(), x.stamps.join()
	for i, flow := range x.origin.join() {
		x.log.Events[i].Channel = channels[flow]
	}
	if !slices.IsSortedFunc(x.log.Events, compareEvents) {
		slices.SortStableFunc(x.log.Events, compareEvents)
	}
	slices.SortFunc(x.log.Stamps, compareStamps)
	x.log.OutOfOrder = x.sorter.tardy
	x.log.BridgePackets = x.log.ScopePackets[traffic.Bridge]
}

// compareEvents orders events by time and number. Several events of one frame
// keep the order in which the frame's bytes made them.
func compareEvents(a, b Event) int {
	return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Number, b.Number))
}

// compareStamps orders stamps by time and number.
func compareStamps(a, b Stamp) int {
	return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Number, b.Number))
}

// widen makes [first, last] hold t.
func widen(first, last *time.Time, t time.Time) {
	if first.IsZero() || t.Before(*first) {
		*first = t
	}
	if last.IsZero() || t.After(*last) {
		*last = t
	}
}

package infer

import (
	"net/netip"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/hueprint/hueprint/analysis/events"
	"github.com/hueprint/hueprint/traffic"
)

// AnyName is the name of a channel that stands for all of one scope and
// transport, and one port unless that is 0.
const AnyName = "*"

// A Mark is a kind of event that comes with actions: a channel, a direction, a
// kind, and the lengths from Min to Max in the unit of the kind.
type Mark struct {
	Channel   events.Channel    `json:"channel"`
	Direction traffic.Direction `json:"direction"`
	Kind      events.Kind       `json:"kind"`
	Detail    string            `json:"detail,omitempty"`
	Min       int               `json:"length_min"`
	Max       int               `json:"length_max"`
}

// alike tells whether the event is of the mark's channel and kind, whatever its
// length.
func (m Mark) alike(e *events.Event) bool {
	return m.Kind == e.Kind && m.Direction == e.Direction && sameChannel(m.Channel, e.Channel) && sameDetail(m.Detail, e.Detail)
}

// content tells whether the mark carries what the gateway has to say; others
// only set up or end a connection.
func (m Mark) content() bool {
	switch m.Kind {
	case events.TLSRecord, events.Datagram, events.Message, events.Multicast:
		return true
	}
	return false
}

// sameChannel tells whether a channel of a recording can be the one that was
// learned. In another home addresses differ, and the name is not known where its
// look-up was not recorded: so an address may stand for anything, and names of
// one registered domain are one service. Transport, server port and the side of
// the router must be the same.
func sameChannel(learned, seen events.Channel) bool {
	if learned.Transport != seen.Transport || (learned.Scope == traffic.Internet) != (seen.Scope == traffic.Internet) {
		return false
	}
	if learned.Name == AnyName && learned.Port == 0 {
		return true
	}
	return learned.Port == seen.Port && sameService(learned.Name, seen.Name)
}

func sameService(a, b string) bool {
	return a == b || a == AnyName || isAddress(a) || isAddress(b) || registered(a) == registered(b)
}

func isAddress(name string) bool {
	_, err := netip.ParseAddr(name)
	return err == nil
}

// registered is the domain that somebody registered: example.co.uk for
// a.b.example.co.uk.
func registered(name string) string {
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	if domain, err := publicsuffix.EffectiveTLDPlusOne(name); err == nil {
		return domain
	}
	return name
}

// sameDetail compares the details of two events: DNS questions of one type for
// names of one service are alike.
func sameDetail(a, b string) bool {
	if a == b {
		return true
	}
	nameA, typeA, okA := strings.Cut(a, " ")
	nameB, typeB, okB := strings.Cut(b, " ")
	return okA && okB && typeA == typeB && registered(nameA) == registered(nameB)
}

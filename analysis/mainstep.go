package analysis

import (
	"cmp"
	"fmt"

	"github.com/hueprint/hueprint/analysis/events"
	"github.com/hueprint/hueprint/traffic"
)

// markMain marks the one step that a reader should look at first, by these
// rules, the next where those before leave a tie:
//
//  1. the best F1 over trials;
//  2. what carries content (records, datagrams, messages) before what only sets
//     up or ends a connection: that comes with any content;
//  3. what the gateway sends before what it receives: an outsider attributes it
//     to the gateway;
//  4. the longer one, which fewer other packets resemble;
//  5. the narrower class of lengths, the earlier one, the first in order.
func markMain(parts []part) {
	if len(parts) == 0 {
		return
	}
	best := 0
	for i := range parts {
		if clearer(parts[i].step, parts[best].step) < 0 {
			best = i
		}
	}
	parts[best].step.Main = true
}

// clearer orders steps by the rules of markMain, the clearer one first.
func clearer(a, b Step) int {
	return cmp.Or(
		cmp.Compare(b.F1, a.F1),
		first(carriesContent(a.Kind), carriesContent(b.Kind)),
		first(a.Direction == traffic.Out, b.Direction == traffic.Out),
		cmp.Compare(b.LengthMax, a.LengthMax),
		cmp.Compare(a.LengthMax-a.LengthMin, b.LengthMax-b.LengthMin),
		cmp.Compare(a.DelayMS, b.DelayMS),
	)
}

// first orders what is so before what is not.
func first(a, b bool) int {
	switch {
	case a && !b:
		return -1
	case b && !a:
		return 1
	}
	return 0
}

// carriesContent tells whether events of a kind carry what the gateway has to
// say, and do not merely prepare, end or control a connection.
func carriesContent(k events.Kind) bool {
	switch k {
	case events.TLSRecord, events.Datagram, events.Message, events.Multicast:
		return true
	}
	return false
}

// mainOf is the pattern's main step; false without steps.
func mainOf(p Pattern) (Step, bool) {
	for _, s := range p.Steps {
		if s.Main {
			return s, true
		}
	}
	return Step{}, false
}

// inWords describes a step for a sentence: "a TLS record of 518 to 519 bytes
// sent to example.net:443/tcp".
func (s Step) inWords() string {
	return packetInWords(s.Kind, s.Detail, s.LengthMin, s.LengthMax, s.Direction, s.Name)
}

func packetInWords(k events.Kind, detail string, low, high int, d traffic.Direction, channel string) string {
	what := KindInWords(k)
	if k == events.DNSQuestion && detail != "" {
		what += " for " + detail
	}
	if high > 0 {
		what += " of " + bytesOf(low, high)
	}
	way := "between the gateway and"
	switch d {
	case traffic.Out:
		way = "sent to"
	case traffic.In:
		way = "received from"
	}
	return fmt.Sprintf("%s %s %s", what, way, channel)
}

func bytesOf(low, high int) string {
	if low == high {
		return fmt.Sprintf("%d bytes", low)
	}
	return fmt.Sprintf("%d to %d bytes", low, high)
}

// KindInWords says a kind of event with its article, as a sentence has it.
func KindInWords(k events.Kind) string {
	switch k {
	case events.TLSRecord:
		return "a TLS record"
	case events.Datagram:
		return "a UDP datagram"
	case events.Message:
		return "a TCP message"
	case events.FlowStart:
		return "the start of a connection"
	case events.FlowEnd:
		return "the end of a connection"
	case events.ClientHello:
		return "a TLS ClientHello"
	case events.DNSQuestion:
		return "a DNS question"
	case events.ICMP:
		return "an ICMP packet"
	case events.Multicast:
		return "a multicast datagram"
	}
	return "a packet (" + string(k) + ")"
}

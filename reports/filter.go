package reports

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/analysis/events"
	"github.com/hueprint/hueprint/traffic"
)

// mostPeers is the number of far ends' addresses above which a filter leaves
// them out: a cloud that changes its address each time needs none.
const mostPeers = 12

// DisplayFilter is the Wireshark display filter of a pattern's step in the
// recordings of gateway: the gateway's own address, the far end's addresses as
// the traces have seen them, port, frame length, and what tells the kind. It
// selects the frames that complete the step's events.
func DisplayFilter(s analysis.Step, gateway traffic.Gateway, traces []analysis.Trace) string {
	var terms []string
	add := func(term string) {
		if term != "" {
			terms = append(terms, term)
		}
	}
	add(ownTerm(gateway, s.Direction))
	add(peerTerm(peers(s, gateway.Name, traces), s.Direction))
	add(portTerm(s))
	add(kindTerm(s))
	add(lengthTerm(s))
	return strings.Join(terms, " && ")
}

// named reads the addresses of a gateway that was named by one of them.
func named(gateway string) traffic.Gateway {
	g := traffic.Gateway{Name: gateway}
	if addr, err := netip.ParseAddr(gateway); err == nil {
		g.Addrs = append(g.Addrs, addr)
	} else if mac, err := traffic.ParseMAC(gateway); err == nil {
		g.MACs = append(g.MACs, mac)
	}
	return g
}

// ownTerm says on which side the gateway stands, by MAC address where it has
// one, as it decides in the analysis.
func ownTerm(g traffic.Gateway, d traffic.Direction) string {
	side := "src"
	if d == traffic.In {
		side = "dst"
	}
	if len(g.MACs) > 0 {
		var macs []string
		for _, m := range g.MACs {
			macs = append(macs, m.String())
		}
		return oneOf("eth."+side, macs)
	}
	return addresses(side, g.Addrs)
}

func peerTerm(peers []netip.Addr, d traffic.Direction) string {
	if len(peers) > mostPeers {
		return ""
	}
	if d == traffic.In {
		return addresses("src", peers)
	}
	return addresses("dst", peers)
}

// addresses matches any of the addresses of both families.
func addresses(side string, addrs []netip.Addr) string {
	var v4, v6, terms []string
	for _, a := range addrs {
		if a = a.Unmap().WithZone(""); a.Is4() {
			v4 = append(v4, a.String())
		} else if a.IsValid() {
			v6 = append(v6, a.String())
		}
	}
	if len(v4) > 0 {
		terms = append(terms, oneOf("ip."+side, v4))
	}
	if len(v6) > 0 {
		terms = append(terms, oneOf("ipv6."+side, v6))
	}
	return either(terms)
}

func oneOf(field string, values []string) string {
	if len(values) == 1 {
		return field + " == " + values[0]
	}
	return field + " in {" + strings.Join(values, ", ") + "}"
}

func either(terms []string) string {
	if len(terms) > 1 {
		return "(" + strings.Join(terms, " || ") + ")"
	}
	return strings.Join(terms, "")
}

// peers are the far ends of the step's events, in order.
func peers(s analysis.Step, gateway string, traces []analysis.Trace) []netip.Addr {
	var all []netip.Addr
	for _, t := range traces {
		for _, p := range t.Points {
			if t.Gateway == gateway && p.Peer.IsValid() && belongs(p.Event, s) && !slices.Contains(all, p.Peer) {
				all = append(all, p.Peer)
			}
		}
	}
	slices.SortFunc(all, netip.Addr.Compare)
	return all
}

// belongs tells whether an event is one of the step's. The union of all
// channels, named "*", holds those of its scope and transport.
func belongs(e events.Event, s analysis.Step) bool {
	channel := e.Channel == s.Channel || s.Channel.Name == "*" && e.Channel.Scope == s.Channel.Scope && e.Channel.Transport == s.Channel.Transport
	return channel && e.Direction == s.Direction && e.Kind == s.Kind && e.Detail == s.Detail && e.Length >= s.LengthMin && e.Length <= s.LengthMax
}

// portTerm is the server's port on the far end's or the gateway's side: flows go
// both ways, so both are asked.
func portTerm(s analysis.Step) string {
	switch t := s.Channel.Transport; {
	case t != "tcp" && t != "udp":
		return ""
	case s.Channel.Port == 0:
		return t
	default:
		return fmt.Sprintf("%s.port == %d", t, s.Channel.Port)
	}
}

// kindTerm is what Wireshark knows of a kind beside its length.
func kindTerm(s analysis.Step) string {
	switch s.Kind {
	case events.FlowStart:
		if s.Channel.Transport == "tcp" {
			return "tcp.flags.syn == 1 && tcp.flags.ack == 0"
		}
	case events.FlowEnd:
		return "(tcp.flags.fin == 1 || tcp.flags.reset == 1)"
	case events.ClientHello:
		if s.Channel.Transport == "tcp" {
			return "tls.handshake.type == 1"
		}
	case events.DNSQuestion:
		// The name goes without its type, which stands last in Detail.
		if i := strings.LastIndexByte(s.Detail, ' '); i > 0 {
			return "dns.flags.response == 0 && dns.qry.name == " + quoted(s.Detail[:i])
		}
		return "dns.flags.response == 0"
	case events.ICMP:
		return "(icmp || icmpv6)"
	}
	return ""
}

// lengthTerm bounds the frame; kinds without a length of their own, whose frames
// vary with options, go without.
func lengthTerm(s analysis.Step) string {
	switch {
	case s.Kind == events.FlowStart || s.Kind == events.FlowEnd || s.FrameMax == 0:
		return ""
	case s.FrameMin == s.FrameMax:
		return fmt.Sprintf("frame.len == %d", s.FrameMin)
	}
	return fmt.Sprintf("frame.len >= %d && frame.len <= %d", s.FrameMin, s.FrameMax)
}

// quoted writes a string literal of the display filter language; every byte
// that is no letter, digit or harmless sign is escaped by its value.
func quoted(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(s) {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte(".-_ ", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, `\x%02x`, c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

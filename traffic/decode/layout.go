package decode

import "github.com/hueprint/hueprint/traffic"

// A Layout says where in a frame's captured bytes its parts begin.
type Layout struct {
	// Network is where the IP header begins, or, without IP, what the link
	// header announces; IP tells which.
	Network int
	IP      bool
	// Transport is where the header of [traffic.Packet.Protocol] begins, or as
	// far as the walk came; Payload where its payload does, equal to Transport
	// where there is no header or the walk did not pass it.
	Transport, Payload int
	// End is where the IP packet ends as far as it was captured; what follows
	// is the link's padding.
	End int
}

// Locate decodes one frame as [Frame] does, and says where its parts are.
func Locate(f *traffic.Frame, p *traffic.Packet) (Layout, Flaw) {
	*p = traffic.Packet{Time: f.Time, Wire: f.Wire, Number: f.Number, Protocol: traffic.ProtocolOther}
	w := walk{data: f.Data, missing: max(0, f.Wire-len(f.Data)), p: p}
	w.link(f.Link)
	l := Layout{Network: w.at, IP: w.stop > 0, Transport: w.at, Payload: w.at, End: w.end(f)}
	if l.IP {
		l.Network = w.network
	}
	if p.Payload != nil { // a part of w.data
		l.Payload = w.at + cap(w.data) - cap(p.Payload)
	}
	return l, w.flaw
}

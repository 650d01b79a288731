package decode

import "github.com/hueprint/hueprint/traffic"

// A Flaw says why a frame was not decoded to its end.
type Flaw uint8

// The flaws. Frames that carry something hueprint does not look into (LLC,
// EAPOL, GRE) have none: they are decoded as far as is wanted.
const (
	// Sound frames were decoded to the end.
	Sound Flaw = iota
	// UnknownLink: the recording's link type is not one of traffic's.
	UnknownLink
	// ShortLink, ShortNetwork, ShortTransport: the captured bytes end inside
	// the link, the network (IP, ARP) or the transport header.
	ShortLink
	ShortNetwork
	ShortTransport
	// BadNetwork, BadTransport: a header contradicts itself, such as a length
	// below the header's own.
	BadNetwork
	BadTransport
	flaws
)

// String names the flaw as reports print it.
func (f Flaw) String() string {
	switch f {
	case Sound:
		return "sound"
	case UnknownLink:
		return "unknown link type"
	case ShortLink:
		return "link header cut"
	case ShortNetwork:
		return "network header cut"
	case ShortTransport:
		return "transport header cut"
	case BadNetwork:
		return "bad network header"
	case BadTransport:
		return "bad transport header"
	}
	return "unknown flaw"
}

// Stats counts what was decoded.
type Stats struct {
	// Frames were seen; Cut of them were captured shorter than on the wire,
	// which is no flaw as long as the headers are there.
	Frames, Cut int
	// Flaws counts by [Flaw]; Flaws[Sound] counts the sound ones.
	Flaws [flaws]int
}

// Undecoded counts the frames with a flaw.
func (s *Stats) Undecoded() int { return s.Frames - s.Flaws[Sound] }

// add counts one frame.
func (s *Stats) add(f *traffic.Frame, flaw Flaw) {
	s.Frames++
	if len(f.Data) < f.Wire {
		s.Cut++
	}
	s.Flaws[flaw]++
}

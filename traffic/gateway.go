package traffic

import (
	"encoding"
	"fmt"
	"net"
	"net/netip"
	"slices"
)

// MAC is an Ethernet address (EUI-48); the zero MAC means none is known.
type MAC [6]byte

// ParseMAC reads an EUI-48 in any of the usual forms (aa:bb:cc:dd:ee:ff,
// aa-bb-…, aabb.ccdd.eeff).
func ParseMAC(s string) (MAC, error) {
	hw, err := net.ParseMAC(s)
	if err != nil || len(hw) != 6 {
		return MAC{}, fmt.Errorf("%q is not a MAC address (want six bytes like 00:17:88:01:02:03)", s)
	}
	return MAC(hw), nil
}

// String writes the address as aa:bb:cc:dd:ee:ff.
func (m MAC) String() string { return net.HardwareAddr(m[:]).String() }

// IsZero tells whether no address is known.
func (m MAC) IsZero() bool { return m == MAC{} }

// IsGroup tells whether the address is a multicast or the broadcast address.
func (m MAC) IsGroup() bool { return m[0]&1 == 1 }

// MarshalText writes the address as String does.
func (m MAC) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads what [ParseMAC] reads.
func (m *MAC) UnmarshalText(text []byte) error {
	v, err := ParseMAC(string(text))
	if err == nil {
		*m = v
	}
	return err
}

var _ encoding.TextUnmarshaler = (*MAC)(nil)

// A Gateway is the device under test as the wire knows it: every address it
// uses. A frame belongs to it when one of its addresses sent or received it;
// group addresses are nobody's.
type Gateway struct {
	Name  string       `json:"name"`
	MACs  []MAC        `json:"macs,omitempty"`
	Addrs []netip.Addr `json:"addrs,omitempty"`
}

// Direction tells on which side of a packet the gateway stands.
type Direction int8

// Out is sent by the gateway, In received by it; None belongs to others.
const (
	None Direction = iota
	Out
	In
)

// String is "out", "in" or "none", the words of the base paper's Table 1.
func (d Direction) String() string {
	switch d {
	case Out:
		return "out"
	case In:
		return "in"
	}
	return "none"
}

// MarshalText writes the word of String.
func (d Direction) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads the words of String.
func (d *Direction) UnmarshalText(text []byte) error {
	switch string(text) {
	case "out":
		*d = Out
	case "in":
		*d = In
	case "none":
		*d = None
	default:
		return fmt.Errorf("direction %q is neither in, out nor none", text)
	}
	return nil
}

// Direction says whether g sent or received p. Where g has MAC addresses and
// the packet has them too, they decide, as an address may be behind a router
// that shares the gateway's cable; otherwise the IP addresses do.
func (g Gateway) Direction(p *Packet) Direction {
	if len(g.MACs) > 0 && !p.SrcMAC.IsZero() {
		switch {
		case slices.Contains(g.MACs, p.SrcMAC):
			return Out
		case slices.Contains(g.MACs, p.DstMAC):
			return In
		}
		return None
	}
	switch {
	case slices.Contains(g.Addrs, p.Src):
		return Out
	case slices.Contains(g.Addrs, p.Dst):
		return In
	}
	return None
}

// Scope is the stretch of network between the gateway and a far end, and so
// who can see their traffic.
type Scope string

// The scopes, from the widest audience to the narrowest: anyone between the
// home and the cloud; whoever is in the home's network.
const (
	Internet Scope = "internet"
	Bridge   Scope = "bridge"
	Phone    Scope = "phone"
	LAN      Scope = "lan"
)

// Peers says which local addresses have a role, so that far ends can be put
// into scopes. Home lists the networks that are local beside the private,
// link-local and unique-local ones.
type Peers struct {
	Bridge []netip.Addr   `json:"bridge,omitempty"`
	Phones []netip.Addr   `json:"phones,omitempty"`
	Home   []netip.Prefix `json:"home,omitempty"`
}

// Scope puts the far end addr into its scope. Group addresses and packets
// without IP are LAN.
func (ps Peers) Scope(addr netip.Addr) Scope {
	addr = addr.Unmap()
	switch {
	case slices.Contains(ps.Bridge, addr):
		return Bridge
	case slices.Contains(ps.Phones, addr):
		return Phone
	case !addr.IsValid(), addr.IsPrivate(), addr.IsLoopback(), addr.IsLinkLocalUnicast(),
		addr.IsMulticast(), addr.IsUnspecified(), addr == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return LAN
	}
	for _, home := range ps.Home {
		if home.Contains(addr) {
			return LAN
		}
	}
	return Internet
}

package hosts

import (
	"bytes"
	"cmp"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/hueprint/hueprint/traffic"
	"github.com/hueprint/hueprint/traffic/decode"
)

// The bounds of what is kept: of a book, of a host, and of a text in bytes.
const (
	mostHosts     = 1024
	mostAddresses = 32
	mostNames     = 16
	mostServices  = 32
	longestText   = 255
)

// A Host is somebody who was heard.
type Host struct {
	MAC traffic.MAC `json:"mac"`
	// Vendor is as [Vendor] says.
	Vendor string `json:"vendor,omitempty"`
	// Addresses are those it sent from, in order; of a router not those that it
	// forwards for.
	Addresses []netip.Addr `json:"addresses"`
	// Names are what it calls itself, in order of appearance: raw text from the
	// network.
	Names []string `json:"names"`
	// Services are what it offers by mDNS, such as _googlecast._tcp.
	Services []string `json:"services,omitempty"`
	// Class is the vendor class that it told a DHCP server (option 60), Server
	// its software by SSDP.
	Class  string `json:"class,omitempty"`
	Server string `json:"server,omitempty"`
	// Packets counts what it sent; First and Last are by the capturing host's
	// clock.
	Packets int       `json:"packets"`
	First   time.Time `json:"first"`
	Last    time.Time `json:"last"`
	// Capped tells that it said more names, services or addresses than are kept.
	Capped bool `json:"capped,omitempty"`
	// Guess is the kind of gateway it might be, in the words of the
	// configuration, or "hue bridge"; empty when nothing hints at one.
	Guess string `json:"guess,omitempty"`
}

// A Book learns hosts from what they send. The zero value is an empty book. It
// keeps no more than 1024 hosts.
type Book struct {
	hosts  map[traffic.MAC]*Host
	packet traffic.Packet // reused
	left   int
}

// Frame learns from a frame.
func (b *Book) Frame(f traffic.Frame) {
	decode.Frame(&f, &b.packet)
	b.Packet(&b.packet)
	b.packet.Payload = nil // it belongs to the frame
}

// Packet learns from a packet. Packets without the sender's MAC address teach
// nothing.
func (b *Book) Packet(p *traffic.Packet) {
	if p.SrcMAC.IsZero() || p.SrcMAC.IsGroup() {
		return
	}
	h := b.host(p.SrcMAC)
	if h == nil {
		b.left++
		return
	}
	h.Packets++
	if h.First.IsZero() {
		h.First = p.Time
	}
	h.Last = p.Time
	if own(p) {
		h.address(p.Src.Unmap().WithZone(""))
	}
	if p.Protocol == traffic.ProtocolUDP && !p.Fragment && len(p.Payload) > 0 {
		h.message(p)
	}
}

// Left counts the packets of hosts that found no room in the book.
func (b *Book) Left() int { return b.left }

// Hosts lists who was heard, those who said most first.
func (b *Book) Hosts() []Host {
	all := make([]Host, 0, len(b.hosts))
	for _, h := range b.hosts {
		one := *h
		one.Vendor = Vendor(h.MAC)
		one.Addresses, one.Names, one.Services = sorted(h.Addresses), append([]string{}, h.Names...), slices.Clone(h.Services)
		one.Guess = guess(one)
		all = append(all, one)
	}
	slices.SortFunc(all, func(a, b Host) int {
		return cmp.Or(cmp.Compare(b.Packets, a.Packets), bytes.Compare(a.MAC[:], b.MAC[:]))
	})
	return all
}

func sorted(addrs []netip.Addr) []netip.Addr {
	addrs = append([]netip.Addr{}, addrs...)
	slices.SortFunc(addrs, netip.Addr.Compare)
	return addrs
}

func (b *Book) host(mac traffic.MAC) *Host {
	h := b.hosts[mac]
	if h != nil || len(b.hosts) >= mostHosts {
		return h
	}
	if b.hosts == nil {
		b.hosts = map[traffic.MAC]*Host{}
	}
	h = &Host{MAC: mac}
	b.hosts[mac] = h
	return h
}

// own tells whether the packet's source is an address of its sender, and not of
// somebody behind a router: local addresses, and any that spoke ARP, neighbour
// discovery (whose hop limit of 255 no router lets pass, RFC 4861) or to a group
// of this link.
func own(p *traffic.Packet) bool {
	src := p.Src.Unmap()
	switch {
	case !src.IsValid(), src.IsUnspecified(), src.IsMulticast(), src.IsLoopback(), src == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return false
	case p.Protocol == traffic.ProtocolARP, src.IsPrivate(), src.IsLinkLocalUnicast():
		return true
	}
	discovery := p.Protocol == traffic.ProtocolICMPv6 && p.TTL == 255
	return discovery || p.Dst.Unmap().IsLinkLocalMulticast()
}

func (h *Host) address(a netip.Addr) {
	switch {
	case slices.Contains(h.Addresses, a):
	case len(h.Addresses) >= mostAddresses:
		h.Capped = true
	default:
		h.Addresses = append(h.Addresses, a)
	}
}

// called notes a name.
func (h *Host) called(name string) {
	h.Names = h.keep(h.Names, strings.TrimSuffix(name, "."), mostNames)
}

func (h *Host) offers(service string) {
	h.Services = h.keep(h.Services, strings.ToLower(service), mostServices)
}

// keep adds a text that is new, bounded.
func (h *Host) keep(texts []string, text string, most int) []string {
	text = short(text)
	switch {
	case text == "" || slices.Contains(texts, text):
	case len(texts) >= most:
		h.Capped = true
	default:
		return append(texts, text)
	}
	return texts
}

// short cuts a text and copies it, as it may lie in the capture's memory.
func short(text string) string { return strings.Clone(text[:min(len(text), longestText)]) }

package decode

import (
	"encoding/binary"

	"github.com/hueprint/hueprint/traffic"
)

// EtherTypes (IEEE 802 numbers).
const (
	etherIPv4   = 0x0800
	etherARP    = 0x0806
	etherVLAN   = 0x8100
	etherIPv6   = 0x86dd
	etherPPPoE  = 0x8864
	etherQinQ   = 0x88a8
	etherQinQv0 = 0x9100
	// leastEther separates EtherTypes from lengths of IEEE 802.3 frames.
	leastEther = 0x0600
)

// link decodes the link header and what follows it.
func (w *walk) link(link traffic.LinkType) {
	switch link {
	case traffic.LinkEthernet:
		w.ethernet()
	case traffic.LinkRaw, traffic.LinkIPv4, traffic.LinkIPv6:
		w.ip()
	case traffic.LinkNull, traffic.LinkLoop:
		w.family()
	case traffic.LinkLinuxSLL:
		w.cooked(16, 14)
	case traffic.LinkSLL2:
		w.cooked(20, 0)
	default:
		w.flaw = UnknownLink
	}
}

// ethernet decodes an Ethernet II or IEEE 802.3 header.
func (w *walk) ethernet() {
	if len(w.data) < 14 {
		w.flaw = ShortLink
		return
	}
	w.p.DstMAC = traffic.MAC(w.data[0:6])
	w.p.SrcMAC = traffic.MAC(w.data[6:12])
	kind := binary.BigEndian.Uint16(w.data[12:])
	w.skip(14)
	if kind < leastEther {
		w.snap()
		return
	}
	w.ether(kind)
}

// snap decodes IEEE 802.2 SNAP, in which some Wi-Fi bridges wrap IP; any other
// LLC frame has nothing for us.
func (w *walk) snap() {
	const header = 8
	if len(w.data) < header || [6]byte(w.data[:6]) != [6]byte{0xaa, 0xaa, 3, 0, 0, 0} {
		return
	}
	kind := binary.BigEndian.Uint16(w.data[6:])
	w.skip(header)
	w.ether(kind)
}

// ether decodes what an EtherType announces, through any VLAN tags.
func (w *walk) ether(kind uint16) {
	for kind == etherVLAN || kind == etherQinQ || kind == etherQinQv0 {
		if len(w.data) < 4 {
			w.flaw = ShortLink
			return
		}
		kind = binary.BigEndian.Uint16(w.data[2:])
		w.skip(4)
	}
	switch kind {
	case etherIPv4, etherIPv6:
		w.ip()
	case etherARP:
		w.arp()
	case etherPPPoE:
		w.pppoe()
	}
}

// pppoe decodes a PPPoE session header with IP in PPP (RFC 2516).
func (w *walk) pppoe() {
	const header, ipv4, ipv6 = 8, 0x0021, 0x0057
	if len(w.data) < header {
		w.flaw = ShortLink
		return
	}
	kind := binary.BigEndian.Uint16(w.data[6:])
	w.skip(header)
	if kind == ipv4 || kind == ipv6 {
		w.ip()
	}
}

// cooked decodes a Linux "cooked" header of the given size with its protocol
// at offset kind. Its one address is left out: a packet with a source but no
// destination MAC would hide from a gateway known by MAC what it receives.
func (w *walk) cooked(size, kind int) {
	if len(w.data) < size {
		w.flaw = ShortLink
		return
	}
	protocol := binary.BigEndian.Uint16(w.data[kind:])
	w.skip(size)
	w.ether(protocol)
}

// family decodes the four bytes of BSD loopback. The family is in the byte
// order of the host that captured, and its number differs between systems, so
// that the IP version nibble decides.
func (w *walk) family() {
	if len(w.data) < 4 {
		w.flaw = ShortLink
		return
	}
	family := binary.LittleEndian.Uint32(w.data)
	if family > 0xffff {
		family = binary.BigEndian.Uint32(w.data)
	}
	w.skip(4)
	switch family {
	case 2, 10, 24, 28, 30:
		w.ip()
	}
}

// arp decodes the addresses of an ARP packet for IPv4 (RFC 826).
func (w *walk) arp() {
	w.p.Protocol = traffic.ProtocolARP
	if len(w.data) < 28 {
		w.flaw = ShortNetwork
		return
	}
	if binary.BigEndian.Uint16(w.data[2:]) != etherIPv4 || w.data[4] != 6 || w.data[5] != 4 {
		w.flaw = BadNetwork
		return
	}
	w.p.Src, w.p.Dst = addr4(w.data[14:]), addr4(w.data[24:])
}

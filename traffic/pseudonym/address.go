package pseudonym

import (
	"encoding/binary"
	"math/bits"
	"net/netip"

	"github.com/hueprint/hueprint/traffic"
)

// special lists the ranges that addresses may not enter or leave (IANA's
// special-purpose registries, RFC 6890).
var special = func() (ranges []netip.Prefix) {
	for _, s := range []string{
		"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
		"192.0.0.0/24", "192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
		"224.0.0.0/4", "240.0.0.0/4",
		"::/8", "64:ff9b::/96", "2001:db8::/32", "fc00::/7", "fe80::/10", "ff00::/8",
	} {
		ranges = append(ranges, netip.MustParsePrefix(s))
	}
	return ranges
}()

// Addr is the pseudonym of an address. It shares with another's as many first
// bits as the two addresses do, and lies in the same special range, or in none.
// So that this is possible, the address keeps the bits that it shares with the
// nearest special range: 8.8.8.8, for example, its first 7 because of
// 10.0.0.0/8. Group addresses, loopback, the unspecified address and those of
// 0.0.0.0/8, 240.0.0.0/4 (broadcast) and ::/8 stay; of IPv6's solicited-node
// groups, which hold half a host's address, the last 24 bits change.
func (m *Mapper) Addr(addr netip.Addr) netip.Addr {
	if mapped, ok := m.addrs[addr]; ok {
		return mapped
	}
	mapped := m.mapAddr(addr)
	m.addrs[addr] = mapped
	return mapped
}

func (m *Mapper) mapAddr(addr netip.Addr) netip.Addr {
	switch {
	case addr.Is4In6():
		return netip.AddrFrom16(m.Addr(addr.Unmap()).As16())
	case solicited.Contains(addr):
		b := addr.As16()
		m.group24(b[13:])
		return netip.AddrFrom16(b)
	case stays(addr):
		return addr
	}
	return m.pan.anonymize(addr.WithZone(""), fixedBits(addr))
}

var solicited = netip.MustParsePrefix("ff02::1:ff00:0/104")

// stays tells of addresses that are the same in every network.
func stays(addr netip.Addr) bool {
	if !addr.IsValid() || addr.IsMulticast() || addr.IsLoopback() {
		return true
	}
	first := addr.AsSlice()[0]
	return addr.Is4() && (first == 0 || first >= 240) || addr.Is6() && first == 0
}

// fixedBits counts the first bits that must not change: at each of them, a flip
// would move a special range.
func fixedBits(addr netip.Addr) int {
	fixed := 0
	for _, r := range special {
		if r.Addr().BitLen() == addr.BitLen() {
			fixed = max(fixed, min(common(addr, r.Addr())+1, r.Bits()))
		}
	}
	return fixed
}

// common counts the first bits that two addresses share.
func common(a, b netip.Addr) int {
	x, y := a.AsSlice(), b.AsSlice()
	for i := range x {
		if d := x[i] ^ y[i]; d != 0 {
			return i*8 + bits.LeadingZeros8(d)
		}
	}
	return len(x) * 8
}

// Prefix is the pseudonym of a network: that of the addresses in it.
func (m *Mapper) Prefix(p netip.Prefix) netip.Prefix {
	if !p.IsValid() {
		return p
	}
	mapped := netip.PrefixFrom(m.Addr(p.Masked().Addr()), p.Bits()).Masked()
	m.networks[mapped.Addr()] = true
	return mapped
}

// MAC is the pseudonym of an Ethernet address: its first three bytes, the
// vendor's, and a permutation of the others; of a locally administered address,
// which has no vendor, everything but the two bits that say what it is. Group
// addresses stay, but for the 24 bits of IPv6's solicited-node groups.
func (m *Mapper) MAC(mac traffic.MAC) traffic.MAC {
	if mapped, ok := m.macs[mac]; ok {
		return mapped
	}
	const local = 2
	mapped := mac
	switch {
	case mac.IsGroup() && mac[0] == 0x33 && mac[1] == 0x33 && mac[2] == 0xff:
		m.group24(mapped[3:])
	case mac.IsGroup() || mac.IsZero():
	case mac[0]&local != 0:
		v := uint64(mac[0]>>2)<<40 | uint64(binary.BigEndian.Uint32(mac[1:]))<<8 | uint64(mac[5])
		v = m.permute("local MAC", v, 46)
		mapped[0] = byte(v>>40)<<2 | mac[0]&3
		binary.BigEndian.PutUint32(mapped[1:], uint32(v>>8))
		mapped[5] = byte(v)
	default:
		m.permute24("MAC of "+mac.String()[:8], mapped[3:])
	}
	m.macs[mac] = mapped
	return mapped
}

// group24 maps the 24 bits of a host's address in a solicited-node group, alike
// in the IP and in the MAC address.
func (m *Mapper) group24(b []byte) { m.permute24("solicited-node group", b) }

func (m *Mapper) permute24(purpose string, b []byte) {
	v := uint64(b[0])<<16 | uint64(b[1])<<8 | uint64(b[2])
	v = m.permute(purpose, v, 24)
	b[0], b[1], b[2] = byte(v>>16), byte(v>>8), byte(v)
}

// permute maps numbers of an even count of bits one to one: a Feistel network
// of eight rounds.
func (m *Mapper) permute(purpose string, v uint64, size int) uint64 {
	half := size / 2
	mask := uint64(1)<<half - 1
	left, right := v>>half, v&mask
	for round := range byte(8) {
		in := binary.BigEndian.AppendUint64([]byte(purpose+"\x00"+string(rune(round))), right)
		f := m.derive(string(in))
		left, right = right, left^binary.BigEndian.Uint64(f[:])&mask
	}
	return left<<half | right
}

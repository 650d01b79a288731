package notify

import (
	"fmt"
	"net/netip"
	"syscall"
)

// refuseLocal is called for every connection, after its name was resolved and
// before a packet is sent: neither a name that changes its address nor a redirect
// gets round it.
func refuseLocal(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: %s", ErrRefused, address)
	}
	for _, ip := range meanings(at.Addr()) {
		if local(ip) {
			return fmt.Errorf("%s: %w", at.Addr(), ErrRefused)
		}
	}
	return nil
}

func local(ip netip.Addr) bool {
	return ip.IsLoopback() || ip.IsLinkLocalUnicast() || ip.IsMulticast() || ip.IsUnspecified() ||
		ip.Is4() && (ip.As4()[0] == 0 || ip.As4() == [4]byte{255, 255, 255, 255})
}

var (
	nat64 = netip.MustParsePrefix("64:ff9b::/96") // RFC 6052
	sixTo = netip.MustParsePrefix("2002::/16")    // RFC 3056
	old   = netip.MustParsePrefix("::/96")        // RFC 4291, 2.5.5.1
)

// meanings lists an address, and the IPv4 address that it may stand for.
func meanings(ip netip.Addr) []netip.Addr {
	ip = ip.Unmap().WithZone("")
	all := []netip.Addr{ip}
	if ip.Is4() {
		return all
	}
	b := ip.As16()
	switch {
	case nat64.Contains(ip), old.Contains(ip):
		all = append(all, netip.AddrFrom4([4]byte(b[12:])))
	case sixTo.Contains(ip):
		all = append(all, netip.AddrFrom4([4]byte(b[2:6])))
	}
	return all
}

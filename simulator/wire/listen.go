package wire

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
)

// ListenAddr reads the address that a program of h wants to serve, for an
// implementation's Listen (transport "tcp") and ListenPacket ("udp"): ":53",
// "0.0.0.0:53", or the host's own address. It returns the host's own address
// with the port.
func ListenAddr(h Host, network, transport, address string) (netip.AddrPort, error) {
	if network != transport && network != transport+"4" {
		return netip.AddrPort{}, &net.OpError{Op: "listen", Net: network, Err: net.UnknownNetworkError(network)}
	}
	if strings.HasPrefix(address, ":") {
		address = "0.0.0.0" + address
	}
	addr, err := netip.ParseAddrPort(address)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("listen on %s: want an address literal like 0.0.0.0:53: %w", address, err)
	}
	if !addr.Addr().IsUnspecified() && addr.Addr() != h.Addr() {
		return netip.AddrPort{}, fmt.Errorf("listen on %s: host %q has only %v", address, h.Name(), h.Addr())
	}
	return netip.AddrPortFrom(h.Addr(), addr.Port()), nil
}

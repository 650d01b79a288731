package capture

import (
	"fmt"
	"net"
	"net/netip"
	"strings"

	"github.com/hueprint/hueprint/traffic"
)

// An Interface is a network interface of this host, as the operator chooses
// one to tap.
type Interface struct {
	Name string
	// MAC is zero where the interface has none (tunnels, loopback).
	MAC   traffic.MAC
	Addrs []netip.Prefix
	// Up tells that the interface is switched on, Running that it has a
	// carrier: a cable, or a radio link.
	Up, Running bool
	// MTU is the largest payload of a frame in bytes.
	MTU int
}

// Interfaces lists the host's network interfaces by their numbers.
func Interfaces() ([]Interface, error) {
	found, err := net.Interfaces()
	if err != nil {
		return nil, fmt.Errorf("list network interfaces: %w", err)
	}
	var list []Interface
	for _, f := range found {
		i := Interface{
			Name: f.Name, MTU: f.MTU,
			Up: f.Flags&net.FlagUp != 0, Running: f.Flags&net.FlagRunning != 0,
		}
		if len(f.HardwareAddr) == 6 {
			i.MAC = traffic.MAC(f.HardwareAddr)
		}
		addrs, err := f.Addrs()
		if err != nil {
			return nil, fmt.Errorf("list addresses of %s: %w", f.Name, err)
		}
		for _, a := range addrs {
			if prefix, err := netip.ParsePrefix(a.String()); err == nil {
				i.Addrs = append(i.Addrs, prefix)
			}
		}
		list = append(list, i)
	}
	return list, nil
}

// interfaceNames lists the names for an error message.
func interfaceNames() string {
	list, err := net.Interfaces()
	if err != nil {
		return "none can be listed: " + err.Error()
	}
	names := make([]string, len(list))
	for i, f := range list {
		names[i] = f.Name
	}
	return strings.Join(names, ", ")
}

package wire_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/hueprint/hueprint/simulator/wire"
	"github.com/hueprint/hueprint/traffic"
)

// TestRoster demands that every mistake about a host is refused and told, all
// at once.
func TestRoster(t *testing.T) {
	filled, err := options.Filled()
	if err != nil {
		t.Fatal(err)
	}
	good := wire.HostOptions{Name: "a", Addr: netip.MustParseAddr("10.77.0.5"), MAC: traffic.MAC{2, 5}}
	for want, spoil := range map[string]func(*wire.HostOptions){
		"":                      func(*wire.HostOptions) {},
		"empty or the router":   func(h *wire.HostOptions) { h.Name = wire.RouterName },
		"not a host's IPv4":     func(h *wire.HostOptions) { h.Addr = netip.MustParseAddr("239.1.1.1") },
		"wrong side":            func(h *wire.HostOptions) { h.Cloud = true },
		"zero, a group's":       func(h *wire.HostOptions) { h.MAC = traffic.MAC{1} },
		"zero, a group's or":    func(h *wire.HostOptions) { h.MAC = filled.RouterMAC },
		"is taken by \"first\"": func(h *wire.HostOptions) { h.MAC = traffic.MAC{2, 4} },
		"is taken by \"\"":      func(h *wire.HostOptions) { h.Addr = options.Router },
	} {
		var roster wire.Roster
		if err := roster.Enter(filled, wire.HostOptions{Name: "first", Addr: netip.MustParseAddr("10.77.0.4"), MAC: traffic.MAC{2, 4}}); err != nil {
			t.Fatal(err)
		}
		host := good
		spoil(&host)
		switch err := roster.Enter(filled, host); {
		case want == "" && err != nil:
			t.Errorf("a good host is refused: %v", err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%+v: %v, want %q", host, err, want)
		}
	}
	err = new(wire.Roster).Enter(filled, wire.HostOptions{})
	if err == nil || strings.Count(err.Error(), "\n") < 2 {
		t.Errorf("an empty host is told of one mistake only: %v", err)
	}
}

// TestListenAddr demands the forms that programs use, and refuses the rest.
func TestListenAddr(t *testing.T) {
	n := inMemory(t)
	h := n.Router()
	for _, address := range []string{":53", "0.0.0.0:53", "10.77.0.1:53"} {
		if got, err := wire.ListenAddr(h, "udp", "udp", address); err != nil || got.String() != "10.77.0.1:53" {
			t.Errorf("%s is %v, %v", address, got, err)
		}
	}
	for _, address := range []string{"53", "localhost:53", "10.77.0.2:53", ":x", ""} {
		if got, err := wire.ListenAddr(h, "udp", "udp", address); err == nil {
			t.Errorf("%q is %v", address, got)
		}
	}
	if _, err := wire.ListenAddr(h, "udp6", "udp", ":53"); err == nil {
		t.Error("listened over IPv6")
	}
}

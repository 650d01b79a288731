package filter

import (
	"encoding/binary"
	"net/netip"
	"testing"

	"golang.org/x/net/bpf"
	"pgregory.net/rapid"

	"github.com/hueprint/hueprint/traffic"
)

var (
	gatewayMAC = traffic.MAC{0x00, 0x17, 0x88, 0x01, 0x02, 0x03}
	otherMAC   = traffic.MAC{0x00, 0x17, 0x88, 0x01, 0x02, 0x04}
	thirdMAC   = traffic.MAC{0x02, 0x17, 0x88, 0x01, 0x02, 0x03}
)

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

// frame describes a frame by what the filter looks at.
type frame struct {
	dst, src traffic.MAC
	tags     []uint16 // the EtherTypes of its VLAN tags
	a, b     netip.Addr
	arp      bool
	raw      bool
}

// bytes builds the frame, as short as it may be.
func (f frame) bytes() []byte {
	var out []byte
	if !f.raw {
		out = append(append(out, f.dst[:]...), f.src[:]...)
		for _, tag := range f.tags {
			out = binary.BigEndian.AppendUint16(out, tag)
			out = append(out, 0, 7)
		}
	}
	kind, body := uint16(typeIPv4), make([]byte, 20)
	switch {
	case f.arp:
		kind, body = typeARP, make([]byte, 28)
		copy(body[14:], f.a.AsSlice())
		copy(body[24:], f.b.AsSlice())
	case f.a.Is6():
		kind, body = typeIPv6, make([]byte, 40)
		body[0] = 0x60
		copy(body[8:], f.a.AsSlice())
		copy(body[24:], f.b.AsSlice())
	default:
		body[0] = 0x45
		copy(body[12:], f.a.AsSlice())
		copy(body[16:], f.b.AsSlice())
	}
	if !f.raw {
		out = binary.BigEndian.AppendUint16(out, kind)
	}
	return append(out, body...)
}

type fataler interface{ Fatal(...any) }

// keeps runs the filter on the virtual machine of x/net/bpf.
func keeps(t fataler, g traffic.Gateway, link traffic.LinkType, data []byte) bool {
	raw, err := Compile(g, link, 1000)
	if err != nil {
		t.Fatal(err)
	}
	program, known := bpf.Disassemble(raw)
	if !known {
		t.Fatal("the program has unknown instructions")
	}
	vm, err := bpf.NewVM(program)
	if err != nil {
		t.Fatal(err)
	}
	n, err := vm.Run(data)
	if err != nil {
		t.Fatal(err)
	}
	if n != 0 && n != min(1000, len(data)) && n != 1000 {
		t.Fatal("the filter keeps ", n, " bytes")
	}
	return n > 0
}

func TestFilter(t *testing.T) {
	byMAC := traffic.Gateway{MACs: []traffic.MAC{gatewayMAC}}
	byAddr := traffic.Gateway{Addrs: []netip.Addr{addr("192.168.1.7"), addr("fe80::217:88ff:fe01:203"), addr("::ffff:10.0.0.9")}}
	both := traffic.Gateway{MACs: byMAC.MACs, Addrs: byAddr.Addrs}
	peer4, peer6 := addr("192.168.1.8"), addr("fe80::217:88ff:fe01:204")
	gw4, gw6 := byAddr.Addrs[0], byAddr.Addrs[1]
	marker := append(append(append(make([]byte, 12), 0x88, 0xB5), MarkerMagic...), make([]byte, 40)...)

	for _, test := range []struct {
		name string
		g    traffic.Gateway
		data []byte
		want bool
	}{
		{"MAC sends", byMAC, frame{dst: otherMAC, src: gatewayMAC, a: peer4, b: peer4}.bytes(), true},
		{"MAC receives", byMAC, frame{dst: gatewayMAC, src: otherMAC, a: peer4, b: peer4}.bytes(), true},
		{"MAC behind a tag", byMAC, frame{dst: gatewayMAC, src: otherMAC, tags: []uint16{0x8100}, a: peer4, b: peer4}.bytes(), true},
		{"MAC that differs at its end", byMAC, frame{dst: otherMAC, src: otherMAC, a: gw4, b: gw4}.bytes(), false},
		{"MAC that differs at its start", byMAC, frame{dst: thirdMAC, src: thirdMAC, a: gw4, b: gw4}.bytes(), false},
		{"IPv4 source", byAddr, frame{a: gw4, b: peer4}.bytes(), true},
		{"IPv4 destination", byAddr, frame{a: peer4, b: gw4}.bytes(), true},
		{"IPv4 of others", byAddr, frame{a: peer4, b: peer4}.bytes(), false},
		{"IPv4 written as IPv6", byAddr, frame{a: addr("10.0.0.9"), b: peer4}.bytes(), true},
		{"IPv6 source", byAddr, frame{a: gw6, b: peer6}.bytes(), true},
		{"IPv6 destination", byAddr, frame{a: peer6, b: gw6}.bytes(), true},
		{"IPv6 of others", byAddr, frame{a: peer6, b: peer6}.bytes(), false},
		{"ARP sender", byAddr, frame{a: gw4, b: peer4, arp: true}.bytes(), true},
		{"ARP target", byAddr, frame{a: peer4, b: gw4, arp: true}.bytes(), true},
		{"ARP of others", byAddr, frame{a: peer4, b: peer4, arp: true}.bytes(), false},
		{"tagged IPv4", byAddr, frame{tags: []uint16{0x8100}, a: peer4, b: gw4}.bytes(), true},
		{"tagged ARP", byAddr, frame{tags: []uint16{0x8100}, a: peer4, b: gw4, arp: true}.bytes(), true},
		{"tagged IPv6 of others", byAddr, frame{tags: []uint16{0x8100}, a: peer6, b: peer6}.bytes(), false},
		{"twice tagged IPv6", byAddr, frame{tags: []uint16{0x88A8, 0x8100}, a: peer6, b: gw6}.bytes(), true},
		{"addresses beside MAC", both, frame{dst: otherMAC, src: otherMAC, a: gw4, b: peer4}.bytes(), true},
		{"marker", byMAC, marker, true},
		{"another's experiment", byMAC, append(make([]byte, 12), 0x88, 0xB5, 1, 2, 3, 4, 5, 6, 7, 8), false},
		{"short frame of the MAC", byMAC, append(gatewayMAC[:], make([]byte, 8)...), true},
		{"no address", traffic.Gateway{}, make([]byte, 14), true},
	} {
		if got := keeps(t, test.g, traffic.LinkEthernet, test.data); got != test.want {
			t.Errorf("%s: kept %v, want %v", test.name, got, test.want)
		}
	}
}

// TestFilterKeepsExactlyTheGateway draws frames and gateways from few
// addresses, so that both matches and near misses are frequent.
func TestFilterKeepsExactlyTheGateway(t *testing.T) {
	macs := rapid.SampledFrom([]traffic.MAC{gatewayMAC, otherMAC, thirdMAC, {}})
	v4 := rapid.SampledFrom([]netip.Addr{addr("10.0.0.1"), addr("10.0.0.2"), addr("11.0.0.1"), addr("0.0.0.0")})
	v6 := rapid.SampledFrom([]netip.Addr{addr("2001:db8::1"), addr("2001:db8::2"), addr("2001:db9::1"), addr("2001:db8:0:1::1"), addr("::")})
	rapid.Check(t, func(t *rapid.T) {
		f := frame{dst: macs.Draw(t, "dst"), src: macs.Draw(t, "src"), raw: rapid.Bool().Draw(t, "raw")}
		family := v4
		if rapid.Bool().Draw(t, "IPv6") {
			family = v6
		} else if !f.raw {
			f.arp = rapid.Bool().Draw(t, "ARP")
		}
		f.a, f.b = family.Draw(t, "a"), family.Draw(t, "b")
		f.tags = rapid.SliceOfN(rapid.SampledFrom([]uint16{0x8100, 0x88A8, 0x9100}), 0, 2).Draw(t, "tags")
		g := traffic.Gateway{
			MACs:  rapid.SliceOfN(macs, 0, 3).Draw(t, "macs"),
			Addrs: append(rapid.SliceOfN(v4, 0, 3).Draw(t, "v4"), rapid.SliceOfN(v6, 0, 3).Draw(t, "v6")...),
		}
		link := traffic.LinkEthernet
		want := len(g.MACs)+len(g.Addrs) == 0
		if f.raw {
			link = traffic.LinkRaw
			if len(g.Addrs) == 0 && !want {
				return
			}
		} else {
			for _, m := range g.MACs {
				want = want || m == f.dst || m == f.src
			}
		}
		for _, a := range g.Addrs {
			want = want || a == f.a || a == f.b
		}
		if got := keeps(t, g, link, f.bytes()); got != want {
			t.Fatalf("kept %v, want %v", got, want)
		}
	})
}

func TestFilterRefuses(t *testing.T) {
	many := traffic.Gateway{Addrs: make([]netip.Addr, 200)}
	for i := range many.Addrs {
		many.Addrs[i] = netip.AddrFrom16([16]byte{1, byte(i)})
	}
	if _, err := Compile(many, traffic.LinkEthernet, 1); err == nil {
		t.Error("200 IPv6 addresses fit")
	}
	if _, err := Compile(traffic.Gateway{MACs: []traffic.MAC{gatewayMAC}}, traffic.LinkRaw, 1); err == nil {
		t.Error("a MAC is found on a link without MACs")
	}
	if _, err := Compile(many, 127, 1); err == nil {
		t.Error("radiotap frames are filtered")
	}
}

func TestExpression(t *testing.T) {
	a := []netip.Addr{addr("192.168.1.7"), addr("fe80::1%eth0")}
	for want, g := range map[string]traffic.Gateway{
		"": {},
		"ether host 00:17:88:01:02:03 or host 192.168.1.7 or host fe80::1": {MACs: []traffic.MAC{gatewayMAC}, Addrs: a},
		"host 192.168.1.7 or (vlan and (host 192.168.1.7))":                {Addrs: a[:1]},
	} {
		if got := Expression(g); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

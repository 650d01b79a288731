package pseudonym

import (
	"net/netip"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/hueprint/hueprint/traffic"
)

// The key and the sample trace published with the authors' implementation of
// Crypto-PAn (version 1.0).
func TestCryptoPAnAgreesWithThePublishedTrace(t *testing.T) {
	c := newCryptoPAn([32]byte{21, 34, 23, 141, 51, 164, 207, 128, 19, 10, 91, 22, 73, 144, 125, 16,
		216, 152, 143, 131, 121, 121, 101, 39, 98, 87, 76, 45, 42, 132, 34, 2})
	for from, to := range map[string]string{
		"128.11.68.132":   "135.242.180.132",
		"129.118.74.4":    "134.136.186.123",
		"130.132.252.244": "133.68.164.234",
		"141.223.7.43":    "141.167.8.160",
		"141.233.145.108": "141.129.237.235",
		"152.163.225.39":  "151.140.114.167",
		"156.29.3.236":    "147.225.12.42",
		"165.247.96.84":   "162.9.99.234",
		"166.107.77.190":  "160.132.178.185",
		"192.102.249.13":  "252.138.62.131",
		"192.215.32.125":  "252.43.47.189",
		"192.233.80.103":  "252.25.108.8",
		"192.41.57.43":    "252.222.221.184",
		"193.150.244.223": "253.169.52.216",
		"195.205.63.100":  "255.186.223.5",
		"198.200.171.101": "249.199.68.213",
		"198.26.132.101":  "249.36.123.202",
		"24.0.250.221":    "100.15.198.226",
		"24.13.62.231":    "100.2.192.247",
		"38.15.67.68":     "64.3.66.187",
		"4.3.88.225":      "124.60.155.63",
		"63.14.55.111":    "95.9.215.7",
	} {
		if got := c.anonymize(netip.MustParseAddr(from), 0); got.String() != to {
			t.Errorf("%s becomes %v, published is %s", from, got, to)
		}
	}
}

func newMapper(names Names) *Mapper { return NewMapper(Key{1, 2, 3}, names) }

// class is the special range that an address lies in.
func class(a netip.Addr) string {
	for _, r := range special {
		if r.Contains(a.Unmap()) {
			return r.String()
		}
	}
	return "global"
}

func TestAddressesKeepPrefixAndClass(t *testing.T) {
	m := newMapper(HashNames)
	draw := rapid.OneOf(
		rapid.Map(rapid.SliceOfN(rapid.Byte(), 4, 4), func(b []byte) netip.Addr { a, _ := netip.AddrFromSlice(b); return a }),
		rapid.Map(rapid.SliceOfN(rapid.Byte(), 16, 16), func(b []byte) netip.Addr { a, _ := netip.AddrFromSlice(b); return a }),
		rapid.Map(rapid.IntRange(0, 1<<16), func(n int) netip.Addr { return netip.AddrFrom4([4]byte{192, 168, byte(n >> 8), byte(n)}) }),
		rapid.Map(rapid.IntRange(0, 1<<8), func(n int) netip.Addr { return netip.AddrFrom4([4]byte{203, 0, 113, byte(n)}) }),
		rapid.Map(rapid.IntRange(0, 1<<16), func(n int) netip.Addr {
			return netip.AddrFrom16([16]byte{0xfe, 0x80, 8: 1, 14: byte(n >> 8), 15: byte(n)})
		}),
	)
	rapid.Check(t, func(rt *rapid.T) {
		a, b := draw.Draw(rt, "a"), draw.Draw(rt, "b")
		x, y := m.Addr(a), m.Addr(b)
		if class(a) != class(x) || a.IsPrivate() != x.IsPrivate() || a.IsMulticast() != x.IsMulticast() {
			rt.Errorf("%v (%s) becomes %v (%s)", a, class(a), x, class(x))
		}
		if (traffic.Peers{}).Scope(a) != (traffic.Peers{}).Scope(x) {
			rt.Errorf("%v becomes %v, of another scope", a, x)
		}
		if a.BitLen() == b.BitLen() && !stays(a) && !stays(b) && common(a, b) != common(x, y) {
			rt.Errorf("%v and %v share %d bits, %v and %v %d", a, b, common(a, b), x, y, common(x, y))
		}
		if (a == b) != (x == y) {
			rt.Errorf("%v, %v become %v, %v", a, b, x, y)
		}
	})
}

func TestAddressesChange(t *testing.T) {
	m := newMapper(HashNames)
	for _, s := range []string{"192.168.1.20", "10.1.2.3", "8.8.8.8", "52.1.2.3", "2a00:1450:4001::200e", "fe80::217:88ff:fe01:203"} {
		if a := netip.MustParseAddr(s); m.Addr(a) == a {
			t.Errorf("%v stays", a)
		}
	}
	for _, s := range []string{"224.0.0.251", "255.255.255.255", "127.0.0.1", "ff02::fb", "::1", "0.0.0.0"} {
		if a := netip.MustParseAddr(s); m.Addr(a) != a {
			t.Errorf("%v becomes %v", a, m.Addr(a))
		}
	}
	home := netip.MustParsePrefix("93.184.216.0/24")
	if inside := netip.MustParseAddr("93.184.216.34"); !m.Prefix(home).Contains(m.Addr(inside)) {
		t.Errorf("%v is not in %v", m.Addr(inside), m.Prefix(home))
	}
}

func TestMACsKeepTheVendor(t *testing.T) {
	m := newMapper(HashNames)
	rapid.Check(t, func(rt *rapid.T) {
		a := traffic.MAC(rapid.SliceOfN(rapid.Byte(), 6, 6).Draw(rt, "mac"))
		b := a
		b[5]++
		x, y := m.MAC(a), m.MAC(b)
		switch {
		case a.IsGroup():
			if x[0] != a[0] || x[1] != a[1] || x[2] != a[2] {
				rt.Errorf("group %v becomes %v", a, x)
			}
			return
		case a[0]&2 == 0 && [3]byte(a[:3]) != [3]byte(x[:3]):
			rt.Errorf("%v becomes %v", a, x)
		case a[0]&3 != x[0]&3, x == y:
			rt.Errorf("%v and %v become %v and %v", a, b, x, y)
		}
	})
}

func TestNames(t *testing.T) {
	keep, hash := newMapper(KeepNames), newMapper(HashNames)
	for _, c := range []struct{ name, kept, hashed string }{
		{"api.smartthings.com", "api.smartthings.com", "***.***********.com"},
		{"www.example.co.uk", "www.example.co.uk", "***.*******.co.uk"},
		{"Janes-iPhone.local", "************.local", "************.local"},
		{"_hue._tcp.local", "_hue._tcp.local", "_hue._tcp.local"},
		{"printer", "*******", "*******"},
		{"1.1.168.192.in-addr.arpa", "*.*.***.***.in-addr.arpa", "*.*.***.***.in-addr.arpa"},
		{"ec2-3-88-1-2.compute.amazonaws.com", "************.compute.amazonaws.com", "************.*******.*********.com"},
		{"com", "com", "com"},
		{"", "", ""},
		{"a.com.", "a.com.", "*.com."},
	} {
		for want, got := range map[string]string{c.kept: keep.Name(c.name), c.hashed: hash.Name(c.name)} {
			if len(got) != len(c.name) || !matches(want, got, c.name) {
				t.Errorf("%q becomes %q, want %q", c.name, got, want)
			}
		}
	}
	if hash.Name("A.Example.COM") != hash.Name("a.example.com")[:10]+"COM" {
		t.Errorf("case tells names apart: %q, %q", hash.Name("A.Example.COM"), hash.Name("a.example.com"))
	}
}

// matches compares with stars that stand for a changed label.
func matches(pattern, got, old string) bool {
	p, g, o := strings.Split(pattern, "."), strings.Split(got, "."), strings.Split(old, ".")
	for i := range p {
		if stars := strings.Trim(p[i], "*") == "" && p[i] != ""; stars && (g[i] == o[i] && len(o[i]) > 2) || !stars && g[i] != p[i] {
			return false
		}
	}
	return len(p) == len(g)
}

func TestDifferentLabelsStayDifferent(t *testing.T) {
	m := newMapper(HashNames)
	seen := map[string]string{}
	for a := range 26 {
		for b := range 26 {
			label := string([]byte{'a' + byte(a), 'a' + byte(b)})
			to := m.Name(label + ".example.com")
			if old, ok := seen[to]; ok {
				t.Fatalf("%s and %s become %s", old, label, to)
			}
			seen[to] = label
		}
	}
}

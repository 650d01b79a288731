package hosts

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/hueprint/hueprint/traffic"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func mac(prefix ...byte) (m traffic.MAC) {
	copy(m[:], prefix)
	m[5] = 7
	return m
}

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

// udp is a datagram from a host.
func udp(from traffic.MAC, src, dst netip.AddrPort, payload []byte) *traffic.Packet {
	return &traffic.Packet{Time: noon, SrcMAC: from, DstMAC: mac(1), Src: src.Addr(), Dst: dst.Addr(), SrcPort: src.Port(), DstPort: dst.Port(),
		Protocol: traffic.ProtocolUDP, TTL: 255, Length: len(payload), Payload: payload}
}

func mdns(from traffic.MAC, src string, answers ...dnsmessage.Resource) *traffic.Packet {
	m := dnsmessage.Message{Header: dnsmessage.Header{Response: true}, Answers: answers}
	payload, err := m.Pack()
	if err != nil {
		panic(err)
	}
	return udp(from, netip.AddrPortFrom(addr(src), 5353), netip.MustParseAddrPort("224.0.0.251:5353"), payload)
}

func record(name string, body dnsmessage.ResourceBody) dnsmessage.Resource {
	return dnsmessage.Resource{Header: dnsmessage.ResourceHeader{Name: dnsmessage.MustNewName(name), Class: dnsmessage.ClassINET, TTL: 120}, Body: body}
}

func a(name, address string) dnsmessage.Resource {
	return record(name, &dnsmessage.AResource{A: addr(address).As4()})
}

func srv(instance, target string) dnsmessage.Resource {
	return record(instance, &dnsmessage.SRVResource{Target: dnsmessage.MustNewName(target), Port: 8009})
}

// dhcp is a client's message with these options.
func dhcp(from traffic.MAC, options ...[]byte) *traffic.Packet {
	m := make([]byte, 240)
	m[0], m[1], m[2] = 1, 1, 6
	copy(m[28:], from[:])
	binary.BigEndian.PutUint32(m[236:], 0x63825363)
	m = append(append(m, bytes.Join(options, nil)...), 255)
	return udp(from, netip.MustParseAddrPort("0.0.0.0:68"), netip.MustParseAddrPort("255.255.255.255:67"), m)
}

func option(code byte, text string) []byte {
	return append([]byte{code, byte(len(text))}, text...)
}

func only(t *testing.T, b *Book) Host {
	t.Helper()
	hs := b.Hosts()
	if len(hs) != 1 {
		t.Fatalf("%d hosts: %+v", len(hs), hs)
	}
	return hs[0]
}

func TestVendors(t *testing.T) {
	for _, c := range []struct {
		mac  traffic.MAC
		want string
	}{
		{mac(0x28, 0x6d, 0x97), "SAMJIN Co., Ltd."}, // Aeotec and Samsung hubs
		{mac(0x24, 0xfd, 0x5b), "SmartThings, Inc."},
		{mac(0x68, 0x54, 0xfd), "Amazon Technologies Inc."},
		{mac(0x64, 0x16, 0x66), "Nest Labs Inc."},
		{mac(0xdc, 0xa6, 0x32), "Raspberry Pi Trading Ltd"},
		{mac(0x00, 0x17, 0x88), "Philips Lighting BV"},
		{mac(0xd8, 0xeb, 0x46), ""}, // Google's since 2020: not in the table
		{mac(0x5a, 0x11, 0x22), RandomAddress},
		{mac(0x01, 0x00, 0x5e), ""},
		{traffic.MAC{}, ""},
	} {
		if got := Vendor(c.mac); got != c.want {
			t.Errorf("%v: %q, want %q", c.mac, got, c.want)
		}
	}
}

func TestGatewaysAreGuessed(t *testing.T) {
	pi := mac(0xdc, 0xa6, 0x32)
	for _, c := range []struct {
		name   string
		packet *traffic.Packet
		want   string
	}{
		{"by Aeotec's prefix", dhcp(mac(0x28, 0x6d, 0x97)), "smartthings"},
		{"by Amazon's prefix", dhcp(mac(0x68, 0x54, 0xfd)), "echo"},
		{"by Nest's prefix", dhcp(mac(0x64, 0x16, 0x66)), "nest"},
		{"by the bridge's prefix", dhcp(mac(0x00, 0x17, 0x88)), "hue bridge"},
		{"a Raspberry Pi may be anything", dhcp(pi), ""},
		{"by a DHCP name", dhcp(pi, option(12, "homeassistant")), "home assistant"},
		{"by a service", mdns(pi, "192.168.1.9", srv("Home._home-assistant._tcp.local.", "ha.local.")), "home assistant"},
		{"by cast, without a known prefix", mdns(mac(0xd8, 0xeb, 0x46), "192.168.1.9",
			srv("Google-Nest-Mini-1._googlecast._tcp.local.", "abc.local.")), "nest"},
		{"what it says comes before its prefix", mdns(mac(0x68, 0x54, 0xfd), "192.168.1.9", srv("Philips Hue - 1._hue._tcp.local.", "h.local.")), "hue bridge"},
		{"by SSDP", udp(mac(0x10), netip.MustParseAddrPort("192.168.1.2:1900"), netip.MustParseAddrPort("239.255.255.250:1900"),
			[]byte("NOTIFY * HTTP/1.1\r\nServer: Hue/1.0 UPnP/1.0 IpBridge/1.60.0\r\n\r\n")), "hue bridge"},
	} {
		var b Book
		b.Packet(c.packet)
		if h := only(t, &b); h.Guess != c.want {
			t.Errorf("%s: %q, want %q (%+v)", c.name, h.Guess, c.want, h)
		}
	}
}

func TestNamesByMDNS(t *testing.T) {
	var b Book
	txt := record("Nest._googlecast._tcp.local.", &dnsmessage.TXTResource{TXT: []string{"id=77", "md=Google Nest Mini", "fn=Kitchen"}})
	ptr := record("_googlecast._tcp.local.", &dnsmessage.PTRResource{PTR: dnsmessage.MustNewName("Nest._googlecast._tcp.local.")})
	list := record("_services._dns-sd._udp.local.", &dnsmessage.PTRResource{PTR: dnsmessage.MustNewName("_googlecast._tcp.local.")})
	b.Packet(mdns(mac(8), "192.168.1.7", ptr, list, txt, srv("Nest._googlecast._tcp.local.", "abc.local."), a("abc.local.", "192.168.1.7")))
	h := only(t, &b)
	if want := []string{"abc.local", "Google Nest Mini", "Kitchen", "Nest"}; !slices.Equal(h.Names, want) {
		t.Errorf("names %q, want %q", h.Names, want)
	}
	if want := []string{"_googlecast._tcp"}; !slices.Equal(h.Services, want) {
		t.Errorf("services %q", h.Services)
	}
}

func TestWhatOthersSayIsNotTheirs(t *testing.T) {
	router := mac(0x98, 0x9b, 0xcb)
	relayed := mdns(router, "192.168.1.1", srv("Nest._googlecast._tcp.local.", "abc.local."), a("abc.local.", "192.168.1.7"))
	goodbye := mdns(router, "192.168.1.1", a("old.local.", "192.168.1.1"))
	goodbye.Payload = bytes.Replace(goodbye.Payload, []byte{0, 0, 0, 120}, []byte{0, 0, 0, 0}, 1)
	question := mdns(router, "192.168.1.1", a("known.local.", "192.168.1.1"))
	question.Payload[2] &^= 0x80
	answer := udp(router, netip.MustParseAddrPort("192.168.1.1:53"), netip.MustParseAddrPort("192.168.1.7:4000"), question.Payload)
	offer := dhcp(router, option(12, "theclient"))
	offer.SrcPort, offer.DstPort = 67, 68
	search := udp(router, netip.MustParseAddrPort("192.168.1.1:5000"), netip.MustParseAddrPort("239.255.255.250:1900"), []byte("M-SEARCH * HTTP/1.1\r\nSERVER: x\r\n"))
	var b Book
	for _, p := range []*traffic.Packet{relayed, goodbye, question, answer, offer, search} {
		b.Packet(p)
	}
	if h := only(t, &b); len(h.Names)+len(h.Services) != 0 || h.Server != "" || h.Guess != "" {
		t.Errorf("%+v", h)
	}
}

func TestAddressesAreTheSendersOwn(t *testing.T) {
	h := mac(8)
	send := func(b *Book, src, dst string, protocol traffic.Protocol, ttl uint8) {
		b.Packet(&traffic.Packet{Time: noon, SrcMAC: h, Src: addr(src), Dst: addr(dst), Protocol: protocol, TTL: ttl})
	}
	var b Book
	send(&b, "192.168.1.5", "3.4.5.6", traffic.ProtocolTCP, 64)
	send(&b, "192.168.1.5", "3.4.5.6", traffic.ProtocolTCP, 64)
	send(&b, "52.1.2.3", "192.168.1.9", traffic.ProtocolTCP, 50)           // forwarded
	send(&b, "2a00::1", "2a00::9", traffic.ProtocolTCP, 60)                // forwarded
	send(&b, "2a00::5", "2a00::9", traffic.ProtocolICMPv6, 255)            // its own
	send(&b, "fe80::1", "ff02::1", traffic.ProtocolICMPv6, 255)            // its own
	send(&b, "147.32.1.5", "147.32.1.1", traffic.ProtocolARP, 0)           // a public network's
	send(&b, "0.0.0.0", "192.168.1.9", traffic.ProtocolARP, 0)             // a probe
	send(&b, "147.32.1.6", "224.0.0.251", traffic.ProtocolUDP, 255)        // to a group of the link
	send(&b, "::ffff:192.168.1.5", "192.168.1.1", traffic.ProtocolUDP, 64) // the same again
	want := []netip.Addr{addr("147.32.1.5"), addr("147.32.1.6"), addr("192.168.1.5"), addr("2a00::5"), addr("fe80::1")}
	if got := only(t, &b); !slices.Equal(got.Addresses, want) || got.Packets != 10 {
		t.Errorf("%v, %d packets, want %v", got.Addresses, got.Packets, want)
	}
}

func TestNamesByDHCPAreKeptRaw(t *testing.T) {
	var b Book
	hostile := "<script>\x1b[31m\x00\xff" + strings.Repeat("x", 200)
	b.Packet(dhcp(mac(8), option(12, hostile), option(60, "android-dhcp-13")))
	if h := only(t, &b); len(h.Names) != 1 || h.Names[0] != hostile || h.Class != "android-dhcp-13" {
		t.Errorf("%+v", h)
	}
	long := dhcp(mac(10), option(12, "n"))
	long.Payload[2] = 255 // a length of the hardware address that lies
	b.Packet(long)
	if n := len(b.Hosts()); n != 2 {
		t.Errorf("%d hosts", n)
	}
}

func TestABookIsBounded(t *testing.T) {
	var b Book
	for i := range mostHosts + 500 {
		m := mac(8)
		binary.BigEndian.PutUint16(m[3:], uint16(i))
		b.Packet(dhcp(m, option(12, "n")))
	}
	if n := len(b.Hosts()); n != mostHosts || b.Left() != 500 {
		t.Errorf("%d hosts, %d packets left", n, b.Left())
	}
	var one Book
	for i := range 1000 {
		src := fmt.Sprintf("192.168.%d.%d", i/250, i%250)
		one.Packet(mdns(mac(8), src, srv(fmt.Sprintf("n%d._s%d._tcp.local.", i, i), "abc.local."), a(fmt.Sprintf("h%d.local.", i), src)))
	}
	if h := only(t, &one); len(h.Names) != mostNames || len(h.Services) != mostServices || len(h.Addresses) != mostAddresses || !h.Capped {
		t.Errorf("%d names, %d services, %d addresses, capped %t", len(h.Names), len(h.Services), len(h.Addresses), h.Capped)
	}
}

// Nothing that is kept lies in the capture's memory, which is used again.
func TestNothingOfTheCaptureIsKept(t *testing.T) {
	var b Book
	packets := []*traffic.Packet{dhcp(mac(8), option(12, "living"), option(60, "class")), mdns(mac(8), "192.168.1.7", a("abc.local.", "192.168.1.7")),
		udp(mac(8), netip.MustParseAddrPort("192.168.1.7:1900"), netip.MustParseAddrPort("239.255.255.250:1900"), []byte("NOTIFY\r\nSERVER: soft\r\n"))}
	for _, p := range packets {
		b.Packet(p)
	}
	before := only(t, &b)
	for _, p := range packets {
		clear(p.Payload)
	}
	if h := only(t, &b); fmt.Sprint(h) != fmt.Sprint(before) || !slices.Equal(h.Names, []string{"living", "abc.local"}) || h.Server != "soft" {
		t.Errorf("%+v, before %+v", h, before)
	}
}

// A message is never more than its bounds, whatever it says.
func FuzzMessages(f *testing.F) {
	for _, p := range []*traffic.Packet{dhcp(mac(8), option(12, "living"), option(60, "class")),
		mdns(mac(8), "192.168.1.7", srv("Nest._googlecast._tcp.local.", "abc.local."), a("abc.local.", "192.168.1.7"))} {
		f.Add(p.SrcPort, p.DstPort, p.Payload)
	}
	lying := dhcp(mac(8), option(12, "living"))
	lying.Payload[2] = 255
	f.Add(lying.SrcPort, lying.DstPort, lying.Payload)
	f.Add(uint16(1900), uint16(1900), []byte("NOTIFY * HTTP/1.1\r\nSERVER: x\r\n"))
	f.Fuzz(func(t *testing.T, src, dst uint16, payload []byte) {
		var b Book
		b.Packet(udp(mac(8), netip.AddrPortFrom(addr("192.168.1.7"), src), netip.AddrPortFrom(addr("224.0.0.251"), dst), payload))
		h := only(t, &b)
		if len(h.Names) > mostNames || len(h.Services) > mostServices || len(h.Class) > longestText || len(h.Server) > longestText {
			t.Errorf("%+v", h)
		}
		for _, text := range slices.Concat(h.Names, h.Services) {
			if text == "" || len(text) > longestText {
				t.Errorf("%q", text)
			}
		}
	})
}

// Any frame is taken.
func FuzzFrames(f *testing.F) {
	f.Add([]byte("\xff\xff\xff\xff\xff\xff\x28\x6d\x97\x00\x00\x01\x08\x06\x00\x01\x08\x00\x06\x04\x00\x01\x28\x6d\x97\x00\x00\x01\xc0\xa8\x01\x05\x00\x00\x00\x00\x00\x00\xc0\xa8\x01\x01"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var b Book
		b.Frame(traffic.Frame{Time: noon, Link: traffic.LinkEthernet, Data: data, Wire: len(data)})
		if n := len(b.Hosts()); n > 1 {
			t.Errorf("%d hosts of a frame", n)
		}
	})
}

func BenchmarkFrame(b *testing.B) {
	frame := traffic.Frame{Time: noon, Link: traffic.LinkEthernet, Data: make([]byte, 600), Wire: 600}
	copy(frame.Data, "\x01\x02\x03\x04\x05\x06\x28\x6d\x97\x00\x00\x01\x08\x00\x45\x00\x02\x4a\x00\x00\x00\x00\x40\x11\x00\x00\xc0\xa8\x01\x05\x03\x04\x05\x06\x10\x00\x01\xbb\x02\x36")
	var book Book
	b.ReportAllocs()
	for b.Loop() {
		book.Frame(frame)
	}
}

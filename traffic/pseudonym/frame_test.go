package pseudonym

import (
	"bytes"
	"net"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"golang.org/x/net/dns/dnsmessage"
	"pgregory.net/rapid"

	"github.com/hueprint/hueprint/traffic"
	"github.com/hueprint/hueprint/traffic/checksum"
	"github.com/hueprint/hueprint/traffic/decode"
	"github.com/hueprint/hueprint/traffic/redact"
)

func serialize(t testing.TB, stack ...gopacket.SerializableLayer) []byte {
	t.Helper()
	b := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, stack...); err != nil {
		t.Fatal(err)
	}
	return bytes.Clone(b.Bytes())
}

func published(m *Mapper, link traffic.LinkType, data []byte, wire int) traffic.Frame {
	k := redact.NewKeeper(traffic.KeepRecords)
	return m.Frame(k.Frame(traffic.Frame{Link: link, Data: data, Wire: wire}), k.Fields())
}

// Checksums are right where the segment is whole, and fit the original content
// where it was cut.
func TestChecksumsFit(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := newMapper(HashNames)
		ip := &layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolUDP, SrcIP: net.IP{192, 168, 1, 2},
			DstIP: rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(rt, "to")}
		u := &layers.UDP{SrcPort: 4000, DstPort: 9}
		_ = u.SetNetworkLayerForChecksum(ip)
		body := rapid.SliceOfN(rapid.Byte(), 0, 50).Draw(rt, "body")
		data := serialize(t, ip, u, gopacket.Payload(body))
		got := published(m, traffic.LinkRaw, data, len(data)).Data
		if checksum.Sum(0).Add(got[:20]).Fold() != 0 {
			rt.Errorf("IP checksum of % x", got[:20])
		}
		segment := append(bytes.Clone(got[20:]), body...)
		if sum := checksum.Transport(got[12:20], 17, segment); sum != 0 && len(got) == 28 {
			rt.Errorf("UDP checksum is off by %#x with the original content", sum)
		}
	})
}

func TestDNSIsReplacedInPlace(t *testing.T) {
	name := dnsmessage.MustNewName
	b := dnsmessage.NewBuilder(nil, dnsmessage.Header{ID: 7, Response: true})
	b.EnableCompression()
	head := dnsmessage.ResourceHeader{Name: name("api.example.com."), Class: dnsmessage.ClassINET}
	for _, err := range []error{b.StartQuestions(), b.Question(dnsmessage.Question{Name: head.Name, Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET}), b.StartAnswers(),
		b.SOAResource(head, dnsmessage.SOAResource{NS: name("ns.example.com."), MBox: name("jane.example.com."), Serial: 9}),
		b.CNAMEResource(head, dnsmessage.CNAMEResource{CNAME: name("edge.example.net.")}),
		b.AResource(head, dnsmessage.AResource{A: [4]byte{52, 1, 2, 3}}),
		b.TXTResource(head, dnsmessage.TXTResource{TXT: []string{"jane"}})} {
		if err != nil {
			t.Fatal(err)
		}
	}
	old, err := b.Finish()
	if err != nil {
		t.Fatal(err)
	}
	m := newMapper(HashNames)
	mapped := bytes.Clone(old)
	m.dns(mapped)
	var p dnsmessage.Message
	if err := p.Unpack(mapped); err != nil {
		t.Fatal(err)
	}
	want := m.Name("api.example.com.")
	soa := p.Answers[0].Body.(*dnsmessage.SOAResource)
	switch {
	case p.ID != 7, p.Questions[0].Name.String() != want, p.Answers[3].Header.Name.String() != want:
		t.Errorf("got %+v", p)
	case soa.MBox.String() != m.Name("jane.example.com."), soa.Serial != 9:
		t.Errorf("SOA %+v", soa)
	case p.Answers[1].Body.(*dnsmessage.CNAMEResource).CNAME.String() != m.Name("edge.example.net."):
		t.Errorf("CNAME %+v", p.Answers[1].Body)
	case bytes.Contains(mapped, []byte("jane")), bytes.Contains(mapped, []byte{52, 1, 2, 3}):
		t.Errorf("left in % x", mapped)
	}
}

func FuzzFrame(f *testing.F) {
	ip := &layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolUDP, SrcIP: net.IP{192, 168, 1, 2}, DstIP: net.IP{8, 8, 8, 8}}
	u := &layers.UDP{SrcPort: 53, DstPort: 53}
	_ = u.SetNetworkLayerForChecksum(ip)
	f.Add(uint16(101), serialize(f, ip, u, gopacket.Payload("\x00\x07\x80\x00\x00\x01\x00\x01\x00\x00\x00\x00\x03api\x03com\x00\x00\x01\x00\x01\xc0\x0c\x00\x41\x00\x01\x00\x00\x00\x00\x00\x0b\x00\x01\x00\x00\x04\x00\x04\x01\x02\x03\x04")), 0)
	six := &layers.IPv6{Version: 6, NextHeader: 43, SrcIP: net.ParseIP("2001:db9::1"), DstIP: net.ParseIP("2001:db9::2")}
	f.Add(uint16(101), serialize(f, six, gopacket.Payload{17, 2, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8, 0, 1, 0, 2, 0, 8, 0, 0}), 0)
	f.Add(uint16(1), bytes.Repeat([]byte{8, 6, 0, 1, 8, 0, 6, 4}, 8), 3)
	f.Add(uint16(276), bytes.Repeat([]byte{0x86, 0xdd, 6, 0, 60, 0}, 20), 3)
	f.Fuzz(func(t *testing.T, link uint16, data []byte, cut int) {
		m := newMapper(HashNames)
		before := bytes.Clone(data)
		in := traffic.Frame{Link: traffic.LinkType(link), Data: data, Wire: len(data) + max(0, cut%3000)}
		out := published(m, in.Link, data, in.Wire)
		var p, q traffic.Packet
		flaw := decode.Frame(&in, &p)
		again := decode.Frame(&out, &q)
		if out.Wire != in.Wire || !bytes.Equal(before, data) {
			t.Fatal("the frame was changed")
		}
		if flaw == decode.Sound && (again != flaw || p.Protocol != q.Protocol || p.Length != q.Length || p.SrcPort != q.SrcPort || p.Seq != q.Seq || m.Addr(p.Src) != q.Src) {
			t.Fatalf("%v became %v:\n%+v\n%+v", flaw, again, p, q)
		}
	})
}

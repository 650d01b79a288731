package redact_test

import (
	"bytes"
	"encoding/binary"
	"net"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"pgregory.net/rapid"

	"github.com/hueprint/hueprint/traffic"
	"github.com/hueprint/hueprint/traffic/decode"
	"github.com/hueprint/hueprint/traffic/redact"
)

var (
	client = &layers.IPv4{Version: 4, IHL: 5, TTL: 64, Protocol: layers.IPProtocolTCP, SrcIP: net.IP{192, 168, 1, 2}, DstIP: net.IP{198, 51, 100, 7}}
	ether  = &layers.Ethernet{SrcMAC: net.HardwareAddr{0, 0x17, 0x88, 1, 2, 3}, DstMAC: net.HardwareAddr{2, 4, 6, 8, 10, 12}, EthernetType: layers.EthernetTypeIPv4}
)

func frame(t testing.TB, stack ...gopacket.SerializableLayer) traffic.Frame {
	t.Helper()
	b := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, stack...); err != nil {
		t.Fatal(err)
	}
	data := bytes.Clone(b.Bytes())
	return traffic.Frame{Time: time.Unix(1, 0), Link: traffic.LinkEthernet, Data: data, Wire: len(data), Number: 1}
}

// segment is a TCP segment of the client at an offset of its stream; offset −1
// is the SYN.
func segment(t testing.TB, offset int, payload []byte) traffic.Frame {
	h := &layers.TCP{SrcPort: 40001, DstPort: 443, Seq: uint32(1000 + offset), ACK: offset >= 0, SYN: offset < 0}
	if err := h.SetNetworkLayerForChecksum(client); err != nil {
		t.Fatal(err)
	}
	return frame(t, ether, client, h, gopacket.Payload(payload))
}

func datagram(t testing.TB, port uint16, payload []byte) traffic.Frame {
	ip := *client
	ip.Protocol = layers.IPProtocolUDP
	h := &layers.UDP{SrcPort: 40002, DstPort: layers.UDPPort(port)}
	if err := h.SetNetworkLayerForChecksum(&ip); err != nil {
		t.Fatal(err)
	}
	return frame(t, ether, &ip, h, gopacket.Payload(payload))
}

// payload is what is left of a frame's payload.
func payload(f traffic.Frame) []byte {
	var p traffic.Packet
	decode.Frame(&f, &p)
	return bytes.Clone(p.Payload)
}

func record(kind byte, body []byte) []byte {
	return append([]byte{kind, 3, 3, byte(len(body) >> 8), byte(len(body))}, body...)
}

func hello(n int) []byte {
	body := append([]byte{1, 0, byte(n >> 8), byte(n), 3, 3}, bytes.Repeat([]byte{0xab}, n-2)...)
	return record(22, body)
}

// secret is content that must never be kept.
func secret(n int) []byte { return bytes.Repeat([]byte("SECRET!/"), n/8+1)[:n] }

func hasSecret(b []byte) bool {
	return bytes.Contains(b, []byte("SEC")) || bytes.Contains(b, []byte("RET"))
}

func TestRecordsKeepsHeadersOfRecordsOnly(t *testing.T) {
	stream := append(append(hello(300), record(20, []byte{1})...), record(23, secret(500))...)
	stream = append(stream, record(23, secret(40))...)
	rapid.Check(t, func(rt *rapid.T) {
		k := redact.NewKeeper(traffic.KeepRecords)
		k.Frame(segment(t, -1, nil))
		var got []byte
		for at := 0; at < len(stream); {
			n := min(rapid.IntRange(1, 400).Draw(rt, "segment"), len(stream)-at)
			f := segment(t, at, stream[at:at+n])
			kept := k.Frame(f)
			if kept.Wire != f.Wire || len(kept.Data) > len(f.Data) {
				rt.Fatalf("wire %d, %d bytes of %d", kept.Wire, len(kept.Data), len(f.Data))
			}
			b := payload(kept)
			got = append(append(got, b...), make([]byte, n-len(b))...)
			at += n
		}
		want := append(hello(300), record(20, []byte{0})...)
		want = append(append(want, record(23, make([]byte, 500))...), record(23, make([]byte, 40))...)
		if !bytes.Equal(got, want) {
			rt.Errorf("got\n% x\nwant\n% x", got, want)
		}
	})
}

func TestNoContentIsKept(t *testing.T) {
	request := []byte("GET /api/SECRETSECRETSECRET/config HTTP/1.1\r\nHost: SECRET\r\n\r\n")
	for _, level := range []traffic.Keep{traffic.KeepHeaders, traffic.KeepRecords} {
		for name, frames := range map[string][]traffic.Frame{
			"request":           {segment(t, -1, nil), segment(t, 0, request)},
			"split":             {segment(t, -1, nil), segment(t, 0, request[:3]), segment(t, 3, request[3:])},
			"in mid-stream":     {segment(t, 0, request), segment(t, len(request), request)},
			"repeated":          {segment(t, -1, nil), segment(t, 0, request), segment(t, 0, request)},
			"out of order":      {segment(t, -1, nil), segment(t, 20, request[20:]), segment(t, 0, request[:20])},
			"TLS in mid-stream": {segment(t, 0, secret(77)), segment(t, 77, record(23, secret(200)))},
			"UDP":               {datagram(t, 10101, secret(100))},
			"QUIC short":        {datagram(t, 443, append(append([]byte{0x41}, make([]byte, 24)...), secret(100)...))},
			"NTP":               {datagram(t, 123, append(make([]byte, 48), secret(20)...))},
			"padding": {func() traffic.Frame {
				f := datagram(t, 9, nil)
				f.Data = append(f.Data, secret(18)...)
				f.Wire += 18
				return f
			}()},
			"no IP":        {{Link: traffic.LinkEthernet, Data: append(make([]byte, 12), append([]byte{0x88, 0xcc}, secret(40)...)...), Wire: 54}},
			"unknown link": {{Link: 147, Data: secret(40), Wire: 40}},
		} {
			k := redact.NewKeeper(level)
			for i, f := range frames {
				if kept := k.Frame(f); hasSecret(kept.Data) {
					t.Errorf("%s, %s, frame %d keeps %q", level, name, i, payload(kept))
				}
			}
		}
	}
}

func TestWhatNamesNeedIsKept(t *testing.T) {
	query := []byte("\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03api\x07example\x03com\x00\x00\x01\x00\x01")
	initial := append([]byte{0xc0, 0, 0, 0, 1, 4, 1, 2, 3, 4, 0, 0, 0x40, 200}, bytes.Repeat([]byte{7}, 200)...)
	both := append(bytes.Clone(initial), append([]byte{0xe0, 0, 0, 0, 1, 4, 1, 2, 3, 4, 0, 0x40, 100}, secret(100)...)...)
	for name, c := range map[string]struct {
		frame traffic.Frame
		want  []byte
	}{
		"DNS":               {datagram(t, 53, query), query},
		"mDNS":              {datagram(t, 5353, query), query},
		"QUIC Initial":      {datagram(t, 443, initial), initial},
		"QUIC after it":     {datagram(t, 8443, both), append(bytes.Clone(initial), both[len(initial):len(initial)+13]...)},
		"hello without SYN": {segment(t, 5, hello(200)), hello(200)},
	} {
		if got := payload(redact.NewKeeper(traffic.KeepRecords).Frame(c.frame)); !bytes.Equal(got, c.want) {
			t.Errorf("%s: got\n% x\nwant\n% x", name, got, c.want)
		}
	}
}

func TestFullKeepsAll(t *testing.T) {
	f := segment(t, 0, secret(10))
	for _, level := range []traffic.Keep{traffic.KeepFull, ""} {
		if got := redact.NewKeeper(level).Frame(f); !bytes.Equal(got.Data, f.Data) {
			t.Errorf("%q changes the frame", level)
		}
	}
}

// Datagrams that differ in their content alone stay different, also where the
// network card was to compute the checksum.
func TestOffloadedChecksumIsEntered(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		body := rapid.SliceOfN(rapid.Byte(), 1, 60).Draw(rt, "body")
		right := datagram(t, 10101, body)
		broken := right
		broken.Data = bytes.Clone(right.Data)
		binary.BigEndian.PutUint16(broken.Data[40:], rapid.Uint16().Draw(rt, "sum"))
		k := redact.NewKeeper(traffic.KeepHeaders)
		want := bytes.Clone(k.Frame(right).Data)
		if got := k.Frame(broken).Data; !bytes.Equal(got, want) {
			rt.Errorf("got\n% x\nwant\n% x", got, want)
		}
	})
}

func FuzzKeeper(f *testing.F) {
	f.Add(uint16(1), segment(f, 0, hello(50)).Data, segment(f, 59, record(23, secret(30))).Data, 0)
	f.Add(uint16(1), datagram(f, 443, []byte{0xc0, 0, 0, 0, 1, 4, 1, 2, 3, 4, 0, 0, 0x40, 200}).Data, []byte{1}, 3)
	f.Fuzz(func(t *testing.T, link uint16, a, b []byte, cut int) {
		for _, level := range []traffic.Keep{traffic.KeepHeaders, traffic.KeepRecords} {
			k := redact.NewKeeper(level)
			for _, data := range [][]byte{a, b, a} {
				in := traffic.Frame{Link: traffic.LinkType(link), Data: data, Wire: len(data) + max(0, cut%3000)}
				before := bytes.Clone(data)
				out := k.Frame(in)
				if out.Wire != in.Wire || len(out.Data) > len(in.Data) || !bytes.Equal(before, in.Data) {
					t.Fatal("the frame was changed, or grew")
				}
				var p, q traffic.Packet
				flaw := decode.Frame(&in, &p)
				again := decode.Frame(&out, &q)
				if flaw == decode.Sound && (again != flaw || p.Flow() != q.Flow() || p.Length != q.Length || p.Seq != q.Seq || p.Flags != q.Flags) {
					t.Fatalf("%s: %v became %v:\n%+v\n%+v", level, flaw, again, p, q)
				}
			}
		}
	})
}

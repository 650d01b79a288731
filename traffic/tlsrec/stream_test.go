package tlsrec_test

import (
	"encoding/binary"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/hueprint/hueprint/traffic"
	"github.com/hueprint/hueprint/traffic/tlsrec"
)

// record is what is compared of a record: what the sender wrote.
type record struct {
	Type   uint8
	Length int
}

// drawnRecords makes a record stream as a sender would: content that looks
// random, and first a handshake record.
func drawnRecords(t *rapid.T, lengths *rapid.Generator[int]) (sent []record, bytes []byte) {
	n := rapid.IntRange(1, 12).Draw(t, "records")
	noise := rapid.Uint32().Draw(t, "noise") | 1
	for i := range n {
		r := record{Type: 22, Length: lengths.Draw(t, "length")}
		if i > 0 {
			r.Type = rapid.SampledFrom([]uint8{20, 21, 22, 23, 23, 23}).Draw(t, "type")
		}
		sent = append(sent, r)
		bytes = append(bytes, r.Type, 3, 3)
		bytes = binary.BigEndian.AppendUint16(bytes, uint16(r.Length))
		for range r.Length {
			noise ^= noise << 13
			noise ^= noise >> 17
			noise ^= noise << 5
			bytes = append(bytes, byte(noise>>8))
		}
	}
	return sent, bytes
}

// segments cuts bytes into packets that begin at seq.
func segments(t *rapid.T, b []byte, seq uint32) []traffic.Packet {
	var packets []traffic.Packet
	at := time.Unix(1000, 0)
	for len(b) > 0 {
		n := rapid.IntRange(1, min(len(b), 1448)).Draw(t, "segment")
		at = at.Add(time.Millisecond)
		packets = append(packets, traffic.Packet{
			Time: at, Number: len(packets) + 2, Wire: n + 66, Protocol: traffic.ProtocolTCP,
			Seq: seq, Flags: traffic.ACK | traffic.PSH, Length: n, Payload: b[:n],
		})
		seq += uint32(n)
		b = b[n:]
	}
	return packets
}

func syn(seq uint32) traffic.Packet {
	return traffic.Packet{Time: time.Unix(999, 0), Number: 1, Protocol: traffic.ProtocolTCP, Seq: seq - 1, Flags: traffic.SYN}
}

// read feeds a stream and returns all its records.
func read(s *tlsrec.Stream, packets ...traffic.Packet) []traffic.Record {
	var got []traffic.Record
	for i := range packets {
		records, _, _ := s.Segment(&packets[i])
		got = append(got, records...)
	}
	return append(got, s.Close()...)
}

func brief(records []traffic.Record) []record {
	var got []record
	for _, r := range records {
		got = append(got, record{r.Type, r.Length})
	}
	return got
}

func TestAnySegmentationGivesTheSameRecords(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sent, b := drawnRecords(t, rapid.IntRange(0, 3000))
		seq := rapid.Uint32().Draw(t, "seq")
		packets := segments(t, b, seq)
		if rapid.Bool().Draw(t, "disorder") {
			shuffle(t, packets)
		}
		if rapid.Bool().Draw(t, "repeat") {
			packets = append(packets, packets[rapid.IntRange(0, len(packets)-1).Draw(t, "which")])
		}
		var s tlsrec.Stream
		got := brief(read(&s, append([]traffic.Packet{syn(seq)}, packets...)...))
		if d := cmp.Diff(sent, got); d != "" {
			t.Errorf("records (-sent +got):\n%s", d)
		}
		if s.Verdict() != tlsrec.TLS || s.Losses() != (tlsrec.Losses{}) {
			t.Errorf("verdict %v, losses %+v", s.Verdict(), s.Losses())
		}
	})
}

// shuffle swaps neighbours.
func shuffle(t *rapid.T, packets []traffic.Packet) {
	for i := 1; i < len(packets); i++ {
		if rapid.Bool().Draw(t, "swap") {
			packets[i-1], packets[i] = packets[i], packets[i-1]
		}
	}
}

// A record is lost only if the missing segment held part of it, or if too few
// records follow to find the place again.
func TestMissingSegmentLosesOnlyWhatItTouches(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sent, b := drawnRecords(t, rapid.IntRange(40, 800))
		seq := rapid.Uint32().Draw(t, "seq")
		packets := segments(t, b, seq)
		gone := rapid.IntRange(0, len(packets)-1).Draw(t, "gone")
		from := int(packets[gone].Seq - seq)
		to := from + packets[gone].Length
		kept := slices.Delete(slices.Clone(packets), gone, gone+1)
		var s tlsrec.Stream
		got := brief(read(&s, append([]traffic.Packet{syn(seq)}, kept...)...))

		var before, after []record
		at := 0
		for _, r := range sent {
			end := at + 5 + r.Length
			switch {
			case end <= from:
				before = append(before, r)
			case at >= to:
				after = append(after, r)
			}
			at = end
		}
		if len(got) < len(before) || !slices.Equal(got[:len(before)], before) {
			t.Fatalf("got %v, want them to begin with %v", got, before)
		}
		if len(got) < len(after) || !slices.Equal(got[len(got)-len(after):], after) {
			t.Fatalf("got %v, want them to end with %v", got, after)
		}
		if len(got) > len(sent) {
			t.Errorf("got %v of %v sent", got, sent)
		}
	})
}

// The stream began long before the capture, which starts inside a record.
func TestStartInMidStreamFindsTheChain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sent, b := drawnRecords(t, rapid.IntRange(40, 2000))
		first := 5 + sent[0].Length
		start := rapid.IntRange(1, first).Draw(t, "start")
		packets := segments(t, b[start:], 77)
		var s tlsrec.Stream
		got := brief(read(&s, packets...))
		if d := cmp.Diff(sent[1:], got); d != "" && len(sent) > 1 {
			t.Errorf("records (-sent +got):\n%s", d)
		}
	})
}

// The recorder kept 14 bytes of each payload: the headers of records that
// begin with their segment.
func TestCutPayloadsGoOnByLength(t *testing.T) {
	var packets []traffic.Packet
	var want []record
	seq := uint32(5)
	for i, n := range []int{300, 518, 519, 41} {
		b := make([]byte, 5+n)
		copy(b, []byte{23, 3, 3, byte(n >> 8), byte(n)})
		packets = append(packets, traffic.Packet{
			Time: time.Unix(int64(i), 0), Number: i + 1, Seq: seq, Flags: traffic.ACK, Length: len(b), Payload: b[:14],
		})
		seq += uint32(len(b))
		want = append(want, record{23, n})
	}
	for _, start := range []struct {
		name    string
		packets []traffic.Packet
	}{{"from the SYN", append([]traffic.Packet{syn(5)}, packets...)}, {"in mid-stream", packets}} {
		var s tlsrec.Stream
		if d := cmp.Diff(want, brief(read(&s, start.packets...))); d != "" {
			t.Errorf("%s (-want +got):\n%s", start.name, d)
		}
	}
}

func TestOtherProtocolsAreForeign(t *testing.T) {
	for _, c := range []struct {
		name, data string
		syn        bool
		want       tlsrec.Verdict
	}{
		{"HTTP", "GET /api HTTP/1.1\r\nHost: hue\r\n\r\n", true, tlsrec.Foreign},
		{"too short to tell", "\x16\x03", true, tlsrec.Undecided},
		{"ciphertext in mid-stream", "\x00\x01\x02\x03", false, tlsrec.Undecided},
		{"a record", "\x17\x03\x03\x00\x02ab", false, tlsrec.TLS},
	} {
		t.Run(c.name, func(t *testing.T) {
			var s tlsrec.Stream
			if c.syn {
				p := syn(1)
				s.Segment(&p)
			}
			s.Segment(&traffic.Packet{Seq: 1, Flags: traffic.ACK | traffic.PSH, Length: len(c.data), Payload: []byte(c.data)})
			if got := s.Verdict(); got != c.want {
				t.Errorf("verdict %v, want %v", got, c.want)
			}
		})
	}
}

func TestFates(t *testing.T) {
	type step struct {
		seq   uint32
		n     int
		flags traffic.Flags
		want  tlsrec.Fate
		fresh int
	}
	for _, c := range []struct {
		name  string
		steps []step
	}{
		{"in order, repeated, partly repeated", []step{
			{99, 0, traffic.SYN, tlsrec.Empty, 0}, {100, 10, traffic.ACK, tlsrec.Fresh, 10},
			{100, 10, traffic.ACK, tlsrec.Repeated, 0}, {105, 10, traffic.ACK, tlsrec.Fresh, 5},
			{115, 0, traffic.ACK, tlsrec.Empty, 0}, {115, 0, traffic.FIN | traffic.ACK, tlsrec.Empty, 0},
		}},
		{"reordered is no retransmission", []step{
			{100, 10, traffic.ACK, tlsrec.Fresh, 10}, {120, 10, traffic.ACK, tlsrec.Fresh, 10},
			{110, 10, traffic.ACK, tlsrec.Late, 10}, {110, 10, traffic.ACK, tlsrec.Repeated, 0},
		}},
		{"keep-alives without and with a byte", []step{
			{100, 10, traffic.ACK, tlsrec.Fresh, 10}, {109, 0, traffic.ACK, tlsrec.Probe, 0},
			{109, 1, traffic.ACK, tlsrec.Probe, 0}, {110, 4, traffic.ACK, tlsrec.Fresh, 4},
		}},
		{"keep-alive first", []step{
			{109, 1, traffic.ACK, tlsrec.Probe, 0}, {110, 4, traffic.ACK | traffic.PSH, tlsrec.Fresh, 4},
		}},
		{"numbers wrap around", []step{
			{0xfffffffa, 10, traffic.ACK, tlsrec.Fresh, 10}, {4, 5, traffic.ACK, tlsrec.Fresh, 5},
			{0xfffffffa, 10, traffic.ACK, tlsrec.Repeated, 0},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var s tlsrec.Stream
			for i, x := range c.steps {
				_, fate, fresh := s.Segment(&traffic.Packet{Seq: x.seq, Length: x.n, Flags: x.flags})
				if fate != x.want || fresh != x.fresh {
					t.Errorf("step %d: fate %v fresh %d, want %v %d", i, fate, fresh, x.want, x.fresh)
				}
			}
		})
	}
}

// The far end has acknowledged what the capture missed: no use to wait.
func TestAcknowledgedHoleIsGivenUpSoon(t *testing.T) {
	data := []byte("\x17\x03\x03\x00\x02ab")
	at := time.Unix(50, 0)
	packet := func(seq uint32, after time.Duration) *traffic.Packet {
		return &traffic.Packet{Time: at.Add(after), Number: int(seq), Seq: seq, Flags: traffic.ACK, Length: 7, Payload: data}
	}
	var s tlsrec.Stream
	total := 0
	feed := func(p *traffic.Packet) {
		records, _, _ := s.Segment(p)
		total += len(records)
	}
	feed(packet(1, 0))
	feed(packet(15, time.Millisecond)) // 8 to 14 is missing
	s.Acked(22)
	feed(packet(22, 60*time.Millisecond))
	if total != 3 {
		t.Errorf("%d records, want 3", total)
	}
	if l := s.Losses(); l.Bytes != 7 {
		t.Errorf("losses %+v, want 7 bytes", l)
	}
}

func FuzzStream(f *testing.F) {
	f.Add([]byte("\x16\x03\x01\x00\x05\x01\x00\x00\x01x\x17\x03\x03\x00\x02ab\x17\x03\x03\x00\x01"), []byte{3, 0, 9, 1, 4}, true)
	f.Add([]byte("GET / HTTP/1.1\r\n"), []byte{16}, false)
	f.Fuzz(func(t *testing.T, data, script []byte, fromSYN bool) {
		var s tlsrec.Stream
		if fromSYN {
			p := syn(0)
			s.Segment(&p)
		}
		var seq uint32
		yielded := 0
		for i, c := range script {
			n := min(int(c&31), len(data))
			p := traffic.Packet{
				Time: time.Unix(int64(i), 0), Number: i + 1, Seq: seq, Flags: traffic.ACK,
				Length: n + int(c>>7)*1000, Payload: data[:n],
			}
			seq += uint32(p.Length) + uint32(c>>5&1)*100 - uint32(c>>6&1)*7
			data = data[n:]
			records, _, fresh := s.Segment(&p)
			if fresh < 0 || fresh > p.Length {
				t.Fatalf("%d fresh bytes of %d", fresh, p.Length)
			}
			yielded += len(records)
			for _, r := range records {
				if r.Length > 1<<14+2048 || len(r.Body) > r.Length || r.Segments < 1 {
					t.Fatalf("record %+v", r)
				}
			}
		}
		s.Close()
	})
}

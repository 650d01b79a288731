package tlsrec_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hueprint/hueprint/traffic"
	"github.com/hueprint/hueprint/traffic/tlsrec"
)

// part is a segment at seq with n bytes of payload, of which data was captured.
func part(number int, seq uint32, n int, data string) traffic.Packet {
	return traffic.Packet{
		Time: time.Unix(int64(number), 0), Number: number, Wire: n + 54, Seq: seq,
		Flags: traffic.ACK | traffic.PSH, Length: n, Payload: []byte(data),
	}
}

func TestRecordsNameTheFrameThatCompletedThem(t *testing.T) {
	var s tlsrec.Stream
	got := read(&s, syn(0),
		part(2, 0, 7, "\x16\x03\x01\x00\x04\x01\x00"),
		part(3, 9, 8, "\x17\x03\x03\x00\x00\x17\x03\x03"), // ahead of the next one
		part(4, 7, 2, "\x00\x00"),
		part(5, 17, 3, "\x00\x01z"),
	)
	want := []traffic.Record{
		{
			Time: time.Unix(4, 0), Type: 22, Version: 0x0301, Length: 4,
			Frame: 56, Segment: 2, Number: 4, Segments: 2, Body: []byte("\x01\x00\x00\x00"),
		},
		{Time: time.Unix(3, 0), Type: 23, Version: 0x0303, Frame: 62, Segment: 8, Number: 3, Segments: 1},
		{Time: time.Unix(5, 0), Type: 23, Version: 0x0303, Length: 1, Frame: 57, Segment: 3, Number: 5, Segments: 2},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestRecordCompletedByALateSegmentHasItsTime(t *testing.T) {
	var s tlsrec.Stream
	got := read(&s, syn(0),
		part(2, 5, 3, "abc"),
		part(3, 8, 6, "\x17\x03\x03\x00\x01x"),
		part(4, 0, 5, "\x17\x03\x03\x00\x03"),
	)
	if len(got) != 2 || got[0].Number != 4 || got[0].Segments != 2 || got[1].Number != 3 || got[1].Segments != 1 {
		t.Errorf("got %+v", got)
	}
}

func TestBodyEndsWhereTheCaptureDoes(t *testing.T) {
	var s tlsrec.Stream
	got := read(&s, syn(0),
		part(2, 0, 9, "\x16\x03\x01\x00\x08\x01\x00"), // two bytes cut
		part(3, 9, 4, "wxyz"),
	)
	if len(got) != 1 || string(got[0].Body) != "\x01\x00" || got[0].Length != 8 {
		t.Errorf("got %+v", got)
	}
}

// Of a segment that repeats some bytes and was cut, only the new ones count.
func TestCutSegmentThatOverlaps(t *testing.T) {
	var s tlsrec.Stream
	got := read(&s, syn(0),
		part(2, 0, 20, "\x17\x03\x03\x00\x20"), // 15 of 32 bytes
		part(3, 10, 27, "ab"),                  // 10 seen before, 17 new: all cut
		part(4, 37, 6, "\x17\x03\x03\x00\x01x"),
	)
	if d := cmp.Diff([]record{{23, 32}, {23, 1}}, brief(got)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if l := s.Losses(); l != (tlsrec.Losses{}) {
		t.Errorf("losses %+v", l)
	}
}

// Bytes that look like one header are not taken for a record when the chain
// does not go on behind them.
func TestDecoyHeaderInCiphertext(t *testing.T) {
	decoy := "noise\x17\x03\x03\x00\x02xy and more noise"
	chain := "\x17\x03\x03\x00\x03abc\x17\x03\x03\x00\x02de"
	var s tlsrec.Stream
	data := decoy + chain
	got := read(&s, part(2, 900, len(data), data))
	if d := cmp.Diff([]record{{23, 3}, {23, 2}}, brief(got)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if l := s.Losses(); l.Bytes != len(decoy) || l.Resyncs != 1 {
		t.Errorf("losses %+v, want %d bytes", l, len(decoy))
	}
}

// A long-lived connection of another protocol is given up in the end, so that
// its messages can be told.
func TestSearchEnds(t *testing.T) {
	var s tlsrec.Stream
	for i := range 80 {
		p := part(i+1, uint32(i*4), 4, "ping")
		s.Segment(&p)
	}
	if s.Verdict() != tlsrec.Foreign {
		t.Errorf("verdict %v", s.Verdict())
	}
}

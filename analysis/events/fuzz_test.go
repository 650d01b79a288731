package events_test

import (
	"encoding/binary"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/hueprint/hueprint/analysis/events"
	"github.com/hueprint/hueprint/traffic"
	"github.com/hueprint/hueprint/traffic/decode"
)

// fuzzFrames takes a recording apart: each frame is its length (two bytes), the
// milliseconds after the frame before (one byte) and raw IP.
func fuzzFrames(b []byte) iter.Seq2[traffic.Frame, error] {
	return func(yield func(traffic.Frame, error) bool) {
		now := start
		for n := 1; len(b) >= 3; n++ {
			length := min(int(binary.BigEndian.Uint16(b)), len(b)-3)
			now = now.Add(time.Duration(int8(b[2])) * time.Millisecond)
			f := traffic.Frame{Time: now, Link: traffic.LinkRaw, Data: b[3 : 3+length], Wire: length, Number: n}
			if !yield(f, nil) {
				return
			}
			b = b[3+length:]
		}
	}
}

// fuzzSeed writes a scene in that form, without checksums.
func fuzzSeed(packets []traffic.Packet) []byte {
	var b []byte
	for _, p := range packets {
		var head []byte
		if p.Protocol == traffic.ProtocolTCP {
			head = binary.BigEndian.AppendUint32(head, p.Seq)
			head = binary.BigEndian.AppendUint32(head, p.Ack)
			head = append(head, 5<<4, byte(p.Flags), 1, 0, 0, 0, 0, 0)
		} else {
			head = append(head, byte((p.Length+8)>>8), byte(p.Length+8), 0, 0)
		}
		total := 20 + 4 + len(head) + p.Length
		b = append(b, byte(total>>8), byte(total), 10)
		b = append(b, 0x45, 0, byte(total>>8), byte(total), byte(p.IPID>>8), byte(p.IPID), 0, 0, 64, byte(p.Protocol), 0, 0)
		b = append(append(b, p.Src.AsSlice()...), p.Dst.AsSlice()...)
		b = binary.BigEndian.AppendUint16(b, p.SrcPort)
		b = binary.BigEndian.AppendUint16(b, p.DstPort)
		b = append(append(b, head...), p.Payload...)
	}
	return b
}

func FuzzExtract(f *testing.F) {
	s := newScene()
	s.datagram(at(plug, 40002), at(resolver, 53), dns(f, "ntp.example.", clock))
	c := s.connection(at(plug, 40001), at(cloud, 443))
	c.open()
	c.data(0, hello("cloud.example"))
	c.data(0, record(23, 40))
	c.data(1, record(23, 30))
	c.finish()
	f.Add(fuzzSeed(s.packets))
	f.Fuzz(func(t *testing.T, b []byte) {
		log, err := events.Extract(decode.Packets(fuzzFrames(b), nil), byAddr, peers)
		if err != nil {
			t.Fatal(err)
		}
		if log.Packets != len(log.Stamps) || log.Packets+log.Duplicates > log.Frames {
			t.Errorf("%d packets, %d stamps, %d duplicates of %d frames", log.Packets, len(log.Stamps), log.Duplicates, log.Frames)
		}
		if !slices.IsSortedFunc(log.Events, func(a, b events.Event) int { return a.Time.Compare(b.Time) }) {
			t.Error("events are not sorted")
		}
		for _, e := range log.Events {
			if e.Length < 0 || e.Number < 1 || e.Direction == traffic.None || e.Channel.Name == "" || e.Time.Before(log.FirstOwn) || e.Time.After(log.LastOwn) {
				t.Errorf("event %+v", e)
			}
		}
	})
}

func TestFuzzSeedIsTheScene(t *testing.T) {
	s := newScene()
	c := s.connection(at(plug, 40001), at(cloud, 443))
	c.open()
	c.data(0, hello("cloud.example"))
	log, err := events.Extract(decode.Packets(fuzzFrames(fuzzSeed(s.packets)), nil), byAddr, peers)
	if err != nil {
		t.Fatal(err)
	}
	want(t, log, "out flow-start cloud.example:443/tcp internet 0", "out client-hello cloud.example:443/tcp internet 69")
}

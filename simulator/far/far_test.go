package far

import (
	"bytes"
	"io"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
	"pgregory.net/rapid"
)

func TestMessagesHaveTheLengthThatIsAskedFor(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(Overhead, MaxMessage).Draw(t, "size")
		m, err := NewMessage(Event, 7, size, map[string]any{"device": "light"})
		if err != nil {
			t.Fatal(err)
		}
		m.Answers = [2]uint16{18, 223}
		var wire bytes.Buffer
		if err := m.Write(&wire); err != nil || wire.Len() != size {
			t.Fatalf("%d bytes, want %d, %v", wire.Len(), size, err)
		}
		back, err := ReadMessage(&wire)
		if err != nil || back.Kind != m.Kind || back.ID != m.ID || back.Answers != m.Answers || !bytes.Equal(back.Body, m.Body) {
			t.Fatalf("came back as %+v, %v", back, err)
		}
	})
}

func TestMessagesOfImpossibleLengthAreRefused(t *testing.T) {
	for _, size := range []int{-1, 0, Overhead - 1, MaxMessage + 1} {
		if _, err := NewMessage(Event, 1, size, nil); err == nil {
			t.Errorf("a message of %d bytes was made", size)
		}
	}
	if err := (Message{Body: make([]byte, 70000)}).Write(io.Discard); err == nil {
		t.Error("a body of 70,000 bytes was written")
	}
}

func FuzzReadMessage(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte("S\x02\x00\x02\x00\x00\x00\x01\x00\x00\x00\x00{}"))
	f.Add([]byte("S\x02\xff\xff\x00\x00\x00\x01\x00\x00\x00\x00{}"))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := ReadMessage(bytes.NewReader(b))
		if err != nil {
			return
		}
		var again bytes.Buffer
		if err := m.Write(&again); err != nil || !bytes.HasPrefix(b, again.Bytes()) {
			t.Fatalf("%x was written again as %x, %v", b, again.Bytes(), err)
		}
	})
}

func TestZoneAnswers(t *testing.T) {
	zone := Zone{"a.example": netip.MustParseAddr("192.0.2.1"), "router.home": netip.MustParseAddr("192.168.1.1")}
	for _, c := range []struct {
		name    string
		kind    dnsmessage.Type
		code    dnsmessage.RCode
		answers int
	}{
		{"a.example.", dnsmessage.TypeA, dnsmessage.RCodeSuccess, 1},
		{"A.Example.", dnsmessage.TypeA, dnsmessage.RCodeSuccess, 1},
		{"a.example.", dnsmessage.TypeAAAA, dnsmessage.RCodeSuccess, 0},
		{"b.example.", dnsmessage.TypeA, dnsmessage.RCodeNameError, 0},
		{"1.1.168.192.in-addr.arpa.", dnsmessage.TypePTR, dnsmessage.RCodeSuccess, 1},
		{"1.2.0.192.in-addr.arpa.", dnsmessage.TypePTR, dnsmessage.RCodeNameError, 0},
	} {
		query := dnsmessage.Message{Questions: []dnsmessage.Question{{Name: dnsmessage.MustNewName(c.name), Type: c.kind, Class: dnsmessage.ClassINET}}}
		packed, err := query.Pack()
		if err != nil {
			t.Fatal(err)
		}
		reply, err := zone.answer(packed)
		if err != nil {
			t.Fatal(err)
		}
		var got dnsmessage.Message
		if err := got.Unpack(reply); err != nil || got.RCode != c.code || len(got.Answers) != c.answers {
			t.Errorf("%s %v: %v with %d answers, %v", c.name, c.kind, got.RCode, len(got.Answers), err)
		}
	}
}

func FuzzZoneAnswer(f *testing.F) {
	zone := Zone{"a.example": netip.MustParseAddr("192.0.2.1")}
	query := dnsmessage.Message{Questions: []dnsmessage.Question{{Name: dnsmessage.MustNewName("a.example."), Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET}}}
	if packed, err := query.Pack(); err == nil {
		f.Add(packed)
	}
	f.Add([]byte{0})
	f.Fuzz(func(t *testing.T, b []byte) {
		reply, err := zone.answer(b)
		if err != nil {
			return
		}
		var m dnsmessage.Message
		if err := m.Unpack(reply); err != nil || !m.Response {
			t.Fatalf("answered %x with %x: %v", b, reply, err)
		}
	})
}

func TestNTPAnswer(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 500_000_000, time.UTC)
	request := NTPRequest(now)
	answer := ntpAnswer(request, now.Add(time.Second))
	if len(answer) != NTPLength || answer[0] != 0x24 || !bytes.Equal(answer[24:32], request[40:48]) {
		t.Errorf("answer %x to %x", answer, request)
	}
	if seconds := uint32(answer[40])<<24 | uint32(answer[41])<<16 | uint32(answer[42])<<8 | uint32(answer[43]); int64(seconds)-2208988800 != now.Unix()+1 {
		t.Errorf("transmit time %d", seconds)
	}
	if answer[44] != 0x80 {
		t.Errorf("half a second is written as %x", answer[44:])
	}
}

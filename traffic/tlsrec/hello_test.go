package tlsrec_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net"
	"slices"
	"testing"

	"github.com/hueprint/hueprint/traffic"
	"github.com/hueprint/hueprint/traffic/tlsrec"
)

// realHello returns the ClientHello message that crypto/tls sends.
func realHello(t testing.TB) []byte {
	t.Helper()
	here, there := net.Pipe()
	defer there.Close()
	go func() {
		defer here.Close()
		_ = tls.Client(here, &tls.Config{ServerName: "ws.Example.com", NextProtos: []string{"h2", "http/1.1"}}).HandshakeContext(context.Background())
	}()
	head := make([]byte, 5)
	if _, err := io.ReadFull(there, head); err != nil {
		t.Fatal(err)
	}
	body := make([]byte, int(head[3])<<8|int(head[4]))
	if _, err := io.ReadFull(there, body); err != nil {
		t.Fatal(err)
	}
	return body
}

func TestHelloOverAnyNumberOfRecords(t *testing.T) {
	body := realHello(t)
	for _, size := range []int{1, 7, 100, len(body)} {
		var h tlsrec.HelloReader
		var got tlsrec.Hello
		found := 0
		for part := range slices.Chunk(body, size) {
			if hello, ok := h.Add(traffic.Record{Type: 22, Length: len(part), Body: part}); ok {
				got = hello
				found++
			}
		}
		if found != 1 || got.ServerName != "ws.Example.com" || !slices.Equal(got.ALPN, []string{"h2", "http/1.1"}) || got.Length != len(body) || !got.Complete {
			t.Errorf("parts of %d: found %d, %+v", size, found, got)
		}
	}
}

func TestHelloThatWasCut(t *testing.T) {
	body := realHello(t)
	var h tlsrec.HelloReader
	got, ok := h.Add(traffic.Record{Type: 22, Length: len(body), Body: body[:60]})
	if !ok || got.Complete || got.Length != len(body) {
		t.Errorf("found %v, %+v", ok, got)
	}
}

func TestOtherHandshakesAreNoHello(t *testing.T) {
	var h tlsrec.HelloReader
	body := realHello(t)
	if _, ok := h.Add(traffic.Record{Type: 22, Length: 4, Body: []byte{2, 0, 0, 0}}); ok {
		t.Error("a ServerHello was taken for a ClientHello")
	}
	if _, ok := h.Add(traffic.Record{Type: 22, Length: len(body), Body: body}); ok {
		t.Error("a direction that began otherwise has no ClientHello")
	}
}

func FuzzParseHello(f *testing.F) {
	body := realHello(f)
	f.Add(body)
	f.Add(body[:80])
	f.Fuzz(func(t *testing.T, b []byte) {
		h := tlsrec.ParseHello(b)
		if !bytes.Contains(b, []byte(h.ServerName)) {
			t.Errorf("server name %q is not in the message", h.ServerName)
		}
	})
}

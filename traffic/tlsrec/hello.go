package tlsrec

import (
	"github.com/hueprint/hueprint/traffic"
	"golang.org/x/crypto/cryptobyte"
)

// A Hello is what a ClientHello (RFC 8446, section 4.1.2) says in the clear.
type Hello struct {
	// ServerName is the SNI host name as sent (RFC 6066), possibly hostile;
	// empty without one.
	ServerName string
	// ALPN lists the application protocols offered (RFC 7301).
	ALPN []string
	// Length sums the length fields of the records that carried the message.
	Length int
	// Complete tells that the whole message was captured.
	Complete bool
}

const (
	clientHello = 1
	// longestHello bounds the message; post-quantum key shares need about 2 KB.
	longestHello = 64 << 10
	extServer    = 0
	extALPN      = 16
)

// A HelloReader gathers the ClientHello from a direction's first handshake
// records. The zero reader is ready.
type HelloReader struct {
	body   []byte
	length int
	done   bool
}

// Add takes the direction's next record and returns the ClientHello when this
// record completes it, or when what was captured of it ends here.
func (h *HelloReader) Add(r traffic.Record) (Hello, bool) {
	if h.done || r.Type != handshake {
		return Hello{}, false
	}
	if len(h.body) == 0 && (len(r.Body) == 0 || r.Body[0] != clientHello) {
		h.done = true
		return Hello{}, false
	}
	h.body = append(h.body, r.Body...)
	h.length += r.Length
	cut := len(r.Body) < r.Length
	size := 4
	if len(h.body) >= size {
		size += int(h.body[1])<<16 | int(h.body[2])<<8 | int(h.body[3])
	}
	if len(h.body) < size && !cut && size <= longestHello {
		return Hello{}, false
	}
	hello := ParseHello(h.body[:min(size, len(h.body))])
	hello.Length, hello.Complete = h.length, len(h.body) >= size
	h.done, h.body = true, nil
	return hello, true
}

// ParseHello reads a ClientHello message from its handshake header on. Of a
// message that is cut or wrong it returns what it could read before that.
func ParseHello(message []byte) Hello {
	var hello Hello
	s := cryptobyte.String(message)
	var session, suites, methods cryptobyte.String
	if !s.Skip(4+2+32) || !s.ReadUint8LengthPrefixed(&session) ||
		!s.ReadUint16LengthPrefixed(&suites) || !s.ReadUint8LengthPrefixed(&methods) || !s.Skip(2) {
		return hello
	}
	for !s.Empty() {
		var kind uint16
		var body cryptobyte.String
		if !s.ReadUint16(&kind) || !s.ReadUint16LengthPrefixed(&body) {
			return hello
		}
		switch kind {
		case extServer:
			hello.ServerName = serverName(body)
		case extALPN:
			hello.ALPN = protocols(body)
		}
	}
	return hello
}

// serverName reads the first host name of the extension.
func serverName(ext cryptobyte.String) string {
	var list, name cryptobyte.String
	var kind uint8
	if !ext.ReadUint16LengthPrefixed(&list) || !list.ReadUint8(&kind) || kind != 0 ||
		!list.ReadUint16LengthPrefixed(&name) {
		return ""
	}
	return string(name)
}

// protocols reads the list of the ALPN extension.
func protocols(ext cryptobyte.String) []string {
	var list cryptobyte.String
	var names []string
	if !ext.ReadUint16LengthPrefixed(&list) {
		return nil
	}
	for !list.Empty() {
		var name cryptobyte.String
		if !list.ReadUint8LengthPrefixed(&name) {
			return names
		}
		names = append(names, string(name))
	}
	return names
}

package redact

// search marks, in bytes whose place in the record stream is not known, all
// that could be record headers. A hello, which nothing else looks like, gives
// the place back.
func (s *side) search(b []byte, at int, m *marks) {
	s.joined(b, at, m)
	for i, c := range b {
		if c < changeCipher || c > heartbeat {
			continue // most bytes
		}
		if isHello(b[i:]) {
			s.verdict, s.placed, s.got, s.left, s.tail = secure, true, 0, 0, nil
			s.hello = hello{}
			s.forward(b[i:], at+i, m)
			return
		}
		rest := b[i:min(i+recordHeader, len(b))]
		if !begins(rest) {
			continue
		}
		m.keep(at+i, at+i+len(rest))
		if len(rest) == recordHeader && rest[0] == handshake {
			m.keep(at+i, at+min(i+recordHeader+handshakeHeader, len(b)))
			m.show(at + min(i+recordHeader+int(rest[3])<<8+int(rest[4]), len(b)))
		}
	}
	s.tail = append(s.tail[:0], b[max(0, len(b)-recordHeader+1):]...)
}

// joined marks the rest of headers that begin in the last bytes of the segment
// before.
func (s *side) joined(b []byte, at int, m *marks) {
	for i := range s.tail {
		whole := append(append([]byte(nil), s.tail[i:]...), b[:min(len(b), recordHeader)]...)
		whole = whole[:min(len(whole), recordHeader)]
		if begins(whole) {
			m.keep(at, at+len(whole)-len(s.tail[i:]))
			return
		}
	}
}

// isHello tells whether b begins with the record of a ClientHello or
// ServerHello.
func isHello(b []byte) bool {
	const version, least = recordHeader + handshakeHeader, 38
	if len(b) < version+2 || b[0] != handshake || !begins(b[:recordHeader]) {
		return false
	}
	size := int(b[6])<<16 | int(b[7])<<8 | int(b[8])
	return (b[5] == 1 || b[5] == 2) && size >= least && size <= longestHello && b[version] == 3 && b[version+1] <= 4
}

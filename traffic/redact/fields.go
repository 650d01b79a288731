package redact

// A FieldKind says what a stretch of a hello holds.
type FieldKind uint8

// The fields of hellos that could name a person or link a client's visits:
// the server's name; the random and the session ID; tickets and the identities
// of pre-shared keys (RFC 8446, sections 4.1.2 and 4.2).
const (
	ServerName FieldKind = iota + 1
	Random
	Session
	Ticket
)

// A Field is a stretch of a kept frame's data. First and Last tell whether it
// begins and ends there, or goes over into other segments.
type Field struct {
	Kind        FieldKind
	From, To    int
	First, Last bool
}

// Fields are those of the hellos in the frame that [Keeper.Frame] returned
// last; valid until the next call.
func (k *Keeper) Fields() []Field { return k.marks.fields }

// element is a part of a hello message.
type element uint8

const (
	messageHead element = iota
	version
	random
	sessionLength
	session
	suitesLength
	suites
	methodsLength
	methods
	choice // of the server: suite and method
	extensionsLength
	extensionHead
	extension
	nameHead
	serverName
	rest // of the extension after the name
)

const (
	extensionName   = 0
	extensionTicket = 35
	extensionPSK    = 41
)

// scanner finds the fields of a ClientHello or ServerHello as its bytes come.
// The zero scanner stands before the message's first byte.
type scanner struct {
	at     element
	begun  bool
	server bool
	size   int // of the element
	left   int // bytes left of it
	number uint64
	body   int // bytes left of the extension, while its name is read
	ticket bool
}

// scan reads the next bytes of the message, which stand at an offset of the
// frame.
func (s *scanner) scan(b []byte, offset int, found func(Field)) {
	if !s.begun {
		s.begun = true
		s.begin(messageHead, 4)
	}
	for len(b) > 0 {
		n := min(s.left, len(b))
		for _, c := range b[:n] {
			s.number = s.number<<8 | uint64(c)
		}
		if kind := s.kind(); kind != 0 && n > 0 {
			found(Field{kind, offset, offset + n, s.left == s.size, n == s.left})
		}
		s.left -= n
		b, offset = b[n:], offset+n
		for s.left == 0 {
			s.next()
		}
	}
}

func (s *scanner) begin(e element, size int) { s.at, s.size, s.left, s.number = e, size, size, 0 }

func (s *scanner) kind() FieldKind {
	switch {
	case s.at == random:
		return Random
	case s.at == session:
		return Session
	case s.at == serverName:
		return ServerName
	case s.at == extension && s.ticket:
		return Ticket
	}
	return 0
}

// next goes on to the element after the one that is complete.
func (s *scanner) next() {
	n := int(s.number & 0xffff)
	switch s.at {
	case messageHead:
		s.server = s.number>>24 == 2
		s.begin(version, 2)
	case version:
		s.begin(random, 32)
	case random:
		s.begin(sessionLength, 1)
	case sessionLength:
		s.begin(session, n)
	case session:
		if s.server {
			s.begin(choice, 3)
		} else {
			s.begin(suitesLength, 2)
		}
	case suitesLength:
		s.begin(suites, n)
	case suites:
		s.begin(methodsLength, 1)
	case methodsLength:
		s.begin(methods, n)
	case methods, choice:
		s.begin(extensionsLength, 2)
	case extensionHead:
		s.extension(int(s.number>>16), n)
	case nameHead:
		length := min(n, s.body)
		s.body -= length
		s.begin(serverName, length)
	case serverName:
		s.begin(rest, s.body)
	default:
		s.begin(extensionHead, 4)
	}
}

// extension begins an extension's body.
func (s *scanner) extension(kind, size int) {
	const head = 5 // of the list, its entry's kind, and the name
	s.ticket = kind == extensionTicket || kind == extensionPSK
	if kind == extensionName && size >= head && !s.server {
		s.body = size - head
		s.begin(nameHead, head)
		return
	}
	s.begin(extension, size)
}

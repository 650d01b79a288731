package far

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
)

// Overhead is the length of a message's header: no message is shorter.
const Overhead = 12

// MaxMessage is the longest message in bytes; it fits one TCP segment.
const MaxMessage = 1300

// A Message is what travels on a long-lived cloud stream, either way: a
// twelve-byte header and a JSON body, padded with spaces to the length that
// its sender wants.
//
//	0 magic 'S' · 1 kind · 2–3 body length · 4–7 id · 8–9, 10–11 sizes of the
//	two messages wanted as answer, 0 for none
type Message struct {
	Kind Kind
	ID   uint32
	// Answers are the whole sizes, header included, of the messages that the
	// receiver is to answer with; 0 is none.
	Answers [2]uint16
	Body    []byte
}

// Kind says what a message is for.
type Kind byte

// The kinds of messages.
const (
	Hello Kind = iota + 1
	Notice
	Event
	Receipt
	Heartbeat
	Push
)

const magic = 'S'

// NewMessage makes a message of size bytes in all, its body the JSON of v. A
// value that does not fit gives way to a number that does: how many bytes of it
// there would have been is all that is left of it.
func NewMessage(kind Kind, id uint32, size int, v any) (Message, error) {
	if size < Overhead || size > MaxMessage {
		return Message{}, fmt.Errorf("message of %d bytes: want %d to %d", size, Overhead, MaxMessage)
	}
	body, err := json.Marshal(v)
	if err != nil {
		return Message{}, fmt.Errorf("message body: %w", err)
	}
	return Message{Kind: kind, ID: id, Body: pad(body, size-Overhead)}, nil
}

// pad makes JSON of exactly size bytes.
func pad(body []byte, size int) []byte {
	if len(body) > size {
		body = fmt.Append(nil, len(body)%10)[:min(1, size)]
	}
	for len(body) < size {
		body = append(body, ' ')
	}
	return body
}

// Write sends the message in one piece, so that it becomes one TLS record.
func (m Message) Write(w io.Writer) error {
	if len(m.Body) > MaxMessage-Overhead {
		return fmt.Errorf("message body of %d bytes: want at most %d", len(m.Body), MaxMessage-Overhead)
	}
	b := make([]byte, Overhead, Overhead+len(m.Body))
	b[0], b[1] = magic, byte(m.Kind)
	binary.BigEndian.PutUint16(b[2:], uint16(len(m.Body)))
	binary.BigEndian.PutUint32(b[4:], m.ID)
	binary.BigEndian.PutUint16(b[8:], m.Answers[0])
	binary.BigEndian.PutUint16(b[10:], m.Answers[1])
	_, err := w.Write(append(b, m.Body...))
	return err
}

// ReadMessage reads the next message; at the end of the stream the error is
// io.EOF.
func ReadMessage(r io.Reader) (Message, error) {
	var b [Overhead]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return Message{}, err
	}
	size := binary.BigEndian.Uint16(b[2:])
	if b[0] != magic || size > MaxMessage-Overhead {
		return Message{}, fmt.Errorf("read message: not a message (begins %x)", b[:4])
	}
	m := Message{
		Kind: Kind(b[1]), ID: binary.BigEndian.Uint32(b[4:]),
		Answers: [2]uint16{binary.BigEndian.Uint16(b[8:]), binary.BigEndian.Uint16(b[10:])},
		Body:    make([]byte, size),
	}
	if _, err := io.ReadFull(r, m.Body); err != nil {
		return Message{}, fmt.Errorf("read message body: %w", err)
	}
	return m, nil
}

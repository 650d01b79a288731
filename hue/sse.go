package hue

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
)

// mostEvent bounds one event of a stream.
const mostEvent = 1 << 20

// An event is one event of a text/event-stream (WHATWG HTML, section 9.2).
type event struct {
	id   string
	data []byte
}

// eventReader reads events. It knows id and data, and skips all else.
type eventReader struct{ lines *bufio.Scanner }

func newEventReader(r io.Reader) *eventReader {
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 0, 4096), mostEvent)
	return &eventReader{s}
}

// next returns the next event that has data; io.EOF at the stream's end. An
// event that the end cuts off is dropped.
func (r *eventReader) next() (event, error) {
	var e event
	for r.lines.Scan() {
		line := bytes.TrimSuffix(r.lines.Bytes(), []byte("\r"))
		if len(line) == 0 {
			if e.data != nil {
				return e, nil
			}
			continue
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimPrefix(value, []byte(" "))
		switch string(name) {
		case "id":
			e.id = string(value)
		case "data":
			if e.data != nil {
				e.data = append(e.data, '\n')
			}
			e.data = append(e.data, value...)
			if e.data == nil {
				e.data = []byte{}
			}
		}
		if len(e.data) > mostEvent {
			return event{}, fmt.Errorf("%w: an event longer than %d bytes", ErrAnswer, mostEvent)
		}
	}
	if err := r.lines.Err(); err != nil {
		return event{}, err
	}
	return event{}, io.EOF
}

package pcapng

import (
	"bytes"
	"encoding/binary"
	"iter"
)

// options is a block's list of options, read only when asked for. Damaged
// options end the list; they do not make the frame unreadable.
type options struct {
	bytes []byte
	big   bool
}

// all yields the options in order.
func (o options) all() iter.Seq2[uint16, []byte] {
	return func(yield func(uint16, []byte) bool) {
		order := binary.ByteOrder(binary.LittleEndian)
		if o.big {
			order = binary.BigEndian
		}
		for rest := o.bytes; len(rest) >= 4; {
			code, length := order.Uint16(rest), int(order.Uint16(rest[2:]))
			if code == optEnd || length > len(rest)-4 {
				return
			}
			if !yield(code, rest[4:4+length]) {
				return
			}
			rest = rest[min(4+padded(length), len(rest)):]
		}
	}
}

// find returns the first option of a code.
func (o options) find(code uint16) ([]byte, bool) {
	for c, value := range o.all() {
		if c == code {
			return value, true
		}
	}
	return nil, false
}

// text returns the first option of a code as text, without a closing zero,
// which some writers add.
func (o options) text(code uint16) string {
	value, _ := o.find(code)
	return string(bytes.TrimRight(value, "\x00"))
}

// texts returns all options of a code as text.
func (o options) texts(code uint16) (list []string) {
	for c, value := range o.all() {
		if c == code {
			list = append(list, string(bytes.TrimRight(value, "\x00")))
		}
	}
	return list
}

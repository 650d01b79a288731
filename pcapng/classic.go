package pcapng

import (
	"encoding/binary"
	"io"
	"math/bits"
	"time"

	"github.com/hueprint/hueprint/traffic"
)

// classic reads the older format, pcap (draft-ietf-opsawg-pcap).
type classic struct {
	*Reader
	big bool
	// header is the length of a record's header: 16 bytes, 24 in the form that
	// Alexey Kuznetzov's patched libpcap wrote.
	header int
	// nanos are in one unit of a stamp's fraction.
	nanos int64
	link  traffic.LinkType
	fcs   int
}

// classicFormat knows the format by the first four bytes of the file.
func classicFormat(magic []byte) (*classic, bool) {
	if len(magic) < 4 {
		return nil, false
	}
	for _, big := range []bool{false, true} {
		value := binary.LittleEndian.Uint32(magic)
		if big {
			value = bits.ReverseBytes32(value)
		}
		switch value {
		case 0xA1B2C3D4:
			return &classic{big: big, header: 16, nanos: 1000}, true
		case 0xA1B23C4D:
			return &classic{big: big, header: 16, nanos: 1}, true
		case 0xA1B2CD34:
			return &classic{big: big, header: 24, nanos: 1000}, true
		}
	}
	return nil, false
}

// open reads the file header.
func (o *classic) open() error {
	head, err := o.whole(24, "file header")
	if err != nil {
		return err
	}
	if major := o.uint16(head[4:]); major != 2 {
		return o.corrupt("pcap version %d is not known", major)
	}
	kind := o.uint32(head[20:])
	o.link = plainLink(traffic.LinkType(kind))
	if kind&(1<<26) != 0 { // the upper bits then tell the length of the check sequence
		o.fcs = 2 * int(kind>>28)
	}
	resolution := uint8(6)
	if o.nanos == 1 {
		resolution = 9
	}
	o.interfaces = []device{{Interface: Interface{Link: o.link, Snaplen: int(o.uint32(head[16:])), Resolution: resolution}}}
	o.statistics = make([]Statistics, 1)
	return o.skip(24)
}

// frame reads one record.
func (o *classic) frame() (f traffic.Frame, err error) {
	head, err := o.peek(o.header, "record header")
	if err != nil {
		return f, err
	}
	seconds, fraction := o.uint32(head), o.uint32(head[4:])
	kept, wire := o.uint32(head[8:]), o.uint32(head[12:])
	switch {
	case kept > MaxFrame || wire > 1<<30:
		return f, o.corrupt("frame claims %d bytes, %d on the wire", kept, wire)
	case seconds == 0 && fraction == 0 && kept == 0 && wire == 0:
		return f, o.fail(io.EOF, "only zeros follow")
	case int64(fraction)*o.nanos >= int64(2*time.Second):
		return f, o.corrupt("frame's time has a fraction of %d", fraction)
	}
	length := o.header + int(kept)
	whole, err := o.whole(length, "frame")
	if err != nil {
		return f, err
	}
	f = traffic.Frame{
		Time: time.Unix(int64(seconds), int64(fraction)*o.nanos).UTC(),
		Link: o.link, Data: whole[o.header:length:length], Wire: int(max(wire, kept)),
	}
	return withoutFCS(f, o.fcs), o.skip(length)
}

func (o *classic) uint32(p []byte) uint32 {
	if o.big {
		return binary.BigEndian.Uint32(p)
	}
	return binary.LittleEndian.Uint32(p)
}

func (o *classic) uint16(p []byte) uint16 {
	if o.big {
		return binary.BigEndian.Uint16(p)
	}
	return binary.LittleEndian.Uint16(p)
}

package pcapng

import (
	"bytes"
	"encoding/binary"
	"io"
	"time"

	"github.com/hueprint/hueprint/traffic"
)

// maxInterfaces bounds what a hostile capture can make us remember.
const maxInterfaces = 4096

// A device is an interface with what is needed to read its frames.
type device struct {
	Interface
	clock clock
	// fcs is the length of the frame check sequence at the end of each frame.
	fcs int
}

// ngBlocks reads the blocks of a pcapng capture.
type ngBlocks struct {
	*Reader
	order binary.ByteOrder
	big   bool
}

// open reads the first section's header.
func (b *ngBlocks) open() error {
	_, err := b.block()
	return err
}

// frame reads blocks until one holds a frame.
func (b *ngBlocks) frame() (traffic.Frame, error) {
	for {
		f, err := b.block()
		if err != nil || f.Data != nil {
			return f, err
		}
	}
}

// block reads one block; the frame has no data if the block was another kind.
func (b *ngBlocks) block() (f traffic.Frame, err error) {
	head, err := b.peek(8, "block header")
	if err != nil {
		return f, err
	}
	kind := b.uint32(head)
	if kind == blockSection {
		return f, b.beginSection()
	}
	length := int64(b.uint32(head[4:]))
	if kind == 0 && length == 0 {
		return f, b.fail(io.EOF, "only zeros follow")
	}
	if length < 12 || length%4 != 0 {
		return f, b.corrupt("block of type %#x claims a length of %d", kind, length)
	}
	switch kind {
	case blockInterface, blockPacket, blockSimple, blockEnhanced, blockStatistics:
	default:
		return f, b.pass(length)
	}
	if length > bufferSize {
		return f, b.corrupt("block of type %#x claims %d bytes, more than any frame needs", kind, length)
	}
	whole, err := b.whole(int(length), "block")
	if err != nil {
		return f, err
	}
	if got := b.uint32(whole[length-4:]); got != uint32(length) {
		return f, b.corrupt("block of type %#x has length %d at its start and %d at its end", kind, length, got)
	}
	if f, err = b.content(kind, whole[8:length-4]); err != nil {
		return f, err
	}
	return f, b.skip(int(length))
}

// pass skips a block that is not understood, however long it is.
func (b *ngBlocks) pass(length int64) error {
	for length > 0 {
		n := min(length, 1<<30)
		if err := b.skip(int(n)); err != nil {
			return err
		}
		length -= n
	}
	return nil
}

func (b *ngBlocks) content(kind uint32, body []byte) (f traffic.Frame, err error) {
	switch kind {
	case blockEnhanced:
		return b.enhanced(body)
	case blockPacket:
		return b.obsolete(body)
	case blockSimple:
		return b.simple(body)
	case blockInterface:
		return f, b.addInterface(body)
	}
	return f, b.addStatistics(body)
}

// beginSection reads a section header, which fixes the byte order and forgets
// the interfaces before it.
func (b *ngBlocks) beginSection() error {
	head, err := b.whole(12, "section header")
	if err != nil {
		return err
	}
	switch {
	case binary.LittleEndian.Uint32(head[8:]) == byteOrderMagic:
		b.order, b.big = binary.LittleEndian, false
	case binary.BigEndian.Uint32(head[8:]) == byteOrderMagic:
		b.order, b.big = binary.BigEndian, true
	default:
		return b.corrupt("section header without a byte-order magic (%x)", head[8:12])
	}
	length := b.uint32(head[4:])
	if length < 28 || length%4 != 0 || length > bufferSize {
		return b.corrupt("section header claims a length of %d", length)
	}
	whole, err := b.whole(int(length), "section header")
	if err != nil {
		return err
	}
	if major := b.uint16(whole[12:]); major != 1 {
		return b.corrupt("pcapng version %d is not known", major)
	}
	list := b.list(whole[24 : length-4])
	b.section = Section{
		Application: list.text(optApplication), Hardware: list.text(optHardware), OS: list.text(optOS),
		Comments: list.texts(optComment),
	}
	b.interfaces, b.statistics = nil, nil
	return b.skip(int(length))
}

func (b *ngBlocks) addInterface(body []byte) error {
	if len(body) < 8 {
		return b.corrupt("interface description of %d bytes", len(body))
	}
	if len(b.interfaces) == maxInterfaces {
		return b.corrupt("more than %d interfaces", maxInterfaces)
	}
	list := b.list(body[8:])
	d := device{Interface: Interface{
		Name: list.text(optName), Description: list.text(optDescription),
		Link: plainLink(traffic.LinkType(b.uint16(body))), Snaplen: int(b.uint32(body[4:])), Resolution: 6,
	}}
	if filter, ok := list.find(optFilter); ok && len(filter) > 1 && filter[0] == 0 {
		d.Filter = string(bytes.TrimRight(filter[1:], "\x00"))
	}
	if v, ok := list.find(optResolution); ok && len(v) == 1 {
		d.Resolution = v[0]
	}
	if v, ok := list.find(optFCS); ok && len(v) == 1 && v[0] <= 8 {
		d.fcs = int(v[0])
	}
	var ok bool
	if d.clock, ok = newClock(d.Resolution); !ok {
		return b.corrupt("interface %s counts time in units that are not supported (if_tsresol %#x)", d.Name, d.Resolution)
	}
	if v, ok := list.find(optOffset); ok && len(v) == 8 {
		d.clock.offset = int64(b.order.Uint64(v))
	}
	b.interfaces = append(b.interfaces, d)
	b.statistics = append(b.statistics, Statistics{})
	return nil
}

func (b *ngBlocks) addStatistics(body []byte) error {
	if len(body) < 12 {
		return b.corrupt("interface statistics of %d bytes", len(body))
	}
	id := b.uint32(body)
	if int64(id) >= int64(len(b.interfaces)) {
		return b.corrupt("statistics of interface %d, which was not described", id)
	}
	list := b.list(body[12:])
	clock := b.interfaces[id].clock
	at := func(code uint16) (t time.Time) {
		if v, ok := list.find(code); ok && len(v) == 8 {
			t = clock.time(b.stamp(v))
		}
		return t
	}
	count := func(code uint16) (n uint64) {
		if v, ok := list.find(code); ok && len(v) == 8 {
			n = b.order.Uint64(v)
		}
		return n
	}
	b.statistics[id] = Statistics{
		Received: count(optReceived), Dropped: count(optDropped), Start: at(optStart), End: at(optEndTime),
	}
	return nil
}

func (b *ngBlocks) enhanced(body []byte) (traffic.Frame, error) {
	if len(body) < 20 {
		return traffic.Frame{}, b.corrupt("packet block of %d bytes", len(body))
	}
	return b.packet(b.uint32(body), b.stamp(body[4:]), b.uint32(body[12:]), b.uint32(body[16:]), body[20:])
}

func (b *ngBlocks) obsolete(body []byte) (traffic.Frame, error) {
	if len(body) < 20 {
		return traffic.Frame{}, b.corrupt("packet block of %d bytes", len(body))
	}
	return b.packet(uint32(b.uint16(body)), b.stamp(body[4:]), b.uint32(body[12:]), b.uint32(body[16:]), body[20:])
}

// simple reads a frame without a time: its Time is the zero Time.
func (b *ngBlocks) simple(body []byte) (traffic.Frame, error) {
	if len(body) < 4 {
		return traffic.Frame{}, b.corrupt("simple packet block of %d bytes", len(body))
	}
	wire := b.uint32(body)
	kept := min(wire, uint32(len(body)-4))
	if len(b.interfaces) > 0 {
		if snap := b.interfaces[0].Snaplen; snap > 0 {
			kept = min(kept, uint32(snap))
		}
	}
	f, err := b.packet(0, 0, kept, wire, body[4:])
	f.Time = time.Time{}
	return f, err
}

// packet makes a frame of the fields that all packet blocks share; rest begins
// with the frame's data.
func (b *ngBlocks) packet(id uint32, stamp uint64, kept, wire uint32, rest []byte) (f traffic.Frame, err error) {
	if int64(id) >= int64(len(b.interfaces)) {
		return f, b.corrupt("frame of interface %d, which was not described", id)
	}
	if int64(kept) > int64(len(rest)) || kept > MaxFrame || wire > 1<<30 {
		return f, b.corrupt("frame of %d bytes, %d on the wire, in a block with room for %d", kept, wire, len(rest))
	}
	d := &b.interfaces[id]
	b.last = int(id)
	if end := padded(int(kept)); end < len(rest) {
		b.options = b.list(rest[end:])
	}
	f = traffic.Frame{Time: d.clock.time(stamp), Link: d.Link, Data: rest[:kept:kept], Wire: int(max(wire, kept))}
	return withoutFCS(f, d.fcs), nil
}

// withoutFCS cuts the frame check sequence off a frame, as far as it was
// captured.
func withoutFCS(f traffic.Frame, fcs int) traffic.Frame {
	if fcs > 0 && f.Wire > fcs {
		f.Wire -= fcs
		f.Data = f.Data[:min(len(f.Data), f.Wire)]
	}
	return f
}

// plainLink maps the numbers that some systems write for raw IP to the common
// one.
func plainLink(l traffic.LinkType) traffic.LinkType {
	if l == 12 || l == 14 {
		return traffic.LinkRaw
	}
	return l
}

// The integers below are read by a test of a flag, which costs a fraction of a
// call through binary.ByteOrder.

func (b *ngBlocks) uint32(p []byte) uint32 {
	if b.big {
		return binary.BigEndian.Uint32(p)
	}
	return binary.LittleEndian.Uint32(p)
}

func (b *ngBlocks) uint16(p []byte) uint16 {
	if b.big {
		return binary.BigEndian.Uint16(p)
	}
	return binary.LittleEndian.Uint16(p)
}

// stamp reads a time, whose upper half comes first in either byte order.
func (b *ngBlocks) stamp(p []byte) uint64 {
	return uint64(b.uint32(p))<<32 | uint64(b.uint32(p[4:]))
}

func (b *ngBlocks) list(p []byte) options { return options{bytes: p, big: b.big} }

package pcapng

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/hueprint/hueprint/traffic"
)

// A Writer writes one section of a pcapng file. It buffers: call Flush for
// what was written to reach the io.Writer. It is not safe for concurrent use.
type Writer struct {
	out   *bufio.Writer
	links []traffic.LinkType
	// block is the space in which small blocks and options are put together.
	block []byte
	// head and tail are the space for what stands around a frame's data; tail
	// is three bytes of padding and the closing length.
	head [28]byte
	tail [7]byte
}

// NewWriter begins a section on w.
func NewWriter(w io.Writer, s Section) (*Writer, error) {
	pw := &Writer{out: bufio.NewWriterSize(w, 64<<10)}
	b := pw.begin(blockSection)
	b = binary.LittleEndian.AppendUint32(b, byteOrderMagic)
	b = append(b, 1, 0, 0, 0)                               // version 1.0
	b = binary.LittleEndian.AppendUint64(b, math.MaxUint64) // length of the section: not known
	err := errors.Join(
		option(&b, optHardware, s.Hardware),
		option(&b, optOS, s.OS),
		option(&b, optApplication, s.Application),
		comments(&b, s.Comments))
	if err != nil {
		return nil, fmt.Errorf("pcapng: begin section: %w", err)
	}
	return pw, pw.end(b)
}

// AddInterface declares an interface and returns its number for
// [Writer.Frame].
func (w *Writer) AddInterface(i Interface) (id int, err error) {
	if i.Snaplen < 0 || i.Snaplen > math.MaxInt32 {
		return 0, fmt.Errorf("pcapng: add interface %s: snap length %d is out of range", i.Name, i.Snaplen)
	}
	b := w.begin(blockInterface)
	b = binary.LittleEndian.AppendUint16(b, uint16(i.Link))
	b = append(b, 0, 0)
	b = binary.LittleEndian.AppendUint32(b, uint32(i.Snaplen))
	err = errors.Join(
		option(&b, optName, i.Name),
		option(&b, optDescription, i.Description),
		option(&b, optResolution, "\x09"))
	if i.Filter != "" { // the leading zero says that the filter is text
		err = errors.Join(err, option(&b, optFilter, "\x00"+i.Filter))
	}
	if err != nil {
		return 0, fmt.Errorf("pcapng: add interface %s: %w", i.Name, err)
	}
	if err := w.end(b); err != nil {
		return 0, err
	}
	w.links = append(w.links, i.Link)
	return len(w.links) - 1, nil
}

// Frame writes a frame of interface id, with comments for whoever opens the
// capture. The frame's number is not kept: its place in the file is its number.
func (w *Writer) Frame(id int, f traffic.Frame, notes ...string) error {
	if err := w.check(id, f); err != nil {
		return fmt.Errorf("pcapng: write frame: %w", err)
	}
	b := w.block[:0]
	if err := comments(&b, notes); err != nil {
		return fmt.Errorf("pcapng: write frame: %w", err)
	}
	b = closeOptions(b, 0)
	w.block = b

	pad := padded(len(f.Data)) - len(f.Data)
	length := uint32(len(w.head) + len(f.Data) + pad + len(b) + 4)
	stamp := uint64(f.Time.UnixNano())
	put := binary.LittleEndian.PutUint32
	put(w.head[0:], blockEnhanced)
	put(w.head[4:], length)
	put(w.head[8:], uint32(id))
	put(w.head[12:], uint32(stamp>>32))
	put(w.head[16:], uint32(stamp))
	put(w.head[20:], uint32(len(f.Data)))
	put(w.head[24:], uint32(max(f.Wire, len(f.Data))))
	put(w.tail[3:], length)
	// bufio remembers the first error, so the last Write tells it.
	w.out.Write(w.head[:])
	w.out.Write(f.Data)
	if len(b) > 0 {
		w.out.Write(w.tail[:pad])
		w.out.Write(b)
		pad = 0
	}
	_, err := w.out.Write(w.tail[3-pad:])
	return wrapWrite(err)
}

// check tells what of a frame the format cannot hold.
func (w *Writer) check(id int, f traffic.Frame) error {
	switch {
	case id < 0 || id >= len(w.links):
		return fmt.Errorf("interface %d was not added", id)
	case f.Link != w.links[id]:
		return fmt.Errorf("frame of link type %d on an interface of link type %d", f.Link, w.links[id])
	case len(f.Data) > MaxFrame:
		return fmt.Errorf("frame of %d bytes is larger than %d", len(f.Data), MaxFrame)
	case f.Wire < 0 || f.Wire > math.MaxInt32:
		return fmt.Errorf("wire length %d is out of range", f.Wire)
	}
	return writable(f.Time)
}

// writable tells whether t can be counted in nanoseconds since 1970.
func writable(t time.Time) error {
	if t.Unix() < 0 || t.Unix() > math.MaxInt64/int64(time.Second)-1 {
		return fmt.Errorf("time %s is outside the years 1970 to 2262", t)
	}
	return nil
}

// Statistics writes the counts of interface id, usually once, at the end.
func (w *Writer) Statistics(id int, s Statistics) error {
	if id < 0 || id >= len(w.links) {
		return fmt.Errorf("pcapng: write statistics: interface %d was not added", id)
	}
	b := w.begin(blockStatistics)
	b = binary.LittleEndian.AppendUint32(b, uint32(id))
	at := s.End
	if at.IsZero() {
		at = s.Start
	}
	b = appendStamp(b, at)
	for _, o := range []struct {
		code uint16
		at   time.Time
	}{{optStart, s.Start}, {optEndTime, s.End}} {
		if !o.at.IsZero() {
			b = appendStamp(append(b, byte(o.code), 0, 8, 0), o.at)
		}
	}
	b = binary.LittleEndian.AppendUint64(append(b, optReceived, 0, 8, 0), s.Received)
	b = binary.LittleEndian.AppendUint64(append(b, optDropped, 0, 8, 0), s.Dropped)
	return w.end(b)
}

// appendStamp writes a time as the format's two halves, upper first; a time
// that cannot be written becomes 0.
func appendStamp(b []byte, t time.Time) []byte {
	var stamp uint64
	if writable(t) == nil {
		stamp = uint64(t.UnixNano())
	}
	b = binary.LittleEndian.AppendUint32(b, uint32(stamp>>32))
	return binary.LittleEndian.AppendUint32(b, uint32(stamp))
}

// Flush hands everything written so far to the io.Writer, so that a capture
// ends with a whole frame even if its writer is killed afterwards.
func (w *Writer) Flush() error { return wrapWrite(w.out.Flush()) }

func (w *Writer) begin(kind uint32) []byte {
	b := binary.LittleEndian.AppendUint32(w.block[:0], kind)
	return append(b, 0, 0, 0, 0) // the length, which end fills in
}

func (w *Writer) end(b []byte) error {
	b = closeOptions(b, -1)
	length := uint32(len(b) + 4)
	binary.LittleEndian.PutUint32(b[4:], length)
	b = binary.LittleEndian.AppendUint32(b, length)
	w.block = b
	_, err := w.out.Write(b)
	return wrapWrite(err)
}

// closeOptions ends a list of options unless b is as long as it was without.
func closeOptions(b []byte, without int) []byte {
	if len(b) == without {
		return b
	}
	return append(b, optEnd, 0, 0, 0)
}

// comments appends an option for each comment.
func comments(b *[]byte, texts []string) error {
	for _, c := range texts {
		if err := option(b, optComment, c); err != nil {
			return err
		}
	}
	return nil
}

// option appends an option with its padding; an empty value is left out.
func option(b *[]byte, code uint16, value string) error {
	if value == "" {
		return nil
	}
	if len(value) > math.MaxUint16 {
		return fmt.Errorf("text of %d bytes does not fit into an option of 65535 (shorten %.20q…)", len(value), value)
	}
	*b = binary.LittleEndian.AppendUint16(*b, code)
	*b = binary.LittleEndian.AppendUint16(*b, uint16(len(value)))
	*b = append(*b, value...)
	*b = append(*b, "\x00\x00\x00"[:padded(len(value))-len(value)]...)
	return nil
}

func wrapWrite(err error) error {
	if err != nil {
		return fmt.Errorf("pcapng: write: %w", err)
	}
	return nil
}

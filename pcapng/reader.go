package pcapng

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"

	"github.com/hueprint/hueprint/traffic"
)

// bufferSize bounds the blocks that are looked into: a largest frame and as
// much again for its options. Other blocks may be larger and are skipped.
const bufferSize = 2 * MaxFrame

// Options turn a [Reader]; the zero value is good for everything.
type Options struct {
	// MaxExpansion is how many bytes a packed byte may become, beyond the first
	// 64 MiB; 0 means 250. Deflate stops at 1032 by itself.
	MaxExpansion int
	// free is freeExpansion, unless a test is in a hurry.
	free int64
}

// A Reader reads the frames of a capture, one after the other. It is not safe
// for concurrent use.
type Reader struct {
	in *bufio.Reader
	// off is the offset of the next byte of in.
	off    int64
	frames int
	// next reads the next frame; it depends on the format.
	next func() (traffic.Frame, error)
	// err is what ended the reading.
	err error

	section    Section
	interfaces []device
	statistics []Statistics
	// last is the interface of the last frame, options its options.
	last    int
	options options
}

// NewReader reads the beginning of a capture and returns a Reader of its
// frames. The error says what the bytes look like if they are no capture.
func NewReader(r io.Reader) (*Reader, error) { return NewReaderOptions(r, Options{}) }

// NewReaderOptions is [NewReader] with options.
func NewReaderOptions(r io.Reader, o Options) (*Reader, error) {
	in, err := unpack(bufio.NewReaderSize(r, bufferSize), o)
	if err != nil {
		return nil, fmt.Errorf("read capture: %w", err)
	}
	c := &Reader{in: in}
	if err := c.open(); err != nil {
		return nil, fmt.Errorf("read capture: %w", err)
	}
	return c, nil
}

// open finds out the format and reads what stands before the first frame.
func (c *Reader) open() error {
	magic, err := c.in.Peek(4)
	switch {
	case len(magic) == 0 && (err == nil || errors.Is(err, io.EOF)):
		return &Error{Kind: ErrEmpty}
	case len(magic) == 0:
		return c.fail(err, "read the first bytes")
	}
	if string(magic) == "\x0a\x0d\x0d\x0a" {
		b := ngBlocks{Reader: c}
		c.next = b.frame
		return b.open()
	}
	if old, ok := classicFormat(magic); ok {
		old.Reader = c
		c.next = old.frame
		return old.open()
	}
	start, _ := c.in.Peek(64)
	if len(start) < 4 && beginsLikeCapture(start) {
		return &Error{Kind: ErrTruncated, Detail: fmt.Sprintf("there are only %d bytes", len(start))}
	}
	return &Error{Kind: ErrNotCapture, Detail: looksLike(start)}
}

// beginsLikeCapture tells whether a file of less than four bytes may be the
// beginning of a capture.
func beginsLikeCapture(start []byte) bool {
	for _, magic := range []string{
		"\x0a\x0d\x0d\x0a", "\xd4\xc3\xb2\xa1", "\xa1\xb2\xc3\xd4", "\x4d\x3c\xb2\xa1", "\xa1\xb2\x3c\x4d",
	} {
		if strings.HasPrefix(magic, string(start)) {
			return true
		}
	}
	return false
}

// Next returns the next frame. Its data is valid until the next call. At the
// end the error is io.EOF; a capture that is cut off or damaged yields its
// whole frames first and then an [*Error].
func (c *Reader) Next() (traffic.Frame, error) {
	if c.err != nil {
		return traffic.Frame{}, c.err
	}
	c.options = options{}
	f, err := c.next()
	if err != nil {
		if !errors.Is(err, io.EOF) || errors.As(err, new(*Error)) {
			err = fmt.Errorf("read capture: %w", err)
		}
		c.err = err
		return traffic.Frame{}, err
	}
	c.frames++
	f.Number = c.frames
	return f, nil
}

// Section describes the section that is being read; it is empty for pcap.
func (c *Reader) Section() Section { return c.section }

// Interfaces lists the interfaces declared so far in the section being read.
func (c *Reader) Interfaces() []Interface {
	list := make([]Interface, len(c.interfaces))
	for i, d := range c.interfaces {
		list[i] = d.Interface
	}
	return list
}

// Interface is the number of the interface that saw the last frame.
func (c *Reader) Interface() int { return c.last }

// Comments are those of the last frame.
func (c *Reader) Comments() []string { return c.options.texts(optComment) }

// Statistics lists the latest counts of each interface of the section being
// read; all are zero where the capture holds none (yet).
func (c *Reader) Statistics() []Statistics { return slices.Clone(c.statistics) }

// Offset is the place in the unpacked capture after the last frame, in bytes.
func (c *Reader) Offset() int64 { return c.off }

// Frames reads a whole capture. An error comes as the last pair; a frame's data
// is valid during its turn only.
func Frames(r io.Reader) iter.Seq2[traffic.Frame, error] {
	return func(yield func(traffic.Frame, error) bool) {
		c, err := NewReader(r)
		if err != nil {
			yield(traffic.Frame{}, err)
			return
		}
		for {
			f, err := c.Next()
			if err == io.EOF || !yield(f, err) || err != nil {
				return
			}
		}
	}
}

// peek returns the next n bytes without consuming them, or the error that fits
// their lack: io.EOF if there is none.
func (c *Reader) peek(n int, what string) ([]byte, error) {
	b, err := c.in.Peek(n)
	switch {
	case err == nil:
		return b, nil
	case len(b) == 0 && err == io.EOF:
		return nil, io.EOF
	}
	return nil, c.fail(err, fmt.Sprintf("%s of %d bytes has only %d", what, n, len(b)))
}

// whole is peek where an end is a cut.
func (c *Reader) whole(n int, what string) ([]byte, error) {
	b, err := c.peek(n, what)
	if err == io.EOF {
		err = c.fail(io.EOF, what+" is missing")
	}
	return b, err
}

// skip consumes n bytes.
func (c *Reader) skip(n int) error {
	done, err := c.in.Discard(n)
	c.off += int64(done)
	if err != nil {
		return c.fail(err, fmt.Sprintf("%d bytes are missing", n-done))
	}
	return nil
}

// fail makes an Error of the error of the reader beneath.
func (c *Reader) fail(err error, detail string) error {
	e := &Error{Kind: ErrTruncated, Offset: c.off, Frames: c.frames, Detail: detail}
	switch {
	case errors.Is(err, ErrExpansion):
		e.Kind = ErrExpansion
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
	case errors.Is(err, errUnpack):
		e.Kind, e.Cause = ErrCorrupt, err
	default:
		return fmt.Errorf("byte %d, after %d frames: %w", c.off, c.frames, err)
	}
	return e
}

// corrupt makes an Error of what contradicts the format.
func (c *Reader) corrupt(format string, args ...any) error {
	return &Error{Kind: ErrCorrupt, Offset: c.off, Frames: c.frames, Detail: fmt.Sprintf(format, args...)}
}

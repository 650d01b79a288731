package pcapng

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

const (
	defaultExpansion = 250
	// freeExpansion is what may be unpacked before the ratio counts, so that
	// small monotonous captures are not suspected.
	freeExpansion int64 = 64 << 20
	// maxWindow is the largest window that zstd itself uses without asking
	// for it ("--ultra -22").
	maxWindow = 128 << 20
)

// unpack returns a reader of the capture within r, which may be packed with
// gzip or zstd, or not.
func unpack(r *bufio.Reader, o Options) (*bufio.Reader, error) {
	magic, _ := r.Peek(4)
	var open func(io.Reader) (io.Reader, error)
	switch {
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		open = openGzip
	case bytes.Equal(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}), // a frame, or a skippable frame
		len(magic) == 4 && magic[0]&0xf0 == 0x50 && bytes.Equal(magic[1:], []byte{0x2a, 0x4d, 0x18}):
		open = openZstd
	default:
		return r, nil
	}
	if o.MaxExpansion <= 0 {
		o.MaxExpansion = defaultExpansion
	}
	b := &bounded{packed: r, ratio: int64(o.MaxExpansion), free: cmp.Or(o.free, freeExpansion)}
	var err error
	if b.plain, err = open(source{b}); err != nil {
		if b.failed {
			return nil, err
		}
		return nil, &Error{Kind: ErrCorrupt, Detail: "packed capture", Cause: err}
	}
	return bufio.NewReaderSize(b, bufferSize), nil
}

func openGzip(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) }

// openZstd unpacks in the caller's goroutine, so that nothing has to be closed.
func openZstd(r io.Reader) (io.Reader, error) {
	return zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(maxWindow))
}

// bounded unpacks, and refuses to unpack more than ratio times what it is
// given.
type bounded struct {
	packed  *bufio.Reader
	plain   io.Reader
	in, out int64
	// free bytes may be unpacked before ratio counts.
	ratio, free int64
	// failed tells that the packed bytes could not be had.
	failed bool
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.plain.Read(p)
	b.out += int64(n)
	switch {
	case b.out > b.free && b.out/b.ratio > b.in:
		return 0, fmt.Errorf("%d packed bytes gave %d: %w", b.in, b.out, ErrExpansion)
	case err == nil, b.failed, err == io.EOF, errors.Is(err, io.ErrUnexpectedEOF):
		return n, err
	}
	return n, fmt.Errorf("%w: %w", errUnpack, err)
}

// source hands the packed bytes to the unpacker and counts them.
type source struct{ b *bounded }

func (s source) Read(p []byte) (int, error) {
	n, err := s.b.packed.Read(p)
	return n, s.note(n, err)
}

// ReadByte is for gzip, which reads by bytes where it can.
func (s source) ReadByte() (byte, error) {
	c, err := s.b.packed.ReadByte()
	if err != nil {
		return 0, s.note(0, err)
	}
	s.b.in++
	return c, nil
}

func (s source) note(n int, err error) error {
	s.b.in += int64(n)
	if err != nil && err != io.EOF {
		s.b.failed = true
	}
	return err
}

// errUnpack is the unpacker's complaint about the bytes, as opposed to the
// failure of a disk or of a connection.
var errUnpack = errors.New("unpack")

// looksLike says what the first bytes of something that is no capture are.
func looksLike(start []byte) string {
	for _, known := range []struct{ magic, name string }{
		{"PK\x03\x04", "a zip archive (unpack it first)"},
		{"BZh", "a bzip2 archive (unpack it first)"},
		{"\xfd7zXZ\x00", "an xz archive (unpack it first)"},
		{"7z\xbc\xaf", "a 7-zip archive (unpack it first)"},
		{"\x1f\x8b", "gzip within gzip (unpack it first)"},
		{"\x28\xb5\x2f\xfd", "zstd within an archive (unpack it first)"},
		{"%PDF", "a PDF document"},
		{"\x7fELF", "a program"},
		{"SQLite format 3", "an SQLite database"},
		{"PAR1", "a Parquet file"},
		{"snoop\x00", "a Solaris snoop capture (convert it: editcap -F pcapng IN OUT)"},
		{"#separator", "a Zeek log"},
	} {
		if bytes.HasPrefix(start, []byte(known.magic)) {
			return "it looks like " + known.name
		}
	}
	for cut := start; len(cut) > 0 && len(start)-len(cut) < utf8.UTFMax; cut = cut[:len(cut)-1] {
		if utf8.Valid(cut) && !bytes.ContainsFunc(cut, unprintable) {
			return fmt.Sprintf("it is text that begins %.40q", cut)
		}
	}
	return fmt.Sprintf("it begins with the bytes % x", start[:min(len(start), 16)])
}

func unprintable(r rune) bool { return r < ' ' && r != '\n' && r != '\r' && r != '\t' }

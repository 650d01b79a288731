package pcapng

import (
	"errors"
	"fmt"
)

// What can be wrong with a capture; an [Error] carries one of these.
var (
	// ErrEmpty: there is not one byte.
	ErrEmpty = errors.New("the capture is empty (the recorder was probably killed before it wrote anything; record again)")
	// ErrNotCapture: the first bytes are of something else.
	ErrNotCapture = errors.New("this is not a pcap or pcapng capture")
	// ErrTruncated: the capture ends within a frame. All frames before it were
	// read and are good.
	ErrTruncated = errors.New("the capture is cut off (the frames before are whole; its recorder was probably killed or the copy is incomplete)")
	// ErrCorrupt: the bytes contradict the format.
	ErrCorrupt = errors.New("the capture is damaged (the frames before can be used; copy the file again, or repair it with pcapfix)")
	// ErrExpansion: the packed capture unpacks to suspiciously much.
	ErrExpansion = errors.New("the packed capture expands beyond the bound (unpack it yourself if it is to be trusted)")
)

// An Error says what is wrong with a capture and where.
type Error struct {
	// Kind is one of the errors above.
	Kind error
	// Offset is where the damage was met, in bytes from the beginning of the
	// unpacked capture.
	Offset int64
	// Frames were read before it.
	Frames int
	// Detail says what was found, in words.
	Detail string
	// Cause is the error of the io.Reader or unpacker beneath, if it had one.
	Cause error
}

// Error says what was found, where, and what to do.
func (e *Error) Error() string {
	text := fmt.Sprintf("byte %d, after %d frames: ", e.Offset, e.Frames)
	if e.Offset == 0 {
		text = ""
	}
	if e.Detail != "" {
		text += e.Detail + ": "
	}
	if e.Cause != nil {
		text += e.Cause.Error() + ": "
	}
	return text + e.Kind.Error()
}

// Unwrap returns the kind and the cause.
func (e *Error) Unwrap() []error {
	if e.Cause == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Cause}
}

// Package pcapng reads and writes captures: sequences of frames with the
// instant of each, the interface it was seen on, and comments for people.
//
// A [Writer] writes the PCAP Next Generation format
// (draft-ietf-opsawg-pcapng) with nanosecond stamps. A [Reader] reads that and
// the older pcap format in all its usual forms: micro- and nanoseconds, either
// byte order, packed with gzip or zstd. Both work on plain io streams and in
// bounded memory, whatever the bytes claim. The package does not decode frames,
// and it does not open files: package capture does.
package pcapng

import (
	"time"

	"github.com/hueprint/hueprint/traffic"
)

// MaxFrame is the largest frame in bytes that is read or written, the same
// bound as tcpdump's and Wireshark's.
const MaxFrame = 256 << 10

// A Section describes a capture as a whole: what made it and where.
type Section struct {
	Application, Hardware, OS string
	// Comments are free text, shown by Wireshark as the file's properties.
	Comments []string
}

// An Interface describes where frames were captured.
type Interface struct {
	Name, Description string
	// Filter says in words what the kernel let through.
	Filter string
	// Link says how the interface's frames begin.
	Link traffic.LinkType
	// Snaplen is the most bytes kept of a frame; 0 means no limit.
	Snaplen int
	// Resolution is the n of a clock that counts units of 10^-n seconds; with
	// 0x80 added, units of 2^-n seconds. It is always 9 on writing.
	Resolution uint8
}

// Statistics are an interface's counts over a capture, by the capturing host.
type Statistics struct {
	// Received counts frames that passed the filter, Dropped those that the
	// host then lost for want of room.
	Received, Dropped uint64
	// Start and End bound the capture; zero times are left out.
	Start, End time.Time
}

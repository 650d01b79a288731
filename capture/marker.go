package capture

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"

	"github.com/hueprint/hueprint/capture/filter"
	"github.com/hueprint/hueprint/traffic"
)

// A marker is the frame by which a session proves that it records: from the
// interface's own address to that address, so that no switch passes it on to
// anyone, and recognised by a number that nobody else can know.
type marker struct{ nonce [16]byte }

func newMarker() (m marker) {
	rand.Read(m.nonce[:]) // never fails
	return m
}

// frame builds the marker for an interface, padded to Ethernet's least length.
func (m marker) frame(own traffic.MAC) []byte {
	b := append(append(make([]byte, 0, 60), own[:]...), own[:]...)
	b = binary.BigEndian.AppendUint16(b, filter.MarkerType)
	b = append(append(b, filter.MarkerMagic...), m.nonce[:]...)
	return append(b, make([]byte, 60-len(b))...)
}

// anyMarker tells whether an Ethernet frame is a marker, of whichever session.
func anyMarker(data []byte) bool {
	return len(data) >= 14+len(filter.MarkerMagic) &&
		binary.BigEndian.Uint16(data[12:]) == filter.MarkerType &&
		bytes.HasPrefix(data[14:], []byte(filter.MarkerMagic))
}

// in tells whether a frame that is a marker is this one.
func (m marker) in(data []byte) bool {
	return bytes.HasPrefix(data[14+len(filter.MarkerMagic):], m.nonce[:])
}

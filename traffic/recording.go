package traffic

import "time"

// A Recording is what is known of one gateway's capture in one run: the facts
// by which a verdict may rest on it or not.
type Recording struct {
	// Gateway names the device; Interface where its traffic was tapped.
	Gateway   string `json:"gateway"`
	Interface string `json:"interface"`
	// Filter describes in words what the kernel let through.
	Filter string `json:"filter,omitempty"`
	// Keep says how much of each frame the recording holds; empty means all.
	Keep Keep `json:"keep,omitempty"`
	// Start is when the recorder was started, Proved when it was known to
	// record, End when it was stopped and drained; by the capturing host's
	// clock. Proof says by what it was known.
	Start  time.Time `json:"start"`
	Proved time.Time `json:"proved,omitzero"`
	End    time.Time `json:"end,omitzero"`
	Proof  string    `json:"proof,omitempty"`
	// Frames and Bytes were written; Dropped were lost by the kernel for want
	// of room.
	Frames  uint64 `json:"frames"`
	Bytes   uint64 `json:"bytes"`
	Dropped uint64 `json:"dropped"`
	// Gaps are stretches in which nothing could be recorded, or in which
	// frames were lost.
	Gaps []Gap `json:"gaps,omitempty"`
	// Offset bounds the capturing host's clock minus the controller's; both
	// zero when they are one host.
	Offset ClockOffset `json:"offset"`
	// Failure says why the recording ended early; empty otherwise.
	Failure string `json:"failure,omitempty"`
}

// A Gap is a stretch of a recording that cannot be trusted.
type Gap struct {
	From    time.Time `json:"from"`
	To      time.Time `json:"to"`
	Dropped uint64    `json:"dropped,omitempty"`
	Reason  string    `json:"reason"`
}

// ClockOffset is an interval that holds the difference of two clocks.
type ClockOffset struct {
	Min time.Duration `json:"min"`
	Max time.Duration `json:"max"`
}

// Middle is the offset to subtract; Uncertainty is half the interval's width.
func (o ClockOffset) Middle() time.Duration { return o.Min + (o.Max-o.Min)/2 }

// Uncertainty is the most by which Middle can be wrong.
func (o ClockOffset) Uncertainty() time.Duration { return (o.Max - o.Min) / 2 }

// Record is one TLS record, reassembled from the TCP segments that carried it.
type Record struct {
	// Time is that of the segment that completed the record.
	Time time.Time
	// Type is the content type: 20 change cipher spec, 21 alert, 22 handshake,
	// 23 application data (RFC 8446, section 5.1).
	Type uint8
	// Version is the record's legacy version field.
	Version uint16
	// Length is the length field of the record's header: the bytes after it.
	Length int
	// Frame and Segment are the wire length of the frame and the TCP payload
	// length of the segment that completed the record; Number is that frame's.
	Frame, Segment, Number int
	// Segments counts the frames that the record was spread over.
	Segments int
	// Body is the captured beginning of the record's content for handshake
	// records, nil otherwise.
	Body []byte
}

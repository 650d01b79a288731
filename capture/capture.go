// Package capture obtains packets: from a live interface, from files, and from
// whatever else implements its contract.
//
// A [Recorder] starts recordings; a [Session] is one that runs. A session is
// not believed to record until [Session.Prove] has shown it: no command may be
// sent before. What is recorded goes to a [Sink], frame by frame, in the order
// of capture. The package does not decode frames, and does not know where a
// sink keeps them. Package capturetest holds the suite that every Recorder must
// pass.
//
// [Live] records on a network interface of this host, [Files] and [OpenFiles]
// read what others have recorded.
package capture

import (
	"context"
	"time"

	"github.com/hueprint/hueprint/traffic"
)

// A Recorder starts recordings of one gateway's traffic on one tap.
type Recorder interface {
	// Start opens the tap and hands every frame of the gateway to sink, from one
	// goroutine, until the session is stopped. An error says what to do about
	// it. The context bounds the opening only.
	Start(ctx context.Context, sink Sink) (Session, error)
}

// A Sink takes frames. The frame's data is valid only during the call. After
// an error the session ends with it as its cause.
type Sink interface {
	Frame(f traffic.Frame) error
}

// A Session is a running recording.
type Session interface {
	// Prove returns once it is shown that frames on the tap reach the sink: by a
	// marker frame that the session itself sent, addressed to the capturing host
	// and never to the gateway, or by a frame of the gateway. It may be called
	// again. When ctx ends first, the error says what was waited for.
	Prove(ctx context.Context) (Proof, error)
	// Stats tells what was recorded so far.
	Stats() Stats
	// Done is closed when the session has ended, by Stop or by itself; Err then
	// says why (nil after Stop).
	Done() <-chan struct{}
	Err() error
	// Stop drains what the tap has already seen into the sink, closes the tap,
	// and returns the final counts. It is idempotent.
	Stop(ctx context.Context) (Stats, error)
}

// A Proof is what showed that a session records.
type Proof struct {
	At time.Time
	// By says in words what was seen, as the report prints it.
	By string
}

// Stats are a session's counts since its start.
type Stats struct {
	Frames, Bytes uint64
	// Dropped counts frames that the tap saw and could not keep.
	Dropped uint64
	// Gaps are stretches with losses or without a working tap.
	Gaps []traffic.Gap
	// First and Last are the times of the first and the last frame.
	First, Last time.Time
}

// Description tells what a recorder records, for the run's facts.
type Description struct {
	Interface string
	Filter    string
}

// A Describer is a Recorder that can say where and what it records.
type Describer interface{ Describe() Description }

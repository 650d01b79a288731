package lab

import (
	"context"
	"iter"
	"time"

	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/traffic"
)

// A Kind of event. The data of each is named beside it.
type Kind string

// The kinds.
const (
	KindState    Kind = "state"    // State: anything slow has changed
	KindProgress Kind = "progress" // Running: a phase or slot has passed; nil data at the end
	KindSlot     Kind = "slot"     // Slot: an action or control slot has come
	KindPackets  Kind = "packets"  // Packets: what the gateways said, about five times a second
	KindRun      Kind = "run"      // store.Run: a run is entered or has changed
	KindFiring   Kind = "firing"   // store.Firing: one has begun or ended
	KindCheck    Kind = "check"    // Check: a line of the doctor
	KindReset    Kind = "reset"    // nil: events were lost; read everything again
)

// An Event is one thing that happened. IDs grow within one server's life; across
// lives a reader's old ID is answered with KindReset.
type Event struct {
	ID   string    `json:"id"`
	Kind Kind      `json:"kind"`
	At   time.Time `json:"at"`
	// Data is already JSON, so that it is encoded once for all readers.
	Data []byte `json:"data"`
}

// A Feed tells what happens. A reader that is too slow loses events and is told
// by KindReset; nobody waits for it.
type Feed interface {
	// Events yields what happens from now on, or after the event of that ID,
	// until ctx ends.
	Events(ctx context.Context, after string) iter.Seq[Event]
}

// A Slot is a mark on the live strip.
type Slot struct {
	Run     string               `json:"run"`
	Number  int                  `json:"number"`
	At      time.Time            `json:"at"`
	Action  experiments.Action   `json:"action,omitempty"` // empty in a control slot
	Command *experiments.Command `json:"command,omitempty"`
}

// Packets are what passed since the batch before, by the capturing host's clock.
type Packets struct {
	Gateway string `json:"gateway"`
	// Blips are single packets, at most 200 a batch, the largest ones; Count and
	// Bytes are all of them.
	Blips []Blip `json:"blips"`
	Count int    `json:"count"`
	Bytes int64  `json:"bytes"`
}

// A Blip is one packet on the strip.
type Blip struct {
	At    time.Time     `json:"at"`
	Out   bool          `json:"out"`
	Size  int           `json:"size"`
	Scope traffic.Scope `json:"scope"`
}

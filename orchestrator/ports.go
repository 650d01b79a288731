package orchestrator

import (
	"context"
	"time"

	"github.com/hueprint/hueprint/experiments"
)

// A Switch sends the one command of a slot. The receipt tells what is known of
// it; an error that the receipt does not tell is added to it. The call returns
// when ctx ends.
type Switch interface {
	Switch(ctx context.Context, light string, on bool) (experiments.Receipt, error)
}

// A Preparer makes ready what a command needs (name look-up, ARP entry,
// connection), in action and control slots alike. Release ends what no command
// has used.
type Preparer interface {
	Prepare(ctx context.Context) error
	Release()
}

// A StateReader reads what a light is set to.
type StateReader interface {
	State(ctx context.Context, light string) (experiments.LightState, error)
}

// A Restorer sets a light to a state it was found in.
type Restorer interface {
	Restore(ctx context.Context, light string, s experiments.LightState) error
}

// A Watcher reports changes of a light as a witness sees them, until ctx ends;
// then, or when the witness is lost, the channel is closed. An error that is
// [errors.ErrUnsupported] means that there is no witness; the state is then read
// back after the windows.
type Watcher interface {
	Watch(ctx context.Context, light string) (<-chan experiments.Change, error)
}

// An Observer is told how a run goes on. Observe must return at once: it is
// called between the steps of the run, though never between the preparation of
// a slot and its command.
type Observer interface{ Observe(Event) }

// Phase is a part of the protocol.
type Phase string

// The phases of a run in their order.
const (
	Locking   Phase = "locking"
	Quieting  Phase = "quieting"
	Proving   Phase = "proving"
	Setting   Phase = "setting"
	Settling  Phase = "settling"
	Acting    Phase = "acting"
	Stopping  Phase = "stopping"
	Restoring Phase = "restoring"
	Ended     Phase = "ended"
)

// An Event tells of progress.
type Event struct {
	At    time.Time
	Run   string
	Phase Phase
	// Slot counts the slots that are over, of Of. Left is the time that the
	// plan still takes, by the controller's clock.
	Slot, Of int
	Left     time.Duration
	// Command is what was done in the slot that has just ended; nil otherwise.
	Command *experiments.Command
	// Warning is a note that was added to the run; empty otherwise.
	Warning string
	// Look is the planned look that has just been taken, of Looks planned; nil
	// otherwise.
	Look  *experiments.Look
	Looks int
}

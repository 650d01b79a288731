package experiments

import (
	"time"

	"github.com/hueprint/hueprint/traffic"
)

// A LightState is what a bulb is set to. Fields that a bulb or a command does
// not have are zero.
type LightState struct {
	On bool `json:"on"`
	// Brightness is 1…254; 0 when unknown.
	Brightness uint8 `json:"brightness,omitempty"`
	// ColorMode says which of the following holds: xy, ct, hs or empty.
	ColorMode  string     `json:"color_mode,omitempty"`
	XY         [2]float32 `json:"xy,omitzero"`
	Mired      uint16     `json:"mired,omitempty"`
	Hue        uint16     `json:"hue,omitempty"`
	Saturation uint8      `json:"saturation,omitempty"`
	// Unreachable tells that the bulb does not answer its bridge: the rest is
	// what the bridge believes.
	Unreachable bool `json:"unreachable,omitempty"`
}

// Outcome is what became of a slot.
type Outcome string

// Done: the bridge accepted the command. Failed: it certainly did not. Unknown:
// the command may have been carried out (a lost answer). Withheld: a control
// slot. Skipped: the slot was not reached or not ready in time.
const (
	Done     Outcome = "done"
	Failed   Outcome = "failed"
	Unknown  Outcome = "unknown"
	Withheld Outcome = "withheld"
	Skipped  Outcome = "skipped"
)

// Source is the witness of a command's effect.
type Source string

// The witnesses: the bridge's event stream, a read of the state outside all
// windows (which proves only that the bridge accepted it), or none.
const (
	ByEventStream Source = "event-stream"
	ByReadBack    Source = "read-back"
	ByNone        Source = "none"
)

// A Receipt is what sending one command showed; instants by the controller's
// clock.
type Receipt struct {
	// Sent is when the last byte of the request was written; zero if it never was.
	Sent time.Time `json:"sent,omitzero"`
	// Answered is when the first byte of the answer came.
	Answered time.Time `json:"answered,omitzero"`
	Outcome  Outcome   `json:"outcome"`
	Failure  string    `json:"failure,omitempty"`
}

// A Command is what was done in a slot, control slots included: there the
// Outcome is Withheld and Begun is the instant at which nothing was sent.
type Command struct {
	Slot   int    `json:"slot"`
	Light  string `json:"light,omitempty"`
	Action Action `json:"action,omitempty"`
	// Planned is the slot's instant, Begun when sending began (or was withheld);
	// Lateness is Begun after Planned by the monotonic clock.
	Planned  time.Time     `json:"planned"`
	Begun    time.Time     `json:"begun"`
	Lateness time.Duration `json:"lateness"`
	Receipt
	// Confirmed is when the effect was witnessed, ConfirmedBy by what.
	Confirmed   time.Time `json:"confirmed,omitzero"`
	ConfirmedBy Source    `json:"confirmed_by,omitempty"`
}

// Instant is the command's instant for alignment: when its last byte was
// written, or, where nothing was, when it would have been.
func (c Command) Instant() time.Time {
	if !c.Sent.IsZero() {
		return c.Sent
	}
	return c.Begun
}

// A Change is a light's change of state as a witness reported it, by the
// controller's clock.
type Change struct {
	At     time.Time  `json:"at"`
	Light  string     `json:"light"`
	State  LightState `json:"state"`
	Source Source     `json:"source"`
	// OnUntold marks a report that was not about on or off; State.On means
	// nothing then.
	OnUntold bool `json:"on_untold,omitempty"`
}

// Registered is the analysis that alone gives the verdict, written down before
// the first command.
type Registered struct {
	Alpha     float64       `json:"alpha"`
	Window    time.Duration `json:"window"`
	Statistic string        `json:"statistic"`
	// Candidates describes the family of candidates in words.
	Candidates string `json:"candidates"`
	// Version is the analysis' version.
	Version string `json:"version"`
	// Looks are those of the experiment: Alpha is split equally over them.
	Looks []int `json:"looks,omitempty"`
}

// Ending says how a run ended.
type Ending string

// Complete: every slot was reached, or a planned look ended the run. Stopped: by the operator. Aborted: by a
// failure. Interrupted: the process died; inferred from a record without end.
const (
	Complete    Ending = "complete"
	Stopped     Ending = "stopped"
	Aborted     Ending = "aborted"
	Interrupted Ending = "interrupted"
)

// A BridgeIdentity names the bridge that carried out the commands. It holds no
// key.
type BridgeIdentity struct {
	Name     string `json:"name,omitempty"`
	ID       string `json:"id,omitempty"`
	Model    string `json:"model,omitempty"`
	Software string `json:"software,omitempty"`
	Address  string `json:"address,omitempty"`
}

// A Run is one execution of an experiment: facts only, each written once.
type Run struct {
	// ID is a ULID; it sorts by time.
	ID string `json:"id"`
	// Simulated marks a run against the simulated lab: evidence for nothing
	// about real gateways.
	Simulated bool `json:"simulated"`
	// Version is the program's, Via the actuator's: bridge.
	Version    string         `json:"version"`
	Via        string         `json:"via"`
	Bridge     BridgeIdentity `json:"bridge"`
	Plan       Plan           `json:"plan"`
	Registered Registered     `json:"registered"`
	Gateways   []Gateway      `json:"gateways"`
	// Prepared is when the run was registered; Started is the zero of the
	// plan's times.
	Prepared time.Time `json:"prepared"`
	Started  time.Time `json:"started,omitzero"`
	Ended    time.Time `json:"ended,omitzero"`
	Ending   Ending    `json:"ending"`
	// Cause says why a run did not complete, or which look ended it.
	Cause string `json:"cause,omitempty"`
	// Found is the light's state before the run; Restored tells whether it was
	// put back, RestoreNote why not or what was found instead.
	Found       LightState `json:"found"`
	Restored    bool       `json:"restored"`
	RestoreNote string     `json:"restore_note,omitempty"`
	// Commands has one entry for each slot that was reached, in order.
	Commands []Command `json:"commands"`
	// Looks are the looks that were taken while the run went on, in order; the
	// last planned one, at the end of the run, is not among them.
	Looks []Look `json:"looks,omitempty"`
	// Disturbances are changes of the light that no command of this run asked for.
	Disturbances []Change            `json:"disturbances,omitempty"`
	Recordings   []traffic.Recording `json:"recordings"`
	// Notes are warnings of the conductor: what weakens the run.
	Notes []string `json:"notes,omitempty"`
	// Idle marks a recording in which nothing was done: no slots, no light.
	Idle bool `json:"idle,omitempty"`
	// Occasion tells why the run took place; zero for one from the command line.
	Occasion Occasion `json:"occasion,omitzero"`
}

// An Occasion is the firing that a run belongs to.
type Occasion struct {
	// Firing is its ID; Schedule that of the schedule, empty when started by hand.
	Firing   string `json:"firing,omitempty"`
	Schedule string `json:"schedule,omitempty"`
	// By names who started it or made the schedule.
	By string `json:"by,omitempty"`
	// Attempt counts from 1.
	Attempt int `json:"attempt,omitempty"`
	// Tags were put on the run when it was ordered.
	Tags []string `json:"tags,omitempty"`
}

// Recording returns the recording of the named gateway.
func (r Run) Recording(gateway string) (traffic.Recording, bool) {
	for _, rec := range r.Recordings {
		if rec.Gateway == gateway {
			return rec, true
		}
	}
	return traffic.Recording{}, false
}

// Gateway returns the gateway of that name.
func (r Run) Gateway(name string) (Gateway, bool) {
	for _, g := range r.Gateways {
		if g.Name() == name {
			return g, true
		}
	}
	return Gateway{}, false
}

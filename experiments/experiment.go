package experiments

import (
	"errors"
	"fmt"
	"time"

	"github.com/hueprint/hueprint/traffic"
)

// Directions is the rule by which action slots choose between on and off.
type Directions string

// Alternate turns the light to the other state each time; Random tosses a fair
// coin per action slot, so that some commands change nothing (repeats).
const (
	Alternate Directions = "alternate"
	Random    Directions = "random"
)

// Grouping says whether several gateways are tested in one run.
type Grouping string

// Separate gives each gateway a run in which the other configured gateways are
// silent, as in the base paper; Together records all of them in one run.
const (
	Separate Grouping = "separate"
	Together Grouping = "together"
)

// An Experiment is what the operator asks for. Durations are by the
// controller's clock.
type Experiment struct {
	Name string `json:"name"`
	// Gateways names the devices under test.
	Gateways []string `json:"gateways"`
	// Light is the bridge's number of the bulb.
	Light string `json:"light"`
	// Actions and Controls count the slots in which a command is sent, and in
	// which everything but the command happens.
	Actions  int `json:"actions"`
	Controls int `json:"controls"`
	// Spacing is the mean time from slot to slot, Jitter the largest deviation
	// from it (uniform).
	Spacing time.Duration `json:"spacing"`
	Jitter  time.Duration `json:"jitter"`
	// Window is the time after a slot in which a reaction counts; shorter than
	// [Experiment.LeastGap].
	Window time.Duration `json:"window"`
	// Settle is the quiet time recorded before the first and after the last slot.
	// After a look's last slot, the next one comes later by as much.
	Settle     time.Duration `json:"settle"`
	Directions Directions    `json:"directions"`
	Grouping   Grouping      `json:"grouping"`
	// Alpha is the level at which a mark counts as shown.
	Alpha float64 `json:"alpha"`
	// Looks are the numbers of slots after which the run looks whether a mark is
	// shown, and ends if so; the last is all slots. Alpha is split equally over
	// them. Empty means a fixed design: one look, at the end.
	Looks []int `json:"looks,omitempty"`
}

// Presets returns the named designs, in the order in which help lists them:
// toggles (the default: ten changes of state), paper (ten on and ten off) and
// demo (quick, for the lab without hardware).
func Presets() []Experiment {
	return []Experiment{
		{Name: "toggles", Actions: 10, Controls: 20, Spacing: 30 * time.Second, Jitter: 8 * time.Second,
			Window: 15 * time.Second, Settle: time.Minute, Directions: Alternate, Grouping: Separate, Alpha: 0.01},
		{Name: "paper", Actions: 20, Controls: 20, Spacing: 30 * time.Second, Jitter: 8 * time.Second,
			Window: 15 * time.Second, Settle: time.Minute, Directions: Alternate, Grouping: Separate, Alpha: 0.01},
		{Name: "demo", Actions: 10, Controls: 10, Spacing: 2 * time.Second, Jitter: 300 * time.Millisecond,
			Window: 1500 * time.Millisecond, Settle: 2 * time.Second, Directions: Alternate, Grouping: Separate, Alpha: 0.01},
	}
}

// Preset returns the design of that name.
func Preset(name string) (Experiment, bool) {
	for _, e := range Presets() {
		if e.Name == name {
			return e, true
		}
	}
	return Experiment{}, false
}

// LeastGap is the smallest time that can lie between two slots. Each gap is
// Spacing plus one draw from ±Jitter.
func (e Experiment) LeastGap() time.Duration { return e.Spacing - e.Jitter }

// Duration is the expected time from the start of recording to its end, if no
// look ends the run early.
func (e Experiment) Duration() time.Duration {
	pauses := time.Duration(max(len(e.Looks)-1, 0)) * e.Settle
	return 2*e.Settle + time.Duration(max(e.Slots()-1, 0))*e.Spacing + pauses + e.Window
}

// Slots is the number of all slots.
func (e Experiment) Slots() int { return e.Actions + e.Controls }

// LeastSpacing is the shortest time between commands that is allowed: a light
// that flashes faster can harm people with photosensitive epilepsy, and bridges
// drop events of faster changes.
const LeastSpacing = time.Second

// Validate reports every mistake in the design at once.
func (e Experiment) Validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if e.Actions < 1 {
		bad("actions is %d: at least one command must be sent", e.Actions)
	}
	if e.Controls < 1 {
		bad("controls is %d: without control slots nothing can be tested; as many as actions, or twice as many, is usual", e.Controls)
	}
	if e.Slots() > 2000 {
		bad("actions + controls is %d: at most 2000 slots are supported", e.Slots())
	}
	if e.Jitter < 0 || e.Settle < 0 {
		bad("jitter and settle must not be negative")
	}
	if e.Jitter*2 >= e.Spacing {
		bad("jitter %v must be less than half of spacing %v", e.Jitter, e.Spacing)
	}
	if e.LeastGap() < LeastSpacing {
		bad("slots can be %v apart (spacing %v − jitter %v): at least %v is required, for people with photosensitive epilepsy and because bridges merge faster changes", e.LeastGap(), e.Spacing, e.Jitter, LeastSpacing)
	}
	if e.Window <= 0 || e.Window >= e.LeastGap() {
		bad("window %v must be positive and shorter than the least gap between slots, %v", e.Window, e.LeastGap())
	}
	if !(e.Alpha > 0 && e.Alpha < 1) {
		bad("alpha %v must lie between 0 and 1; 0.01 and 0.05 are usual", e.Alpha)
	}
	if e.Directions != Alternate && e.Directions != Random {
		bad("directions %q is neither alternate nor random", e.Directions)
	}
	if e.Grouping != Separate && e.Grouping != Together {
		bad("run %q is neither separate nor together", e.Grouping)
	}
	return errors.Join(append(errs, e.checkLooks()...)...)
}

// Kind is what a gateway is, in the words of the configuration; it changes
// nothing in the analysis.
type Kind string

// A Gateway is a device under test as the operator describes it.
type Gateway struct {
	// Addresses holds its name and its addresses on the wire.
	Addresses traffic.Gateway `json:"addresses"`
	Kind      Kind            `json:"kind,omitempty"`
	Firmware  string          `json:"firmware,omitempty"`
	// Interface is where its traffic is captured.
	Interface string `json:"interface,omitempty"`
	// LinkStated is the operator's word that the gateway controls the bulb.
	LinkStated bool `json:"link_stated,omitempty"`
	// Peers are the local far ends with a role: the bridge, phones with its app.
	Peers traffic.Peers `json:"peers"`
}

// Name is the gateway's name.
func (g Gateway) Name() string { return g.Addresses.Name }

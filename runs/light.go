package runs

import (
	"github.com/hueprint/hueprint/experiments"
)

// A Claim is what a run has done to its light, as far as its journal can tell
// at whatever instant the process died.
type Claim struct {
	// Found is the state to which the light must return.
	Found experiments.LightState
	// Touched tells that a command may have been sent.
	Touched bool
	// Settled tells that the light was put back, or given up for a reason.
	Settled bool
	// On and Off tell which of the two the light may be in by the run's own
	// commands; both after a command whose answer is not known.
	On, Off bool
}

// Pending tells whether the light must still be put back.
func (c Claim) Pending() bool { return c.Touched && !c.Settled }

// Claim reads from the journal what the run has done to its light.
func (f *Folder) Claim() (Claim, error) {
	r, err := f.facts()
	if err != nil {
		return Claim{}, err
	}
	entries, _, err := f.entries()
	if err != nil {
		return Claim{}, err
	}
	return claim(r.Found, entries), nil
}

func claim(found experiments.LightState, entries []entry) Claim {
	c := Claim{Found: found, On: found.On, Off: !found.On}
	before := c // before the command that is under way
	for _, e := range entries {
		switch e.Kind {
		case settingEntry:
			before = c
			c.maybe(e.Action)
		case intentEntry:
			before = c
			if e.Command != nil && e.Command.Action != "" {
				c.maybe(e.Command.Action)
			}
		case setEntry:
			if e.Receipt != nil {
				c.resolve(before, e.Action, e.Receipt.Outcome)
			}
		case resultEntry:
			if e.Command != nil && e.Command.Action != "" {
				c.resolve(before, e.Command.Action, e.Command.Outcome)
			}
		case restoringEntry:
			c.Touched = true
			c.On, c.Off = c.On || found.On, c.Off || !found.On
		case restoredEntry:
			c.Settled = e.Restored != nil
		}
	}
	return c
}

// maybe adds the state that a command, if carried out, has set.
func (c *Claim) maybe(a experiments.Action) {
	c.Touched = true
	c.On, c.Off = c.On || a == experiments.On, c.Off || a == experiments.Off
}

// resolve replaces what was possible during a command by what its outcome tells.
func (c *Claim) resolve(before Claim, a experiments.Action, o experiments.Outcome) {
	switch o {
	case experiments.Done:
		c.On, c.Off = a == experiments.On, a == experiments.Off
	case experiments.Failed, experiments.Skipped, experiments.Withheld:
		c.On, c.Off = before.On, before.Off
	}
}

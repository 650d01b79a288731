// Package lab is the lab as the control panel sees it: the ports through which
// pages and API ask and act, and the values that pass through them.
//
// The panel knows neither the bridge's protocol nor the conductor; what stands
// behind the ports is wired in the command. [Bench] operates the bench, [Setup]
// changes what it consists of, [Feed] tells what happens as it happens. What is
// kept (runs, schedules, accounts) the panel reads from package store and from
// the run folders themselves.
//
// The package does nothing itself.
package lab

import "errors"

// The errors that callers act on; each text says what to do.
var (
	// ErrBusy says that the bulb or an interface serves another run.
	ErrBusy = errors.New("the bench is busy (wait for the run to end, or stop it)")
	// ErrIdle says that there is nothing to stop.
	ErrIdle = errors.New("no run is going on")
	// ErrNotSetUp says that the bench lacks something; [State.Missing] says what.
	ErrNotSetUp = errors.New("the bench is not set up (see the page Set up)")
	// ErrUnknown says that a name is not in the configuration or on the bridge.
	ErrUnknown = errors.New("no such thing on this bench")
	// ErrButton says that nobody pressed the bridge's button in time.
	ErrButton = errors.New("the bridge's button was not pressed in time (press it, then pair again)")
	// ErrUnsupported says that this bench cannot do it.
	ErrUnsupported = errors.New("this bench cannot do that")
	// ErrInvalid says that what was asked for is wrong; the text says how.
	ErrInvalid = errors.New("that cannot be done as asked")
	// ErrChanged says that the configuration was changed since it was read.
	ErrChanged = errors.New("the configuration was changed meanwhile (read it again)")
)

// Package align puts commands and packets on one clock and cuts the events of
// a recording into trials: one a slot, whatever became of its command.
//
// The capturing host's clock differs from the controller's by an offset that
// was measured and stored with the recording. Align subtracts the middle of
// that interval and opens every window early by its uncertainty; it does not
// estimate clocks, and it does not look at what the events are. [Trials] is the
// entry for designed runs, [Cut] for any other list of instants.
package align

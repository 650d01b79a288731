// Package experiments holds what is to be done and what was done, as values.
//
// An [Experiment] is the operator's wish; a [Plan] is that wish drawn by lot:
// the instants of all slots, and which of them are actions; a [Run] is what
// happened: one [Command] a slot, the state of the light before and after, and
// one [traffic.Recording] a gateway. Facts are here, findings are in analysis.
//
// A plan's randomness is the ground on which the significance test stands
// (Fisher's randomisation test): which slots are actions is drawn uniformly
// from all assignments of A actions to A + C slots. The package draws it from
// the generator it is handed, and knows no clock, bridge, or network.
package experiments

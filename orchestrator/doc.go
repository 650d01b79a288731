// Package orchestrator carries out experiments: a [Conductor] takes one plan from
// the locks to the restored bulb and leaves a run folder behind.
//
// [Conductor.Run] reads as the protocol of the experiment. What it needs of the
// world it asks for through interfaces of one or two methods in plain values
// ([Switch], [StateReader] and so on), so that it knows neither the bridge's
// protocol nor who looks at its progress; packets come through package capture,
// and everything durable goes through package runs.
//
// Its rules:
//
//   - Nothing is sent before every recorder has proved that it records.
//   - Nothing is sent whose intent is not durable. The intent is written before
//     the wait for the slot's instant, so that no disk delays a command.
//   - A slot is prepared in the same way whether or not a command follows.
//   - A failed command is data, and the run goes on; a failed run keeps its
//     record. The bulb is put back in either case, unless somebody else has
//     changed it since.
//
// The package computes no findings itself: [Analyze] hands a run and its packets
// to package analysis.
package orchestrator

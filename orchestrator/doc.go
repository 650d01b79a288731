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
// A plan with looks may end early: see [Conductor.Decided]. The look at the slots
// so far is taken in the pause that the plan keeps after them, and is journaled
// before the run ends or goes on by it. An answer that fails, or is not there
// when the next slot is prepared, is given up: the plan's times do not wait, the
// run goes on, and the look's share of alpha is spent for nothing. So what a
// late answer would have said can never end a run that has gone on. A run that
// a look has ended is complete; one that is stopped or dies between looks is not,
// and has no verdict.
//
// What a server adds: a [Station] carries out tasks one at a time, with retries,
// analyses and reports, and cleans up after a server that died; an idle recording
// ([Conductor.RecordIdle]) does nothing but record; a [Monitor] shows traffic
// while somebody looks.
//
// The package computes no findings itself: [Analyze] hands a run and its packets
// to package analysis.
package orchestrator

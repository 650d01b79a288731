// Package labtest is a bench that is made up, for tests and pictures of the
// control panel: everything behind the panel's ports, without bridge, network or
// scheduler.
//
// [Empty] is a bench of which nothing is set up; [Ready] is set up and has no
// past; [Full] is one in the middle of
// a working week, with run folders as a real lab has them: recorded, analysed,
// stopped, idle. Both can be turned from a test ([Bench.Change], [Bench.Fail]),
// and what the panel asks of them is written down ([Bench.Asked]).
//
// The traffic in the run folders is made up as well, and marked as simulated. It
// is no test of the analysis; package simulator is.
package labtest

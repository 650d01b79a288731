// Package analysis turns a run and its packets into [Findings]: for each gateway
// a verdict, with the pattern that comes with the action, its significance, and
// the evidence it rests on.
//
// It composes the packages below it: events (what happened on the wire), align
// (one clock, trials), correlate (candidates and the exact test), and is pure:
// equal runs and packets give byte-identical findings. It reads no file and
// knows no report.
package analysis

// Package timetable says when something is due: cron expressions of five fields
// and single instants in a time zone ([Parse], [Once], [Of]), their next instants
// ([Timetable.Next]), the same in words ([Timetable.Words]), and quiet hours
// ([ParseQuiet]).
//
// Everything is a function of its arguments. The package reads no clock and
// starts nothing; zones come from the system's time zone database, or from the
// one that is built in.
//
// # Daylight saving
//
// The rule is that of Vixie's cron. It depends on the hours of the expression:
//
//   - An expression for certain hours ("30 2 * * *") names times of the local
//     clock, and every such time counts once. A time that the clock jumps over
//     is due at the end of the jump; if several are jumped over, that one instant
//     stands for all of them. A time that the clock shows twice is due when it is
//     shown first.
//   - An expression for every hour ("*/15 * * * *", "@hourly") follows the time
//     as it passes: it is due whenever the clock shows a time that matches, both
//     times if it is shown twice, and nothing is made up for a jump.
//
// Expressions are parsed, and walked from one local time to the next, by
// robfig/cron. It is only ever asked in UTC, where no clock jumps: by itself it
// leaves out what a jump of the clock hides. That it panics for some expressions
// is caught.
package timetable

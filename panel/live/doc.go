// Package live tells browsers and programs what happens as it happens.
//
// [Hub] keeps the last events in a ring and hands them to any number of readers.
// An event is encoded once. A reader has no queue of its own: it is a position
// in the ring, so that a thousand readers cost nothing, and one that sleeps costs
// nobody anything. A reader that falls behind first gets packets in larger
// batches, and when the ring has passed it by, one event of [lab.KindReset].
//
// [Serve] sends them as server-sent events: an ID on each, resumption after the
// last one that was received, comments as heartbeats.
//
// Nothing is kept beyond the ring; what happened is in the run folders and the
// store.
package live

// Package infer says what an outsider learns from a gateway's traffic: it learns
// signatures of actions from recordings in which the actions are known, finds
// them in recordings that it was not learned from, tells which action each one
// was, and scores the answers where the truth is known.
//
//  1. [Learn] takes recordings and the marks that a test has found significant
//     in them, and makes a [Model]: a [Signature] for each label of action, and
//     a [Classifier].
//  2. [Model.Detect] scans a recording and returns the [Detection] of each
//     action: its time, what was done, and how far it can be relied on.
//  3. [Judge] compares detections with the truth: a [Score].
//
// It tests nothing for significance: where no mark is significant, there is
// nothing to learn, and the model is empty. It reads no packets (package events
// does) and trusts no clock: within a recording only differences of times count,
// and labels may lie half the smallest gap, at most 30 s, from what they label.
package infer

// Package redact takes out of recordings and texts what must not be kept.
//
// A [Keeper] decides for each frame which of its bytes a recording holds
// ([traffic.Keep]): the rest is overwritten with zeros, and cut off where
// nothing that is kept follows. Lengths on the wire stay as they were, so that
// the analysis of what is kept and of the whole are the same. [Secrets] masks
// keys, passwords and cookies in texts that people read.
//
// It changes no addresses and no names: package pseudonym does.
package redact

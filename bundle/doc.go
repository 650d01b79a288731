// Package bundle makes of run folders a dataset that can be published.
//
// [Write] copies runs: content of packets is cut to what the analysis needs
// (package redact), addresses and names are replaced by pseudonyms (package
// pseudonym), and with them whatever in run.json and the journal names people
// and places. Each copy is a run folder like any other, whose findings equal
// those of the original under the new names; beside them stand a README and
// bundle.json, which says what was done and lists every file with its digest.
// The key behind the pseudonyms is never part of it. What operators wrote on a
// run is left out with its tags, and who started it is masked: nobody wrote that
// for publication.
//
// [Check] reads such a folder, or any other, and lists what is left that could
// name a person or a place. It finds what has a recognisable form; a person who
// knows the lab should still read what is published.
package bundle

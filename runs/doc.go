// Package runs keeps runs on disk: one folder a run, which stands alone, and is
// the only package that knows the names of its files.
//
//	run.json         all that was known before the first command; written once
//	commands.jsonl   the journal: one entry a line, each durable before the next step
//	capture/         raw recordings, <gateway>-0001.pcapng and on, readable by the owner only
//	manifest.json    SHA-256 of every file, versions, seed; written at the end
//	findings.json    derived, recomputable at any time
//	report.html      derived
//	notes.jsonl      what operators wrote on the run, and its tags; appended to at any time
//
// Facts are appended and never edited: [Create] writes run.json, the methods of
// [Folder] append to the journal, and [Folder.Run] composes both into one
// [experiments.Run]. A journal without an end is that of a process that died;
// the run is then called interrupted, and an intent without a result has the
// outcome unknown. So every question about a run has an answer at whatever
// instant its process was killed.
//
// Notes ([Folder.AddNote]) are no facts: the manifest does not list them, so that
// a sealed run still verifies when somebody has written on it, and a copy for
// publication ([Folder.Revise]) leaves them out.
//
// What several processes on one host must agree on lies in the state directory
// ([StateDir]): who uses which bulb and interface ([Lock]), and which lights have
// not been put back ([Register], [Pending]).
//
// The package does not decode frames, does not analyse, and sends nothing.
package runs

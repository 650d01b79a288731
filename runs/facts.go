package runs

import (
	"path/filepath"
	"time"

	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/traffic"
)

// path is where a file of the folder lies.
func (f *Folder) path(elem ...string) string {
	return filepath.Join(append([]string{f.dir}, elem...)...)
}

// Each of the following appends one fact to the journal and returns when it is
// durable. An error means that the fact may be lost; what came before is kept.

// Recording reports how one gateway's recording stands; the last report of a
// gateway holds.
func (f *Folder) Recording(r traffic.Recording) error {
	return f.append(entry{Kind: recordingEntry, Recording: &r})
}

// Setting says that the light will now be put into the plan's initial state.
func (f *Folder) Setting(initial experiments.Action) error {
	return f.append(entry{Kind: settingEntry, Action: initial})
}

// Set says what became of Setting.
func (f *Folder) Set(initial experiments.Action, r experiments.Receipt) error {
	return f.append(entry{Kind: setEntry, Action: initial, Receipt: &r})
}

// Started sets the zero of the plan's times.
func (f *Folder) Started(at time.Time) error {
	return f.append(entry{Kind: startedEntry, Instant: at})
}

// Intend says that the command will be sent, or withheld, at its planned time.
// It must be durable before anything is sent.
func (f *Folder) Intend(c experiments.Command) error {
	return f.append(entry{Kind: intentEntry, Command: &c})
}

// Result says what became of an intent.
func (f *Folder) Result(c experiments.Command) error {
	return f.append(entry{Kind: resultEntry, Command: &c})
}

// Confirm names the witness of a slot's command.
func (f *Folder) Confirm(slot int, at time.Time, by experiments.Source) error {
	return f.append(entry{Kind: confirmationEntry, Confirmation: &confirmation{slot, at, by}})
}

// Disturb reports a change of the light that no command of the run asked for.
func (f *Folder) Disturb(c experiments.Change) error {
	return f.append(entry{Kind: disturbanceEntry, Change: &c})
}

// Look reports a planned look and what it decided. It must be durable before
// the run goes on or ends by it.
func (f *Folder) Look(l experiments.Look) error { return f.append(entry{Kind: lookEntry, Look: &l}) }

// Note adds a warning to the run.
func (f *Folder) Note(text string) error { return f.append(entry{Kind: noteEntry, Text: text}) }

// Restoring says that the light will now be put back as it was found.
func (f *Folder) Restoring() error { return f.append(entry{Kind: restoringEntry}) }

// Restored ends the run's claim on the light: it was put back, or, with back
// false, it is left as it is for the reason in note.
func (f *Folder) Restored(back bool, note string) error {
	return f.append(entry{Kind: restoredEntry, Restored: &back, Text: note})
}

// NotRestored reports that putting the light back failed, and why; the light
// stays pending.
func (f *Folder) NotRestored(why string) error {
	return f.append(entry{Kind: restoredEntry, Text: why})
}

// End writes how the run ended. Nothing but the light's restoration may follow.
func (f *Folder) End(at time.Time, ending experiments.Ending, cause string) error {
	return f.append(entry{Kind: endedEntry, Instant: at, Ending: ending, Text: cause})
}

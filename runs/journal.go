package runs

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/traffic"
)

// kind says what an entry of the journal reports.
type kind string

// The kinds of entries, in the usual order of a run.
const (
	recordingEntry    kind = "recording" // the state of one gateway's recording
	settingEntry      kind = "setting"   // the light will be put into its initial state
	setEntry          kind = "set"
	startedEntry      kind = "started" // the zero of the plan's times
	intentEntry       kind = "intent"  // a slot's command will be sent or withheld
	resultEntry       kind = "result"
	confirmationEntry kind = "confirmation"
	disturbanceEntry  kind = "disturbance"
	lookEntry         kind = "look" // a planned look was taken
	noteEntry         kind = "note"
	restoringEntry    kind = "restoring" // the light will be put back
	restoredEntry     kind = "restored"  // how that ended
	endedEntry        kind = "ended"
)

// entry is one line of the journal.
type entry struct {
	// At is when the entry was written, by the controller's clock.
	At   time.Time `json:"at"`
	Kind kind      `json:"kind"`
	// Instant is the moment that the entry tells of, where that is not At.
	Instant      time.Time            `json:"instant,omitzero"`
	Recording    *traffic.Recording   `json:"recording,omitempty"`
	Action       experiments.Action   `json:"action,omitempty"`
	Receipt      *experiments.Receipt `json:"receipt,omitempty"`
	Command      *experiments.Command `json:"command,omitempty"`
	Confirmation *confirmation        `json:"confirmation,omitempty"`
	Change       *experiments.Change  `json:"change,omitempty"`
	Look         *experiments.Look    `json:"look,omitempty"`
	Restored     *bool                `json:"restored,omitempty"`
	Ending       experiments.Ending   `json:"ending,omitempty"`
	Text         string               `json:"text,omitempty"`
}

// confirmation is the witness of one slot's command.
type confirmation struct {
	Slot int                `json:"slot"`
	At   time.Time          `json:"at"`
	By   experiments.Source `json:"by"`
}

// appendable is what a journal needs of its file; tests make it fail.
type appendable interface {
	io.WriteCloser
	Sync() error
	Truncate(size int64) error
}

// journal appends entries, each durable when append returns.
type journal struct {
	file appendable
	size int64 // of the whole entries
}

// reserveFor is the room that the journal of r may need, so that a disk that
// fills up with captured frames never keeps a command from being journaled.
func reserveFor(r experiments.Run) int64 {
	const perSlot, rest = 4 << 10, 256 << 10
	return rest + perSlot*int64(len(r.Plan.Slots))
}

// startJournal makes the empty journal and reserves room for it, where the file
// system can.
func startJournal(path string, reserve int64) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	err = unix.Fallocate(int(f.Fd()), unix.FALLOC_FL_KEEP_SIZE, 0, reserve)
	if errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.ENOSYS) {
		err = nil
	}
	return errors.Join(err, f.Sync(), f.Close())
}

// openJournal opens the journal for appending. A torn last line is ended, so
// that what follows is whole.
func openJournal(path string) (*journal, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return nil, err
	}
	j := &journal{file: f, size: int64(len(text))}
	if len(text) > 0 && text[len(text)-1] != '\n' {
		if err := j.write([]byte{'\n'}); err != nil {
			return nil, errors.Join(err, f.Close())
		}
	}
	return j, nil
}

// write appends b and makes it durable. What a failed write left is cut off, so
// that the next entry does not join a torn one.
func (j *journal) write(b []byte) error {
	_, err := j.file.Write(b)
	if err == nil {
		err = j.file.Sync()
	}
	if err != nil {
		return errors.Join(advise(err), j.file.Truncate(j.size))
	}
	j.size += int64(len(b))
	return nil
}

// close gives the reserved room back.
func (j *journal) close() error {
	return errors.Join(j.file.Truncate(j.size), j.file.Close())
}

// append journals e durably.
func (f *Folder) append(e entry) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	e.At = time.Now()
	line, err := json.Marshal(e)
	if err == nil && f.journal == nil {
		f.journal, err = openJournal(f.path(journalFile))
	}
	if err == nil {
		err = f.journal.write(append(line, '\n'))
	}
	if err != nil {
		return fmt.Errorf("journal %s of run %s: %w", e.Kind, f.ID(), err)
	}
	return nil
}

// entries reads the journal. Lines that are no entries, as a process that died
// in mid-write leaves one, are told in notes.
func (f *Folder) entries() (entries []entry, notes []string, err error) {
	text, err := os.ReadFile(f.path(journalFile))
	if err != nil {
		return nil, nil, fmt.Errorf("read the journal of run %s: %w", f.ID(), err)
	}
	entries, notes = parse(text)
	return entries, notes, nil
}

// parse splits a journal into its entries and notes on what is none.
func parse(text []byte) (entries []entry, notes []string) {
	number := 0
	for line := range bytes.Lines(text) {
		number++
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		var e entry
		if err := json.Unmarshal(line, &e); err != nil {
			notes = append(notes, fmt.Sprintf("line %d of %s is torn (%d bytes): the process died while writing it", number, journalFile, len(line)))
			continue
		}
		entries = append(entries, e)
	}
	return entries, notes
}

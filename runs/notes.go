package runs

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/sys/unix"
)

// A Note is what an operator wrote on a run, with the tags that were put on it
// or taken off. Notes are the only part of a folder that people add to later.
type Note struct {
	// At is when it was written, by the server's clock; By names the author.
	At   time.Time `json:"at"`
	By   string    `json:"by,omitempty"`
	Text string    `json:"text,omitempty"`
	// Tag and Untag are put on and taken off the run.
	Tag   []string `json:"tag,omitempty"`
	Untag []string `json:"untag,omitempty"`
}

// ErrBadNote says that a note cannot be kept as it is; the text says why.
var ErrBadNote = errors.New("that is no note")

// The bounds of a note, in bytes, and of all notes of a run.
const (
	mostNoteText  = 16 << 10
	mostTag       = 64
	mostTags      = 20
	mostAllNotes  = 4 << 20
	mostNoteLine  = 256 << 10
	mostNoteBy    = 200
	plainNoteText = "plain text without control characters"
)

// AddNote appends a note durably; its time is now when it has none. Several
// processes may add notes to one run at once, also while it goes on. The error
// is [ErrBadNote] for one that is empty, too long, or no plain text.
func (f *Folder) AddNote(n Note) error {
	n, err := n.checked()
	if err == nil {
		err = f.addNote(n)
	}
	if err != nil {
		return fmt.Errorf("note on run %s: %w", f.ID(), err)
	}
	return nil
}

// checked returns the note as it is kept.
func (n Note) checked() (Note, error) {
	if n.At.IsZero() {
		n.At = time.Now()
	}
	n.At = n.At.UTC().Round(0)
	n.Text = strings.TrimSpace(strings.ReplaceAll(n.Text, "\r\n", "\n"))
	var errs []error
	if len(n.Text) > mostNoteText || !plain(n.Text, "\n\t") {
		errs = append(errs, fmt.Errorf("its text must be %s, of at most %d bytes: %w", plainNoteText, mostNoteText, ErrBadNote))
	}
	if len(n.By) > mostNoteBy || !plain(n.By, "") {
		errs = append(errs, fmt.Errorf("its author's name must be %s, of at most %d bytes: %w", plainNoteText, mostNoteBy, ErrBadNote))
	}
	n.Tag, n.Untag = trimmed(n.Tag), trimmed(n.Untag)
	for _, tag := range slices.Concat(n.Tag, n.Untag) {
		if err := CheckTag(tag); err != nil {
			errs = append(errs, err)
		}
	}
	if len(n.Tag)+len(n.Untag) > mostTags {
		errs = append(errs, fmt.Errorf("it has more than %d tags: %w", mostTags, ErrBadNote))
	}
	if n.Text == "" && len(n.Tag)+len(n.Untag) == 0 {
		errs = append(errs, fmt.Errorf("it is empty (write a text or name a tag): %w", ErrBadNote))
	}
	return n, errors.Join(errs...)
}

// CheckTag tells whether tag can be a tag: 1 to 64 bytes of printable text in
// one line, without a comma and without space around it. The error is
// [ErrBadNote].
func CheckTag(tag string) error {
	if tag == "" || len(tag) > mostTag || strings.TrimSpace(tag) != tag || strings.ContainsRune(tag, ',') || !plain(tag, "") {
		return fmt.Errorf("the tag %.80q must be 1 to %d bytes of printable text without a comma: %w", tag, mostTag, ErrBadNote)
	}
	return nil
}

// plain tells of text without control characters and marks of writing
// direction, which could make a line read as something else.
func plain(s, besides string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool {
		return !strings.ContainsRune(besides, r) &&
			(unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029')
	})
}

// trimmed are the tags, each once, without space around them.
func trimmed(tags []string) []string {
	var all []string
	for _, tag := range tags {
		if tag = strings.TrimSpace(tag); !slices.Contains(all, tag) {
			all = append(all, tag)
		}
	}
	return all
}

// addNote writes the line while no other process does.
func (f *Folder) addNote(n Note) (err error) {
	line, err := json.Marshal(n)
	if err != nil {
		return err
	}
	if len(line) > mostNoteLine {
		return fmt.Errorf("it is too long: %w", ErrBadNote)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	lock, err := f.lockNotes()
	if err != nil {
		return advise(err)
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	notes, err := openJournal(f.path(notesFile))
	if err != nil {
		return advise(err)
	}
	if notes.size+int64(len(line)) > mostAllNotes {
		err = fmt.Errorf("the run has too many notes already (put it into a file of your own, and name the file in a tag): %w", ErrBadNote)
	} else {
		err = notes.write(append(line, '\n'))
	}
	return errors.Join(err, notes.file.Close())
}

// lockNotes opens the file of the notes, making it when it is missing, and waits
// until no other process writes to it.
func (f *Folder) lockNotes() (*os.File, error) {
	file, err := os.OpenFile(f.path(notesFile), os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW, 0o644)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(unix.Flock(int(file.Fd()), unix.LOCK_EX), syncDir(f.dir)); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// Notes reads the run's notes in the order in which they were written; there may
// be none. A line that is none, as a process that died in mid-write leaves one,
// is passed over.
func (f *Folder) Notes() ([]Note, error) {
	text, err := os.ReadFile(f.path(notesFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the notes of run %s: %w", f.ID(), err)
	}
	return parseNotes(text), nil
}

func parseNotes(text []byte) (notes []Note) {
	for line := range bytes.Lines(text) {
		var n Note
		if json.Unmarshal(line, &n) != nil {
			continue
		}
		if n, err := n.checked(); err == nil {
			notes = append(notes, n)
		}
	}
	return notes
}

// Tags are those that a run has after its notes, sorted. It begins with those
// that were ordered with it ([experiments.Occasion]).
func Tags(notes []Note, ordered ...string) []string {
	has := map[string]bool{}
	for _, tag := range ordered {
		has[tag] = true
	}
	for _, n := range notes {
		for _, tag := range n.Tag {
			has[tag] = true
		}
		for _, tag := range n.Untag {
			delete(has, tag)
		}
	}
	tags := make([]string, 0, len(has))
	for tag := range has {
		tags = append(tags, tag)
	}
	slices.Sort(tags)
	return tags
}

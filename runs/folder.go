package runs

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/hueprint/hueprint/experiments"
)

// The files of a run folder.
const (
	runFile      = "run.json"
	journalFile  = "commands.jsonl"
	captureDir   = "capture"
	manifestFile = "manifest.json"
	findingsFile = "findings.json"
	reportFile   = "report.html"
	notesFile    = "notes.jsonl"
)

// schema is the version of run.json and of the journal.
const schema = "hueprint/run/1"

// record is run.json.
type record struct {
	Schema string `json:"schema"`
	experiments.Run
}

// A Folder is one run on disk. Its methods may be called from several
// goroutines; only one process may append to it at a time, the one that holds
// the lock on the run's light.
type Folder struct {
	dir     string
	mu      sync.Mutex
	journal *journal // nil until something is appended
}

// Create makes the folder of a run below root and writes r, all that is known
// before the first command, durably. The folder appears whole or not at all.
func Create(root string, r experiments.Run) (*Folder, error) {
	if r.ID == "" || r.Prepared.IsZero() {
		return nil, errors.New("create a run folder: the run has no ID or no time (draw one with NewID)")
	}
	dir := filepath.Join(root, folderName(r))
	if err := create(root, dir, r); err != nil {
		return nil, fmt.Errorf("create run folder %s: %w", dir, advise(err))
	}
	return &Folder{dir: dir}, nil
}

func create(root, dir string, r experiments.Run) (err error) {
	if err := os.MkdirAll(root, 0o755); err != nil {
		return err
	}
	if _, err := os.Lstat(dir); err == nil {
		return os.ErrExist
	}
	temp, err := os.MkdirTemp(root, ".new-")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(temp))
		}
	}()
	if err := fill(temp, r); err != nil {
		return err
	}
	if err := os.Rename(temp, dir); err != nil {
		return err
	}
	return syncDir(root)
}

// fill lays the first files into a new folder.
func fill(dir string, r experiments.Run) error {
	if err := os.Chmod(dir, 0o755); err != nil {
		return err
	}
	if err := os.Mkdir(filepath.Join(dir, captureDir), 0o700); err != nil {
		return err
	}
	if err := startJournal(filepath.Join(dir, journalFile), reserveFor(r)); err != nil {
		return err
	}
	return writeJSON(filepath.Join(dir, runFile), record{schema, r})
}

// Open opens the folder of an earlier run.
func Open(dir string) (*Folder, error) {
	f := &Folder{dir: filepath.Clean(dir)}
	if _, err := f.facts(); err != nil {
		return nil, err
	}
	return f, nil
}

// ErrNotARun is what [Open] says of a folder that holds no run.
var ErrNotARun = errors.New("not a run folder (want the folder that holds run.json)")

// facts reads run.json.
func (f *Folder) facts() (experiments.Run, error) {
	var r record
	err := readJSON(filepath.Join(f.dir, runFile), &r)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return experiments.Run{}, fmt.Errorf("open run %s: %w", f.dir, ErrNotARun)
	case err != nil:
		return experiments.Run{}, fmt.Errorf("open run %s: %w", f.dir, err)
	case r.Schema != schema:
		return experiments.Run{}, fmt.Errorf("open run %s: its schema is %q, this program reads %q (use the version that made it)", f.dir, r.Schema, schema)
	}
	return r.Run, nil
}

// List opens every run below root, the oldest first. A root that does not exist
// has none.
func List(root string) ([]*Folder, error) {
	entries, err := os.ReadDir(root)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("list runs: %w", err)
	}
	var fs []*Folder
	for _, e := range entries {
		dir := filepath.Join(root, e.Name())
		if _, err := os.Stat(filepath.Join(dir, runFile)); err == nil && e.Name()[0] != '.' {
			fs = append(fs, &Folder{dir: dir})
		}
	}
	slices.SortFunc(fs, func(a, b *Folder) int { return strings.Compare(a.ID(), b.ID()) })
	return fs, nil
}

// Find opens the run that an operator means by name: the path of its folder, or
// the beginning of its ID or of its folder's name below root, if only one run
// has it.
func Find(root, name string) (*Folder, error) {
	if _, err := os.Stat(filepath.Join(name, runFile)); err == nil && name != "" {
		return Open(name)
	}
	folders, err := List(root)
	if err != nil {
		return nil, err
	}
	var meant []*Folder
	for _, f := range folders {
		if strings.HasPrefix(f.ID(), strings.ToUpper(name)) || strings.HasPrefix(filepath.Base(f.dir), name) {
			meant = append(meant, f)
		}
	}
	switch {
	case len(meant) == 1 && name != "":
		return Open(meant[0].dir)
	case len(meant) > 1 && name != "":
		return nil, fmt.Errorf("%d runs below %s begin with %q: write more of the ID", len(meant), root, name)
	}
	return nil, fmt.Errorf("find run %q below %s: %w", name, root, ErrNotARun)
}

// Dir is the folder's path.
func (f *Folder) Dir() string { return f.dir }

// ID is the run's ULID, by the folder's name.
func (f *Folder) ID() string {
	name := filepath.Base(f.dir)
	return name[strings.LastIndexByte(name, '-')+1:]
}

// WriteFile makes the derived file name hold what write writes, atomically and
// durably, and enters it into the manifest when there is one. Facts cannot be
// overwritten.
func (f *Folder) WriteFile(name string, write func(io.Writer) error) error {
	if safe(name) != name || slices.Contains([]string{runFile, journalFile, captureDir, manifestFile, notesFile}, name) {
		return fmt.Errorf("write %s into run %s: the name is reserved or not plain", name, f.ID())
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := writeAtomic(filepath.Join(f.dir, name), 0o644, write); err != nil {
		return fmt.Errorf("write %s into run %s: %w", name, f.ID(), err)
	}
	return f.reseal(name)
}

// WriteReport makes the run's report hold what write writes.
func (f *Folder) WriteReport(write func(io.Writer) error) error {
	return f.WriteFile(reportFile, write)
}

// ReportPath is where [Folder.WriteReport] puts the report.
func (f *Folder) ReportPath() string { return filepath.Join(f.dir, reportFile) }

// Close lets go of the journal. The folder can still be read, and appending
// opens it again.
func (f *Folder) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.journal == nil {
		return nil
	}
	err := f.journal.close()
	f.journal = nil
	return err
}

package runs

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// A Manifest lists a run's files with their digests, so that a later reader can
// see whether they are what was recorded.
type Manifest struct {
	Schema string `json:"schema"`
	Run    string `json:"run"`
	// Version is the program's, Go the version it was built with.
	Version   string `json:"version"`
	Go        string `json:"go"`
	Seed      uint64 `json:"seed"`
	Generator string `json:"generator"`
	// Files is keyed by the path inside the folder, with slashes.
	Files map[string]Digest `json:"files"`
}

// A Digest identifies a file's content.
type Digest struct {
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

const manifestSchema = "hueprint/manifest/1"

// ErrUnsealed says that a run has no manifest: its process died, or its disk was
// full at the end.
var ErrUnsealed = errors.New("the run has no manifest (its process ended early; nothing can be verified, the record can be used)")

// Seal writes the manifest over every file of the run. Sealing again, after the
// journal of a sealed run has grown by the light's restoration, keeps the old
// digests of the captures and demands that the journal begins as it did.
func (f *Folder) Seal() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.journal != nil {
		if err := f.journal.close(); err != nil {
			return fmt.Errorf("seal run %s: %w", f.ID(), err)
		}
		f.journal = nil
	}
	if err := f.seal(); err != nil {
		return fmt.Errorf("seal run %s: %w", f.ID(), err)
	}
	return nil
}

func (f *Folder) seal() error {
	old, err := f.Manifest()
	if err != nil && !errors.Is(err, ErrUnsealed) {
		return err
	}
	if d, ok := old.Files[journalFile]; ok {
		if begins, err := digestFile(f.path(journalFile), d.Bytes); err != nil || begins != d {
			return fmt.Errorf("%s was changed since the run was sealed (the old manifest is kept): %w", journalFile, errors.Join(err, errAltered))
		}
	}
	r, err := f.facts()
	if err != nil {
		return err
	}
	m := Manifest{Schema: manifestSchema, Run: r.ID, Version: r.Version, Go: runtime.Version(),
		Seed: r.Plan.Seed, Generator: r.Plan.Generator, Files: map[string]Digest{}}
	names, err := f.files()
	if err != nil {
		return err
	}
	for _, name := range names {
		digest, known := old.Files[name]
		if !known || name == journalFile {
			if digest, err = digestFile(f.path(filepath.FromSlash(name)), -1); err != nil {
				return err
			}
		}
		m.Files[name] = digest
	}
	return writeJSON(f.path(manifestFile), m)
}

// reseal enters a derived file, just written, into the manifest.
func (f *Folder) reseal(name string) error {
	m, err := f.Manifest()
	if errors.Is(err, ErrUnsealed) {
		return nil
	}
	if err != nil {
		return err
	}
	digest, err := digestFile(f.path(name), -1)
	if err != nil {
		return err
	}
	m.Files[name] = digest
	return writeJSON(f.path(manifestFile), m)
}

// Manifest reads the manifest; [ErrUnsealed] when there is none.
func (f *Folder) Manifest() (Manifest, error) {
	var m Manifest
	err := readJSON(f.path(manifestFile), &m)
	if errors.Is(err, os.ErrNotExist) {
		err = ErrUnsealed
	}
	return m, err
}

// errAltered marks a file that is not what the manifest says.
var errAltered = errors.New("not as recorded")

// Verify compares every file with the manifest and reports all differences.
func (f *Folder) Verify() error {
	m, err := f.Manifest()
	if err != nil {
		return fmt.Errorf("verify run %s: %w", f.ID(), err)
	}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(m.Files)) {
		got, err := digestFile(f.path(filepath.FromSlash(name)), -1)
		switch {
		case err != nil:
			errs = append(errs, err)
		case got != m.Files[name]:
			errs = append(errs, fmt.Errorf("%s: %w (%d bytes, recorded %d): restore it from a copy", name, errAltered, got.Bytes, m.Files[name].Bytes))
		}
	}
	names, err := f.files()
	errs = append(errs, err)
	for _, name := range names {
		if _, ok := m.Files[name]; !ok {
			errs = append(errs, fmt.Errorf("%s: not in the manifest: it was added later", name))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("verify run %s: %w", f.ID(), err)
	}
	return nil
}

// Unlisted tells whether findings or report stand in a sealed folder without the
// manifest knowing them: their process died between the two. [Folder.Seal]
// enters them.
func (f *Folder) Unlisted() (bool, error) {
	m, err := f.Manifest()
	if err != nil {
		return false, err
	}
	for _, name := range []string{findingsFile, reportFile} {
		_, listed := m.Files[name]
		if _, err := os.Stat(f.path(name)); err == nil && !listed {
			return true, nil
		}
	}
	return false, nil
}

// Altered lists the files of a gateway's recording that are not as the manifest
// says; none for a run without a manifest.
func (f *Folder) Altered(gateway string) (names []string, err error) {
	m, err := f.Manifest()
	if errors.Is(err, ErrUnsealed) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	ours := map[string]bool{}
	for _, path := range f.Captures(gateway) {
		ours[captureDir+"/"+filepath.Base(path)] = true
	}
	for _, name := range slices.Sorted(maps.Keys(m.Files)) {
		if !ours[name] {
			continue
		}
		if got, err := digestFile(f.path(filepath.FromSlash(name)), -1); err != nil || got != m.Files[name] {
			names = append(names, name)
		}
	}
	return names, nil
}

// files lists the folder's files but the manifest and the operator's notes, which
// grow when the run has been sealed, by their paths with slashes.
func (f *Folder) files() (names []string, err error) {
	err = fs.WalkDir(os.DirFS(f.dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && path != manifestFile && path != notesFile && !strings.HasPrefix(d.Name(), ".new-") {
			names = append(names, path)
		}
		return err
	})
	return names, err
}

// digestFile digests the first most bytes of a file, all of it for most < 0.
func digestFile(path string, most int64) (Digest, error) {
	file, err := os.Open(path)
	if err != nil {
		return Digest{}, err
	}
	defer file.Close()
	var r io.Reader = file
	if most >= 0 {
		r = io.LimitReader(file, most)
	}
	h := sha256.New()
	n, err := io.Copy(h, r)
	return Digest{n, hex.EncodeToString(h.Sum(nil))}, err
}

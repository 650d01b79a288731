package config

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// ErrChanged says that a file is not the one that was read.
var ErrChanged = errors.New("the configuration was changed meanwhile (read it again)")

// Revision identifies a file's text: its SHA-256, in hexadecimal.
func Revision(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// Save makes the file at path hold text, durably, whole or not at all, if its
// revision still is the given one ([ErrChanged] otherwise); an empty revision is
// that of a file that is not there. Its permissions stay, and a link keeps
// pointing where it did.
//
// Two that save at the same instant may both succeed; the callers of one process
// take turns.
func Save(path string, text []byte, revision string) error {
	mode := os.FileMode(0o644)
	now, err := os.ReadFile(path)
	switch {
	case errors.Is(err, os.ErrNotExist) && revision == "":
	case err != nil:
		return fmt.Errorf("save configuration: %w", err)
	case revision != Revision(now):
		return ErrChanged
	default:
		if path, err = filepath.EvalSymlinks(path); err != nil {
			return fmt.Errorf("save configuration: %w", err)
		}
		if info, err := os.Stat(path); err == nil {
			mode = info.Mode().Perm()
		}
	}
	if err := replaceFile(path, text, mode); err != nil {
		return fmt.Errorf("save configuration: %w", err)
	}
	return nil
}

func replaceFile(path string, text []byte, mode os.FileMode) error {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, ".hueprint-config-*")
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

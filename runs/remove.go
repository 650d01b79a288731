package runs

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// ErrInUse says that a run cannot be removed now.
var ErrInUse = errors.New("the run is in use")

// removedPrefix begins the name of a folder that is being removed. [List] passes
// it over.
const removedPrefix = ".gone-"

// Remove deletes the run's folder with everything in it. It refuses, with
// [ErrInUse], a run that is going on and one whose light has not been put back.
// Once it returns nil the run is gone for good, also after a power cut; a removal
// that was cut short is ended by [FinishRemovals].
func Remove(state string, f *Folder) error {
	if err := removable(state, f); err != nil {
		return fmt.Errorf("remove run %s: %w", f.ID(), err)
	}
	if err := remove(state, f); err != nil {
		return fmt.Errorf("remove run %s: %w", f.ID(), advise(err))
	}
	return nil
}

func remove(state string, f *Folder) error {
	root, name := filepath.Split(f.dir)
	if err := errors.Join(f.Close(), Settle(state, f.ID())); err != nil {
		return err
	}
	if err := os.Rename(f.dir, filepath.Join(root, removedPrefix+name)); err != nil {
		return err
	}
	if err := syncDir(filepath.Clean(root)); err != nil {
		return err
	}
	return FinishRemovals(root)
}

// FinishRemovals deletes what removals below root have left when their process
// died.
func FinishRemovals(root string) error {
	entries, err := os.ReadDir(root)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	errs := []error{err}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), removedPrefix) {
			errs = append(errs, os.RemoveAll(filepath.Join(root, e.Name())))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("finish removing runs below %s: %w", root, advise(err))
	}
	return nil
}

// removable tells why the run must stay for now.
func removable(state string, f *Folder) error {
	r, err := f.facts()
	if err != nil {
		return err
	}
	claim, err := f.Claim()
	if err != nil {
		return err
	}
	if claim.Pending() {
		return fmt.Errorf("its light has not been put back (run: hueprint restore): %w", ErrInUse)
	}
	alive, err := Alive(state, r)
	if err == nil && alive {
		err = fmt.Errorf("it goes on (wait until it ends, or stop it): %w", ErrInUse)
	}
	return err
}

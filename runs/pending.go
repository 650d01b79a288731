package runs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/hueprint/hueprint/experiments"
)

// An Unrestored is a light that a run may have left in another state than it
// found it in, because its process died or its bridge was away.
type Unrestored struct {
	Run string `json:"run"`
	// Dir is the run's folder, absolute.
	Dir       string                     `json:"dir"`
	Simulated bool                       `json:"simulated"`
	Bridge    experiments.BridgeIdentity `json:"bridge"`
	Light     string                     `json:"light"`
	// Resource is the lock that a run holds as long as it takes care of the
	// light itself.
	Resource string `json:"resource"`
	// Found is the state to put back.
	Found experiments.LightState `json:"found"`
	Since time.Time              `json:"since"`
}

// Register lists the light as not put back, durably, before the run touches it.
func Register(state string, u Unrestored) error {
	dir := filepath.Join(state, "pending")
	err := shareDir(dir)
	if err == nil {
		err = writeJSON(filepath.Join(dir, u.Run+".json"), u)
	}
	if err != nil {
		return fmt.Errorf("register the light to put back: %w", err)
	}
	return nil
}

// Settle takes the run's light off the register.
func Settle(state, run string) error {
	dir := filepath.Join(state, "pending")
	err := os.Remove(filepath.Join(dir, run+".json"))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = syncDir(dir)
	}
	if err != nil {
		return fmt.Errorf("take run %s off the register of lights to put back: %w", run, err)
	}
	return nil
}

// Pending finds the lights that were not put back: those of the host's register,
// and, as the register may be lost in a reboot, those of the runs below roots. A
// run whose process lives takes care of its light itself and is left out. The
// oldest come first.
//
// A registered run that never touched its light, or has settled it, is taken off
// the register.
func Pending(state string, roots ...string) ([]Unrestored, error) {
	found, err := readRegister(state)
	errs := []error{err}
	for _, root := range roots {
		more, err := unrestoredBelow(root)
		found, errs = append(found, more...), append(errs, err)
	}
	slices.SortFunc(found, func(a, b Unrestored) int { return strings.Compare(a.Run, b.Run) })
	found = slices.CompactFunc(found, func(a, b Unrestored) bool { return a.Run == b.Run })
	var left []Unrestored
	for _, u := range found {
		idle, err := free(state, u.Resource)
		errs = append(errs, err)
		if err != nil || !idle {
			continue
		}
		pending, err := u.check(state)
		errs = append(errs, err)
		if pending {
			left = append(left, u)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return left, fmt.Errorf("look for lights to put back: %w", err)
	}
	return left, nil
}

// check reads from the run's folder whether its light is still to be put back.
func (u Unrestored) check(state string) (pending bool, err error) {
	f, err := Open(u.Dir)
	if err != nil {
		return false, fmt.Errorf("light %s should be put back (on: %t, brightness %d), but its run cannot be read: %w; set the light by hand, then remove %s",
			u.Light, u.Found.On, u.Found.Brightness, err, filepath.Join(state, "pending", u.Run+".json"))
	}
	c, err := f.Claim()
	if err != nil || c.Pending() {
		return err == nil, err
	}
	return false, Settle(state, u.Run)
}

// readRegister reads the register. A file that is no entry is skipped: entries
// are written atomically, so it is not ours.
func readRegister(state string) (us []Unrestored, err error) {
	dir := filepath.Join(state, "pending")
	names, err := fs.Glob(os.DirFS(dir), "*.json") // dir itself is no pattern
	for _, name := range names {
		var u Unrestored
		if readJSON(filepath.Join(dir, name), &u) == nil && u.Run+".json" == name {
			us = append(us, u)
		}
	}
	return us, err
}

// unrestoredBelow finds the runs below root whose light is to be put back.
func unrestoredBelow(root string) ([]Unrestored, error) {
	folders, err := List(root)
	errs := []error{err}
	var us []Unrestored
	for _, f := range folders {
		c, err := f.Claim()
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if !c.Pending() {
			continue
		}
		u, err := f.Unrestored()
		us, errs = append(us, u), append(errs, err)
	}
	return us, errors.Join(errs...)
}

// Unrestored describes the run's light for the register.
func (f *Folder) Unrestored() (Unrestored, error) {
	r, err := f.facts()
	if err != nil {
		return Unrestored{}, err
	}
	dir, err := filepath.Abs(f.dir)
	light := r.Plan.Experiment.Light
	return Unrestored{Run: r.ID, Dir: dir, Simulated: r.Simulated, Bridge: r.Bridge, Light: light,
		Resource: RunResource(r), Found: r.Found, Since: r.Prepared}, err
}

// Alive tells whether a process of this host takes care of the run now: carries
// it out, or puts its light back.
func Alive(state string, r experiments.Run) (bool, error) {
	f, err := openLock(state, RunResource(r))
	if err != nil {
		return false, fmt.Errorf("look whether run %s goes on: %w", r.ID, err)
	}
	defer f.Close()
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		holder := readHolder(f)
		return holder.Run == r.ID || holder.Run == "", nil
	}
	if err != nil {
		return false, fmt.Errorf("look whether run %s goes on: %w", r.ID, err)
	}
	return false, nil
}

// RunResource is the lock on the run's light. Simulated bridges may share an ID,
// so that their address tells them apart. An idle recording has no light, and a
// lock of its own by which others see that its process lives.
func RunResource(r experiments.Run) string {
	if r.Idle {
		return "idle recording " + r.ID
	}
	bridge := r.Bridge.ID
	if bridge == "" || r.Simulated {
		bridge = strings.TrimSpace(r.Bridge.ID + " at " + r.Bridge.Address)
	}
	return LightResource(bridge, r.Plan.Experiment.Light)
}

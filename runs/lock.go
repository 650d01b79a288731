package runs

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// LightResource is the name under which a run locks one light of a bridge.
func LightResource(bridge, light string) string { return "bridge " + bridge + " light " + light }

// InterfaceResource is the name under which a run locks a network interface.
func InterfaceResource(name string) string { return "interface " + name }

// A Holder is who uses a resource, as others are told.
type Holder struct {
	PID  int    `json:"pid"`
	Run  string `json:"run"`
	User string `json:"user,omitempty"`
	// Since is when the lock was taken, by the host's clock.
	Since time.Time `json:"since"`
}

// A HeldError says that a resource is in use and by whom. Holder is zero when
// that cannot be read.
type HeldError struct {
	Resource string
	Holder   Holder
}

// Error names the holder and says what to do.
func (e *HeldError) Error() string {
	if e.Holder.PID == 0 {
		return e.Resource + " is in use by another process (wait until it ends)"
	}
	by := fmt.Sprintf("run %s (process %d", e.Holder.Run, e.Holder.PID)
	if e.Holder.User != "" {
		by += " of " + e.Holder.User
	}
	return fmt.Sprintf("%s is in use by %s) since %s: wait until it ends, or stop it", e.Resource, by,
		e.Holder.Since.Format(time.DateTime))
}

// A Lock is one resource that this process alone uses, on this host. The kernel
// releases it when the process dies, however that happens.
type Lock struct{ file *os.File }

// Acquire takes the resource, by flock(2) on a file below the state directory.
// It does not wait: when another holds it, the error is a [HeldError].
func Acquire(state, resource string, h Holder) (*Lock, error) {
	f, err := openLock(state, resource)
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", resource, err)
	}
	if err := flock(f); err != nil {
		held := &HeldError{Resource: resource, Holder: readHolder(f)}
		if closeErr := f.Close(); !errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fmt.Errorf("lock %s: %w", resource, errors.Join(err, closeErr))
		}
		return nil, held
	}
	if err := writeHolder(f, h); err != nil {
		return nil, fmt.Errorf("lock %s: %w", resource, errors.Join(advise(err), f.Close()))
	}
	return &Lock{f}, nil
}

// Release lets the resource go. The file stays, as removing it would let two
// processes hold locks on two files of one name.
func (l *Lock) Release() error {
	return errors.Join(l.file.Truncate(0), l.file.Close())
}

// openLock opens the lock file of a resource, making it when it is missing. The
// flag O_CREAT is used only together with O_EXCL, because Linux
// (fs.protected_regular) otherwise refuses another user's file in a shared
// directory; symbolic links are never followed.
func openLock(state, resource string) (*os.File, error) {
	dir := filepath.Join(state, "locks")
	if err := shareDir(dir); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, strings.ReplaceAll(url.PathEscape(resource), "%20", "_")+".lock")
	f, err := os.OpenFile(path, os.O_RDWR|unix.O_NOFOLLOW, 0)
	if !errors.Is(err, os.ErrNotExist) {
		return f, err
	}
	f, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL|unix.O_NOFOLLOW, 0o666)
	if errors.Is(err, os.ErrExist) {
		return os.OpenFile(path, os.O_RDWR|unix.O_NOFOLLOW, 0)
	}
	if err == nil {
		err = f.Chmod(0o666)
	}
	return f, err
}

// flock tries for a moment only: a reader of the register may hold the lock for
// an instant to see whether its owner is alive.
func flock(f *os.File) (err error) {
	for range 5 {
		if err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); !errors.Is(err, unix.EWOULDBLOCK) {
			return err
		}
		time.Sleep(10 * time.Millisecond)
	}
	return err
}

// free tells whether nobody holds the resource.
func free(state, resource string) (bool, error) {
	f, err := openLock(state, resource)
	if err != nil {
		return false, err
	}
	defer f.Close()
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return false, nil
	}
	return err == nil, err
}

func writeHolder(f *os.File, h Holder) error {
	text, err := json.Marshal(h)
	if err != nil {
		return err
	}
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err = f.WriteAt(text, 0)
	return err
}

// readHolder reads who holds the lock; the zero Holder when that is not
// readable at this moment.
func readHolder(f *os.File) (h Holder) {
	text, err := io.ReadAll(io.NewSectionReader(f, 0, 1<<16))
	if err != nil || json.Unmarshal(text, &h) != nil {
		return Holder{}
	}
	return h
}

package runs

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

// StateVariable names the environment variable that overrides [StateDir].
const StateVariable = "HUEPRINT_STATE"

const sharedState = "/run/hueprint"

// StateDir is the directory that all hueprint processes of this host share for
// locks and the register of lights not yet put back: $HUEPRINT_STATE; else
// /run/hueprint, if it exists or root can make it; else
// $XDG_RUNTIME_DIR/hueprint; else /tmp/hueprint-<uid>.
//
// Only /run/hueprint is shared between users. Root makes it with mode 1777, so
// that anyone on the host may take a lock, and so deny it to others: on a host
// whose users do not trust one another, make it beforehand for one group (mode
// 2770). The directories of the last two belong to one user, and two users do
// not see each other's locks there.
func StateDir(getenv func(string) string) string {
	if dir := getenv(StateVariable); dir != "" {
		return dir
	}
	if writable(sharedState) || os.Geteuid() == 0 {
		return sharedState
	}
	if dir := getenv("XDG_RUNTIME_DIR"); dir != "" {
		return filepath.Join(dir, "hueprint")
	}
	return filepath.Join(os.TempDir(), "hueprint-"+strconv.Itoa(os.Geteuid()))
}

func writable(dir string) bool { return unix.Access(dir, unix.W_OK|unix.X_OK) == nil }

// shareDir makes dir, a part of the state directory, if it is missing, with the
// state directory's own rights. A state directory that another ordinary user
// planted is refused.
func shareDir(dir string) error {
	state := filepath.Dir(dir)
	err := makeState(state)
	if err == nil {
		err = makePart(state, dir)
	}
	if err != nil {
		return fmt.Errorf("state directory %s: %w (set %s to a directory that this user may write to)", state, err, StateVariable)
	}
	return nil
}

func makeState(dir string) error {
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	err := os.Mkdir(dir, 0o700)
	if errors.Is(err, os.ErrExist) {
		return trusted(dir)
	}
	if err == nil && os.Geteuid() == 0 && dir == sharedState {
		err = os.Chmod(dir, 0o777|os.ModeSticky)
	}
	return err
}

func makePart(state, dir string) error {
	of, err := os.Stat(state)
	if err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o700); !errors.Is(err, os.ErrExist) && err != nil {
		return err
	} else if err == nil {
		return os.Chmod(dir, of.Mode()&(os.ModePerm|os.ModeSticky|os.ModeSetgid))
	}
	return nil
}

// trusted refuses a directory whose owner is neither this user nor root.
func trusted(dir string) error {
	var st unix.Stat_t
	if err := unix.Lstat(dir, &st); err != nil {
		return err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFDIR {
		return errors.New("it is no directory")
	}
	if st.Uid != 0 && int(st.Uid) != os.Geteuid() {
		return fmt.Errorf("it belongs to user %d", st.Uid)
	}
	return nil
}

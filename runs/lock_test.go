package runs

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hueprint/hueprint/experiments"
)

// hold is another process: it takes a lock, says so, and waits to be killed.
func hold(state string) {
	_, err := Acquire(state, "bridge b light 1", Holder{PID: os.Getpid(), Run: "OTHER", User: "ada", Since: noon})
	fmt.Println("held", err)
	time.Sleep(time.Minute)
}

// holder starts a process that holds the lock, and returns how to kill it.
func holder(t *testing.T, state string) (pid int, kill func()) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "HUEPRINT_TEST_HOLD="+state)
	out, err := cmd.StdoutPipe()
	must(t, err, cmd.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	must(t, err)
	if line != "held <nil>\n" {
		t.Fatalf("the other process says %q", line)
	}
	return cmd.Process.Pid, func() {
		cmd.Process.Kill()
		cmd.Wait()
	}
}

func TestASecondProcessIsToldWhoHoldsTheLock(t *testing.T) {
	state := filepath.Join(t.TempDir(), "state")
	pid, kill := holder(t, state)
	defer kill()
	_, err := Acquire(state, "bridge b light 1", Holder{PID: os.Getpid()})
	var held *HeldError
	if !errors.As(err, &held) || held.Holder.PID != pid || held.Holder.Run != "OTHER" || !held.Holder.Since.Equal(noon) {
		t.Fatalf("error is %v", err)
	}
	for _, word := range []string{"bridge b light 1", "run OTHER", "ada", fmt.Sprint(pid), noon.Format("15:04"), "stop it"} {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("%q does not tell %q", err, word)
		}
	}
	other, err := Acquire(state, "bridge b light 2", Holder{})
	must(t, err, other.Release())
	kill()
	mine, err := Acquire(state, "bridge b light 1", Holder{PID: os.Getpid()})
	must(t, err)
	if _, err := Acquire(state, "bridge b light 1", Holder{}); err == nil {
		t.Error("one process took a lock twice")
	}
	must(t, mine.Release())
	again, err := Acquire(state, "bridge b light 1", Holder{})
	must(t, err, again.Release())
}

func TestResourcesOfAnyNameAreFiles(t *testing.T) {
	state := filepath.Join(t.TempDir(), "state")
	for _, resource := range []string{"interface ../../eth0", "interface eth0", "bridge a/b light 1", "..", "."} {
		l, err := Acquire(state, resource, Holder{})
		must(t, err)
		defer l.Release()
	}
	files, err := os.ReadDir(filepath.Join(state, "locks"))
	must(t, err)
	if len(files) != 5 {
		t.Errorf("%d lock files, want 5", len(files))
	}
}

func TestStateDir(t *testing.T) {
	getenv := func(env map[string]string) func(string) string { return func(k string) string { return env[k] } }
	if got := StateDir(getenv(map[string]string{StateVariable: "/x"})); got != "/x" {
		t.Errorf("the variable does not win: %q", got)
	}
	if got := StateDir(getenv(nil)); got == "" {
		t.Error("no state directory")
	}
	file := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(file, nil, 0o600))
	if _, err := Acquire(file, "x", Holder{}); err == nil || !strings.Contains(err.Error(), StateVariable) {
		t.Errorf("a file as state directory: %v", err)
	}
	if os.Geteuid() != 0 {
		return
	}
	theirs := filepath.Join(t.TempDir(), "theirs")
	must(t, os.Mkdir(theirs, 0o777), os.Chown(theirs, 12345, 12345))
	if _, err := Acquire(theirs, "x", Holder{}); err == nil || !strings.Contains(err.Error(), "belongs to user 12345") {
		t.Errorf("a planted state directory: %v", err)
	}
}

// register makes a run that is registered and has sent a command.
func register(t *testing.T, root, state string) (*Folder, Unrestored) {
	t.Helper()
	f, err := Create(root, registered(t))
	must(t, err)
	u, err := f.Unrestored()
	must(t, err, Register(state, u), f.Setting(experiments.Off))
	t.Cleanup(func() { f.Close() })
	return f, u
}

func pending(t *testing.T, state string, roots ...string) int {
	t.Helper()
	us, err := Pending(state, roots...)
	must(t, err)
	return len(us)
}

func TestALightIsPendingUntilItIsSettled(t *testing.T) {
	root, state := t.TempDir(), filepath.Join(t.TempDir(), "state")
	if n := pending(t, state, root); n != 0 {
		t.Fatalf("%d lights pending on an unused host", n)
	}
	f, u := register(t, root, state)
	us, err := Pending(state)
	must(t, err)
	if len(us) != 1 || us[0].Run != f.ID() || us[0].Dir != f.Dir() || us[0].Found.Brightness != 200 || us[0].Light != "1" {
		t.Fatalf("pending: %+v", us)
	}
	if n := pending(t, state, root); n != 1 {
		t.Errorf("register and folders together find %d", n)
	}
	l, err := Acquire(state, u.Resource, Holder{PID: os.Getpid()})
	must(t, err)
	if n := pending(t, state, root); n != 0 {
		t.Errorf("the light of a living run is pending")
	}
	must(t, l.Release(), Settle(state, f.ID()))
	if n := pending(t, state); n != 0 {
		t.Error("the register still knows the light")
	}
	if n := pending(t, state, root); n != 1 {
		t.Error("after the loss of the register the folder does not tell")
	}
	must(t, f.NotRestored("the bridge is away"))
	if n := pending(t, state, root); n != 1 {
		t.Error("a failed restoration has settled the light")
	}
	must(t, f.Restored(true, ""), Register(state, u))
	if n := pending(t, state, root); n != 0 {
		t.Error("a light that was put back is pending")
	}
	if left, _ := filepath.Glob(filepath.Join(state, "pending", "*")); len(left) != 0 {
		t.Errorf("the register keeps %q", left)
	}
}

func TestARunThatTouchedNothingIsTakenOffTheRegister(t *testing.T) {
	state := filepath.Join(t.TempDir(), "state")
	f := newFolder(t)
	u, err := f.Unrestored()
	must(t, err, Register(state, u))
	if n := pending(t, state); n != 0 {
		t.Errorf("%d pending", n)
	}
	if left, _ := filepath.Glob(filepath.Join(state, "pending", "*")); len(left) != 0 {
		t.Errorf("the register keeps %q", left)
	}
}

func TestALostFolderIsToldWithTheStateToSet(t *testing.T) {
	root, state := t.TempDir(), filepath.Join(t.TempDir(), "state")
	f, _ := register(t, root, state)
	must(t, os.RemoveAll(f.Dir()))
	_, err := Pending(state)
	if err == nil || !strings.Contains(err.Error(), "brightness 200") || !strings.Contains(err.Error(), "by hand") {
		t.Errorf("error is %v", err)
	}
}

func TestSimulatedBridgesAreToldApartByTheirAddress(t *testing.T) {
	a, b := registered(t), registered(t)
	a.Bridge.Address, b.Bridge.Address = "127.0.0.1:1", "127.0.0.1:2"
	if RunResource(a) != RunResource(b) {
		t.Error("a bridge with a new address is another bridge")
	}
	a.Simulated, b.Simulated = true, true
	if RunResource(a) == RunResource(b) {
		t.Error("two simulated bridges are one")
	}
}

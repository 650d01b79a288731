package veth

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// namespaceDir is where the ip command keeps named namespaces.
const namespaceDir = "/run/netns"

// namePrefix begins the names of all namespaces made here; the number of the
// process follows.
const namePrefix = "hueprint-"

// A Namespace is a named network namespace.
type Namespace string

// Enter runs do on an operating system thread that is in the namespace: sockets
// that do itself opens are the namespace's. Goroutines that do starts are not in
// it.
func (ns Namespace) Enter(do func() error) error {
	result := make(chan error, 1)
	go func() { result <- ns.enter(do) }()
	if err := <-result; err != nil {
		return fmt.Errorf("in namespace %s: %w", ns, err)
	}
	return nil
}

// enter locks its thread, which ends with the goroutine if it cannot go back.
func (ns Namespace) enter(do func() error) error {
	runtime.LockOSThread()
	back, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return err
	}
	defer back.Close()
	target, err := os.Open(filepath.Join(namespaceDir, string(ns)))
	if err != nil {
		return err
	}
	defer target.Close()
	if err := unix.Setns(int(target.Fd()), unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("setns: %w (run as root)", err)
	}
	failure := do()
	if err := unix.Setns(int(back.Fd()), unix.CLONE_NEWNET); err == nil {
		runtime.UnlockOSThread()
	}
	return failure
}

// quieten turns off what a kernel says without being asked: IPv6, so that taps
// see only what hosts do.
func (ns Namespace) quieten() error { return ns.set("net/ipv6/conf/all/disable_ipv6", "1") }

// set writes a kernel setting of the namespace.
func (ns Namespace) set(name, value string) error {
	return ns.Enter(func() error {
		err := os.WriteFile("/proc/sys/"+name, []byte(value), 0o644)
		if errors.Is(err, os.ErrNotExist) { // a kernel without it has nothing to turn off
			return nil
		}
		return err
	})
}

// ip runs lines of the ip command in the namespace; in none when it is empty.
func (ns Namespace) ip(lines ...string) error {
	args := []string{"-batch", "-"}
	if ns != "" {
		args = append([]string{"-netns", string(ns)}, args...)
	}
	cmd := exec.Command("ip", args...)
	cmd.Stdin = strings.NewReader(strings.Join(lines, "\n") + "\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("ip %s: %w: %s", strings.Join(args, " "), err, bytes.TrimSpace(out))
	}
	return nil
}

// removeStale deletes the namespaces of processes that are no more.
func removeStale() error {
	paths, err := filepath.Glob(filepath.Join(namespaceDir, namePrefix+"*"))
	if err != nil {
		return err
	}
	for _, path := range paths {
		name := filepath.Base(path)
		owner, _, _ := strings.Cut(strings.TrimPrefix(name, namePrefix), "-")
		pid, err := strconv.Atoi(owner)
		if err != nil || !errors.Is(unix.Kill(pid, 0), unix.ESRCH) {
			continue
		}
		err = Namespace("").ip("netns del " + name)
		if _, gone := os.Stat(path); err != nil && gone == nil { // another process may have been faster
			return fmt.Errorf("remove a dead process's namespace: %w", err)
		}
	}
	return nil
}

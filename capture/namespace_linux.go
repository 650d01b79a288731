package capture

import (
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// InNamespace returns a function that runs another on a thread in the network
// namespace at path, such as "/run/netns/lab", for [Live.Enter]. Sockets that
// are opened there stay there.
func InNamespace(path string) func(func() error) error {
	return func(do func() error) error {
		done := make(chan error, 1)
		// A goroutine of its own, whose thread is thrown away with it: a thread
		// that could not be brought back must serve nobody else.
		go func() {
			runtime.LockOSThread()
			done <- enterNamespace(path, do)
		}()
		return <-done
	}
}

func enterNamespace(path string, do func() error) error {
	ns, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("enter network namespace: %w (list them: ip netns)", err)
	}
	defer ns.Close()
	if err := unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("enter network namespace %s: %w (run as root)", path, err)
	}
	return do()
}

package main

import (
	"bytes"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The second signal hurries, the first one only says so.
func TestTheSecondSignalHurries(t *testing.T) {
	var said bytes.Buffer
	p := &program{err: &said}
	hurry, stop := p.secondSignal()
	for n := range 2 {
		if err := syscall.Kill(os.Getpid(), syscall.SIGINT); err != nil {
			t.Fatal(err)
		}
		patience := 10 * time.Second
		if n == 0 {
			patience = 100 * time.Millisecond
		}
		select {
		case <-hurry:
			if n == 0 {
				t.Error("the first signal hurries")
			}
		case <-time.After(patience):
			if n == 1 {
				t.Error("the second signal does not hurry")
			}
		}
	}
	stop()
	if !strings.Contains(said.String(), "the light is put back first") {
		t.Errorf("said %q", said.String())
	}
}

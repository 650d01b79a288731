package main

import (
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// secondSignal returns a channel that is closed when the operator has asked
// twice to stop. The first signal ends the run's context (see main); this says
// then what a second one would do. stop ends the listening.
func (p *program) secondSignal() (hurry <-chan struct{}, stop func()) {
	signals, asked, over := make(chan os.Signal, 2), make(chan struct{}), make(chan struct{})
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	var listening sync.WaitGroup
	listening.Go(func() {
		for n := 0; ; n++ {
			select {
			case <-signals:
			case <-over:
				return
			}
			if n == 0 {
				fmt.Fprintln(p.err, "\nstopping: the light is put back first; Ctrl-C again gives up after one try, and the next start puts it back")
			} else if n == 1 {
				close(asked)
			}
		}
	})
	return asked, func() {
		signal.Stop(signals)
		close(over)
		listening.Wait()
	}
}

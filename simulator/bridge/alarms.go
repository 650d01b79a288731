package bridge

import (
	"sync"
	"time"
)

// alarms are the things a bridge will do later. They can all be called off.
type alarms struct {
	mu      sync.Mutex
	pending map[*time.Timer]struct{}
	running sync.WaitGroup
}

func newAlarms() *alarms { return &alarms{pending: map[*time.Timer]struct{}{}} }

// after does f once d has passed, unless it is called off.
func (a *alarms) after(d time.Duration, f func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.running.Add(1)
	var timer *time.Timer
	timer = time.AfterFunc(d, func() {
		defer a.running.Done()
		a.mu.Lock()
		delete(a.pending, timer)
		a.mu.Unlock()
		f()
	})
	a.pending[timer] = struct{}{}
}

// callOff drops what is pending and returns when nothing runs any more.
func (a *alarms) callOff() {
	a.mu.Lock()
	for timer := range a.pending {
		if timer.Stop() {
			a.running.Done()
		}
		delete(a.pending, timer)
	}
	a.mu.Unlock()
	a.running.Wait()
}

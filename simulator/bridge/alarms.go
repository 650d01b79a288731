package bridge

import (
	"sync"
	"time"
)

// alarms are the things a bridge will do later. They can all be called off.
type alarms struct {
	mu      sync.Mutex
	pending map[*alarm]struct{}
	running int
	idle    *sync.Cond // running has become 0
}

type alarm struct{ timer *time.Timer }

func newAlarms() *alarms {
	a := &alarms{pending: map[*alarm]struct{}{}}
	a.idle = sync.NewCond(&a.mu)
	return a
}

// after does f once d has passed, unless it is called off.
func (a *alarms) after(d time.Duration, f func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	one := &alarm{}
	a.pending[one] = struct{}{}
	one.timer = time.AfterFunc(d, func() {
		if !a.begin(one) {
			return
		}
		defer a.end()
		f()
	})
}

// begin says whether the alarm still stands.
func (a *alarms) begin(one *alarm) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	_, stands := a.pending[one]
	if stands {
		delete(a.pending, one)
		a.running++
	}
	return stands
}

func (a *alarms) end() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.running--
	if a.running == 0 {
		a.idle.Broadcast()
	}
}

// callOff drops what is pending and returns when nothing runs any more.
func (a *alarms) callOff() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.drop()
	for a.running > 0 {
		a.idle.Wait()
		a.drop() // what ran may have set new ones
	}
}

func (a *alarms) drop() {
	for one := range a.pending {
		one.timer.Stop()
	}
	clear(a.pending)
}

package memory

import (
	"container/heap"
	"time"
)

// An event is something that happens at an instant; events of one instant
// happen in the order in which they were entered.
type event struct {
	due    time.Time
	serial uint64
	do     func()
}

// An agenda holds the events to come.
type agenda struct {
	events  []event
	entered uint64
}

func (a *agenda) Len() int { return len(a.events) }
func (a *agenda) Less(i, j int) bool {
	x, y := &a.events[i], &a.events[j]
	if x.due.Equal(y.due) {
		return x.serial < y.serial
	}
	return x.due.Before(y.due)
}
func (a *agenda) Swap(i, j int) { a.events[i], a.events[j] = a.events[j], a.events[i] }
func (a *agenda) Push(x any)    { a.events = append(a.events, x.(event)) }
func (a *agenda) Pop() any {
	last := len(a.events) - 1
	e := a.events[last]
	a.events[last] = event{}
	a.events = a.events[:last]
	return e
}

// at enters an event. The network's lock is held, then and when it happens.
func (n *Network) at(due time.Time, do func()) {
	if n.closed {
		return
	}
	n.agenda.entered++
	heap.Push(&n.agenda, event{due, n.agenda.entered, do})
	if n.agenda.events[0].serial == n.agenda.entered {
		n.nudge()
	}
}

// after enters an event that happens d from now.
func (n *Network) after(d time.Duration, do func()) { n.at(time.Now().Add(d), do) }

// nudge makes run look at the agenda again.
func (n *Network) nudge() {
	select {
	case n.wake <- struct{}{}:
	default:
	}
}

// run lets the events happen, each at its time, until the network closes.
func (n *Network) run() {
	defer close(n.done)
	timer := time.NewTimer(0)
	timer.Stop()
	for {
		wait, open := n.perform()
		if !open {
			return
		}
		var next <-chan time.Time // none while nothing is to come, so that synctest sees a deadlock as one
		if wait > 0 {
			timer.Reset(wait)
			next = timer.C
		}
		select {
		case <-next:
		case <-n.wake:
			timer.Stop()
		}
	}
}

// perform lets all events that are due happen, and tells how long it is until
// the next one, 0 when there is none.
func (n *Network) perform() (wait time.Duration, open bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for !n.closed && len(n.agenda.events) > 0 {
		if wait := time.Until(n.agenda.events[0].due); wait > 0 {
			return wait, true
		}
		heap.Pop(&n.agenda).(event).do()
	}
	return 0, !n.closed
}

package gateways

import (
	"context"
	"sync"
)

// readiness is a list of things that must have happened once. What is needed
// must be named before anyone waits.
type readiness struct {
	needs []need
}

type need struct {
	name string
	met  chan struct{}
}

// need adds a thing to wait for; the function that it returns says that it
// happened and may be called any number of times.
func (r *readiness) need(name string) (met func()) {
	n := need{name, make(chan struct{})}
	r.needs = append(r.needs, n)
	return sync.OnceFunc(func() { close(n.met) })
}

// wait returns the names of what had not happened when ctx ended.
func (r *readiness) wait(ctx context.Context) (missing []string) {
	for _, n := range r.needs {
		select {
		case <-n.met:
			continue
		default:
		}
		select {
		case <-n.met:
		case <-ctx.Done():
			missing = append(missing, n.name)
		}
	}
	return missing
}

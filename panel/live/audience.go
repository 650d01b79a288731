package live

import (
	"context"
	"iter"
	"sync"

	"github.com/hueprint/hueprint/panel/lab"
)

// An Audience is a feed that counts who reads it, so that nobody listens to the
// gateways for nothing.
type Audience struct {
	lab.Feed
	// Counted is told the number of readers whenever it changes, one call at a
	// time; it must return at once. It may be nil.
	Counted func(n int)

	mu      sync.Mutex
	readers int
}

// Readers counts those who read now.
func (a *Audience) Readers() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.readers
}

// Events are those of the feed.
func (a *Audience) Events(ctx context.Context, after string) iter.Seq[lab.Event] {
	events := a.Feed.Events(ctx, after)
	return func(yield func(lab.Event) bool) {
		a.count(+1)
		defer a.count(-1)
		events(yield)
	}
}

func (a *Audience) count(n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.readers += n
	if a.Counted != nil {
		a.Counted(a.readers)
	}
}

package access

import (
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// How often a password may be tried wrongly: at first, and then one in so long.
const (
	triesAtFirst = 10
	tryEvery     = 10 * time.Second
	// tableAtMost is how many addresses or names are remembered; those beyond
	// share one limit.
	tableAtMost = 4096
	// keyAtMost is the length of what is remembered; nobody has a longer name.
	keyAtMost = 64
)

// A limit says how often something may be tried, for each key.
type limit struct {
	mu     sync.Mutex
	keys   map[string]*rate.Limiter
	others *rate.Limiter
}

func newLimit() *limit {
	return &limit{keys: map[string]*rate.Limiter{}, others: newTries()}
}

func newTries() *rate.Limiter { return rate.NewLimiter(rate.Every(tryEvery), triesAtFirst) }

// of returns the key's own limiter, or the one of all others when the table is
// full of such as are not at rest.
func (l *limit) of(key string, now time.Time) *rate.Limiter {
	if len(key) > keyAtMost {
		return l.others
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if r := l.keys[key]; r != nil {
		return r
	}
	if len(l.keys) >= tableAtMost {
		for k, r := range l.keys {
			if r.TokensAt(now) >= triesAtFirst {
				delete(l.keys, k)
			}
		}
	}
	if len(l.keys) >= tableAtMost {
		return l.others
	}
	r := newTries()
	l.keys[key] = r
	return r
}

// A try is one attempt, counted against address and name at once. Successful
// ones give their count back.
type try struct {
	at   time.Time
	held []*rate.Reservation
}

// begin counts an attempt; wait is how long to wait before the next when there
// were too many, and then nothing is counted.
func begin(now time.Time, limiters ...*rate.Limiter) (t try, wait time.Duration) {
	t.at = now
	for _, l := range limiters {
		r := l.ReserveN(now, 1)
		t.held = append(t.held, r)
		wait = max(wait, r.DelayFrom(now))
	}
	if wait > 0 {
		t.forgive()
	}
	return t, wait
}

// forgive gives the count back.
func (t try) forgive() {
	for _, r := range t.held {
		r.CancelAt(t.at)
	}
}

// network is what an address is counted by: an IPv4 address itself, of IPv6 the
// /64 that one household or computer has.
func network(remote string) string {
	addr, err := netip.ParseAddrPort(remote)
	if err != nil {
		return remote
	}
	ip := addr.Addr().Unmap().WithZone("")
	if ip.Is4() {
		return ip.String()
	}
	p, err := ip.Prefix(64)
	if err != nil {
		return ip.String()
	}
	return p.String()
}

package orchestrator

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/hueprint/hueprint/capture"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/traffic"
	"github.com/hueprint/hueprint/traffic/decode"
)

const (
	// batchEvery is the default of Monitor.Every.
	batchEvery = 200 * time.Millisecond
	// mostBlips bounds a batch; pendingBlips is how many may wait to be chosen.
	mostBlips, pendingBlips = 200, 2048
	// listenAfter is the wait before a tap that failed is opened again; each
	// further wait is twice as long, listenMost at most.
	listenAfter, listenMost = time.Second, time.Minute
)

// A Monitor shows what gateways say as they say it, while somebody looks. It has
// taps of its own, beside those of runs: it sends no marker, proves nothing and
// keeps nothing. Nobody looking, nothing is tapped.
//
// The fields are set before Run, and not changed afterwards.
type Monitor struct {
	// Every is the time between batches; 0 means 200 ms.
	Every time.Duration
	// Tell gets the batches of a gateway, none for a stretch without packets,
	// and must return at once.
	Tell func(gateway string, b Batch)
	// Changed is called when what [Monitor.Taps] says has changed other than by
	// packets: a tap was opened, or failed; optional.
	Changed func()

	mu       sync.Mutex
	viewers  int
	gateways map[string]watched
	ears     map[string]*listener
	changed  chan struct{}
	once     sync.Once
}

// watched is a gateway to listen to.
type watched struct {
	gateway  experiments.Gateway
	recorder capture.Recorder
}

// A Batch is what a gateway sent and received since the batch before.
type Batch struct {
	// Blips are single packets in order of time: the largest where there were
	// many. Count and Bytes are of all, in bytes on the wire.
	Blips []Blip
	Count int
	Bytes int64
	// Heard is when the last packet was seen, by the capturing host's clock.
	Heard time.Time
}

// A Blip is one packet. At is by the capturing host's clock, Size its length on
// the wire in bytes.
type Blip struct {
	At    time.Time
	Out   bool // sent by the gateway
	Size  int
	Scope traffic.Scope
}

// A TapState tells how a gateway's tap stands.
type TapState struct {
	// Watched tells whether it is open; Trouble why it cannot be, empty otherwise.
	Watched bool
	Trouble string
	// Heard is when the last packet was seen while somebody looked.
	Heard time.Time
}

func (m *Monitor) setUp() {
	m.once.Do(func() {
		m.changed = make(chan struct{}, 1)
		m.gateways, m.ears = map[string]watched{}, map[string]*listener{}
	})
}

// Viewers says how many look now.
func (m *Monitor) Viewers(n int) {
	m.change(func() { m.viewers = n })
}

// Watch says which gateways there are, in the place of those before; recorders
// has one for each, by its name. Gateways without one are not watched.
func (m *Monitor) Watch(gateways []experiments.Gateway, recorders map[string]capture.Recorder) {
	m.change(func() {
		clear(m.gateways)
		for _, g := range gateways {
			if r := recorders[g.Name()]; r != nil {
				m.gateways[g.Name()] = watched{g, r}
			}
		}
		for _, l := range m.ears {
			l.outdated = true
		}
	})
}

func (m *Monitor) change(do func()) {
	m.setUp()
	m.mu.Lock()
	do()
	m.mu.Unlock()
	select {
	case m.changed <- struct{}{}:
	default:
	}
}

// Taps tells how each gateway's tap stands, by its name.
func (m *Monitor) Taps() map[string]TapState {
	m.setUp()
	m.mu.Lock()
	defer m.mu.Unlock()
	all := map[string]TapState{}
	for name := range m.gateways {
		all[name] = TapState{}
	}
	for name, l := range m.ears {
		all[name] = l.state()
	}
	return all
}

// Run listens, while somebody looks, until ctx ends. When it returns no tap is
// open.
func (m *Monitor) Run(ctx context.Context) error {
	m.setUp()
	defer m.stop(m.all())
	tick := time.NewTicker(cmp.Or(m.Every, batchEvery))
	defer tick.Stop()
	for {
		batches := tick.C
		m.mu.Lock()
		if m.viewers <= 0 {
			batches = nil
		}
		m.mu.Unlock()
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-m.changed:
			m.adjust(ctx)
		case <-batches:
			m.collect()
		}
	}
}

// adjust opens the taps that are wanted and closes the others.
func (m *Monitor) adjust(ctx context.Context) {
	m.mu.Lock()
	over := map[string]*listener{}
	for name, l := range m.ears {
		if _, wanted := m.gateways[name]; m.viewers <= 0 || !wanted || l.outdated {
			over[name] = l
		}
	}
	m.mu.Unlock()
	m.stop(over)
	m.mu.Lock()
	defer m.mu.Unlock()
	for name, w := range m.gateways {
		if m.viewers > 0 && m.ears[name] == nil {
			m.ears[name] = listen(ctx, w, m.tellChange)
		}
	}
}

func (m *Monitor) all() map[string]*listener {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.ears
}

// stop closes taps and waits for them.
func (m *Monitor) stop(over map[string]*listener) {
	m.mu.Lock()
	over = maps.Clone(over)
	m.mu.Unlock()
	for _, l := range over {
		l.cancel()
	}
	for name, l := range over {
		<-l.done
		m.mu.Lock()
		delete(m.ears, name)
		m.mu.Unlock()
	}
	if len(over) > 0 {
		m.tellChange()
	}
}

func (m *Monitor) tellChange() {
	if m.Changed != nil {
		m.Changed()
	}
}

// collect tells what was heard since it was called last.
func (m *Monitor) collect() {
	m.mu.Lock()
	ears := maps.Clone(m.ears)
	m.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(ears)) {
		if b := ears[name].take(); b.Count > 0 && m.Tell != nil {
			m.Tell(name, b)
		}
	}
}

// listener keeps a tap on one gateway open.
type listener struct {
	watched
	cancel   context.CancelFunc
	done     chan struct{}
	changed  func()
	outdated bool // guarded by the monitor

	mu      sync.Mutex
	packet  traffic.Packet // reused
	batch   Batch
	open    bool
	trouble string
}

func listen(ctx context.Context, w watched, changed func()) *listener {
	ctx, cancel := context.WithCancel(ctx)
	l := &listener{watched: w, cancel: cancel, done: make(chan struct{}), changed: changed}
	go func() {
		defer close(l.done)
		defer cancel()
		l.listen(ctx)
	}()
	return l
}

// listen opens the tap again and again, until ctx ends.
func (l *listener) listen(ctx context.Context) {
	failures := 0
	for ctx.Err() == nil {
		began := time.Now()
		err := l.session(ctx)
		if ctx.Err() != nil {
			return
		}
		if time.Since(began) > listenMost {
			failures = 0
		}
		failures++
		wait := retryAfter(listenAfter, listenMost, failures)
		l.tell(false, fmt.Sprintf("the traffic of %s cannot be watched: %v", l.gateway.Name(), err))
		_ = sleepUntil(ctx, time.Now().Add(wait)) // the loop sees the end of ctx
	}
}

// session is one opening of the tap. Its error is why it ended by itself.
func (l *listener) session(ctx context.Context) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("a defect of the program (please report it): %v", r)
		}
	}()
	session, err := l.recorder.Start(ctx, l)
	if err != nil {
		return err
	}
	l.tell(true, "")
	select {
	case <-session.Done():
	case <-ctx.Done():
	}
	ended := session.Err()
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
	defer cancel()
	_, err = session.Stop(stop)
	return cmp.Or(ended, err, errors.New("the recorder ended by itself"))
}

// tell notes whether the tap is open, and the trouble with it.
func (l *listener) tell(open bool, trouble string) {
	l.mu.Lock()
	news := l.open != open || l.trouble != trouble
	l.open, l.trouble = open, trouble
	l.mu.Unlock()
	if news {
		l.changed()
	}
}

func (l *listener) state() TapState {
	l.mu.Lock()
	defer l.mu.Unlock()
	return TapState{Watched: l.open, Trouble: l.trouble, Heard: l.batch.Heard}
}

// Frame takes a frame of the tap; those of others than the gateway are none of
// the monitor's business.
func (l *listener) Frame(f traffic.Frame) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	decode.Frame(&f, &l.packet)
	p := &l.packet
	direction := l.gateway.Addresses.Direction(p)
	far := p.Src
	switch direction {
	case traffic.None:
		return nil
	case traffic.Out:
		far = p.Dst
	}
	l.batch.Count++
	l.batch.Bytes += int64(f.Wire)
	l.batch.Heard = f.Time
	l.batch.Blips = append(l.batch.Blips, Blip{At: f.Time, Out: direction == traffic.Out, Size: f.Wire, Scope: l.gateway.Peers.Scope(far)})
	if len(l.batch.Blips) >= pendingBlips {
		l.batch.Blips = largest(l.batch.Blips)
	}
	p.Payload = nil // it belongs to the tap
	return nil
}

// take hands over what was heard since it was called last.
func (l *listener) take() Batch {
	l.mu.Lock()
	b := l.batch
	l.batch = Batch{Heard: b.Heard}
	l.mu.Unlock()
	b.Blips = largest(b.Blips)
	slices.SortStableFunc(b.Blips, func(a, b Blip) int { return a.At.Compare(b.At) })
	return b
}

// largest cuts blips down to the most that a batch may hold; of equal ones the
// first stay.
func largest(blips []Blip) []Blip {
	if len(blips) <= mostBlips {
		return blips
	}
	slices.SortStableFunc(blips, func(a, b Blip) int { return cmp.Compare(b.Size, a.Size) })
	return blips[:mostBlips]
}

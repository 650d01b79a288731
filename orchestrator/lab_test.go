package orchestrator

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/hueprint/hueprint/capture"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/runs"
	"github.com/hueprint/hueprint/traffic"
)

func TestMain(m *testing.M) {
	if root := os.Getenv("HUEPRINT_TEST_RUN"); root != "" {
		conductElsewhere(root)
		return
	}
	if os.Getenv("HUEPRINT_TEST_SPIN") != "" {
		spin()
	}
	goleak.VerifyTestMain(m)
}

// bench is a bulb in memory behind a bridge whose manners a test can turn, with
// a record of all it was asked.
type bench struct {
	mu       sync.Mutex
	light    experiments.LightState
	asked    []string // prepare, release, put on, put off, read, restore; with the virtual time
	began    time.Time
	answers  time.Duration // a command takes this long
	fail     func(put int) error
	deaf     bool // commands get no answer
	puts     int
	changes  chan experiments.Change
	muted    bool // the event stream says nothing
	whenPut  func(put int)
	whenSeen func() // when the state is read
}

func newBench() *bench {
	return &bench{light: experiments.LightState{On: true, Brightness: 120, ColorMode: "ct", Mired: 300},
		answers: 20 * time.Millisecond, began: time.Now()}
}

func (b *bench) say(format string, args ...any) {
	b.asked = append(b.asked, fmt.Sprintf("%v ", time.Since(b.began))+fmt.Sprintf(format, args...))
}

func (b *bench) Switch(ctx context.Context, light string, on bool) (experiments.Receipt, error) {
	b.mu.Lock()
	put := b.puts
	b.puts++
	b.say("put %t", on)
	hook, fail, deaf := b.whenPut, b.fail, b.deaf
	b.mu.Unlock()
	if hook != nil {
		hook(put)
	}
	r := experiments.Receipt{Sent: time.Now()}
	if deaf {
		<-ctx.Done()
		return r, ctx.Err()
	}
	time.Sleep(b.answers)
	r.Answered = time.Now()
	if fail != nil {
		if err := fail(put); err != nil {
			r.Outcome = experiments.Failed
			return r, err
		}
	}
	b.set(func(s *experiments.LightState) { s.On = on })
	r.Outcome = experiments.Done
	return r, nil
}

// set changes the light and lets the event stream tell, if it changed.
func (b *bench) set(change func(*experiments.LightState)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	before := b.light
	change(&b.light)
	if b.changes != nil && !b.muted && before != b.light {
		b.changes <- experiments.Change{At: time.Now(), Light: "1", State: b.light, Source: experiments.ByEventStream}
	}
}

func (b *bench) Prepare(context.Context) error { b.note("prepare"); return nil }
func (b *bench) Release()                      { b.note("release") }

func (b *bench) note(what string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.say("%s", what)
}

// heard counts the requests so far.
func (b *bench) heard() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.asked)
}

func (b *bench) State(context.Context, string) (experiments.LightState, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.whenSeen != nil {
		b.whenSeen()
	}
	b.say("read")
	return b.light, nil
}

func (b *bench) Restore(_ context.Context, _ string, s experiments.LightState) error {
	b.note("restore")
	b.set(func(light *experiments.LightState) { *light = s })
	return nil
}

// stream is the bench with an event stream.
type stream struct{ *bench }

func (s stream) Watch(ctx context.Context, _ string) (<-chan experiments.Change, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changes = make(chan experiments.Change, 100)
	context.AfterFunc(ctx, s.hangUp)
	return s.changes, nil
}

func (b *bench) hangUp() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.changes != nil {
		close(b.changes)
		b.changes = nil
	}
}

// tape is a recorder that sees a frame each second.
type tape struct {
	startErr, proveErr error
	mu                 sync.Mutex
	started            *reel
}

func (t *tape) Start(_ context.Context, sink capture.Sink) (capture.Session, error) {
	if t.startErr != nil {
		return nil, t.startErr
	}
	r := &reel{tape: t, sink: sink, halt: make(chan error, 1), done: make(chan struct{})}
	t.mu.Lock()
	t.started = r
	t.mu.Unlock()
	go r.turn()
	return r, nil
}

func (t *tape) Describe() capture.Description {
	return capture.Description{Interface: "tape0", Filter: "everything"}
}

// reel is a session of a tape.
type reel struct {
	tape  *tape
	sink  capture.Sink
	halt  chan error
	done  chan struct{}
	mu    sync.Mutex
	stats capture.Stats
	err   error
}

func (r *reel) turn() {
	defer close(r.done)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case err := <-r.halt:
			r.err = err
			return
		case now := <-tick.C:
			if r.err = r.sink.Frame(traffic.Frame{Time: now, Link: traffic.LinkEthernet, Data: make([]byte, 60), Wire: 60}); r.err != nil {
				return
			}
			r.count(func(s *capture.Stats) { s.Frames++; s.Last = now })
		}
	}
}

func (r *reel) count(f func(*capture.Stats)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f(&r.stats)
}

func (r *reel) Prove(ctx context.Context) (capture.Proof, error) {
	if r.tape.proveErr != nil {
		<-ctx.Done()
		return capture.Proof{}, r.tape.proveErr
	}
	return capture.Proof{At: time.Now(), By: "a marker frame"}, nil
}

func (r *reel) Stats() capture.Stats {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stats
}
func (r *reel) Done() <-chan struct{} { return r.done }
func (r *reel) Err() error {
	select {
	case <-r.done:
		return r.err
	default:
		return nil
	}
}

func (r *reel) Stop(context.Context) (capture.Stats, error) {
	select {
	case r.halt <- nil:
	default:
	}
	<-r.done
	return r.Stats(), nil
}

// die ends the session by itself.
func (r *reel) die(err error) {
	r.halt <- err
	<-r.done
}

// plain waits by a plain timer: exact in virtual time.
func plain(ctx context.Context, at time.Time) error { return sleepUntil(ctx, at) }

func newConductor(t *testing.T, b *bench) Conductor {
	dir := t.TempDir()
	return Conductor{Root: filepath.Join(dir, "runs"), State: filepath.Join(dir, "state"),
		Switch: b, States: b, Restorer: b, Preparer: b, Watcher: stream{b}, Until: plain, User: "test"}
}

// order is a quick toggles experiment on one light with the given gateways.
func order(recorders map[string]capture.Recorder) Order {
	e := experiments.Experiment{Name: "test", Light: "1", Actions: 5, Controls: 5, Spacing: 10 * time.Second, Jitter: 2 * time.Second,
		Window: 5 * time.Second, Settle: 20 * time.Second, Directions: experiments.Alternate, Grouping: experiments.Together, Alpha: 0.05}
	o := Order{Plan: experiments.NewPlan(e, 3), Recorders: recorders, Version: "test", Via: "bridge",
		Bridge: experiments.BridgeIdentity{ID: "001788fffe000001"}}
	for name := range recorders {
		o.Gateways = append(o.Gateways, experiments.Gateway{Addresses: traffic.Gateway{Name: name}, Interface: "if-" + name})
	}
	slices.SortFunc(o.Gateways, func(a, b experiments.Gateway) int { return len(a.Name()) - len(b.Name()) })
	return o
}

func one() (*tape, map[string]capture.Recorder) {
	t := &tape{}
	return t, map[string]capture.Recorder{"echo": t}
}

// facts of a folder; the folder must be there.
func facts(t *testing.T, f *runs.Folder) experiments.Run {
	t.Helper()
	if f == nil {
		t.Fatal("no folder was made")
	}
	r, err := f.Run()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// nothingPending fails the test unless nothing is left to put back.
func nothingPending(t *testing.T, c Conductor) {
	t.Helper()
	us, err := runs.Pending(c.State, c.Root)
	if err != nil || len(us) != 0 {
		t.Errorf("pending: %+v, %v", us, err)
	}
}

var errAway = errors.New("the bridge is away")

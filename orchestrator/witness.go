package orchestrator

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/runs"
)

// initialSlot stands for the command before the first slot.
const initialSlot = -1

// lateBy is how long after a command an event may still be that of the command
// before: bridges send at most one event a second.
const lateBy = 2 * time.Second

// witness matches the changes that an event stream reports with the commands of
// the run: the first change that fits a command confirms it; one that no command
// asked for is a disturbance.
type witness struct {
	folder *runs.Folder
	cancel context.CancelFunc
	done   chan struct{}

	mu           sync.Mutex
	light        experiments.LightState // as the run believes it to be
	last, before *asked
	seen         map[int]bool // slots that are confirmed
	err          error
	stopping     bool
}

// asked is a command of which a change may be expected.
type asked struct {
	slot  int
	on    bool
	begun time.Time
	open  bool // until its outcome is known
}

func newWitness(folder *runs.Folder, found experiments.LightState) *witness {
	return &witness{folder: folder, light: found, seen: map[int]bool{}}
}

// watch begins to listen. Without a witness the run goes on with read-backs.
func (p *performance) watch(ctx context.Context) {
	if p.Watcher == nil {
		return
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	changes, err := p.Watcher.Watch(ctx, p.light)
	if err != nil {
		cancel()
		if !errors.Is(err, errors.ErrUnsupported) {
			p.note("no event stream confirms the commands, they are read back instead: %v", err)
		}
		return
	}
	p.witness.cancel, p.witness.done = cancel, make(chan struct{})
	go p.witness.listen(ctx, changes)
}

func (w *witness) listen(ctx context.Context, changes <-chan experiments.Change) {
	defer close(w.done)
	for {
		select {
		case c, more := <-changes:
			if !more {
				w.lose()
				return
			}
			w.change(c)
		case <-ctx.Done():
			return
		}
	}
}

// lose notes that the witness has left before it was told to.
func (w *witness) lose() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.stopping {
		w.keep(w.folder.Note(fmt.Sprintf("the event stream ended at %s; later commands are read back", time.Now().Format(time.RFC3339))))
	}
}

// stop ends the listening.
func (w *witness) stop() {
	w.mu.Lock()
	w.stopping = true
	w.mu.Unlock()
	if w.cancel != nil {
		w.cancel()
		<-w.done
	}
}

// expect says that a command is sent now.
func (w *witness) expect(slot int, a experiments.Action) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.before = w.last
	w.last = &asked{slot: slot, on: a == experiments.On, begun: time.Now(), open: true}
}

// resolve says what became of it.
func (w *witness) resolve(slot int, o experiments.Outcome) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.last == nil || w.last.slot != slot {
		return
	}
	w.last.open = o == experiments.Unknown
	switch o {
	case experiments.Done:
		w.light.On = w.last.on
	case experiments.Failed:
		w.last = w.before
	}
}

// change takes what the event stream says.
func (w *witness) change(c experiments.Change) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch a := w.asked(c); {
	case a != nil:
		w.light.On = w.last.on
		w.confirm(a.slot, c)
	case !c.OnUntold && c.State.On != w.light.On:
		w.keep(w.folder.Disturb(c))
		w.light.On = c.State.On
	case looksChanged(w.light, c.State):
		w.keep(w.folder.Disturb(c))
	}
	w.learn(c.State)
}

func (w *witness) confirm(slot int, c experiments.Change) {
	if w.seen[slot] {
		return
	}
	w.seen[slot] = true
	if slot != initialSlot {
		w.keep(w.folder.Confirm(slot, c.At, c.Source))
	}
}

// learn takes over brightness and colour, as far as they are told.
func (w *witness) learn(s experiments.LightState) {
	if s.Brightness != 0 {
		w.light.Brightness = s.Brightness
	}
	if s.ColorMode != "" {
		s.On, s.Brightness = w.light.On, w.light.Brightness
		w.light = s
	}
}

// asked is the command that a change is the effect of; nil if none.
func (w *witness) asked(c experiments.Change) *asked {
	switch {
	case w.last == nil || c.OnUntold:
		return nil
	case c.State.On == w.last.on && (w.last.open || !w.seen[w.last.slot]):
		return w.last
	case w.before != nil && !w.seen[w.before.slot] && c.State.On == w.before.on && c.At.Sub(w.last.begun) < lateBy:
		return w.before
	}
	return nil
}

// confirmed tells whether a slot's command was seen to take effect.
func (w *witness) confirmed(slot int) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.seen[slot]
}

func (w *witness) keep(err error) { w.err = errors.Join(w.err, err) }

// failure returns once what could not be journaled.
func (w *witness) failure() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	err := w.err
	w.err = nil
	return err
}

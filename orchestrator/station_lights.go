package orchestrator

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/hueprint/hueprint/runs"
)

const (
	// mendWithin bounds how long Recover waits for bridges.
	mendWithin = 8 * time.Second
	// mendAfter is the wait before a light is tried again; each further wait is
	// twice as long, mendMost at most.
	mendAfter = 15 * time.Second
	mendMost  = 10 * time.Minute
	// lookEvery is how often the room on the disk is looked at.
	lookEvery = time.Minute
)

// unmended is a light that could not be put back.
type unmended struct {
	trouble string
	tries   int
	next    time.Time
	told    bool
}

// Troubles are standing problems, a sentence each: lights that are not as they
// were found, a disk that is nearly full, recordings beyond their budget.
func (s *Station) Troubles() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for _, run := range slices.Sorted(maps.Keys(s.lights)) {
		all = append(all, s.lights[run].trouble)
	}
	for _, trouble := range []string{s.lowRoom, s.full} {
		if trouble != "" {
			all = append(all, trouble)
		}
	}
	return all
}

// poke lets the mender look at the register now.
func (s *Station) poke() {
	select {
	case s.poked <- struct{}{}:
	default:
	}
}

// keep starts the mender, unless it runs or the station is closed.
func (s *Station) keep() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.keeping != nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.keeping = cancel
	s.work.Go(func() {
		defer cancel()
		s.mendOn(ctx)
	})
}

// mendOn puts back lights, and looks at the room on the disk, until ctx ends.
func (s *Station) mendOn(ctx context.Context) {
	for ctx.Err() == nil {
		wait := time.NewTimer(s.untilNext())
		select {
		case <-ctx.Done():
		case <-s.poked:
		case <-wait.C:
			_ = s.CheckRoom(ctx) // told by itself
		}
		wait.Stop()
		if err := s.mend(ctx); err != nil && ctx.Err() == nil {
			s.Log.Error("lights to put back could not be looked up", "error", err)
		}
	}
}

// untilNext is how long the mender may sleep.
func (s *Station) untilNext() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	wait := lookEvery
	for _, l := range s.lights {
		wait = min(wait, max(time.Second, time.Until(l.next)))
	}
	return wait
}

// mendFirst puts back what the register and the folders tell of, as far as the
// bridge answers soon.
func (s *Station) mendFirst(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, mendWithin, errors.New("the bridge has not answered in time"))
	defer cancel()
	return s.mend(ctx, s.Root)
}

// mend tries every light of this bench that is due. It leaves the bench to a run
// that is going on, which looks after its light itself.
func (s *Station) mend(ctx context.Context, roots ...string) error {
	left, err := runs.Pending(s.State, roots...)
	if err == nil {
		s.forget(left)
	}
	for _, u := range left {
		select {
		case s.hands <- struct{}{}:
			s.mendLight(ctx, u)
			<-s.hands
		default:
		}
	}
	return err
}

// forget drops the troubles with lights that others have put back.
func (s *Station) forget(left []runs.Unrestored) {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.lights, func(run string, _ *unmended) bool {
		return !slices.ContainsFunc(left, func(u runs.Unrestored) bool { return u.Run == run })
	})
}

func (s *Station) mendLight(ctx context.Context, u runs.Unrestored) {
	s.mu.Lock()
	l := s.lights[u.Run]
	early := l != nil && time.Now().Before(l.next)
	s.mu.Unlock()
	if early {
		return
	}
	err := s.contain("put back the light of run "+u.Run, func() error { return s.putBack(ctx, u) })
	switch {
	case err == nil:
		s.mu.Lock()
		delete(s.lights, u.Run)
		s.mu.Unlock()
	case !errors.Is(err, ErrOtherBench):
		s.unmended(context.WithoutCancel(ctx), u, err)
	}
}

func (s *Station) putBack(ctx context.Context, u runs.Unrestored) error {
	if s.Bridge == nil {
		return ErrOtherBench
	}
	c, err := s.Bridge(ctx, u)
	if err != nil {
		return err
	}
	folder, err := runs.Open(u.Dir)
	if err != nil {
		return err
	}
	if _, err := c.Restore(ctx, folder); err != nil {
		return errors.Join(err, folder.Close())
	}
	if err := errors.Join(s.index(ctx, folder), folder.Close()); err != nil {
		s.Log.Error("a run whose light was put back could not be entered into the index", "run", u.Run, "error", err)
	}
	return nil
}

// unmended remembers a light to try again, and tells people once.
func (s *Station) unmended(ctx context.Context, u runs.Unrestored, err error) {
	s.mu.Lock()
	l := s.lights[u.Run]
	if l == nil {
		l = &unmended{}
		s.lights[u.Run] = l
	}
	l.tries++
	l.next = time.Now().Add(retryAfter(mendAfter, mendMost, l.tries))
	l.trouble = fmt.Sprintf("light %s is not as run %s of %s found it (%s): %s", u.Light, u.Run,
		u.Since.Format(time.DateTime), describe(u.Found), cmp.Or(oneLine(err), "unknown"))
	news := !l.told
	l.told = true
	text := l.trouble
	s.mu.Unlock()
	if err := runs.Register(s.State, u); err != nil { // a reboot may have lost it
		s.Log.Error("a light to put back is not registered", "run", u.Run, "error", err)
	}
	s.Log.Warn("a light was not put back", "run", u.Run, "light", u.Light, "error", err)
	if news {
		s.notify(ctx, Notice{Kind: LightNotice, Run: u.Run, Title: "light " + u.Light + " was not put back",
			Text: text + ". It is tried again by itself."})
	}
}

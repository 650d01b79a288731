package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hueprint/hueprint/config"
	"github.com/hueprint/hueprint/orchestrator"
	"github.com/hueprint/hueprint/panel"
	"github.com/hueprint/hueprint/panel/live"
	"github.com/hueprint/hueprint/runs"
	"github.com/hueprint/hueprint/store"
	"github.com/hueprint/hueprint/store/sqlite"
	"github.com/hueprint/hueprint/timetable"
)

// A server is the lab's server with everything that it consists of. It is made
// by openServer, started, ended, and closed.
type server struct {
	log      *slog.Logger
	site     site
	settings *settings
	store    store.Store
	index    store.Runs // the store's, remembered by the shelf
	link     *link
	light    *lightKeeper
	shelf    *shelf
	hub      *live.Hub

	station   *orchestrator.Station
	scheduler *orchestrator.Scheduler
	monitor   *orchestrator.Monitor
	panel     *panel.Panel

	// root holds the run folders, state the host's locks, storePath the index;
	// they stay as they were at the start.
	root, state, storePath string
	fixed                  fixed
	pid                    int
	board                  board
	stirred                chan struct{}
	analyses               chan struct{} // held by the one exploratory analysis
	notices                chan orchestrator.Notice
	background             sync.WaitGroup
	closers                []func() error

	mu         sync.Mutex
	lightRests bool // while a task goes on
}

// keepEvents is how many events a reader may be late.
const keepEvents = 4096

// openServer opens configuration, site and store and puts the parts together.
// Nothing works yet.
func (p *program) openServer(ctx context.Context, f serveFlags, log *slog.Logger) (_ *server, err error) {
	s := &server{log: log, site: realSite{}, shelf: newShelf(), hub: live.NewHub(keepEvents), pid: os.Getpid(),
		board: board{troubles: map[string]string{}}, stirred: make(chan struct{}, 1), analyses: make(chan struct{}, 1),
		notices: make(chan orchestrator.Notice, noticesWaiting)}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if err := s.openSettings(p, f); err != nil {
		return nil, err
	}
	if err := s.openSite(ctx, p, f); err != nil {
		return nil, err
	}
	if err := s.openStore(ctx); err != nil {
		return nil, err
	}
	s.assemble()
	return s, nil
}

func (s *server) openSettings(p *program, f serveFlags) error {
	starter, err := starterText(len(f.lab.kinds) > 0)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(p.configPath), 0o755); err != nil {
		return fmt.Errorf("make the folder of the configuration: %w", err)
	}
	var wrote bool
	if s.settings, wrote, err = openSettings(p.configPath, starter); err != nil {
		return err
	}
	if wrote {
		fmt.Fprintf(p.out, "Wrote %s to start from.\n", p.configPath)
	}
	_, mistakes := s.settings.now()
	for _, m := range mistakes.Wrong() {
		s.log.Warn("a mistake in the configuration", "at", m.String())
	}
	return nil
}

func (s *server) openSite(ctx context.Context, p *program, f serveFlags) error {
	c, _ := s.settings.now()
	s.fixed = fixedOf(c)
	s.root, s.storePath, s.state = c.Runs, c.Serve.Store, runs.StateDir(os.Getenv)
	if len(f.lab.kinds) > 0 {
		s.state = filepath.Join(filepath.Dir(s.storePath), "state")
		f.lab.keys, f.lab.log = pairedKeys(s.settings, s.log), s.log
		simulated, err := openSimulated(ctx, f.lab)
		if err != nil {
			return err
		}
		s.site = simulated
	}
	s.closers = append(s.closers, s.site.close)
	p.client(s.site.dial(), nil) // for huego, before anything runs
	return nil
}

// openStore opens the store, unless another server has it.
func (s *server) openStore(ctx context.Context) error {
	dir := filepath.Dir(s.storePath)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the folder of the store: %w", err)
	}
	lock, err := runs.Acquire(filepath.Join(dir, "lock"), "server "+filepath.Base(s.storePath), runs.Holder{PID: s.pid, Since: s.clock()})
	var held *runs.HeldError
	if errors.As(err, &held) {
		return fmt.Errorf("another server uses %s (process %d, since %s): stop it, or name another store in the configuration (serve.store)",
			s.storePath, held.Holder.PID, held.Holder.Since.Format(time.DateTime))
	}
	if err != nil {
		return err
	}
	s.closers = append(s.closers, lock.Release)
	db, err := sqlite.Open(ctx, s.storePath, sqlite.Options{})
	if err != nil {
		return err
	}
	s.store = db
	s.closers = append(s.closers, db.Close)
	return runs.FinishRemovals(s.root)
}

// assemble puts the parts together.
func (s *server) assemble() {
	c, _ := s.settings.now()
	s.index = shelved{s.store, s.shelf}
	s.link = &link{site: s.site, settings: s.settings, state: s.state}
	s.light = newLightKeeper(s.link, s.settings)
	s.light.changed = s.stir
	s.monitor = &orchestrator.Monitor{Tell: s.heard, Changed: s.stir}
	s.station = &orchestrator.Station{
		Root: s.root, State: s.state, Prepare: s.prepare, Bridge: s.bridgeOf, Publish: s.publish,
		Index: s.index, Firings: s.store, Retries: s.retries, Retention: s.retention, LeastRoom: int64(c.Serve.Disk.LeastFree),
		Notify: s.notify, Tell: s.happened, Log: s.log,
	}
	s.scheduler = s.newScheduler(c)
}

// retries is how often a schedule's firing is tried again.
func (s *server) retries(schedule string) int {
	if schedule == "" {
		return 0
	}
	entry, err := s.store.Schedule(context.Background(), schedule)
	if err != nil {
		return 0 // it was removed meanwhile
	}
	return entry.Retries
}

// standing are the board's troubles.
func (s *server) standing() []string {
	s.board.mu.Lock()
	defer s.board.mu.Unlock()
	var all []string
	for _, about := range slices.Sorted(maps.Keys(s.board.troubles)) {
		all = append(all, s.board.troubles[about])
	}
	return all
}

// close lets go of everything, the last opened first.
func (s *server) close() error {
	var errs []error
	for _, closer := range slices.Backward(s.closers) {
		errs = append(errs, closer())
	}
	s.closers = nil
	return errors.Join(errs...)
}

// newScheduler makes the scheduler with the configured quiet hours.
func (s *server) newScheduler(c config.Config) *orchestrator.Scheduler {
	quiet, err := timetable.ParseQuiet(strings.Join(c.Serve.Quiet, ","), c.Serve.Zone)
	if err != nil {
		s.log.Warn("the quiet hours cannot be used", "error", err)
		s.setStanding("quiet", "the quiet hours cannot be used: "+err.Error())
	}
	return &orchestrator.Scheduler{Schedules: s.store, Firings: earlierFirings{s.store, s.clock()}, Carrier: s.station, Quiet: quiet, Log: s.log,
		Tell: func(f store.Firing) { s.happened(orchestrator.Happening{Firing: &f}) }}
}

// earlierFirings are the store's, of which only those count as left running that
// an earlier server has left: what is started by hand now is not interrupted by
// the scheduler's start.
type earlierFirings struct {
	store.Firings
	before time.Time
}

// RunningFirings are those of earlier servers.
func (e earlierFirings) RunningFirings(ctx context.Context) ([]store.Firing, error) {
	all, err := e.Firings.RunningFirings(ctx)
	return slices.DeleteFunc(all, func(f store.Firing) bool { return !f.Began.Before(e.before) }), err
}

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"reflect"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/hueprint/hueprint/config"
	"github.com/hueprint/hueprint/hue"
)

// serveFlags are what serve takes.
type serveFlags struct {
	listen    string
	open      bool
	lab       simulation
	configSet bool
}

func (p *program) serveCommand() *cobra.Command {
	var f serveFlags
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "The lab's server: control panel, API, schedules",
		Long: `Serves the control panel and the API, and carries out scheduled experiments, until
Ctrl-C; a run that goes on is then stopped and its light put back.

The first start writes a configuration where there is none, and prints a link
with which the first account is made; everything else is set up in the panel.
Beyond loopback it listens only when there is an account.

With --simulated the bench is a lab inside this process: no hardware, no root.
Its files are kept in the folder hueprint-lab, unless --config names others.`,
		Example: `  hueprint serve
  hueprint serve --simulated aeotec
  hueprint serve --simulated aeotec,echo,nest,homeassistant --open`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f.configSet = cmd.Flags().Changed("config")
			return p.serve(cmd.Context(), f)
		},
	}
	cmd.Flags().StringVar(&f.listen, "listen", "", "address of panel and API (default: from the configuration, or "+config.DefaultListen+")")
	cmd.Flags().StringSliceVar(&f.lab.kinds, "simulated", nil, "serve a simulated lab with these gateways: aeotec, echo, nest, homeassistant")
	cmd.Flags().BoolVar(&f.open, "open", false, "let everybody on this computer do everything without login; simulated lab only")
	cmd.Flags().Float64Var(&f.lab.pace, "pace", 20, "how much faster than real the simulated idle traffic runs")
	cmd.Flags().Uint64Var(&f.lab.seed, "seed", 1, "seed of the simulated lab")
	cmd.Flags().StringVar(&f.lab.relay, "relay", "", "loopback address at which other programs reach the simulated bridge")
	return cmd
}

// simulatedFolder keeps the files of a simulated lab.
const simulatedFolder = "hueprint-lab"

func (f serveFlags) check(p *program) error {
	simulated := len(f.lab.kinds) > 0
	if f.open && !simulated {
		return usageError{errors.New("--open goes with --simulated only: a real bench needs accounts")}
	}
	if f.lab.relay != "" && !simulated {
		return usageError{errors.New("--relay goes with --simulated only")}
	}
	if !simulated {
		return nil
	}
	if !f.configSet {
		p.configPath = filepath.Join(simulatedFolder, "config.yaml")
	}
	_, err := f.lab.options()
	return err
}

// serve starts everything, waits for the end, and ends everything.
func (p *program) serve(ctx context.Context, f serveFlags) (err error) {
	if err := f.check(p); err != nil {
		return err
	}
	log := newLog(p.err)
	s, err := p.openServer(ctx, f, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	door, err := s.listen(ctx, f.listen, f.open)
	if err != nil {
		return err
	}
	if err := s.recover(ctx); err != nil || ctx.Err() != nil {
		return errors.Join(err, s.station.Close(context.WithoutCancel(ctx)))
	}
	working, stop := context.WithCancelCause(context.WithoutCancel(ctx))
	defer stop(nil)
	s.start(working)
	served := make(chan error, 1)
	go func() { served <- door.serve() }()
	if err := s.announce(ctx, p.out, door); err != nil {
		log.Error("the set-up link could not be made", "error", err)
	}
	s.notifySystemd("READY=1")
	err = s.waitForEnd(ctx, served)
	s.notifySystemd("STOPPING=1")
	stop(errors.New("the server was stopped"))
	return errors.Join(err, s.end(context.WithoutCancel(ctx), door))
}

// recover cleans up after an earlier server. An end that is asked for meanwhile
// is none of its errors.
func (s *server) recover(ctx context.Context) error {
	err := s.station.Recover(ctx)
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		s.log.Error("not everything that an earlier server left could be cleaned up", "error", err)
	}
	if err := s.shelf.load(ctx, s.store); err != nil && ctx.Err() == nil {
		return err
	}
	return nil
}

func (s *server) notifySystemd(state string) {
	if err := tellSystemd(state); err != nil {
		s.log.Warn("systemd was not told", "error", err)
	}
}

// waitForEnd returns when ctx ends or the server cannot serve any more. SIGHUP
// reads the configuration again.
func (s *server) waitForEnd(ctx context.Context, served <-chan error) error {
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	for {
		select {
		case <-ctx.Done():
			s.log.Info("stopping", "cause", context.Cause(ctx))
			return nil
		case err := <-served:
			return fmt.Errorf("serve the panel: %w", err)
		case <-hangup:
			s.link.drop()
			if err := s.settings.reread(); err != nil {
				s.log.Error("the configuration stays as it was", "error", err)
				continue
			}
			s.light.look()
			s.log.Info("the configuration was read again")
		}
	}
}

// start begins what goes on in the background, until ctx ends.
func (s *server) start(ctx context.Context) {
	s.settings.onChange(s.reconfigured)
	s.reconfigured()
	for name, work := range map[string]func(context.Context) error{
		"scheduler": s.scheduler.Run,
		"monitor":   s.monitor.Run,
	} {
		s.background.Go(func() {
			if err := work(ctx); err != nil && ctx.Err() == nil {
				s.log.Error("a part of the server has ended", "part", name, "error", err)
				s.setStanding(name, "the "+name+" has ended: "+err.Error()+" (restart the server)")
			}
		})
	}
	s.background.Go(func() { s.light.run(ctx) })
	s.background.Go(func() { s.tellState(ctx) })
	s.background.Go(func() { s.tidy(ctx) })
	s.background.Go(func() { s.deliver(ctx) })
	s.stir()
}

// reconfigured takes over a change of the configuration. What a run uses stays
// as it was when the run began.
func (s *server) reconfigured() {
	c, _ := s.settings.now()
	s.watchGateways()
	s.light.look()
	trouble := ""
	if fixed := fixedOf(c); !reflect.DeepEqual(fixed, s.fixed) {
		trouble = "the configuration has another folder for runs, store, address, zone, quiet hours or TLS than the server started with: restart it to use them"
	}
	s.setStanding("restart", trouble)
	s.stir()
}

// fixed is what a server takes over at its start only.
type fixed struct {
	runs, store, listen, zone string
	quiet                     []string
	tls                       config.TLS
}

func fixedOf(c config.Config) fixed {
	return fixed{c.Runs, c.Serve.Store, c.Serve.Listen, c.Serve.Zone, append([]string{}, c.Serve.Quiet...), c.Serve.TLS}
}

// endWithin is how long a run may take to stop and its light to be put back,
// shutWithin how long answers may take to end.
const (
	endWithin  = 90 * time.Second
	shutWithin = 5 * time.Second
)

// end stops the run that goes on, then everything else.
func (s *server) end(ctx context.Context, d *door) error {
	ending, cancel := context.WithTimeoutCause(ctx, endWithin, errors.New("it took too long"))
	defer cancel()
	err := s.station.Close(ending)
	s.hub.Close() // ends the live streams
	shutting, cancelShut := context.WithTimeout(ctx, shutWithin)
	defer cancelShut()
	if shutErr := d.server.Shutdown(shutting); shutErr != nil {
		err = errors.Join(err, d.server.Close())
	}
	s.background.Wait()
	s.panel.Close()
	return err
}

// A board of standing troubles, by what they are about.
type board struct {
	mu       sync.Mutex
	troubles map[string]string
}

// setStanding sets a trouble, or takes it away with an empty text.
func (s *server) setStanding(about, text string) {
	s.board.mu.Lock()
	before := s.board.troubles[about]
	if text == "" {
		delete(s.board.troubles, about)
	} else {
		s.board.troubles[about] = text
	}
	s.board.mu.Unlock()
	if before != text {
		s.stir()
	}
}

// pairedKeys are the keys that earlier processes paired with the simulated
// bridge, so that it remembers them as a real one does.
func pairedKeys(s *settings, log *slog.Logger) []hue.Key {
	c, _ := s.now()
	key, err := hue.LoadKey(c.Bridge.KeyFile)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		log.Warn("the key of the simulated bridge cannot be used: pair again", "error", err)
		return nil
	}
	return []hue.Key{key}
}

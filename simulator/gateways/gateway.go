package gateways

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/hueprint/hueprint/simulator/far"
	"github.com/hueprint/hueprint/simulator/wire"
)

// A Home is what a gateway was told, or learnt from DHCP, when it was set up.
type Home struct {
	// Router is the home's default gateway and name server; Prefix the home's
	// network.
	Router netip.Addr
	Prefix netip.Prefix
	Bridge Bridge
	// Roots are the authorities that it trusts.
	Roots *x509.CertPool
}

// A Bridge is the Hue bridge that the gateway was paired with; it serves HTTP on
// port 80 and HTTPS on port 443, with a certificate for its ID.
type Bridge struct {
	Addr    netip.Addr
	ID, Key string
}

// A Gateway is one gateway's program. It does nothing before [Gateway.Run].
type Gateway struct {
	options Options
	truth   Truth
	host    wire.Host
	home    Home
	log     *slog.Logger

	web     *http.Client // to the clouds, by name
	local   *http.Client // to the bridge
	changes chan change
	ready   readiness
	errands []errand
}

// An errand is something that the gateway keeps doing. When run returns, it is
// done again, after a pause that grows while it fails.
type errand struct {
	name string
	run  func(ctx context.Context) error
}

// New makes the program of a gateway on the host.
func New(host wire.Host, home Home, o Options) (*Gateway, error) {
	if err := o.Check(); err != nil {
		return nil, fmt.Errorf("simulated gateway %s: %w", o.Kind, err)
	}
	g := &Gateway{
		options: o, truth: draw(o), host: host, home: home, log: o.Log,
		changes: make(chan change, 64),
	}
	if g.log == nil {
		g.log = slog.New(slog.DiscardHandler)
	}
	g.log = g.log.With("gateway", string(o.Kind))
	g.web, g.local = g.clients()
	g.errands = map[Kind]func() []errand{
		Aeotec: g.aeotec, Echo: g.echo, Nest: g.nest, HomeAssistant: g.homeAssistant,
	}[o.Kind]()
	return g, nil
}

// FarEnds are the machines in the cloud that a gateway of the kind talks to.
// Pace divides the mean time between what they send of their own accord.
func FarEnds(kind Kind, pace float64) []far.End {
	switch kind {
	case Aeotec:
		return aeotecFarEnds(pace)
	case Echo:
		return echoFarEnds()
	case Nest:
		return nestFarEnds()
	case HomeAssistant:
		return homeAssistantFarEnds()
	}
	return nil
}

// Truth is what was drawn. It is for tests.
func (g *Gateway) Truth() Truth { return g.truth }

// Ready waits until the gateway's streams, subscriptions and first polls have
// succeeded, each once. When ctx ends first, the error names what is missing.
func (g *Gateway) Ready(ctx context.Context) error {
	if missing := g.ready.wait(ctx); len(missing) > 0 {
		return fmt.Errorf("simulated gateway %s is not ready: still waiting for %v: %w", g.options.Kind, missing, context.Cause(ctx))
	}
	return nil
}

// Run does everything that the gateway does until ctx ends, and returns when
// nothing of it is left. What fails is reported to the log and tried again.
func (g *Gateway) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, e := range g.errands {
		group.Go(func() error { return g.keep(ctx, e) })
	}
	err := group.Wait()
	g.web.CloseIdleConnections()
	g.local.CloseIdleConnections()
	return err
}

// keep does the errand again and again until ctx ends.
func (g *Gateway) keep(ctx context.Context, e errand) error {
	const least, most = time.Second, time.Minute
	for pause := least; ; {
		began := time.Now()
		err := e.run(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err == nil || time.Since(began) > most {
			pause = least
		}
		if err != nil {
			g.log.Warn("gateway lost something", "what", e.name, "error", err, "again_in", pause)
		}
		if far.Sleep(ctx, pause) != nil {
			return nil
		}
		if err != nil {
			pause = min(2*pause, most)
		}
	}
}

// every does something at a fixed period, divided by the pace, beginning at a
// drawn phase. A failure is reported and does not change the period.
func (g *Gateway) every(name string, period time.Duration, do func(context.Context) error) errand {
	period = g.paced(period)
	return errand{name, func(ctx context.Context) error {
		next := time.Now().Add(time.Duration(g.chance(name).Int64N(int64(period))))
		for {
			if err := far.Sleep(ctx, time.Until(next)); err != nil {
				return err
			}
			g.try(ctx, name, do)
			next = next.Add(period)
		}
	}}
}

// once does something until it has succeeded one time.
func (g *Gateway) once(name string, do func(context.Context) error) errand {
	return errand{name, func(ctx context.Context) error {
		bounded, cancel := context.WithTimeoutCause(ctx, 10*time.Second, errors.New("it took longer than ten seconds"))
		defer cancel()
		if err := do(bounded); err != nil {
			return err
		}
		<-ctx.Done()
		return nil
	}}
}

// turned are the errands of a gateway that reacts although its model does not:
// only then does it follow the bridge.
func (g *Gateway) turned(to speaker) []errand {
	if g.options.React == 0 {
		return nil
	}
	return []errand{g.subscription(), g.reactions(to)}
}

// A pause bounds irregular intervals, which are drawn from an exponential
// distribution and then moved between the bounds.
type pause struct{ mean, least, most time.Duration }

// irregularly does something at random intervals, divided by the pace.
func (g *Gateway) irregularly(name string, p pause, do func(context.Context) error) errand {
	rng := g.chance(name)
	return errand{name, func(ctx context.Context) error {
		for {
			if err := far.Sleep(ctx, g.paced(p.draw(rng))); err != nil {
				return err
			}
			g.try(ctx, name, do)
		}
	}}
}

func (p pause) draw(rng *rand.Rand) time.Duration {
	d := time.Duration(rng.ExpFloat64() * float64(p.mean))
	return min(max(d, p.least), p.most)
}

// try does something within ten seconds and reports its failure.
func (g *Gateway) try(ctx context.Context, name string, do func(context.Context) error) {
	bounded, cancel := context.WithTimeoutCause(ctx, 10*time.Second, errors.New("it took longer than ten seconds"))
	defer cancel()
	if err := do(bounded); err != nil && ctx.Err() == nil {
		g.log.Warn("gateway failed at something", "what", name, "error", err)
	}
}

func (g *Gateway) paced(d time.Duration) time.Duration {
	return max(time.Duration(float64(d)/g.options.Pace), time.Millisecond)
}

// chance is a source of chance for one purpose, so that no errand disturbs the
// draws of another.
func (g *Gateway) chance(purpose string) *rand.Rand {
	return rand.New(rand.NewPCG(g.options.Seed, hash(string(g.options.Kind)+" "+purpose)))
}

func hash(s string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(s))
	return h.Sum64()
}

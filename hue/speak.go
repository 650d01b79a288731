package hue

import (
	"context"
	"errors"
	"fmt"

	"github.com/amimof/huego"
)

// speak lets huego make one request as the given user and returns the bridge's
// whole answer, whatever huego made of it. An error means that no whole answer
// came. Each request gets a huego.Bridge of its own, for huego changes it.
func (b *Bridge) speak(ctx context.Context, user string, request func(context.Context, *huego.Bridge) error) (seen, error) {
	ctx, cancel := b.bounded(ctx)
	defer cancel()
	if err := reachesLine(); err != nil {
		return seen{}, err
	}
	if err := b.waitTurn(ctx); err != nil {
		return seen{}, err
	}
	defer func() { <-b.turn }()

	c := &call{line: b.line, trust: b.trust(), bridge: b}
	err := guarded(c.attach(ctx), huego.New(b.url, user), request)
	got := c.seen()
	switch {
	case got.whole:
		return got, nil
	case err == nil:
		return got, fmt.Errorf("%w: it did not pass the client", ErrAnswer)
	default:
		return got, err
	}
}

// bounded gives the context the client's time limit; an earlier deadline holds.
func (b *Bridge) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, b.line.options.Timeout)
}

// waitTurn waits until no other request is under way and the pace allows one.
func (b *Bridge) waitTurn(ctx context.Context) error {
	select {
	case b.turn <- struct{}{}:
	case <-ctx.Done():
		return fmt.Errorf("wait for the request before: %w", ctx.Err())
	}
	if err := b.pace.Wait(ctx); err != nil {
		<-b.turn
		if ctx.Err() == nil { // the limiter foresees that the deadline comes first
			err = context.DeadlineExceeded
		}
		return fmt.Errorf("keep the bridge's rate limit: %w", err)
	}
	return nil
}

// reachesLine makes sure, before anything is sent, that huego's requests pass a
// line: it makes a request whose context has already ended, which a line
// notes and any other transport drops.
func reachesLine() error {
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	probe := &call{probe: true}
	_ = guarded(probe.attach(ended), huego.New("http://192.0.2.1", ""), func(ctx context.Context, h *huego.Bridge) error {
		_, err := h.GetConfigContext(ctx)
		return err
	})
	if !probe.seen().passed {
		return ErrClient
	}
	return nil
}

// guarded turns a panic of huego (it has many on answers that are not as it
// expects) into an error.
func guarded(ctx context.Context, h *huego.Bridge, request func(context.Context, *huego.Bridge) error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = errors.Join(ErrAnswer, fmt.Errorf("huego panicked: %v", r))
		}
	}()
	return request(ctx, h)
}

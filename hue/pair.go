package hue

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/amimof/huego"
)

// pollPairing is the time between two attempts while the button is awaited.
const pollPairing = time.Second

// Pair asks the bridge for a key, again and again until somebody presses its
// link button or ctx ends ([ErrLinkButton]); ctx should have a deadline. App is
// "program#machine", at most 40 characters.
//
// Over https the certificate of the first connection is taken for the bridge's
// and pinned in the key: the operator stands beside it and presses its button.
// It must name the bridge's own id and, if the client has roots, lead to them.
func Pair(ctx context.Context, address, app string, c *http.Client) (Key, error) {
	if app == "" || len(app) > 40 {
		return Key{}, fmt.Errorf("pair as %q: the name must have 1 to 40 characters (give a shorter one)", printable(app))
	}
	b, err := New(address, Key{}, c)
	if err != nil {
		return Key{}, fmt.Errorf("pair: %w", err)
	}
	if b.trusted.empty() {
		b.trusted.first = &firstUse{}
	}
	key, err := b.awaitButton(ctx, app)
	if err != nil {
		return Key{}, explain("pair with the bridge at "+b.url, err, key)
	}
	b.key = &key
	return b.recognise(ctx, key)
}

// awaitButton polls until the bridge gives a key. A busy or silent bridge is
// asked again, an untrusted or unreachable one not.
func (b *Bridge) awaitButton(ctx context.Context, app string) (Key, error) {
	withClientKey := true
	var last error // what the bridge said to the last attempt that came to an end
	for {
		key, err := b.requestKey(ctx, app, withClientKey)
		if ctx.Err() == nil || last == nil {
			last = err
		}
		var r *refusalError
		switch {
		case err == nil:
			return key, nil
		case errors.As(err, &r) && r.number == typeNoParameter:
			withClientKey = false // a first-generation bridge
		case ctx.Err() == nil && !worthAnotherTry(err):
			return Key{}, err
		}
		if !pause(ctx, pollPairing) {
			return Key{}, fmt.Errorf("%w: %w", endOfPairing(last), context.Cause(ctx))
		}
	}
}

// endOfPairing is what kept the last attempt from success.
func endOfPairing(last error) error {
	if kind := kindOf(last); kind != nil {
		return fmt.Errorf("%w: %w", kind, last)
	}
	return last
}

func worthAnotherTry(err error) bool {
	kind := kindOf(err)
	return errors.Is(err, ErrLinkButton) || errors.Is(err, ErrBusy) || errors.Is(err, ErrUnavailable) || kind == ErrTimeout || kind == ErrLost
}

func (b *Bridge) requestKey(ctx context.Context, app string, withClientKey bool) (Key, error) {
	got, err := b.speak(ctx, "", func(ctx context.Context, h *huego.Bridge) (err error) {
		if withClientKey {
			_, err = h.CreateUserWithClientKeyContext(ctx, app)
		} else {
			_, err = h.CreateUserContext(ctx, app)
		}
		return err
	})
	if err != nil {
		return Key{}, withoutURL(err)
	}
	entries, err := parseEntries(got.body)
	if err != nil {
		return Key{}, err
	}
	for _, e := range entries {
		if name := e.success.text("username"); name != "" {
			return Key{Username: name, ClientKey: e.success.text("clientkey")}, nil
		}
		if e.refusal != nil {
			return Key{}, e.refusal.err()
		}
	}
	return Key{}, fmt.Errorf("%w: no key in it", ErrAnswer)
}

// recognise adds to the key by what the bridge will be known again.
func (b *Bridge) recognise(ctx context.Context, key Key) (Key, error) {
	identity, err := b.Identity(ctx)
	if err != nil {
		return Key{}, fmt.Errorf("pair: %w", err)
	}
	key.BridgeID = identity.ID
	first := b.trusted.first
	if first == nil {
		key.Pin = b.trusted.Pin
		return key, nil
	}
	pin, name := first.seen()
	if b.secure && !strings.EqualFold(name, identity.ID) {
		return Key{}, fmt.Errorf("pair: %w: it names %q, the bridge calls itself %q", ErrUntrusted, name, identity.ID)
	}
	key.Pin = pin
	return key, nil
}

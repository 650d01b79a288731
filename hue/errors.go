package hue

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"unicode"
)

// Errors that a caller can act on; each says what to do.
var (
	ErrUnauthorized  = errors.New("hue: bridge does not accept the application key (press its link button, then pair again)")
	ErrLinkButton    = errors.New("hue: link button was not pressed (press the round button on the bridge, then pair within 30 s)")
	ErrBusy          = errors.New("hue: bridge has too many requests (wait some seconds; close other programs that use it)")
	ErrUnavailable   = errors.New("hue: bridge cannot serve for the moment, as while it starts, updates or has too much to do (wait a minute; if it stays so, restart the bridge)")
	ErrRedirect      = errors.New("hue: bridge redirects to another address, as a Bridge Pro does for plain HTTP (write https:// before its address and pair again)")
	ErrNoSuchLight   = errors.New("hue: bridge has no light of that number (list its lights and choose one)")
	ErrUntrusted     = errors.New("hue: certificate is not the bridge's (if the bridge was replaced or reset, pair again; a gen-1 bridge needs http:// before its address; otherwise someone answers in its place)")
	ErrOtherBridge   = errors.New("hue: another bridge answers at this address (correct the address, or pair with this bridge)")
	ErrUnreachable   = errors.New("hue: nothing answers at the bridge's address (check its power, its cable and the address; discover finds bridges)")
	ErrTimeout       = errors.New("hue: bridge did not answer in time (check that it is on this network and not overloaded, then try again)")
	ErrLost          = errors.New("hue: connection to the bridge was lost before its answer (read the light to see whether the command was done)")
	ErrAnswer        = errors.New("hue: answer is not one of a Hue bridge (check that the address is the bridge's, and restart the bridge if it is)")
	ErrRefused       = errors.New("hue: bridge refused the command (see its reason, and update the bridge if the reason is strange)")
	ErrPartial       = errors.New("hue: bridge set the light only in part (see the refused values; set them in the Hue app if they matter)")
	ErrNoEventStream = errors.New("hue: bridge has no event stream (it needs https:// and a second-generation bridge; reading the light back replaces it)")
	ErrAddress       = errors.New("hue: not a bridge's address (write https://HOST or http://HOST, with :PORT if it is not the usual one)")
	ErrClient        = errors.New("hue: requests do not pass through a client of NewClient (set net/http's default client to one at start)")
	ErrKeyFile       = errors.New("hue: key file cannot be used (pair again to write a new one)")
)

// statusError is an HTTP status that is no success.
type statusError struct {
	code int
	kind error
}

func (e *statusError) Error() string { return fmt.Sprintf("HTTP status %d: %v", e.code, e.kind) }
func (e *statusError) Unwrap() error { return e.kind }

// explain names the operation, drops the URL (its path holds the application
// key), adds the sentinel that says what to do, and masks what is left of the
// key's secrets.
func explain(operation string, err error, key Key) error {
	if err == nil {
		return nil
	}
	err = withoutURL(err)
	if kind := kindOf(err); kind != nil && !errors.Is(err, kind) {
		err = fmt.Errorf("%w: %w", kind, err)
	}
	return masked(fmt.Errorf("%s: %w", operation, err), key)
}

// withoutURL returns the cause inside net/http's error, which prints the URL.
func withoutURL(err error) error {
	var u *url.Error
	for errors.As(err, &u) {
		err = u.Err
	}
	return err
}

// kindOf finds the sentinel for an error of the network.
func kindOf(err error) error {
	var record tls.RecordHeaderError
	var op *net.OpError
	var status *statusError
	switch {
	case errors.As(err, &status), isHue(err), errors.Is(err, context.Canceled):
		return nil
	case errors.As(err, &record):
		return ErrUntrusted
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return ErrTimeout
	case errors.As(err, &op) && op.Op == "dial":
		return ErrUnreachable
	default:
		return ErrLost
	}
}

// isHue reports whether the error already bears one of this package's sentinels.
func isHue(err error) bool {
	for _, kind := range []error{ErrUnauthorized, ErrLinkButton, ErrBusy, ErrUnavailable, ErrRedirect, ErrNoSuchLight,
		ErrUntrusted, ErrClient, ErrOtherBridge, ErrUnreachable, ErrTimeout, ErrLost, ErrAnswer, ErrRefused, ErrPartial, ErrNoEventStream, ErrAddress} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

// A maskedError prints a text without secrets and still matches the sentinels
// of its cause; it does not unwrap, for the cause's text has the secret.
type maskedError struct {
	text  string
	cause error
}

func (e *maskedError) Error() string        { return e.text }
func (e *maskedError) Is(target error) bool { return errors.Is(e.cause, target) }

func masked(err error, key Key) error {
	text := err.Error()
	for _, secret := range []string{key.Username, key.ClientKey} {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, mask)
		}
	}
	if text == err.Error() {
		return err
	}
	return &maskedError{text: text, cause: err}
}

// printable bounds a text from the bridge and drops what could steer a terminal.
func printable(s string) string {
	const most = 200
	s = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, s)
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return s
}

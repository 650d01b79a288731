package notify

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// A Message is what is told.
type Message struct {
	// ID tells a receiver that has seen the message already; it may be empty.
	ID string `json:"id,omitempty"`
	// Subject is one line; Text may have several.
	Subject string `json:"subject"`
	Text    string `json:"text"`
	// Kind is what it is about: "verdict", "failure", "light", "disk".
	Kind string `json:"kind"`
	// Run is the run's ID, and URL the page to read on; they may be empty.
	Run string `json:"run,omitempty"`
	URL string `json:"url,omitempty"`
	// At is by the server's wall clock.
	At time.Time `json:"at"`
}

// A Destination takes messages. Send returns when the message is delivered, or
// cannot be, or ctx ends.
type Destination interface {
	Send(ctx context.Context, m Message) error
}

// All sends to each destination, also if others fail; the errors are joined.
type All []Destination

// Send sends to all of them at once.
func (a All) Send(ctx context.Context, m Message) error {
	errs := make([]error, len(a))
	done := make(chan struct{})
	for i, d := range a {
		go func() {
			errs[i] = d.Send(ctx, m)
			done <- struct{}{}
		}()
	}
	for range a {
		<-done
	}
	return errors.Join(errs...)
}

// A Secret is a key or a password. Its value is not printed, logged or encoded;
// string(s) is the value.
type Secret string

const hidden = "(secret)"

// String hides the value.
func (Secret) String() string { return hidden }

// GoString hides the value.
func (Secret) GoString() string { return hidden }

// MarshalText hides the value.
func (Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// masked returns an error of the same text without secrets. Whether ctx was the
// cause can still be asked; what else it wraps cannot, as that could tell them.
func masked(err error, secrets ...string) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	for _, s := range secrets {
		if s == "" {
			continue
		}
		quoted := strconv.Quote(s) // as some errors have what a server said
		text = strings.ReplaceAll(text, s, hidden)
		text = strings.ReplaceAll(text, quoted[1:len(quoted)-1], hidden)
	}
	m := maskedError{text: oneLine(text, 500)}
	for _, known := range []error{context.Canceled, context.DeadlineExceeded, ErrRefused} {
		if errors.Is(err, known) {
			m.known = known
		}
	}
	return m
}

type maskedError struct {
	text  string
	known error
}

// Error is the text without secrets.
func (e maskedError) Error() string { return e.text }

// Unwrap returns a sentinel without a text of its own, or nil.
func (e maskedError) Unwrap() error { return e.known }

// oneLine replaces what could end a line or steer a terminal, and bounds the
// length.
func oneLine(s string, most int) string {
	var b strings.Builder
	n := 0
	for _, r := range strings.ToValidUTF8(s, "\uFFFD") {
		if n++; n > most {
			b.WriteString("…")
			break
		}
		if !unicode.IsPrint(r) {
			r = ' '
		}
		b.WriteRune(r)
	}
	return strings.TrimSpace(b.String())
}

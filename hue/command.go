package hue

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/amimof/huego"
)

// Outcome is what became of a command.
type Outcome string

// Done: the bridge said that it set the light. Failed: it certainly did not:
// nothing was sent, or the bridge refused. Unknown: the request may have left,
// and no trustworthy answer came; the light may have changed.
const (
	Done    Outcome = "done"
	Failed  Outcome = "failed"
	Unknown Outcome = "unknown"
)

// A Receipt is what sending one command showed; instants by this host's clock
// (with its monotonic reading), zero when they did not happen.
type Receipt struct {
	// Written is when the last byte of the request was handed to the operating
	// system: the command's instant.
	Written time.Time
	// FirstByte is when the answer's first byte came, Answered when its last did.
	FirstByte time.Time
	Answered  time.Time
	Outcome   Outcome
	// Prepared tells whether the request rode on a connection of [Bridge.Prepare].
	Prepared bool
	// Refused are the bridge's words about attributes that it did not set.
	Refused []string
}

// Switch turns a light on or off, in 100 ms: huego cannot ask for an instant
// change (it leaves out a transition time of 0, and the bridge then takes 400 ms).
// The error is nil exactly when the outcome is [Done].
func (b *Bridge) Switch(ctx context.Context, light string, on bool) (Receipt, error) {
	return b.command(ctx, "switch light "+printable(light), light, huego.State{On: on, TransitionTime: 1})
}

// command sends a state and judges the answer by what it says about "on", which
// every huego command contains.
func (b *Bridge) command(ctx context.Context, operation, light string, s huego.State) (Receipt, error) {
	n, err := lightNumber(light)
	if err != nil {
		return Receipt{Outcome: Failed}, explain(operation, err, *b.key)
	}
	got, err := b.speak(ctx, b.key.Username, func(ctx context.Context, h *huego.Bridge) error {
		_, err := h.SetLightStateContext(ctx, n, s)
		return err
	})
	r := Receipt{Written: got.written, FirstByte: got.firstByte, Answered: got.answered, Prepared: got.rode}
	if err != nil {
		r.Outcome = outcomeWithoutAnswer(got, err)
		return r, explain(operation, err, *b.key)
	}
	r.Outcome, r.Refused, err = judge(got.body, fmt.Sprintf("/lights/%d/state/on", n), s.On)
	return r, explain(operation, err, *b.key)
}

// outcomeWithoutAnswer is Failed where no byte of the request can have reached
// the bridge, or where its web server turned the request away.
func outcomeWithoutAnswer(got seen, err error) Outcome {
	var status *statusError
	switch {
	case !got.connected:
		return Failed
	case errors.As(err, &status) && (status.code < 500):
		return Failed
	default:
		return Unknown
	}
}

// judge reads the answer to a command: Done only if it says that the attribute
// at the path has the wanted value. Mixed answers are normal.
func judge(body []byte, path string, want bool) (outcome Outcome, refused []string, err error) {
	entries, err := parseEntries(body)
	if err != nil {
		return Unknown, nil, err
	}
	done := false
	certain := false
	for _, e := range entries {
		value, told := e.success.boolean(path)
		done = done || told && value == want
		if e.refusal != nil {
			refused = append(refused, e.refusal.String())
			certain = certain || e.refusal.certain(path)
			err = errors.Join(err, e.refusal.err())
		}
	}
	switch {
	case done:
		return Done, refused, nil
	case certain:
		return Failed, refused, err
	case err != nil:
		return Unknown, refused, fmt.Errorf("the light may have changed: %w", err)
	default:
		return Unknown, refused, fmt.Errorf("%w: it does not say that the light was set", ErrAnswer)
	}
}

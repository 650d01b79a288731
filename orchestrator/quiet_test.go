package orchestrator

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hueprint/hueprint/capture"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/traffic"
)

// mute is a recorder whose gateway falls silent after some frames.
type mute struct {
	tape
	frames int
}

func (m *mute) Start(ctx context.Context, sink capture.Sink) (capture.Session, error) {
	return m.tape.Start(ctx, sinkFor(m.frames, sink))
}

// limited passes the first frames on.
type limited struct {
	left int
	sink capture.Sink
}

func sinkFor(frames int, sink capture.Sink) capture.Sink { return &limited{frames, sink} }

func (l *limited) Frame(f traffic.Frame) error {
	if l.left--; l.left < 0 {
		return nil
	}
	return l.sink.Frame(f)
}

func TestOtherGatewaysAreWaitedFor(t *testing.T) {
	for name, tt := range map[string]struct {
		other capture.Recorder
		waits time.Duration // before the recorders start
		note  string
	}{
		"SilentFromTheStart": {&mute{}, 10 * time.Second, ""},
		"SilentLater":        {&mute{frames: 20}, 30 * time.Second, ""},
		"NeverSilent":        {&tape{}, time.Minute, "gateway nest was not silent"},
		"NotHeard":           {&tape{startErr: errors.New("no such interface")}, 0, "whether gateway nest was silent is not known: no such interface"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench()
				c := newConductor(t, b)
				_, recorders := one()
				o := order(recorders)
				o.Others = map[string]capture.Recorder{"nest": tt.other}
				folder, err := c.Run(t.Context(), o)
				if err != nil {
					t.Fatal(err)
				}
				r := facts(t, folder)
				if r.Ending != experiments.Complete {
					t.Errorf("ending is %s", r.Ending)
				}
				if waited := r.Recordings[0].Start.Sub(r.Prepared); waited < tt.waits-time.Second || waited > tt.waits+2*time.Second {
					t.Errorf("waited %v, want about %v", waited, tt.waits)
				}
				if got := strings.Join(r.Notes, "; "); (tt.note == "") != (got == "") || !strings.Contains(got, tt.note) {
					t.Errorf("notes are %q, want %q in them", got, tt.note)
				}
			})
		})
	}
}

package orchestrator

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/capture"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/runs"
)

// looking is an order whose run may end after 4 or 8 of its 12 slots.
func looking(recorders map[string]capture.Recorder) Order {
	o := order(recorders)
	e := o.Plan.Experiment
	e.Actions, e.Controls, e.Looks, e.Alpha = 6, 6, []int{4, 8, 12}, 0.9
	o.Plan, o.Registered = experiments.NewPlan(e, 3), analysis.Registered(e)
	return o
}

// answers decides at one look, 0 for none, and remembers which were asked.
type answers struct {
	at    int
	asked []int
}

func (a *answers) decided(_ context.Context, _ *runs.Folder, look int) (bool, error) {
	a.asked = append(a.asked, look)
	return look == a.at, nil
}

func TestALookEndsTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		found := b.light
		c := newConductor(t, b)
		a := &answers{at: 1}
		c.Decided = a.decided
		_, recorders := one()
		o := looking(recorders)
		folder, err := c.Run(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		r := facts(t, folder)
		if r.Ending != experiments.Complete || r.Cause != "decided at look 1 of 3, after 4 of 12 slots" || len(r.Notes) != 0 {
			t.Errorf("ending %s because %q, notes %q", r.Ending, r.Cause, r.Notes)
		}
		if len(r.Commands) != 4 || len(r.Looks) != 1 || !r.Looks[0].Decided || r.Looks[0].Slots != 4 || r.LookReached() != 1 {
			t.Errorf("%d commands, looks %+v", len(r.Commands), r.Looks)
		}
		if r.Looks[0].At.Before(r.Commands[3].Begun.Add(o.Plan.Experiment.Window)) {
			t.Errorf("the look at %v came before the end of the last window", r.Looks[0].At)
		}
		if got := r.Ended.Sub(r.Started); got < o.Plan.End(4) || got > o.Plan.End(4)+5*time.Second {
			t.Errorf("the run took %v, want %v", got, o.Plan.End(4))
		}
		if !r.Restored || b.light != found {
			t.Errorf("restored %t, the light is %+v", r.Restored, b.light)
		}
		if err := folder.Verify(); err != nil {
			t.Error(err)
		}
		nothingPending(t, c)
	})
}

// A run that nothing decides keeps every planned time; the last look is the
// analysis after the run, and nobody is asked for it.
func TestARunThatIsNotDecidedGoesOnToTheLastSlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newConductor(t, newBench())
		a := &answers{}
		c.Decided = a.decided
		_, recorders := one()
		o := looking(recorders)
		folder, err := c.Run(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		r := facts(t, folder)
		checkCommands(t, o.Plan, r)
		if !slices.Equal(a.asked, []int{1, 2}) || len(r.Looks) != 2 || r.Looks[1].Decided || r.Cause != "" || r.LookReached() != 3 {
			t.Errorf("asked %v, looks %+v, cause %q", a.asked, r.Looks, r.Cause)
		}
	})
}

// Answers that fail, crash or come too late end no run, and make no slot late.
func TestALookWithoutAnAnswerIsGivenUp(t *testing.T) {
	for name, tt := range map[string]struct {
		decide func(context.Context, *runs.Folder, int) (bool, error)
		want   string
	}{
		"error": {func(context.Context, *runs.Folder, int) (bool, error) { return true, errors.New("no memory left") }, "no memory left"},
		"panic": {func(context.Context, *runs.Folder, int) (bool, error) { panic("index") }, "index"},
		"late": {func(ctx context.Context, _ *runs.Folder, _ int) (bool, error) {
			<-ctx.Done()
			time.Sleep(3 * time.Second)
			return true, nil
		}, "not ready before the next slot"},
	} {
		synctest.Test(t, func(t *testing.T) {
			c := newConductor(t, newBench())
			c.Decided = tt.decide
			_, recorders := one()
			o := looking(recorders)
			folder, err := c.Run(t.Context(), o)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			r := facts(t, folder)
			checkCommands(t, o.Plan, r)
			if len(r.Looks) != 2 || r.Looks[0].Decided || !strings.Contains(r.Looks[0].Failure, tt.want) || len(r.Notes) != 2 || !strings.Contains(r.Notes[0], "look 1 of 3 could not be taken") {
				t.Errorf("%s: looks %+v, notes %q", name, r.Looks, r.Notes)
			}
		})
	}
}

func TestTheOperatorStopsDuringALook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		found := b.light
		c := newConductor(t, b)
		ctx, cancel := context.WithCancelCause(t.Context())
		c.Decided = func(ctx context.Context, _ *runs.Folder, _ int) (bool, error) {
			cancel(errors.New("operator pressed stop"))
			<-ctx.Done()
			return true, nil
		}
		_, recorders := one()
		folder, err := c.Run(ctx, looking(recorders))
		r := facts(t, folder)
		if err == nil || r.Ending != experiments.Stopped || !strings.Contains(r.Cause, "during look 1 of 3") || len(r.Looks) != 0 || len(r.Commands) != 4 {
			t.Errorf("ending %s because %q, looks %+v: %v", r.Ending, r.Cause, r.Looks, err)
		}
		if b.light != found || !r.Restored {
			t.Errorf("restored %t, the light is %+v", r.Restored, b.light)
		}
	})
}

// A process that dies between two looks leaves a record that is analysed as of
// the look before, as often as one likes with the same bytes, and has no verdict.
func TestKilledBetweenLooks(t *testing.T) {
	for _, decided := range []int{0, 1} {
		synctest.Test(t, func(t *testing.T) {
			c := newConductor(t, newBench())
			a := &answers{at: decided}
			c.Decided = a.decided
			dead := filepath.Join(t.TempDir(), "dead")
			c.Observer = snapshot{t, c.Root, dead}
			_, recorders := one()
			if _, err := c.Run(t.Context(), looking(recorders)); err != nil {
				t.Fatal(err)
			}
			folders, err := runs.List(dead)
			if err != nil || len(folders) != 1 {
				t.Fatalf("%d folders: %v", len(folders), err)
			}
			r := facts(t, folders[0])
			if r.Ending != experiments.Interrupted || len(r.Looks) != 1 || r.Looks[0].Decided != (decided == 1) || r.LookReached() != 1 {
				t.Fatalf("ending %s, looks %+v", r.Ending, r.Looks)
			}
			first, second := findings(t, folders[0]), findings(t, folders[0])
			if !bytes.Equal(first, second) || !strings.Contains(string(first), `"verdict":"inconclusive"`) || !strings.Contains(string(first), `"look":1`) {
				t.Errorf("findings:\n%s\nand again:\n%s", first, second)
			}
		})
	}
}

func findings(t *testing.T, f *runs.Folder) []byte {
	t.Helper()
	found, _, err := Analyze(f, analysis.Options{})
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(found)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// snapshot copies the runs when the first look has been taken: what a kill at
// that instant leaves.
type snapshot struct {
	t        *testing.T
	from, to string
}

func (s snapshot) Observe(e Event) {
	if e.Look != nil && e.Look.Number == 1 {
		if err := os.CopyFS(s.to, os.DirFS(s.from)); err != nil {
			s.t.Error(err)
		}
	}
}

// The registered analysis answers when nobody else does: it can read the run at
// that moment, and finds nothing in a tape of blanks.
func TestTheRegisteredAnalysisIsAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newConductor(t, newBench())
		_, recorders := one()
		folder, err := c.Run(t.Context(), looking(recorders))
		if err != nil {
			t.Fatal(err)
		}
		r := facts(t, folder)
		if len(r.Looks) != 2 || r.Looks[0].Failure != "" || r.Looks[0].Decided || len(r.Notes) != 0 {
			t.Errorf("looks %+v, notes %q", r.Looks, r.Notes)
		}
		if _, err := Decided(t.Context(), folder, 1); err == nil || !strings.Contains(err.Error(), "at look 3") {
			t.Errorf("look 1 of a run that is over: %v", err)
		}
	})
}

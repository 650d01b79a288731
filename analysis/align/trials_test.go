package align_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/hueprint/hueprint/analysis/align"
	"github.com/hueprint/hueprint/analysis/events"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/traffic"
)

var epoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func at(seconds float64) time.Time { return epoch.Add(time.Duration(seconds * float64(time.Second))) }

func log(seconds ...float64) []events.Event {
	var out []events.Event
	for i, s := range seconds {
		out = append(out, events.Event{Time: at(s), Number: i})
	}
	return out
}

func numbers(t align.Trial) []int {
	var out []int
	for _, e := range t.Events {
		out = append(out, e.Number)
	}
	return out
}

// run has an action that was done, a control, an action that failed, one that
// was skipped, and a slot that was not reached.
func run() experiments.Run {
	r := experiments.Run{Ended: at(40)}
	for i, action := range []experiments.Action{"on", "", "off", "on", "off"} {
		r.Plan.Slots = append(r.Plan.Slots, experiments.Slot{Index: i, Action: action, Control: action == ""})
	}
	done := experiments.Receipt{Sent: at(10.5), Outcome: experiments.Done}
	r.Commands = []experiments.Command{
		{Slot: 0, Action: "on", Begun: at(10), Receipt: done, ConfirmedBy: experiments.ByEventStream},
		{Slot: 1, Begun: at(20), Receipt: experiments.Receipt{Outcome: experiments.Withheld}},
		{Slot: 2, Action: "off", Begun: at(30), Receipt: experiments.Receipt{Outcome: experiments.Failed}},
		{Slot: 3, Action: "on", Planned: at(38), Receipt: experiments.Receipt{Outcome: experiments.Skipped}},
		{Slot: 4, Action: "off", Planned: at(50), Receipt: experiments.Receipt{Outcome: experiments.Skipped}},
	}
	return r
}

func TestTrialsStayInTheArmThatWasDrawn(t *testing.T) {
	trials := align.Trials(run(), traffic.Recording{}, log(10.4, 10.5, 15.4, 15.5, 20, 33, 38), align.Window{After: 5 * time.Second})
	want := []struct {
		slot               int
		control, confirmed bool
		events             []int
	}{{0, false, true, []int{1, 2}}, {1, true, true, []int{4}}, {2, false, false, []int{5}}, {3, false, false, []int{6}}}
	if len(trials) != len(want) {
		t.Fatalf("%d trials, want %d", len(trials), len(want))
	}
	for i, w := range want {
		got := trials[i]
		if got.Slot != w.slot || got.Control != w.control || got.Confirmed != w.confirmed || !slices.Equal(numbers(got), w.events) {
			t.Errorf("trial %d: slot %d, control %v, confirmed %v, events %v, want %+v", i, got.Slot, got.Control, got.Confirmed, numbers(got), w)
		}
	}
}

func TestOverlapGoesToTheLaterTrial(t *testing.T) {
	trials := []align.Trial{align.New(1, at(12), "off"), align.New(0, at(10), "on")}
	trials = align.Cut(trials, log(9, 11, 12, 13), align.Window{Before: time.Second, After: 4 * time.Second})
	if got := numbers(trials[0]); trials[0].Slot != 0 || !slices.Equal(got, []int{0}) {
		t.Errorf("first trial: slot %d, events %v", trials[0].Slot, got)
	}
	if got := numbers(trials[1]); !slices.Equal(got, []int{1, 2, 3}) {
		t.Errorf("second trial: events %v", got)
	}
}

// Shifting all packets by a declared clock offset changes no trial and no delay.
func TestDeclaredOffset(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		offset := time.Duration(rapid.Int64Range(-1e15, 1e15).Draw(rt, "offset"))
		wide := time.Duration(rapid.Int64Range(0, 1e9).Draw(rt, "uncertainty"))
		seconds := rapid.SliceOfN(rapid.Float64Range(5, 45), 0, 30).Draw(rt, "events")
		slices.Sort(seconds)
		here := traffic.Recording{Offset: traffic.ClockOffset{Min: -wide, Max: wide}}
		there := traffic.Recording{Offset: traffic.ClockOffset{Min: offset - wide, Max: offset + wide}}
		moved := log(seconds...)
		for i := range moved {
			moved[i].Time = moved[i].Time.Add(offset)
		}
		a := align.Trials(run(), here, log(seconds...), align.Around(5*time.Second, here.Offset))
		b := align.Trials(run(), there, moved, align.Around(5*time.Second, there.Offset))
		for i := range a {
			if !slices.Equal(numbers(a[i]), numbers(b[i])) {
				rt.Fatalf("trial %d: %v, shifted %v", i, numbers(a[i]), numbers(b[i]))
			}
			for j := range a[i].Events {
				if a[i].Delay(a[i].Events[j].Time) != b[i].Delay(b[i].Events[j].Time) {
					rt.Fatalf("trial %d: delays differ", i)
				}
			}
		}
	})
}

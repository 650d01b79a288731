package infer_test

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/hueprint/hueprint/analysis/events"
	"github.com/hueprint/hueprint/analysis/infer"
	"github.com/hueprint/hueprint/traffic"
)

// What was planted is found in a home that it was not learned from, and called
// by its name, however badly the lists were kept.
func TestPlantedActionsAreFound(t *testing.T) {
	for _, blur := range []time.Duration{0, 2 * time.Second, 12 * time.Second} {
		t.Run(fmt.Sprint(blur), func(t *testing.T) {
			l := infer.Teach("plug", []infer.Recording{plain(1, blur).recording("a"), plain(2, blur).recording("b")}, marks(onOff))
			got := l.Apply(plain(3, blur).recording("c"))
			want(t, got.Score, 20, 20, 20, 0)
			if got.Ceiling == nil || *got.Ceiling != 1 {
				t.Errorf("ceiling %v, want 1", got.Ceiling)
			}
			if n := len(got.Variants); n != 3 {
				t.Errorf("%d variants, want both sides and each alone", n)
			}
			for _, v := range got.Variants {
				if v.Side == infer.OutOnly {
					want(t, v.Score, 20, 20, 20, 0)
				}
				if v.Side == infer.InOnly && (v.Detected != 20 || v.Accuracy != nil || v.Confusion["on"][infer.AnyAction] != 10) {
					t.Errorf("by the answers alone: %+v, want all found and none told apart", v.Score)
				}
			}
		})
	}
}

func want(t *testing.T, s infer.Score, actions, detected, correct, wrong int) {
	t.Helper()
	if s.Actions != actions || s.Detected != detected || s.Correct != correct || s.FalsePositives != wrong {
		t.Errorf("%d actions, %d detected, %d correct, %d false; want %d, %d, %d, %d\n%v", s.Actions, s.Detected, s.Correct, s.FalsePositives, actions, detected, correct, wrong, s.Confusion)
	}
}

// Where nothing was planted there is nothing to learn, and nothing is found.
func TestNothingPlantedNothingFound(t *testing.T) {
	silent := func(seed uint64) infer.Recording {
		return newHome(seed, 30*time.Minute).heartbeat(cloud, 31*time.Second, 60, 44).noise(cloud, traffic.Out, 200, 517, 518, 519, 520).
			do(repeat(10, "on", "off"), 80*time.Second, 2*time.Second, 0, onOff).recording("silent")
	}
	for seed := range uint64(20) {
		if l := infer.Teach("x", []infer.Recording{silent(3 * seed), silent(3*seed + 1)}, nil); !l.Empty() {
			t.Fatalf("seed %d: learned %+v without a significant mark", seed, l.Variants)
		}
	}
	l := infer.Teach("x", []infer.Recording{silent(1)}, nil)
	got := l.Apply(silent(2))
	want(t, got.Score, 20, 0, 0, 0)
}

// A signature that is learned from one gateway says nothing about a recording
// in which nothing was done, nor about a gateway that stays silent.
func TestIdleRecordingsHaveNoFalsePositives(t *testing.T) {
	l := infer.Teach("plug", []infer.Recording{plain(1, 0).recording("a"), plain(2, 0).recording("b")}, marks(onOff))
	idle := newHome(7, 24*time.Hour).heartbeat(cloud, 31*time.Second, 60, 44).noise(cloud, traffic.Out, 60, 300, 320, 700).noise(other, traffic.Out, 40, 518, 519).recording("idle")
	got := l.Apply(idle)
	want(t, got.Score, 0, 0, 0, 0)
	if got.Truth != infer.TruthIdle || got.Hours != 24 || got.PerHour == nil || *got.PerHour != 0 {
		t.Errorf("truth %s, %v hours, %v an hour", got.Truth, got.Hours, got.PerHour)
	}
	if math.Abs(*got.AtMost-3.6889/24) > 1e-4 { // −ln 0.025 over the hours
		t.Errorf("at most %v an hour", *got.AtMost)
	}
	// One that shows the half of the signature by chance is no action, either.
	half := newHome(8, 10*time.Hour).noise(cloud, traffic.In, 200, 77).recording("half")
	want(t, l.Apply(half).Score, 0, 0, 0, 0)
}

// A hub has a bulb and a plug, five kinds of action, two clouds, and states that
// it reports in between.
func TestHubWithFiveKindsOfAction(t *testing.T) {
	reaction := func(c events.Channel, out, in int) []packet {
		return []packet{{c, traffic.In, 0, 30 * time.Millisecond, []int{in}}, {c, traffic.Out, 150 * time.Millisecond, 400 * time.Millisecond, []int{out, out + 1}}}
	}
	hub := map[string][]packet{
		"bulb on": reaction(cloud, 240, 180), "bulb off": reaction(cloud, 243, 181), "bulb dim": reaction(cloud, 260, 190),
		"plug on": reaction(other, 240, 180), "plug off": reaction(other, 243, 181),
	}
	build := func(seed uint64) infer.Recording {
		return newHome(seed, 80*time.Minute).heartbeat(cloud, 10*time.Second, 50, 50).heartbeat(other, 60*time.Second, 33, 33).
			noise(cloud, traffic.Out, 30, 240, 500).noise(other, traffic.In, 30, 180, 900).
			do(repeat(10, "bulb on", "bulb off", "bulb dim", "plug on", "plug off"), 90*time.Second, 10*time.Second, 0.96, hub).recording("hub")
	}
	l := infer.Teach("hub", []infer.Recording{build(1), build(2)}, marks(hub))
	got := l.Apply(build(3))
	t.Logf("%v", got.Confusion)
	if got.Detected < 45 || got.FalsePositives > 0 || got.Correct < got.Detected-1 {
		t.Errorf("%d of %d found, %d right, %d false", got.Detected, got.Actions, got.Correct, got.FalsePositives)
	}
	if len(got.PerLabel) != 5 || got.PerLabel["plug off"].Precision == nil {
		t.Errorf("scores per label: %v", got.PerLabel)
	}
}

// In another home the far end has another address, and its name may not be known;
// another region has another name below the same domain.
func TestOtherHomes(t *testing.T) {
	l := infer.Teach("plug", []infer.Recording{plain(1, 0).recording("a"), plain(2, 0).recording("b")}, marks(onOff))
	for name, c := range map[string]events.Channel{
		"address": unnamed,
		"region":  {Name: "us1.api.example.net", Transport: "tcp", Port: 443, Scope: traffic.Internet},
	} {
		r := plain(3, 0).recording("c")
		for i := range r.Events {
			if r.Events[i].Channel == cloud {
				r.Events[i].Channel = c
			}
		}
		t.Run(name, func(t *testing.T) { want(t, l.Apply(r).Score, 20, 20, 20, 0) })
	}
	for name, c := range map[string]events.Channel{
		"another service": {Name: "api.example.org", Transport: "tcp", Port: 443, Scope: traffic.Internet},
		"another port":    {Name: cloud.Name, Transport: "tcp", Port: 8443, Scope: traffic.Internet},
		"in the home":     {Name: "192.168.1.3", Transport: "tcp", Port: 443, Scope: traffic.LAN},
	} {
		r := plain(3, 0).recording("c")
		for i := range r.Events {
			if r.Events[i].Channel == cloud {
				r.Events[i].Channel = c
			}
		}
		t.Run(name, func(t *testing.T) { want(t, l.Apply(r).Score, 20, 0, 0, 0) })
	}
}

// One side of a signature changes with the firmware, the other one stays: then
// that side alone still finds the actions.
func TestDriftOfOneSide(t *testing.T) {
	l := infer.Teach("plug", []infer.Recording{plain(1, 0).recording("a"), plain(2, 0).recording("b")}, marks(onOff))
	r := plain(3, 0).recording("years later")
	for i := range r.Events {
		if r.Events[i].Length == 77 {
			r.Events[i].Length += 56
		}
	}
	got := l.Apply(r)
	for _, v := range got.Variants {
		if v.Side == infer.OutOnly {
			want(t, v.Score, 20, 20, 20, 0)
		}
	}
}

// Without the truth the actions are listed, and nothing is scored.
func TestUnknownTruth(t *testing.T) {
	l := infer.Teach("plug", []infer.Recording{plain(1, 0).recording("a"), plain(2, 0).recording("b")}, marks(onOff))
	r := plain(3, 0).recording("c")
	truth := r.Actions
	r.Actions, r.Known = nil, false
	got := l.Apply(r)
	if got.Truth != infer.TruthUnknown || len(got.Inferred) != 20 || got.Recall != nil || got.FalsePositives != 0 {
		t.Fatalf("%+v", got)
	}
	for i, d := range got.Inferred {
		if d.Label != truth[i].Label || d.Time.Sub(truth[i].Time).Abs() > time.Second || d.Confidence < 0.9 || d.Confidence > 1 {
			t.Errorf("inferred %+v, done %+v", d, truth[i])
		}
	}
	if a := infer.Conclude([]infer.Lesson{l}, []infer.Test{got}, nil); a.Actions != 0 || a.Detected != 0 || a.Hours != 0 || a.Confusion == nil {
		t.Errorf("the total counts what nobody knows: %+v", a.Score)
	}
}

// Gateways that say everything twice, and access points, do not act twice.
func TestDoublesAreOneAction(t *testing.T) {
	double := func(seed uint64, after time.Duration) infer.Recording {
		r := plain(seed, 0).recording("double")
		for _, e := range r.Events {
			e.Time = e.Time.Add(after)
			r.Events = append(r.Events, e)
		}
		slices.SortStableFunc(r.Events, func(a, b events.Event) int { return a.Time.Compare(b.Time) })
		return r
	}
	for _, after := range []time.Duration{70 * time.Microsecond, 900 * time.Millisecond, 6 * time.Second} {
		l := infer.Teach("plug", []infer.Recording{double(1, after), double(2, after)}, marks(onOff))
		want(t, l.Apply(double(3, after)).Score, 20, 20, 20, 0)
	}
}

// Moving everything by an hour moves the detections by an hour and changes
// nothing else.
func TestShiftOfEverything(t *testing.T) {
	shift := func(r infer.Recording, by time.Duration) infer.Recording {
		r.Events, r.Actions = slices.Clone(r.Events), slices.Clone(r.Actions)
		for i := range r.Events {
			r.Events[i].Time = r.Events[i].Time.Add(by)
		}
		for i := range r.Actions {
			r.Actions[i].Time = r.Actions[i].Time.Add(by)
		}
		r.First, r.Last = r.First.Add(by), r.Last.Add(by)
		return r
	}
	learn := func(by time.Duration) infer.Test {
		l := infer.Teach("plug", []infer.Recording{shift(plain(1, time.Second).recording("a"), by), plain(2, time.Second).recording("b")}, marks(onOff))
		return l.Apply(shift(plain(3, time.Second).recording("c"), by))
	}
	a, b := learn(0), learn(time.Hour)
	for i := range b.Inferred {
		b.Inferred[i].Time = b.Inferred[i].Time.Add(-time.Hour)
	}
	if d := cmp.Diff(a, b, cmpopts.IgnoreUnexported(infer.Score{}, infer.Detection{})); d != "" {
		t.Error(d)
	}
}

// The order of the marks and of the training, and of events with equal stamps,
// changes nothing.
func TestOrderChangesNothing(t *testing.T) {
	a, b, c := plain(1, time.Second).recording("a"), plain(2, time.Second).recording("b"), plain(3, time.Second).recording("c")
	m := marks(onOff)
	slices.SortFunc(m, func(a, b infer.Mark) int { return a.Min - b.Min })
	first := infer.Teach("plug", []infer.Recording{a, b}, m).Apply(c)
	slices.Reverse(m)
	if d := cmp.Diff(first, infer.Teach("plug", []infer.Recording{b, a}, m).Apply(c), cmpopts.IgnoreUnexported(infer.Score{}, infer.Detection{})); d != "" {
		t.Error(d)
	}
}

// A model that was written down and read again finds the same.
func TestModelAsJSON(t *testing.T) {
	l := infer.Teach("plug", []infer.Recording{plain(1, 0).recording("a"), plain(2, 0).recording("b")}, marks(onOff))
	text, err := json.Marshal(l)
	if err != nil {
		t.Fatal(err)
	}
	var again infer.Lesson
	if err := json.Unmarshal(text, &again); err != nil {
		t.Fatal(err)
	}
	c := plain(3, 0).recording("c")
	if d := cmp.Diff(l.Apply(c), again.Apply(c), cmpopts.IgnoreUnexported(infer.Score{}, infer.Detection{})); d != "" {
		t.Error(d)
	}
}

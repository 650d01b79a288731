package correlate

import (
	"slices"
	"testing"

	"github.com/hueprint/hueprint/analysis/align"
	"github.com/hueprint/hueprint/analysis/events"
)

// choose runs the whole way from trials to a pattern; outside are the lengths of
// every group outside the windows.
func chosen(trials []align.Trial, outside ...int) []Chosen {
	action := make([]bool, len(trials))
	for i := range trials {
		action[i] = !trials[i].Control
		trials[i].Confirmed = true
	}
	candidates := Candidates(trials)
	r := NewDesign(action, 1).Test(candidates)
	return Select(Selection{Trials: trials, Candidates: candidates, Scores: r.Scores, Alpha: 0.01, Outside: func(Group) []int { return outside }})
}

// tenEach makes ten action trials, on and off in turn, and ten controls.
func tenEach(fill func(i int, action string) []events.Event) []align.Trial {
	trials := make([]align.Trial, 20)
	for i := range trials {
		trials[i].Control = i >= 10
		if i < 10 {
			trials[i].Action = []string{"on", "off"}[i%2]
		}
		trials[i].Events = fill(i, trials[i].Action)
	}
	return trials
}

func ranges(cs []Chosen) [][2]int {
	var out [][2]int
	for _, c := range cs {
		out = append(out, [2]int{c.Min, c.Max})
	}
	return out
}

func TestTwoMarksOnOneChannelAreTwoSteps(t *testing.T) {
	got := ranges(chosen(tenEach(func(i int, action string) []events.Event {
		if action == "" {
			return []events.Event{event("a", 66)}
		}
		return []events.Event{event("a", 66), event("a", 250), event("a", 900)}
	})))
	if want := [][2]int{{250, 250}, {900, 900}}; !slices.Equal(got, want) {
		t.Errorf("steps %v, want %v", got, want)
	}
}

func TestNeighbouringLengthsOfTwoActionsAreOneStep(t *testing.T) {
	got := ranges(chosen(tenEach(func(i int, action string) []events.Event {
		switch action {
		case "on":
			return []events.Event{event("a", 250), event("a", 66)}
		case "off":
			return []events.Event{event("a", 251), event("a", 66)}
		}
		return []events.Event{event("a", 66)}
	}), 66))
	if want := [][2]int{{250, 251}}; !slices.Equal(got, want) {
		t.Errorf("steps %v, want %v", got, want)
	}
}

// Far lengths of two actions are united unless a length lies between them
// outside the windows; what is united grows up to the nearest such length.
func TestLengthsOfTwoActionsAreUnited(t *testing.T) {
	s := Selection{Trials: tenEach(func(int, string) []events.Event { return nil })}
	on, off := make([]bool, 20), make([]bool, 20)
	for i := range 10 {
		s.Trials[i].Confirmed = true
		on[i], off[i] = i%2 == 0, i%2 == 1
	}
	classes := func() []Chosen {
		return []Chosen{{Class: Class{Min: 250, Max: 250}, seen: on}, {Class: Class{Min: 280, Max: 281}, seen: off}}
	}
	for _, c := range []struct {
		outside []int
		want    [][2]int
	}{
		{nil, [][2]int{{234, 297}}},
		{[]int{245, 285}, [][2]int{{246, 284}}},
		{[]int{260}, [][2]int{{250, 250}, {280, 281}}},
	} {
		s.Outside = func(Group) []int { return c.outside }
		if got := ranges(s.unite(classes())); !slices.Equal(got, c.want) {
			t.Errorf("outside %v: %v, want %v", c.outside, got, c.want)
		}
	}
}

// The message that carries a record, the start of the connection that carries
// it and the union of channels say nothing new.
func TestEchoesAreLeftOut(t *testing.T) {
	of := func(kind events.Kind, length int) events.Event {
		e := event("a", length)
		e.Kind = kind
		return e
	}
	got := chosen(tenEach(func(i int, action string) []events.Event {
		out := []events.Event{event("b", 77)}
		if action != "" {
			out = append(out, of(events.FlowStart, 0), of(events.ClientHello, 512), of(events.TLSRecord, 250), of(events.Message, 255))
		}
		return out
	}))
	var kinds []events.Kind
	for _, c := range got {
		kinds = append(kinds, c.Kind)
	}
	if want := []events.Kind{events.ClientHello, events.TLSRecord}; !slices.Equal(kinds, want) {
		t.Errorf("steps %v, want %v", kinds, want)
	}
}

// A mark that moves between far ends is seen on their union.
func TestRotatingFarEnds(t *testing.T) {
	got := chosen(tenEach(func(i int, action string) []events.Event {
		if action == "" {
			return nil
		}
		return []events.Event{event([]string{"a", "b", "c", "d", "e"}[i/2], 250)}
	}))
	if len(got) != 1 || got[0].Channel.Name != AnyName || got[0].Min != 250 {
		t.Errorf("steps %+v", got)
	}
}

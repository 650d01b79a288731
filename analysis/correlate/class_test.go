package correlate

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/hueprint/hueprint/analysis/align"
	"github.com/hueprint/hueprint/analysis/events"
	"github.com/hueprint/hueprint/traffic"
)

func TestSpans(t *testing.T) {
	for _, c := range []struct {
		lengths []int
		want    [][2]int
	}{
		{[]int{0}, [][2]int{{0, 0}}},
		{[]int{50, 51, 80}, [][2]int{{50, 50}, {51, 51}, {80, 80}, {50, 51}, {50, 80}}},
		// A chain wider than 32 bytes is no class below the whole channel.
		{[]int{10, 26, 42, 58}, [][2]int{{10, 10}, {26, 26}, {42, 42}, {58, 58}, {10, 58}}},
		{[]int{10, 18, 30}, [][2]int{{10, 10}, {18, 18}, {30, 30}, {10, 18}, {10, 30}}},
	} {
		var got [][2]int
		for _, s := range spans(c.lengths) {
			got = append(got, [2]int{c.lengths[s.first], c.lengths[s.last]})
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%v: classes %v, want %v", c.lengths, got, c.want)
		}
	}
}

func channel(name string) events.Channel {
	return events.Channel{Name: name, Transport: "tcp", Port: 443, Scope: traffic.Internet}
}

func event(name string, length int) events.Event {
	return events.Event{Channel: channel(name), Direction: traffic.Out, Kind: events.TLSRecord, Length: length}
}

// The union of channels stands beside them, but not where it would say the same
// as one of them; and nothing that occurs twice only is a candidate.
func TestUnionOfChannels(t *testing.T) {
	trials := []align.Trial{
		{Events: []events.Event{event("a", 100), event("b", 300), event("b", 700)}},
		{Events: []events.Event{event("b", 100), event("b", 300), event("b", 700)}},
		{Events: []events.Event{event("c", 100), event("b", 300)}},
	}
	var got []string
	for _, c := range Candidates(trials) {
		got = append(got, c.Channel.Name)
		if c.Channel.Name == AnyName && !c.Whole && (c.Min != 100 || !slices.Equal(c.Counts, []int{1, 1, 1})) {
			t.Errorf("union %+v", c)
		}
	}
	if want := []string{"*", "*", "b", "b"}; !slices.Equal(got, want) {
		t.Errorf("candidates on %v, want %v", got, want)
	}
}

// Classes do not follow the labels, and the order of events changes nothing.
func TestCandidatesAreLabelFree(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		names := []string{"a", "b", "c"}
		trials := make([]align.Trial, 6)
		for i := range trials {
			for range rapid.IntRange(0, 8).Draw(rt, "events") {
				e := event(rapid.SampledFrom(names).Draw(rt, "channel"), rapid.IntRange(40, 90).Draw(rt, "length"))
				trials[i].Events = append(trials[i].Events, e)
			}
		}
		want := Candidates(trials)
		for i := range trials {
			trials[i].Control = rapid.Bool().Draw(rt, "control")
			trials[i].Action = rapid.SampledFrom([]string{"on", "off"}).Draw(rt, "action")
			slices.Reverse(trials[i].Events)
		}
		got := Candidates(trials)
		if !slices.EqualFunc(got, want, func(a, b Candidate) bool {
			return a.Class == b.Class && slices.Equal(a.Counts, b.Counts) && slices.Equal(a.Bytes, b.Bytes)
		}) {
			rt.Fatalf("candidates %v, want %v", got, want)
		}
	})
}

package gateways

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/hueprint/hueprint/traffic"
)

func TestDefaultsAreThePapers(t *testing.T) {
	want := map[Kind]float64{Aeotec: 1, Echo: 0, Nest: 0, HomeAssistant: 1}
	for _, kind := range Kinds() {
		o := Defaults(kind)
		if err := o.Check(); err != nil || o.React != want[kind] {
			t.Errorf("%s: react %v, %v", kind, o.React, err)
		}
	}
	var frames []int
	for _, s := range draw(Defaults(Aeotec)).On {
		frames = append(frames, s.Frame)
	}
	if !slices.Equal(frames, []int{113, 490, 113, 318}) {
		t.Errorf("Aeotec's frames are %v", frames)
	}
}

func TestEveryMistakeIsReportedAtOnce(t *testing.T) {
	o := Options{
		Kind: "toaster", React: 1.5, Sizes: "big", Differ: "much", MinDelay: time.Second,
		Decoys: []Decoy{{Every: 0, Size: 5000}},
	}
	err := o.Check()
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"toaster", "homeassistant", "react", "sizes", "differ", "delay", "pace", "every", "5000 bytes"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not mention %s", err, want)
		}
	}
}

// TestDrawnTruths demands of any options that equal ones give equal truths, and
// that lengths stay where the wire can carry each message in one frame.
func TestDrawnTruths(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := Defaults(rapid.SampledFrom(Kinds()).Draw(t, "kind"))
		o.Seed = rapid.Uint64().Draw(t, "seed")
		o.Sizes = rapid.SampledFrom([]Sizes{Paper, Random}).Draw(t, "sizes")
		o.Differ = rapid.SampledFrom([]Differ{Alike, ByDelay, BySize}).Draw(t, "differ")
		truth := draw(o)
		if !reflect.DeepEqual(truth, draw(o)) {
			t.Fatal("the same options gave another truth")
		}
		if o.Differ == Alike && !reflect.DeepEqual(truth.On, truth.Off) {
			t.Fatalf("alike, but %v and %v", truth.On, truth.Off)
		}
		for _, s := range append(truth.On, truth.Off...) {
			if s.Plain < minSize(o.Kind) || s.Plain > maxSize(o.Kind) || s.Frame > 1514 || s.Frame != s.Payload+66 {
				t.Fatalf("step %+v", s)
			}
		}
		if o.Sizes == Random && len(distinct(o.Kind, truth.On)) != len(truth.On)+len(idleSizes(o.Kind)) {
			t.Fatalf("lengths %v are not all different, or are %v", truth.On, idleSizes(o.Kind))
		}
		if truth.On[0].Direction != traffic.Out || truth.Least < 1 || truth.Least > len(truth.On) {
			t.Fatalf("truth %+v", truth)
		}
	})
}

// distinct is the set of a reaction's lengths and the idle ones.
func distinct(kind Kind, steps []Step) map[int]bool {
	set := map[int]bool{}
	for _, s := range steps {
		set[s.Plain] = true
	}
	for _, n := range idleSizes(kind) {
		set[n] = true
	}
	return set
}

func TestParseEvents(t *testing.T) {
	for _, c := range []struct {
		data string
		want []bool
		ok   bool
	}{
		{`[{"type":"update","data":[{"type":"light","on":{"on":true}}]}]`, []bool{true}, true},
		{`[{"type":"update","data":[{"type":"light","on":{"on":false}},{"type":"grouped_light","on":{"on":true}}]}]`, []bool{false}, true},
		{`[{"type":"update","data":[{"type":"light","dimming":{"brightness":3}}]}]`, nil, true},
		{`[{"type":"add","data":[{"type":"light","on":{"on":true}}]}]`, nil, true},
		{`[]`, nil, true},
		{`{`, nil, false},
	} {
		got, err := parseEvents([]byte(c.data))
		if !slices.Equal(got, c.want) || (err == nil) != c.ok {
			t.Errorf("%s: %v, %v", c.data, got, err)
		}
	}
}

func FuzzParseEvents(f *testing.F) {
	f.Add([]byte(`[{"type":"update","data":[{"type":"light","on":{"on":true}}]}]`))
	f.Add([]byte(`[null]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if on, err := parseEvents(data); err != nil && on != nil {
			t.Fatal("both an error and changes")
		}
	})
}

func TestPushesAreAsLongAsAsked(t *testing.T) {
	for size := minSize(HomeAssistant); size <= maxSize(HomeAssistant); size++ {
		if got := len(pushOf(size)) + 2; got != size {
			t.Errorf("a push of %d bytes has %d", size, got)
		}
	}
}

func TestPausesStayWithinTheirBounds(t *testing.T) {
	g := &Gateway{options: Defaults(Echo)}
	rng, p := g.chance("test"), pause{time.Hour, time.Minute, 2 * time.Hour}
	for range 1000 {
		if d := p.draw(rng); d < p.least || d > p.most {
			t.Fatalf("a pause of %v", d)
		}
	}
}

package pages

import (
	"testing"
	"time"

	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/panel/lab"
	"github.com/hueprint/hueprint/store"
)

func TestWords(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{span(0), "0 s"}, {span(59*time.Second + 600*time.Millisecond), "1 min"}, {span(200 * time.Second), "3 min 20 s"}, {span(time.Hour), "1 h"},
		{span(25*time.Hour + 29*time.Minute), "1 d 1 h"}, {span(90 * time.Minute), "1 h 30 min"},
		{size(0), "0 B"}, {size(999), "999 B"}, {size(1500), "1.5 kB"}, {size(999_700), "1.0 MB"}, {size(21 << 30), "23 GB"},
		{count(0), "0"}, {count(999), "999"}, {count(1234567), "1\u202f234\u202f567"}, {count(-1000), "-1\u202f000"},
		{clock(7300 * time.Millisecond), "0:07.3"}, {clock(time.Hour + 2*time.Minute + 9*time.Second), "1:02:09.0"}, {clock(59*time.Second + 960*time.Millisecond), "1:00.0"},
		{sentence("no bridge"), "No bridge."}, {sentence(""), ""}, {sentence("wait (or stop it)"), "Wait (or stop it)"}, {sentence("é\x07"), `É\a.`},
		{taskWords(store.Task{Idle: 12 * time.Hour, Gateways: []string{"a", "b"}}), "idle recording of 12 h on a, b"},
		{properName("Hub_4711 .local"), "hub-4711"}, {properName("<b>rude</b>"), "brudeb"},
		{properName("\u202e--"), ""}, {withQuery("/runs", nil), "/runs"}, {withQuery("/runs", nil, "tag", "a&b", "x", ""), "/runs?tag=a%26b"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

// A bulb shines in the colour that it has; what is not known has none.
func TestGlow(t *testing.T) {
	on := func(s experiments.LightState) lab.Light {
		s.On = true
		return lab.Light{State: s, Reachable: true, Read: time.Unix(1, 0)}
	}
	for name, c := range map[string]struct {
		light lab.Light
		want  string
	}{
		"red":         {on(experiments.LightState{ColorMode: "xy", XY: [2]float32{0.675, 0.322}}), "#ff"},
		"blue":        {on(experiments.LightState{ColorMode: "hs", Hue: 43690, Saturation: 254}), "#0000ff"},
		"white":       {on(experiments.LightState{ColorMode: "xy", XY: [2]float32{0.3127, 0.329}}), "#fff"},
		"warm":        {on(experiments.LightState{ColorMode: "ct", Mired: 370}), "#ffa"},
		"no mode":     {on(experiments.LightState{}), ""},
		"no y":        {on(experiments.LightState{ColorMode: "xy"}), ""},
		"off":         {lab.Light{Reachable: true, Read: time.Unix(1, 0), State: experiments.LightState{ColorMode: "ct", Mired: 370}}, ""},
		"unreachable": {lab.Light{Read: time.Unix(1, 0), State: experiments.LightState{On: true, ColorMode: "ct", Mired: 370}}, ""},
		"not read":    {lab.Light{Reachable: true, State: experiments.LightState{On: true, ColorMode: "ct", Mired: 370}}, ""},
	} {
		if got := glow(c.light); len(got) < len(c.want) || got[:len(c.want)] != c.want || c.want == "" && got != "" {
			t.Errorf("%s: %q, want %q…", name, got, c.want)
		}
	}
	for mired := 100; mired <= 600; mired++ {
		if got := glow(on(experiments.LightState{ColorMode: "ct", Mired: uint16(mired)})); len(got) != 7 || got[1:3] != "ff" && got[5:7] != "ff" {
			t.Errorf("%d mired is %q", mired, got)
		}
	}
}

package bridge_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/hueprint/hueprint/simulator/bridge"
)

// One answer may hold successes and errors; each attribute has its own.
func TestAttributesOfACommand(t *testing.T) {
	on := func(s *bridge.LightState) { s.On = true }
	off := func(s *bridge.LightState) { s.On = false }
	for _, test := range []struct {
		name  string
		begin func(*bridge.LightState)
		body  string
		want  string
		after func(bridge.LightState) bool
	}{
		{"success and error together", off, `{"bri":999,"on":true}`,
			`[{"success":{"/lights/1/state/on":true}},{"error":{"type":7,"address":"/lights/1/state/bri","description":"invalid value, 999, for parameter, bri"}}]`,
			func(s bridge.LightState) bool { return s.On && s.Bri == 254 }},
		{"brightness while off", off, `{"bri":10}`,
			`[{"error":{"type":201,"address":"/lights/1/state/bri","description":"parameter, bri, is not modifiable. Device is set to off."}}]`,
			func(s bridge.LightState) bool { return !s.On && s.Bri == 254 }},
		{"unknown attribute", on, `{"colour":"red"}`,
			`[{"error":{"type":6,"address":"/lights/1/state/colour","description":"parameter, colour, not available"}}]`, nil},
		{"attribute that can only be read", on, `{"reachable":true}`,
			`[{"error":{"type":8,"address":"/lights/1/state/reachable","description":"parameter, reachable, is not modifiable"}}]`, nil},
		{"wrong kind of value", on, `{"on":"yes"}`,
			`[{"error":{"type":7,"address":"/lights/1/state/on","description":"invalid value, yes, for parameter, on"}}]`,
			func(s bridge.LightState) bool { return s.On }},
		{"null", on, `{"on":null}`,
			`[{"error":{"type":7,"address":"/lights/1/state/on","description":"invalid value, null, for parameter, on"}}]`,
			func(s bridge.LightState) bool { return s.On }},
		{"colour", on, `{"xy":[0.3,0.4],"transitiontime":0}`,
			`[{"success":{"/lights/1/state/xy":[0.3,0.4]}},{"success":{"/lights/1/state/transitiontime":0}}]`,
			func(s bridge.LightState) bool { return s.XY == [2]float64{0.3, 0.4} && s.ColorMode == "xy" }},
		{"colour temperature", on, `{"ct":153}`, `[{"success":{"/lights/1/state/ct":153}}]`,
			func(s bridge.LightState) bool { return s.CT == 153 && s.ColorMode == "ct" }},
		{"hue and saturation", on, `{"hue":65535,"sat":0}`,
			`[{"success":{"/lights/1/state/hue":65535}},{"success":{"/lights/1/state/sat":0}}]`,
			func(s bridge.LightState) bool { return s.Hue == 65535 && s.Sat == 0 && s.ColorMode == "hs" }},
		{"increments stop at the ends", on, `{"bri_inc":-254,"ct_inc":9999}`,
			`[{"success":{"/lights/1/state/bri_inc":-254}},{"success":{"/lights/1/state/ct_inc":9999}}]`,
			func(s bridge.LightState) bool { return s.Bri == 1 && s.CT == 500 }},
		{"moving the colour", on, `{"xy_inc":[-0.5,0.5]}`, `[{"success":{"/lights/1/state/xy_inc":[-0.5,0.5]}}]`,
			func(s bridge.LightState) bool { return s.XY[0] == 0 && s.XY[1] > 0.9 && s.ColorMode == "xy" }},
		{"broken JSON", on, `{"on":`, `[{"error":{"type":2,"address":"/lights/1/state","description":"body contains invalid json"}}]`, nil},
		{"no object", on, `[true]`, `[{"error":{"type":2,"address":"/lights/1/state","description":"body contains invalid json"}}]`, nil},
		{"nothing asked", on, `{}`, `[]`, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := start(t, bridge.Options{})
			b.TouchLight("1", test.begin)
			if got := b.want(http.MethodPut, b.api("/lights/1/state"), test.body); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			if s := b.State("1"); test.after != nil && !test.after(s) {
				t.Errorf("afterwards the bulb shows %+v", s)
			}
		})
	}
}

func TestErrorsOfResourcesAndMethods(t *testing.T) {
	b := start(t, bridge.Options{})
	for _, test := range []struct{ method, url, body, want string }{
		{"GET", b.api("/lights/99"), "", `[{"error":{"type":3,"address":"/lights/99","description":"resource, /lights/99, not available"}}]`},
		{"PUT", b.api("/lights/99/state"), `{"on":true}`, `[{"error":{"type":3,"address":"/lights/99/state","description":"resource, /lights/99/state, not available"}}]`},
		{"DELETE", b.api("/lights/1/state"), "", `[{"error":{"type":4,"address":"/lights/1/state","description":"method, DELETE, not available for resource, /lights/1/state"}}]`},
		{"GET", b.plain + "/api", "", `[{"error":{"type":4,"address":"/","description":"method, GET, not available for resource, /"}}]`},
		{"GET", b.api("/nothing"), "", `[{"error":{"type":3,"address":"/nothing","description":"resource, /nothing, not available"}}]`},
		{"GET", b.plain + "/api/wrong", "", `[{"error":{"type":1,"address":"/","description":"unauthorized user"}}]`},
		{"GET", b.plain + "/api/nouser/lights", "", `[{"error":{"type":1,"address":"/lights","description":"unauthorized user"}}]`},
		{"POST", b.plain + "/api", `{}`, `[{"error":{"type":5,"address":"/","description":"invalid/missing parameters in body"}}]`},
		{"POST", b.plain + "/api", `{"devicetype":7}`, `[{"error":{"type":7,"address":"/devicetype","description":"invalid value, 7, for parameter, devicetype"}}]`},
		{"PUT", b.api("/config"), `{"mac":"00","name":"Lab"}`, `[{"error":{"type":8,"address":"/config/mac","description":"parameter, mac, is not modifiable"}},{"success":{"/config/name":"Lab"}}]`},
		{"PUT", b.api("/lights/1"), `{"name":"Desk"}`, `[{"success":{"/lights/1/name":"Desk"}}]`},
		{"PUT", b.api("/groups/0"), `{"name":"All"}`, `[{"error":{"type":8,"address":"/groups/0/name","description":"parameter, name, is not modifiable"}}]`},
	} {
		if got := b.want(test.method, test.url, test.body); got != test.want {
			t.Errorf("%s %s: got %s\nwant %s", test.method, strings.TrimPrefix(test.url, b.plain), got, test.want)
		}
	}
	if status, _, _ := b.ask("GET", b.plain+"/index.php", ""); status != 404 {
		t.Errorf("page that is not there: %d", status)
	}
	if status, _, _ := b.ask("PUT", b.api("/lights/1/state"), strings.Repeat(" ", 70_000)); status != 413 {
		t.Errorf("too large a body: %d", status)
	}
}

func TestGroupsSwitchAllBulbs(t *testing.T) {
	b := start(t, bridge.Options{Lights: []string{"desk", "shelf"}})
	if got := b.want("PUT", b.api("/groups/0/action"), `{"on":true,"bri":7}`); got != `[{"success":{"/groups/0/action/on":true}},{"success":{"/groups/0/action/bri":7}}]` {
		t.Error(got)
	}
	for _, light := range []string{"1", "2"} {
		if s := b.State(light); !s.On || s.Bri != 7 {
			t.Errorf("light %s: %+v", light, s)
		}
	}
	b.want("PUT", b.api("/lights/2/state"), `{"on":false}`)
	type group struct {
		State struct {
			All bool `json:"all_on"`
			Any bool `json:"any_on"`
		}
	}
	if g := decode[group](t, b.want("GET", b.api("/groups/1"), "")); g.State.All || !g.State.Any {
		t.Errorf("one of two bulbs is on, the group says %+v", g.State)
	}
}

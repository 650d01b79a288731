package hue

import (
	"errors"
	"net/http"
	"reflect"
	"testing"
	"time"
)

// One badly described light must not hide the others.
func TestLights(t *testing.T) {
	b := serve(t, answer(200, `{
		"10": {"name":"desk","type":"Extended color light","modelid":"LCT015","uniqueid":"00:17:88:01:00:00:00:01-0b",
		       "state":{"on":true,"bri":254,"hue":8418,"sat":140,"xy":[0.4573,0.41],"ct":366,"colormode":"ct","reachable":true}},
		"2": {"name":"odd","swversion":7,"state":{"on":true,"bri":256,"ct":1.6,"hue":-3,"xy":[1,2,3],"reachable":"yes"}},
		"3": {"name":"bare\u001b[31m"},
		"4": null, "5": [], "x": {}, "0": {}}`))
	lights, err := b.Lights(within(t, patience))
	if err != nil {
		t.Fatal(err)
	}
	want := []Light{
		{ID: "2", Name: "odd", State: State{On: true, Brightness: 254, Mired: 2}},
		{ID: "3", Name: "bare [31m"}, {ID: "4"}, {ID: "5"},
		{ID: "10", Name: "desk", Type: "Extended color light", Model: "LCT015", UniqueID: "00:17:88:01:00:00:00:01-0b", Reachable: true,
			State: State{On: true, Brightness: 254, ColorMode: "ct", XY: [2]float32{0.4573, 0.41}, Mired: 366, Hue: 8418, Saturation: 140}},
	}
	if !reflect.DeepEqual(lights, want) {
		t.Errorf("got  %+v\nwant %+v", lights, want)
	}
}

// Every read of a misbehaving bridge ends in time with the right sentinel.
func TestReadsSurvive(t *testing.T) {
	for _, test := range []struct {
		name   string
		bridge http.HandlerFunc
		want   error
	}{
		{"unauthorized", answer(200, `[{"error":{"type":1,"address":"/lights","description":"unauthorized user"}}]`), ErrUnauthorized},
		{"no such light", answer(200, `[{"error":{"type":3,"address":"/lights/1","description":"resource, /lights/1, not available"}}]`), ErrNoSuchLight},
		{"null", answer(200, `null`), ErrAnswer},
		{"list of null", answer(200, `[null]`), ErrAnswer},
		{"number", answer(200, `7`), ErrAnswer},
		{"empty", answer(200, ``), ErrAnswer},
		{"error in words", answer(200, `[{"error":{"type":"x"}}]`), ErrAnswer},
		{"429", page(429), ErrBusy},
		{"503", page(503), ErrUnavailable},
		{"301", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://192.0.2.1/", http.StatusMovedPermanently)
		}, ErrRedirect},
		{"page", page(200), ErrAnswer},
		{"silent", silent, ErrTimeout},
		{"reset", raw(reset), ErrLost},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := serve(t, test.bridge)
			deadline := patience
			if test.want == ErrTimeout {
				deadline = 200 * time.Millisecond
			}
			_, lights := b.Lights(within(t, deadline))
			_, state := b.State(within(t, deadline), "1")
			_, identity := b.Identity(within(t, deadline))
			off, set := b.Set(within(t, deadline), "1", State{})
			for _, err := range []error{lights, state, identity, set, b.Blink(within(t, deadline), "1")} {
				if !errors.Is(err, test.want) {
					t.Errorf("%v, want %v", err, test.want)
				}
				noSecret(t, tell(err))
			}
			if off.Outcome != Failed {
				t.Errorf("set that sent no command: %q", off.Outcome)
			}
		})
	}
}

// The identity is asked for without the key, and another bridge is told apart.
func TestIdentity(t *testing.T) {
	id := "001788FFFE23ABCD"
	var path string
	b := serve(t, func(w http.ResponseWriter, r *http.Request) {
		path = r.URL.Path
		answer(200, `{"name":"Lab","bridgeid":"`+id+`","modelid":"BSB002","swversion":"1967054020","apiversion":"1.67.0"}`)(w, r)
	})
	i, err := b.Identity(within(t, patience))
	want := Identity{Name: "Lab", ID: testID, Model: "BSB002", Software: "1967054020", APIVersion: "1.67.0", Address: b.Address()}
	if err != nil || i != want || path != "/api/config" {
		t.Errorf("%+v, %v, asked %s", i, err, path)
	}
	id = "001788FFFE999999"
	if _, err := b.Identity(within(t, patience)); !errors.Is(err, ErrOtherBridge) {
		t.Errorf("another bridge: %v", err)
	}
}

// Four laboratories side by side: every bridge rides on its own client, though
// huego uses the default one.
func TestOwnClient(t *testing.T) {
	b := serve(t, answer(200, success))
	dialled := 0
	mine := NewClient(ClientOptions{Dial: countDials(&dialled)})
	b, err := New(b.Address(), testKey(), mine)
	if err != nil {
		t.Fatal(err)
	}
	if r, err := b.Switch(within(t, patience), "1", true); err != nil || r.Outcome != Done || dialled != 1 {
		t.Errorf("%+v, %v, %d dials of its own client", r, err, dialled)
	}
}

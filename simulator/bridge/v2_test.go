package bridge_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/hueprint/hueprint/simulator/bridge"
)

type listV2 struct {
	Errors []struct{ Description string }
	Data   []struct {
		ID, Type string
		V1       string `json:"id_v1"`
		On       *struct{ On bool }
		Dimming  *struct{ Brightness float64 }
		Owner    *struct{ Rid, Rtype string }
		Services []struct{ Rid, Rtype string }
		Children []struct{ Rid, Rtype string }
	}
}

// lightV2 is the address of the first light in API v2.
func (b *bench) lightV2() string {
	b.t.Helper()
	list := decode[listV2](b.t, b.want(http.MethodGet, b.secure+"/clip/v2/resource/light", ""))
	return b.secure + "/clip/v2/resource/light/" + list.Data[0].ID
}

func TestSwitchingByV2(t *testing.T) {
	b := start(t, bridge.Options{})
	light := b.lightV2()
	got := b.want(http.MethodPut, light, `{"on":{"on":true},"dimming":{"brightness":50},"dynamics":{"duration":0}}`)
	id := light[strings.LastIndex(light, "/")+1:]
	if want := `{"data":[{"rid":"` + id + `","rtype":"light"}],"errors":[]}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if s := b.State("1"); !s.On || s.Bri != 127 {
		t.Errorf("the bulb shows %+v", s)
	}
	shown := decode[listV2](t, b.want(http.MethodGet, light, "")).Data[0]
	if !shown.On.On || shown.Dimming.Brightness != 50 || shown.V1 != "/lights/1" {
		t.Errorf("v2 shows %+v", shown)
	}
	b.want(http.MethodPut, light, `{"color":{"xy":{"x":0.2,"y":0.3}},"metadata":{"name":"Desk"}}`)
	if s := b.State("1"); s.XY != [2]float64{0.2, 0.3} || s.ColorMode != "xy" {
		t.Errorf("the bulb shows %+v", s)
	}
}

func TestV2Refusals(t *testing.T) {
	b := start(t, bridge.Options{})
	light := b.lightV2()
	for _, test := range []struct {
		method, url, body string
		status            int
		says              string
	}{
		{"PUT", light, `{"dimming":{"brightness":50}}`, 207, `device (light) is \"soft off\", command (.dimming.brightness) may not have effect`},
		{"PUT", light, `{"on":{}}`, 400, "missing property"},
		{"PUT", light, `{"on":true}`, 400, "invalid request"},
		{"PUT", light, `{"bri":3}`, 400, "unknown property (.bri)"},
		{"PUT", light, `{"dimming":{"brightness":101}}`, 400, "invalid value"},
		{"PUT", light, `nonsense`, 400, "not a valid json"},
		{"PUT", light + "0", `{"on":{"on":true}}`, 404, "Not Found"},
		{"DELETE", light, "", 405, "Method Not Allowed"},
		{"GET", b.secure + "/clip/v2/resource/unicorn", "", 404, "Not Found"},
		{"GET", b.secure + "/clip/v3", "", 404, "<html>"},
	} {
		status, body, err := b.ask(test.method, test.url, test.body)
		if err != nil || status != test.status || !strings.Contains(body, test.says) {
			t.Errorf("%s %s %s: %d %s %v", test.method, test.url, test.body, status, body, err)
		}
	}
	resp, err := b.client.Get(b.secure + "/clip/v2/resource")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusForbidden {
		t.Errorf("without a key: %d", resp.StatusCode)
	}
}

// Every reference leads to a resource, and each kind can be listed by itself.
func TestV2ResourcesHangTogether(t *testing.T) {
	b := start(t, bridge.Options{Lights: []string{"desk", "shelf"}})
	all := decode[listV2](t, b.want(http.MethodGet, b.secure+"/clip/v2/resource", ""))
	kinds := map[string]string{}
	for _, r := range all.Data {
		kinds[r.ID] = r.Type
	}
	for _, r := range all.Data {
		references := append(r.Services, r.Children...)
		if r.Owner != nil {
			references = append(references, *r.Owner)
		}
		for _, to := range references {
			if kinds[to.Rid] != to.Rtype {
				t.Errorf("%s %s refers to %+v, which is %q", r.Type, r.ID, to, kinds[to.Rid])
			}
		}
	}
	for _, kind := range []string{"light", "device", "bridge", "bridge_home", "room", "grouped_light", "zigbee_connectivity"} {
		if got := decode[listV2](t, b.want(http.MethodGet, b.secure+"/clip/v2/resource/"+kind, "")); len(got.Data) == 0 {
			t.Errorf("no %s", kind)
		}
	}
	for _, g := range decode[listV2](t, b.want(http.MethodGet, b.secure+"/clip/v2/resource/grouped_light", "")).Data {
		on := g.V1 == "/groups/0"
		body := map[bool]string{true: `{"on":{"on":true}}`, false: `{"on":{"on":false}}`}[on]
		b.want(http.MethodPut, b.secure+"/clip/v2/resource/grouped_light/"+g.ID, body)
		if b.State("2").On != on {
			t.Errorf("%s did not switch the bulbs", g.V1)
		}
	}
}

// Over HTTPS on one connection 21 requests pass at once; then nginx refuses.
func TestLimitsOfTheWebServer(t *testing.T) {
	b := start(t, bridge.Options{Limits: true})
	b.client.Transport.(*http.Transport).DisableKeepAlives = false
	b.client.Transport.(*http.Transport).MaxConnsPerHost = 1
	var passed, refused int
	for range 40 {
		switch status, _, err := b.ask(http.MethodGet, b.secure+"/api/config", ""); {
		case err != nil:
			t.Fatal(err)
		case status == 200:
			passed++
		case status == 503:
			refused++
		}
	}
	if passed < 21 || refused == 0 {
		t.Errorf("%d passed, %d refused", passed, refused)
	}
}

// Many clients at once neither race nor break the bridge.
func TestManyClientsAtOnce(t *testing.T) {
	b := start(t, bridge.Options{Lights: []string{"desk", "shelf"}})
	light := b.lightV2()
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for _, on := range []string{"true", "false"} {
				_, _, _ = b.ask(http.MethodPut, b.api("/lights/2/state"), `{"on":`+on+`}`)
				_, _, _ = b.ask(http.MethodPut, light, `{"on":{"on":`+on+`}}`)
				_, _, _ = b.ask(http.MethodGet, b.api(""), "")
			}
		})
	}
	group.Wait()
	if n := len(b.Requests()); n != 8*6+1 {
		t.Errorf("%d requests noted", n)
	}
}

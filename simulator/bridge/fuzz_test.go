package bridge_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/hueprint/hueprint/simulator/bridge"
)

// FuzzRequests sends any method, path and body. The bridge must not panic,
// must not answer 5xx, must answer the API in JSON, and its bulb must stay a bulb.
func FuzzRequests(f *testing.F) {
	for _, seed := range []struct{ method, path, body string }{
		{"PUT", "/api/" + testKey + "/lights/1/state", `{"on":true,"bri":1.5,"xy":[0.1],"ct":null}`},
		{"PUT", "/api/" + testKey + "/lights/1/state", `{"on":true,"on":false,"bri_inc":-9e9,"effect":"colorloop"}`},
		{"PUT", "/api/" + testKey + "/groups/0/action", `[]`},
		{"POST", "/api", `{"devicetype":"a#b","generateclientkey":true}`},
		{"GET", "/api/" + testKey + "//lights///1", ""},
		{"PUT", "/clip/v2/resource/light/00000000-0000-4000-8000-000000000000", `{"on":{"on":true}}`},
		{"PUT", "/clip/v2/resource/grouped_light/x", `{"dimming":{"brightness":-0}}`},
		{"DELETE", "/api/" + testKey + "/config/whitelist/x", ""},
		{"GET", "/description.xml", ""},
	} {
		f.Add(seed.method, seed.path, []byte(seed.body))
	}
	f.Fuzz(func(t *testing.T, method, path string, body []byte) {
		target := &url.URL{Path: "/" + path}
		req, err := http.NewRequest(method, target.String(), bytes.NewReader(body))
		if err != nil {
			t.Skip()
		}
		b, err := bridge.New(bridge.Options{Keys: map[string]string{"lab#test": testKey}, Latency: bridge.Latency{AnswerMax: 1, EventMax: 1}})
		if err != nil {
			t.Fatal(err)
		}
		b.PressLinkButton()
		req.Header.Set("hue-application-key", testKey)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		if len(path) > 0 && bytes.Contains([]byte(path), []byte("eventstream")) {
			cancel() // a stream ends only with its client
		}
		answer := handle(b, req.WithContext(ctx))
		if answer.Code >= 500 {
			t.Errorf("%s %s: status %d", method, path, answer.Code)
		}
		if answer.Header().Get("Content-Type") == "application/json" && !json.Valid(answer.Body.Bytes()) {
			t.Errorf("%s %s: %s", method, path, answer.Body)
		}
		if s := b.State("1"); s.Bri < 1 || s.Bri > 254 || s.CT < 153 || s.CT > 500 || s.Hue < 0 || min(s.XY[0], s.XY[1]) < 0 || max(s.XY[0], s.XY[1]) > 1 || s.Hue > 65535 || s.Sat < 0 || s.Sat > 254 {
			t.Errorf("%s %s %s: the bulb shows %+v", method, path, body, s)
		}
	})
}

// handle answers one request without a network.
func handle(b *bridge.Bridge, req *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	func() {
		defer func() {
			if r := recover(); r != nil && r != http.ErrAbortHandler {
				panic(r)
			}
		}()
		bridge.Handler(b, &sync.WaitGroup{}).ServeHTTP(w, req)
	}()
	return w
}

// FuzzMDNS sends any datagram to the responder. What it answers must be a DNS message.
func FuzzMDNS(f *testing.F) {
	for _, name := range []string{"_hue._tcp.local.", "_services._dns-sd._udp.local.", "x."} {
		m := question(name, dnsmessage.TypePTR)
		packed, err := m.Pack()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(packed, 5353)
	}
	b, err := bridge.New(bridge.Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, datagram []byte, port int) {
		reply, ok := bridge.AnswerMDNS(b, datagram, port)
		if !ok {
			return
		}
		var m dnsmessage.Message
		if err := m.Unpack(reply); err != nil || !m.Response {
			t.Errorf("%x: answered %x: %v", datagram, reply, err)
		}
	})
}

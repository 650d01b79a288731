package bridge_test

import (
	"errors"
	"io"
	"maps"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hueprint/hueprint/simulator/bridge"
)

type faultTest func(t *testing.T, b *bench)

// Each fault shows as described, and the bulb follows only where it should.
func TestFaults(t *testing.T) {
	tests := faultsOfConnections()
	maps.Copy(tests, faultsOfContent())
	elsewhere := []bridge.Fault{bridge.FaultStreamDeath, bridge.FaultStreamRepeat} // TestStreamFaults
	if want := len(bridge.Faults()) - len(elsewhere); len(tests) != want {
		t.Errorf("%d faults are tested, there are %d", len(tests), want)
	}
	for fault, test := range tests {
		t.Run(string(fault), func(t *testing.T) {
			t.Parallel()
			test(t, start(t, bridge.Options{Fault: fault}))
		})
	}
}

// faultsOfConnections are those that show in keys, statuses and connections.
func faultsOfConnections() map[bridge.Fault]faultTest {
	return map[bridge.Fault]faultTest{
		bridge.FaultLinkButton: func(t *testing.T, b *bench) {
			b.PressLinkButton()
			if got := b.want(http.MethodPost, b.plain+"/api", `{"devicetype":"a#b"}`); !strings.Contains(got, `"type":101`) {
				t.Error(got)
			}
		},
		bridge.FaultUnauthorized: func(t *testing.T, b *bench) {
			b.answers(200, `[{"error":{"type":1,"address":"/lights/1/state","description":"unauthorized user"}}]`, false)
			if status, body, _ := b.ask(http.MethodGet, b.secure+"/clip/v2/resource", ""); status != 403 {
				t.Errorf("v2: %d %s", status, body)
			}
		},
		bridge.FaultNotModifiable: func(t *testing.T, b *bench) {
			b.answers(200, `[{"error":{"type":201,"address":"/lights/1/state/on","description":"parameter, on, is not modifiable. Device is set to off."}}]`, true)
		},
		bridge.FaultTooMany:     func(t *testing.T, b *bench) { b.answers(429, "<html>\r\n<head><title>429 Too Many", false) },
		bridge.FaultUnavailable: func(t *testing.T, b *bench) { b.answers(503, "<html>\r\n<head><title>503 Service", false) },
		bridge.FaultRedirect: func(t *testing.T, b *bench) {
			_, _, header, _ := b.askFully(http.MethodGet, b.api("/lights"), "")
			if to := header.Get("Location"); to != "https://127.0.0.1/api/"+testKey+"/lights" {
				t.Errorf("redirects to %q", to)
			}
			b.answers(301, "<html>", false)
			if status, _, _ := b.ask(http.MethodGet, b.secure+"/api/config", ""); status != 200 {
				t.Errorf("HTTPS: status %d", status)
			}
		},
		bridge.FaultSilent: func(t *testing.T, b *bench) {
			b.client.Timeout = 100 * time.Millisecond
			b.breaks(func(err error) bool { return strings.Contains(err.Error(), "Client.Timeout") }, false)
		},
		bridge.FaultReset:     func(t *testing.T, b *bench) { b.breaks(isReset, false) },
		bridge.FaultResetDone: func(t *testing.T, b *bench) { b.breaks(isReset, true) },
		bridge.FaultCloseIdle: testCloseIdle,
	}
}

// faultsOfContent are those that show in what the answer says, or when.
func faultsOfContent() map[bridge.Fault]faultTest {
	return map[bridge.Fault]faultTest{
		bridge.FaultStringType: func(t *testing.T, b *bench) {
			b.answers(200, `[{"error":{"address":"/","description":"Internal error, 404","type":"901"}}]`, true)
		},
		bridge.FaultNull:      func(t *testing.T, b *bench) { b.answers(200, `null`, true) },
		bridge.FaultEmpty:     func(t *testing.T, b *bench) { b.answers(200, ``, true) },
		bridge.FaultTruncated: func(t *testing.T, b *bench) { b.answers(200, `[{"success":{"/light`, true) },
		bridge.FaultRevert: func(t *testing.T, b *bench) {
			b.answers(200, `[{"success":{"/lights/1/state/on":true}}]`, false)
			if !b.Cached("1").On {
				t.Error("the bridge does not predict")
			}
		},
		bridge.FaultUnreachable: testUnreachable,
		bridge.FaultSlow: func(t *testing.T, b *bench) {
			if testing.Short() {
				t.Skip("takes 3 seconds")
			}
			begin := time.Now()
			b.answers(200, `[{"success":{"/lights/1/state/on":true}}]`, true)
			if took := time.Since(begin); took < 3*time.Second {
				t.Errorf("answered after %v", took)
			}
		},
		bridge.FaultDropped: func(t *testing.T, b *bench) {
			b.answers(200, `[{"success":{"/lights/1/state/on":true}}]`, false)
			if b.Cached("1").On {
				t.Error("the bridge believes what it dropped")
			}
		},
	}
}

// answers sends the command and checks status, the beginning of the body, and whether the bulb followed.
func (b *bench) answers(status int, body string, followed bool) {
	b.t.Helper()
	got, text, err := b.switchOn()
	if err != nil || got != status || !strings.HasPrefix(text, body) || body == "" && text != "" {
		b.t.Errorf("status %d, error %v, body %q; want status %d and %q", got, err, text, status, body)
	}
	if on := b.State("1").On; on != followed {
		b.t.Errorf("the bulb is on: %v", on)
	}
}

// breaks sends the command, which must fail in the given way.
func (b *bench) breaks(how func(error) bool, followed bool) {
	b.t.Helper()
	if _, body, err := b.switchOn(); err == nil || !how(err) {
		b.t.Errorf("error %v, body %q", err, body)
	}
	if on := b.State("1").On; on != followed {
		b.t.Errorf("the bulb is on: %v", on)
	}
}

func isReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, io.EOF)
}

// A client that keeps connections finds them closed as it sends; one that does not is spared.
func testCloseIdle(t *testing.T, b *bench) {
	for range 3 {
		b.want(http.MethodGet, b.api("/lights"), "")
	}
	b.client.Transport.(*http.Transport).DisableKeepAlives = false
	b.want(http.MethodGet, b.api("/lights"), "")
	b.breaks(isReset, false)
}

func testUnreachable(t *testing.T, b *bench) {
	b.answers(200, `[{"success":{"/lights/1/state/on":true}}]`, false)
	if s := b.Cached("1"); !s.On || s.Reachable {
		t.Errorf("the bridge believes %+v", s)
	}
	status, body, err := b.ask(http.MethodPut, b.lightV2(), `{"on":{"on":true}}`)
	if err != nil || status != 207 || !strings.Contains(body, "device (light) has communication issues, command (.on.on) may not have effect") {
		t.Errorf("v2: %d %s %v", status, body, err)
	}
	b.SetFault(bridge.FaultNone)
	if s := b.Cached("1"); s.On || !s.Reachable {
		t.Errorf("with power again the bridge believes %+v", s)
	}
}

func TestFaultOnEveryThirdRequest(t *testing.T) {
	b := start(t, bridge.Options{Fault: "503/3"})
	var got []int
	for range 6 {
		status, _, _ := b.switchOn()
		got = append(got, status)
	}
	for i, want := range []int{200, 200, 503, 200, 200, 503} {
		if got[i] != want {
			t.Fatalf("statuses %v", got)
		}
	}
}

func TestFaultsAreDocumentedAndParsed(t *testing.T) {
	for _, f := range bridge.Faults() {
		parsed, err := bridge.ParseFault(string(f) + "/5")
		if err != nil || parsed.Name() != f || parsed.Every() != 5 || f.Doc() == bridge.FaultNone.Doc() {
			t.Errorf("%s: parsed %q, %v; %s", f, parsed, err, f.Doc())
		}
	}
	for _, bad := range []string{"gremlin", "503/0", "503/x", "503/", "/3"} {
		if _, err := bridge.ParseFault(bad); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

// A Bridge Pro speaks HTTPS only.
func TestBridgeProRedirectsPlainHTTP(t *testing.T) {
	b := start(t, bridge.Options{Model: "BSB003"})
	for _, url := range []string{b.api("/lights"), b.plain + "/description.xml", b.plain + "/eventstream/clip/v2"} {
		if status, _, err := b.ask(http.MethodGet, url, ""); status != 301 || err != nil {
			t.Errorf("%s: %d, %v", url, status, err)
		}
	}
	if status, _, err := b.ask(http.MethodGet, b.secure+"/description.xml", ""); status != 404 || err != nil {
		t.Errorf("description over HTTPS: %d, %v", status, err)
	}
}

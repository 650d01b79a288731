package bridge_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/hueprint/hueprint/simulator/bridge"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A bench is a bridge that serves on two loopback ports until the test ends.
type bench struct {
	*bridge.Bridge
	t             *testing.T
	plain, secure string // base URLs
	client        *http.Client
}

const testKey = "testkey0123456789"

func start(t *testing.T, o bridge.Options) *bench {
	t.Helper()
	if o.Keys == nil {
		o.Keys = map[string]string{"lab#test": testKey}
	}
	if o.Latency == (bridge.Latency{}) {
		o.Latency = bridge.Latency{AnswerMax: time.Millisecond, EventMax: time.Millisecond}
	}
	b, err := bridge.New(o)
	if err != nil {
		t.Fatal(err)
	}
	plain, secure := listen(t), listen(t)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- b.Serve(ctx, plain, secure) }()
	transport := &http.Transport{TLSClientConfig: trust(b), DisableKeepAlives: true}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return &bench{
		Bridge: b, t: t, plain: "http://" + plain.Addr().String(), secure: "https://" + secure.Addr().String(),
		client: &http.Client{
			Transport: transport, Timeout: 5 * time.Second,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// trust checks the bridge as a careful client does: by its very certificate.
func trust(b *bridge.Bridge) *tls.Config {
	want := b.Certificate().Leaf
	return &tls.Config{
		InsecureSkipVerify: true, // replaced by the check below: the certificate names no host
		VerifyConnection: func(s tls.ConnectionState) error {
			if !s.PeerCertificates[0].Equal(want) {
				return io.ErrUnexpectedEOF
			}
			return nil
		},
	}
}

// ask sends a request and returns status and body.
func (b *bench) ask(method, url, body string) (int, string, error) {
	b.t.Helper()
	status, text, _, err := b.askFully(method, url, body)
	return status, text, err
}

func (b *bench) askFully(method, url, body string) (int, string, http.Header, error) {
	b.t.Helper()
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("hue-application-key", testKey)
	resp, err := b.client.Do(req)
	if err != nil {
		return 0, "", nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(text), resp.Header, err
}

// want sends a request that must succeed.
func (b *bench) want(method, url, body string) string {
	b.t.Helper()
	status, text, err := b.ask(method, url, body)
	if err != nil || status != http.StatusOK {
		b.t.Fatalf("%s %s: status %d, error %v, body %s", method, url, status, err, text)
	}
	return text
}

func (b *bench) api(path string) string { return b.plain + "/api/" + testKey + path }

// switchOn sends the command that most tests are about.
func (b *bench) switchOn() (int, string, error) {
	b.t.Helper()
	return b.ask(http.MethodPut, b.api("/lights/1/state"), `{"on":true}`)
}

func decode[T any](t *testing.T, text string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return v
}

func TestSwitchingTheBulb(t *testing.T) {
	b := start(t, bridge.Options{})
	_, body, err := b.switchOn()
	if err != nil || body != `[{"success":{"/lights/1/state/on":true}}]` {
		t.Fatalf("got %s, %v", body, err)
	}
	if !b.State("1").On || !b.Cached("1").On {
		t.Errorf("after the command: bulb %+v, belief %+v", b.State("1"), b.Cached("1"))
	}
	light := decode[struct{ State bridge.LightState }](t, b.want(http.MethodGet, b.api("/lights/1"), ""))
	if light.State != b.Cached("1") {
		t.Errorf("the bridge shows %+v, believes %+v", light.State, b.Cached("1"))
	}
}

// The bridge of the second generation closes each plain connection after its answer.
func TestPlainHTTPClosesEachConnection(t *testing.T) {
	b := start(t, bridge.Options{})
	conn, err := net.Dial("tcp", strings.TrimPrefix(b.plain, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "GET /api/config HTTP/1.1\r\nHost: bridge\r\nConnection: keep-alive\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	_ = conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	answer, err := io.ReadAll(conn) // ends only if the bridge closes
	if err != nil || !bytes.Contains(answer, []byte("Connection: close")) {
		t.Errorf("error %v, answer %s", err, answer)
	}
}

func TestPairingNeedsTheLinkButton(t *testing.T) {
	b := start(t, bridge.Options{})
	request := `{"devicetype":"lab#bench","generateclientkey":true}`
	if got := b.want(http.MethodPost, b.plain+"/api", request); !strings.Contains(got, `"type":101`) {
		t.Fatalf("without the button: %s", got)
	}
	b.PressLinkButton()
	type granted struct {
		Success struct{ Username, Clientkey string }
	}
	got := decode[[]granted](t, b.want(http.MethodPost, b.plain+"/api", request))
	key := got[0].Success
	if len(key.Username) != 40 || len(key.Clientkey) != 32 {
		t.Fatalf("granted %+v", key)
	}
	if list := b.want(http.MethodGet, b.plain+"/api/"+key.Username+"/lights", ""); !strings.Contains(list, "Bench bulb") {
		t.Errorf("with the new key: %s", list)
	}
	b.want(http.MethodDelete, b.api("/config/whitelist/"+key.Username), "")
	if list := b.want(http.MethodGet, b.plain+"/api/"+key.Username+"/lights", ""); !strings.Contains(list, "unauthorized user") {
		t.Errorf("after the key was deleted: %s", list)
	}
}

// Everyone may read the short configuration; it does not follow the light.
func TestPublicConfiguration(t *testing.T) {
	b := start(t, bridge.Options{ID: "001788FFFE112233"})
	before := b.want(http.MethodGet, b.plain+"/api/config", "")
	if _, _, err := b.switchOn(); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/api/config", "/api/nouser/config", "/api/0/config"} {
		if got := b.want(http.MethodGet, b.plain+path, ""); got != before {
			t.Errorf("%s: %s, before the command %s", path, got, before)
		}
	}
	if !strings.Contains(before, `"bridgeid":"001788FFFE112233"`) || !strings.Contains(before, `"mac":"00:17:88:11:22:33"`) {
		t.Errorf("identity: %s", before)
	}
}

func TestEverythingCanBeListed(t *testing.T) {
	b := start(t, bridge.Options{Lights: []string{"desk", "shelf"}})
	for _, path := range []string{
		"", "/lights", "/lights/2", "/lights/new", "/groups", "/groups/0", "/groups/1", "/scenes", "/sensors",
		"/sensors/new", "/rules", "/schedules", "/resourcelinks", "/capabilities", "/capabilities/lights", "/config", "/info/timezones",
	} {
		if got := b.want(http.MethodGet, b.api(path), ""); strings.Contains(got, `"error"`) {
			t.Errorf("%s: %s", path, got)
		}
	}
	if got := b.want(http.MethodGet, b.plain+"/description.xml", ""); !strings.Contains(got, "<modelNumber>BSB002</modelNumber>") {
		t.Error(got)
	}
}

func TestHTTPSIsThatOfTheSecondGeneration(t *testing.T) {
	b := start(t, bridge.Options{})
	conn, err := tls.Dial("tcp", strings.TrimPrefix(b.secure, "https://"), trust(b.Bridge))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	state := conn.ConnectionState()
	leaf := state.PeerCertificates[0]
	if state.Version != tls.VersionTLS12 || state.CipherSuite != tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 {
		t.Errorf("version %x, suite %x", state.Version, state.CipherSuite)
	}
	if leaf.Subject.CommonName != b.ID() || len(leaf.DNSNames)+len(leaf.IPAddresses) != 0 || leaf.NotBefore.Year() >= 2000 {
		t.Errorf("certificate for %q, names %v, from %v", leaf.Subject.CommonName, leaf.DNSNames, leaf.NotBefore)
	}
	if leaf.CheckSignature(leaf.SignatureAlgorithm, leaf.RawTBSCertificate, leaf.Signature) != nil {
		t.Error("the certificate does not verify with its own key")
	}
}

// Equal seeds give equal bridges, so that a pinned certificate outlives a restart.
func TestEqualSeedsGiveEqualBridges(t *testing.T) {
	one, _ := bridge.New(bridge.Options{Seed: 7})
	same, _ := bridge.New(bridge.Options{Seed: 7})
	other, _ := bridge.New(bridge.Options{Seed: 8})
	if one.ID() != same.ID() || !one.Certificate().Leaf.Equal(same.Certificate().Leaf) {
		t.Error("equal seeds gave different bridges")
	}
	if one.ID() == other.ID() {
		t.Error("different seeds gave one bridge")
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for name, o := range map[string]bridge.Options{
		"id": {ID: "xyz"}, "fault": {Fault: "gremlin"}, "every": {Fault: "503/0"}, "key": {Keys: map[string]string{"a": ""}},
		"latency": {Latency: bridge.Latency{AnswerMin: 2, AnswerMax: 1}},
	} {
		if _, err := bridge.New(o); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// The log is the witness of other tests: one line per request, complete when
// the answer comes, without keys.
func TestRequestLog(t *testing.T) {
	var log bytes.Buffer
	b := start(t, bridge.Options{Log: &log})
	if _, _, err := b.switchOn(); err != nil {
		t.Fatal(err)
	}
	b.want(http.MethodGet, b.api("/lights"), "")
	b.want(http.MethodGet, b.plain+"/api/secretguess/lights", "")
	b.want(http.MethodDelete, b.api("/config/whitelist/"+testKey), "")
	noted := len(b.Requests()) // also: after this the bridge has written all
	if strings.Contains(log.String(), testKey) || strings.Contains(log.String(), "secretguess") {
		t.Errorf("a key is in the log:\n%s", log.String())
	}
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	if len(lines) != 4 || noted != 4 {
		t.Fatalf("%d lines, %d requests", len(lines), noted)
	}
	r := decode[bridge.Request](t, lines[0])
	if r.Path != "/api/KEY/lights/1/state" || r.Client != "lab#test" || r.Body != `{"on":true}` || !r.After["1"].On || r.Method != "PUT" {
		t.Errorf("first line: %s", lines[0])
	}
	if unknown := decode[bridge.Request](t, lines[2]); unknown.Client != "" {
		t.Errorf("unknown key: %s", lines[2])
	}
}

func TestTouchingTheBulb(t *testing.T) {
	b := start(t, bridge.Options{})
	b.TouchLight("1", func(s *bridge.LightState) { s.On, s.Bri = true, 20 })
	if s := b.Cached("1"); !s.On || s.Bri != 20 || len(b.Requests()) != 0 {
		t.Errorf("state %+v, requests %v", s, b.Requests())
	}
}

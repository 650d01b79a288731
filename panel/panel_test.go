package panel

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/panel/access"
	"github.com/hueprint/hueprint/panel/desk"
	"github.com/hueprint/hueprint/panel/lab"
	"github.com/hueprint/hueprint/panel/labtest"
	"github.com/hueprint/hueprint/store"
)

// hashOf is what the store keeps of a session's or token's secret.
func hashOf(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// stand puts a panel on an empty bench.
func stand(t testing.TB, c func(desk.Desk) (access.Views, []access.Route), o Options) *house {
	t.Helper()
	return standOn(t, labtest.Empty(t), c, o)
}

func standOn(t testing.TB, l *labtest.Lab, c func(desk.Desk) (access.Views, []access.Route), o Options) *house {
	t.Helper()
	h := &house{Lab: l, t: t, log: new(bytes.Buffer)}
	o.Bench, o.Setup, o.Feed, o.Store, o.Now, o.Version = l.Bench, l.Bench, l.Hub, l.Store, l.Now, "v1.2.3"
	o.Log = slog.New(slog.NewTextHandler(h.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	p, err := assemble(o, c)
	must(t, err)
	t.Cleanup(p.Close)
	h.Panel = p
	return h
}

func TestNewSaysWhatItLacks(t *testing.T) {
	if _, err := New(Options{}); err == nil || !strings.Contains(err.Error(), "store") {
		t.Errorf("got %v", err)
	}
}

func TestUnknownPathsAreAnsweredAsTheirKindIs(t *testing.T) {
	h := stand(t, contents, Options{})
	for path, kind := range map[string]string{"/nothing": "text/html", "/api/v1/nothing": "application/problem+json", "/static": "text/html", "/static/": "text/html",
		"/login/": "text/html", "/LOGIN": "text/html", "/../../etc/passwd": "text/html", "/api/v1/runs/../../../etc/passwd": "application/problem+json"} {
		w := h.ask(http.MethodGet, path)
		if w.Code != http.StatusNotFound || !strings.HasPrefix(w.Header().Get("Content-Type"), kind) || w.Header().Get("Content-Security-Policy") == "" {
			t.Errorf("%s: %d %s", path, w.Code, w.Header())
		}
	}
	w := h.ask(http.MethodDelete, "/login")
	if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") == "" {
		t.Errorf("DELETE /login: %d %v", w.Code, w.Header())
	}
}

func TestHeadIsGetWithoutBody(t *testing.T) {
	h := stand(t, contents, Options{})
	server := httptest.NewServer(h)
	defer server.Close()
	for path, want := range map[string]int{"/healthz": 200, "/login": 200, "/api/v1/events": 401} {
		r, err := server.Client().Head(server.URL + path)
		must(t, err)
		body, err := io.ReadAll(r.Body)
		must(t, errors.Join(err, r.Body.Close()))
		if r.StatusCode != want || len(body) != 0 {
			t.Errorf("HEAD %s: %d with %d bytes", path, r.StatusCode, len(body))
		}
	}
}

func TestAPanicTellsTheLogAndNobodyElse(t *testing.T) {
	h := stand(t, reached, Options{Access: access.Options{Open: true}})
	for _, path := range []string{"/", "/api/v1/me"} {
		w := h.ask(http.MethodGet, path, header(panicHeader, "the inner secret"))
		if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "inner secret") || strings.Contains(w.Body.String(), "_test.go") {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	if !strings.Contains(h.log.String(), "the inner secret") || !strings.Contains(h.log.String(), "rules_test.go") {
		t.Error("the log has no stack")
	}
	if w := h.ask(http.MethodGet, "/"); w.Code != http.StatusOK {
		t.Errorf("after panics: %d", w.Code)
	}
}

func TestTheLogHoldsNoSecret(t *testing.T) {
	h := stand(t, reached, Options{})
	path, err := h.Invite(t.Context())
	must(t, err)
	_, secret, _ := strings.Cut(path, "=")
	bearer, _ := h.token("x", store.AdminScope, time.Time{})
	h.ask(http.MethodGet, path)
	h.ask(http.MethodGet, "/runs?password=hunter2hunter2", bearer)
	h.ask(http.MethodGet, "/nothing/"+secret, header("Cookie", "hueprint_session="+secret))
	key := strings.Repeat("aB3-", 10)
	h.o.Log.With("with", "Bearer "+secret).Error("hue-application-key: "+key, "error", errors.New("PUT http://10.0.0.1/api/"+key+"/lights/1/state: refused"),
		slog.Group("group", "token", "hueprint_"+secret), "header", http.Header{"Cookie": {"hueprint_session=" + secret}})
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	bearer(r)
	for _, s := range []string{secret, "hunter2", key, strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")} {
		if strings.Contains(h.log.String(), s) {
			t.Errorf("the log holds %q:\n%s", s, h.log)
		}
	}
	for _, s := range []string{"route=/first", "lights/1/state: refused", "status=404"} {
		if !strings.Contains(h.log.String(), s) {
			t.Errorf("the log lacks %q:\n%s", s, h.log)
		}
	}
}

func TestHealthIsOpenAndReadinessSaysWhyNot(t *testing.T) {
	var broken error
	h := stand(t, contents, Options{Ready: []Check{{Name: "scheduler", Check: func(context.Context) error { return broken }}}})
	bearer, _ := h.token("x", store.ViewScope, time.Time{})
	ask := func(path string, with ...func(*http.Request)) (int, string) {
		w := h.ask(http.MethodGet, path, with...)
		return w.Code, strings.TrimSpace(w.Body.String())
	}
	expect := func(path string, status int, body string, with ...func(*http.Request)) {
		t.Helper()
		if gotStatus, got := ask(path, with...); gotStatus != status || got != body {
			t.Errorf("%s: %d %s, want %d %s", path, gotStatus, got, status, body)
		}
	}
	expect("/healthz", 200, `{"ok":true}`)
	expect("/readyz", 200, `{"ok":true}`)
	broken = errors.New("the scheduler has ended")
	expect("/healthz", 200, `{"ok":true}`)
	expect("/readyz", 503, `{"ok":false,"waiting":[{"part":"scheduler"}]}`)
	expect("/readyz", 503, `{"ok":false,"waiting":[{"part":"scheduler","why":"the scheduler has ended"}]}`, bearer)
	must(t, h.Store.Close())
	expect("/healthz", 200, `{"ok":true}`, bearer)
	if status, body := ask("/readyz"); status != 503 || !strings.Contains(body, `"part":"store"`) {
		t.Errorf("without a store: %d %s", status, body)
	}
}

func TestMetricsNeedAToken(t *testing.T) {
	h := stand(t, contents, Options{})
	if w := h.ask(http.MethodGet, "/metrics"); w.Code != http.StatusUnauthorized {
		t.Errorf("status %d", w.Code)
	}
}

func TestMetricsCountTheLab(t *testing.T) {
	h := standOn(t, labtest.Full(t), contents, Options{Access: access.Options{Open: true}})
	page, err := h.Store.ListRuns(t.Context(), store.RunQuery{Gateway: "nest", Verdict: "inconclusive"})
	must(t, err)
	running := lab.Running{Slot: 7, Of: 20}
	h.Change(func(c *labtest.Contents) { c.State.Running = &running })
	for range 2 { // the second time, a note was added: not counted again
		h.Hub.Publish(lab.KindRun, page.Runs[0])
	}
	for i, lateness := range []time.Duration{time.Millisecond, 3 * time.Millisecond} {
		h.Hub.Publish(lab.KindSlot, lab.Slot{Number: i})
		h.Hub.Publish(lab.KindSlot, lab.Slot{Number: i, Command: &experiments.Command{Begun: h.Now(), Lateness: lateness}})
	}
	h.ask(http.MethodGet, "/healthz")
	var text string
	for begun := time.Now(); time.Since(begun) < 5*time.Second; time.Sleep(10 * time.Millisecond) {
		if text = h.ask(http.MethodGet, "/metrics").Body.String(); strings.Contains(text, "lateness_seconds_count 2") && strings.Contains(text, "captured_drops_total") {
			break
		}
	}
	for _, want := range []string{
		`hueprint_build_info{go="go`, `version="v1.2.3"} 1`, `hueprint_store_up 1`, `hueprint_running 1`, `hueprint_run_slot 7`, `hueprint_run_slots 20`,
		`hueprint_runs{verdict="cloud-visible"} 1`, `hueprint_runs{verdict="inconclusive"} 3`, `hueprint_runs_ended{ending="stopped"} 1`,
		`hueprint_firings{outcome="missed"} 1`, `hueprint_firings{outcome="done"} 3`, `hueprint_disk_free_bytes 4.294967296e+11`, `hueprint_troubles 1`,
		`hueprint_command_lateness_seconds_bucket{le="0.001"} 1`, `hueprint_command_lateness_seconds_bucket{le="0.005"} 2`,
		`hueprint_captured_drops_total{gateway="nest"} 41`, `hueprint_viewers 0`, `hueprint_http_requests_total{method="GET",route="/healthz",status="200"} 1`,
		`hueprint_http_request_duration_seconds_count{method="GET",route="/healthz"} 1`, "go_goroutines ", "process_open_fds ",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("metrics lack %s", want)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
}

func TestMetricsOutliveTheStore(t *testing.T) {
	h := stand(t, contents, Options{Access: access.Options{Open: true}})
	must(t, h.Store.Close())
	w := h.ask(http.MethodGet, "/metrics")
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "hueprint_store_up 0") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// Labels of requests come from our routes, so that nobody can fill the memory
// with paths and methods of their own.
func TestLabelsAreBounded(t *testing.T) {
	h := stand(t, contents, Options{Access: access.Options{Open: true}})
	for _, path := range []string{"/a", "/b", "/runs/c", "/runs/d"} {
		for _, method := range []string{"GET", "BREW", "POKE"} {
			h.ask(method, path)
		}
	}
	text := h.ask(http.MethodGet, "/metrics").Body.String()
	if strings.Contains(text, "BREW") || strings.Contains(text, `route="/a"`) || strings.Contains(text, "/runs/c") {
		t.Error("a label came from a request")
	}
}

// A browser's live stream, through the whole panel: counted as a viewer, fed,
// and ended when the hub is closed.
func TestViewersAreFedAndCounted(t *testing.T) {
	seen := make(chan int, 100)
	h := stand(t, contents, Options{Access: access.Options{Open: true}, Viewers: func(n int) { seen <- n }})
	server := httptest.NewUnstartedServer(nil)
	server.Config = h.Server()
	server.Start()
	defer server.Close()
	r, err := server.Client().Get(server.URL + "/events")
	must(t, err)
	defer r.Body.Close()
	if n := <-seen; n != 1 || h.audience.Readers() != 1 {
		t.Errorf("%d viewers", n)
	}
	h.Hub.Publish(lab.KindState, lab.State{Lab: "Bench 7"})
	h.Hub.Close()
	body, err := io.ReadAll(r.Body)
	must(t, err)
	if !strings.Contains(string(body), "Bench 7") {
		t.Errorf("the stream was %q", body)
	}
	if n := <-seen; n != 0 {
		t.Errorf("%d viewers are left", n)
	}
}

// From the first start to a login, as a person goes there.
func TestFirstStart(t *testing.T) {
	h := stand(t, contents, Options{})
	post := func(path, form string, with ...func(*http.Request)) *httptest.ResponseRecorder {
		return h.ask(http.MethodPost, path, append(with, header("Content-Type", "application/x-www-form-urlencoded"), func(r *http.Request) {
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader(form)), int64(len(form))
		})...)
	}
	if w := h.ask(http.MethodGet, "/"); w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/login" {
		t.Errorf("before: %d to %s", w.Code, w.Header().Get("Location"))
	}
	link, err := h.Invite(t.Context())
	must(t, err)
	w := h.ask(http.MethodGet, link)
	_, secret, _ := strings.Cut(link, "=")
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), secret) {
		t.Errorf("the link's page: %d %s", w.Code, w.Body)
	}
	w = post("/first", "name=ada&password="+strings.ReplaceAll(good, " ", "+")+"&again="+strings.ReplaceAll(good, " ", "+")+"&secret="+secret)
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/" {
		t.Fatalf("the first account: %d %s", w.Code, w.Body)
	}
	cookie := header("Cookie", strings.Split(w.Header().Get("Set-Cookie"), ";")[0])
	if w = h.ask(http.MethodGet, "/", cookie); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "ada") {
		t.Errorf("the bench: %d", w.Code)
	}
	if w = post("/logout", "", cookie); w.Code != http.StatusSeeOther {
		t.Errorf("logout: %d", w.Code)
	}
	if w = h.ask(http.MethodGet, "/", cookie); w.Code != http.StatusSeeOther {
		t.Errorf("after logout: %d", w.Code)
	}
	if w = post("/login", "name=ada&password=wrong"); w.Code != http.StatusUnauthorized || !strings.Contains(w.Body.String(), "wrong") {
		t.Errorf("a wrong password: %d", w.Code)
	}
}

func TestProblemsAreJSON(t *testing.T) {
	h := stand(t, contents, Options{})
	var p access.Problem
	w := h.ask(http.MethodGet, "/api/v1/nothing")
	must(t, json.Unmarshal(w.Body.Bytes(), &p))
	if p.Status != 404 || p.Title == "" || p.Detail == "" || p.Type != "about:blank" {
		t.Errorf("%+v", p)
	}
}

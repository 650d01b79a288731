package panel

import (
	"bytes"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"go.uber.org/goleak"

	"github.com/hueprint/hueprint/panel/access"
	"github.com/hueprint/hueprint/panel/desk"
	"github.com/hueprint/hueprint/panel/labtest"
	"github.com/hueprint/hueprint/store"
)

func TestMain(m *testing.M) {
	flag.Parse()
	goleak.VerifyTestMain(m)
}

// A house is a panel on a made-up bench; with reached, its pages and API only
// say that they were reached, and by whom.
type house struct {
	*Panel
	*labtest.Lab
	t   testing.TB
	log *bytes.Buffer
}

const good = "correct horse battery"

// panicHeader makes a stubbed handler panic with its text.
const panicHeader = "X-Test-Panic"

func reached(d desk.Desk) (access.Views, []access.Route) {
	views, routes := contents(d)
	for i := range routes {
		routes[i].Handle = func(c *gin.Context) {
			if cause := c.GetHeader(panicHeader); cause != "" {
				panic(cause)
			}
			c.String(http.StatusOK, "reached by %s", access.Who(c).Name)
		}
	}
	return views, routes
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// ask sends a request to the panel as a browser on this computer would.
func (h *house) ask(method, path string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(h.t.Context(), method, "http://127.0.0.1"+path, nil)
	r.RemoteAddr = "127.0.0.1:4711"
	for _, f := range change {
		f(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

// session is the cookie of a new session; it expires after the given time.
func (h *house) session(name string, expires time.Duration) func(*http.Request) {
	h.t.Helper()
	secret := name + "-secret-" + fmt.Sprint(expires)
	must(h.t, h.Store.PutSession(h.t.Context(), store.Session{Hash: hashOf(secret), Account: name, Created: h.Now(), Seen: h.Now(), Expires: h.Now().Add(expires)}))
	return header("Cookie", "hueprint_session="+secret)
}

func (h *house) token(name string, scope store.Scope, until time.Time) (change func(*http.Request), id string) {
	h.t.Helper()
	secret, token, err := h.people.Issue(h.t.Context(), "ada", name, scope, until)
	must(h.t, err)
	return header("Authorization", "Bearer "+secret), token.ID
}

// A visitor comes with something, and may or may not be let in.
type visitor struct {
	name   string
	scope  store.Scope // what it should count for
	with   []func(*http.Request)
	answer func(method string) int // instead of what the scope says; 0 for that
}

// visitors are all kinds of them.
func (h *house) visitors() []visitor {
	ctx := h.t.Context()
	all := []visitor{{name: "anonymous"}}
	for _, scope := range []store.Scope{store.ViewScope, store.RunScope, store.AdminScope} {
		account := "account-" + string(scope)
		must(h.t, h.Store.PutAccount(ctx, store.Account{Name: account, Scope: scope, Created: h.Now()}))
		bearer, _ := h.token("token-"+string(scope), scope, time.Time{})
		all = append(all, visitor{name: account, scope: scope, with: []func(*http.Request){h.session(account, time.Hour)}},
			visitor{name: "token-" + string(scope), scope: scope, with: []func(*http.Request){bearer}})
	}
	admin := h.session("account-admin", 2*time.Hour)
	revoked, id := h.token("revoked", store.AdminScope, time.Time{})
	must(h.t, h.people.Revoke(ctx, id))
	past, id := h.token("expired", store.AdminScope, h.Now().Add(time.Hour))
	kept, err := h.people.Tokens(ctx)
	must(h.t, err)
	i := slices.IndexFunc(kept, func(t store.Token) bool { return t.ID == id })
	kept[i].Expires = h.Now()
	must(h.t, h.Store.PutToken(ctx, kept[i]))
	unsafe := func(status int) func(string) int {
		return func(method string) int {
			if method == http.MethodGet {
				return 0
			}
			return status
		}
	}
	always := func(status int) func(string) int { return func(string) int { return status } }
	return append(all,
		visitor{name: "expired session", with: []func(*http.Request){h.session("account-admin", 0)}},
		visitor{name: "forged session", with: []func(*http.Request){header("Cookie", "hueprint_session="+strings.Repeat("A", 43))}},
		visitor{name: "the hash as a session", with: []func(*http.Request){header("Cookie", "hueprint_session="+hashOf("account-admin-secret-1h0m0s"))}},
		visitor{name: "revoked token", with: []func(*http.Request){revoked}},
		visitor{name: "expired token", with: []func(*http.Request){past}},
		visitor{name: "dead token beside a good session", with: []func(*http.Request){admin, revoked}},
		visitor{name: "other site", scope: store.AdminScope, with: []func(*http.Request){admin, header("Sec-Fetch-Site", "cross-site")}, answer: unsafe(http.StatusForbidden)},
		visitor{name: "other origin", scope: store.AdminScope, with: []func(*http.Request){admin, header("Origin", "http://evil.example")}, answer: unsafe(http.StatusForbidden)},
		visitor{name: "other host", scope: store.AdminScope, with: []func(*http.Request){admin, func(r *http.Request) { r.Host = "evil.example" }}, answer: always(http.StatusMisdirectedRequest)})
}

// expected is the status that a visitor must get on a route of the scope.
func expected(v visitor, method, path string, scope store.Scope) int {
	if v.answer != nil {
		if status := v.answer(method); status != 0 {
			return status
		}
	}
	switch {
	case scope == "" || v.scope.Allows(scope):
		return 0 // let in
	case v.scope != "":
		return http.StatusForbidden
	case method == http.MethodGet && !access.ForPrograms(path):
		return http.StatusSeeOther
	}
	return http.StatusUnauthorized
}

// filled is a route's pattern with something for each parameter.
func filled(pattern string) string {
	parts := strings.Split(pattern, "/")
	for i, p := range parts {
		if strings.HasPrefix(p, ":") || strings.HasPrefix(p, "*") {
			parts[i] = "x"
		}
	}
	return strings.Join(parts, "/")
}

var update = flag.Bool("update", false, "rewrite the golden files")

const decided = "testdata/routes.txt"

// routesNow are all routes of gin's router with the scope that the panel gives
// each; a route that gin has and the panel's list has not has none.
func (h *house) routesNow() string {
	scopes := map[string]string{}
	for _, r := range h.Routes() {
		scopes[r.Method+" "+r.Path] = string(r.Scope)
		if r.Scope == "" {
			scopes[r.Method+" "+r.Path] = "everybody"
		}
	}
	var lines []string
	for _, r := range h.engine.Routes() {
		// The path of files changes with what they hold.
		path := r.Path
		if strings.HasPrefix(path, "/static/") {
			path = "/static/DIGEST/:name"
		}
		scope, ok := scopes[r.Method+" "+r.Path]
		if !ok {
			scope = "UNKNOWN"
		}
		lines = append(lines, fmt.Sprintf("%-6s %-50s %s\n", r.Method, path, scope))
	}
	slices.SortFunc(lines, func(a, b string) int { return strings.Compare(a[7:]+a, b[7:]+b) })
	return strings.Join(lines, "")
}

// Who may use a route is decided here, and not by the route: a new one fails
// until somebody has looked at it (-update writes the list; read what changed).
func TestWhoMayUseEachRouteIsDecided(t *testing.T) {
	h := stand(t, reached, Options{})
	now := h.routesNow()
	if *update {
		must(t, os.WriteFile(decided, []byte(now), 0o644))
	}
	golden, err := os.ReadFile(decided)
	must(t, err)
	if string(golden) != now {
		t.Errorf("the routes are not those of %s; now they are\n%s", decided, now)
	}
}

// What changes something is not for those who may only look, with exceptions
// that are listed here.
func TestChangesNeedMoreThanViewing(t *testing.T) {
	own := []string{"POST /login", "POST /logout", "POST /first", "POST /theme", "POST /account/password", "POST /api/v1/me/password"}
	// Draws a plan and keeps nothing.
	computing := []string{"POST /api/v1/bench/preview"}
	h := stand(t, reached, Options{})
	for _, r := range h.Routes() {
		if r.Method != http.MethodGet && !r.Scope.Allows(store.RunScope) && !slices.Contains(append(own, computing...), r.Method+" "+r.Path) {
			t.Errorf("%s %s needs the scope %q only", r.Method, r.Path, r.Scope)
		}
	}
}

// Every route of gin's router, with every kind of visitor.
func TestEveryRouteAsksEveryVisitor(t *testing.T) {
	h := stand(t, reached, Options{})
	scopes := map[string]store.Scope{}
	for _, r := range h.Routes() {
		scopes[r.Method+" "+r.Path] = r.Scope
	}
	asked := 0
	visitors := h.visitors()
	routes := h.engine.Routes()
	last := slices.IndexFunc(routes, func(r gin.RouteInfo) bool { return r.Path == "/logout" }) // ends the visitors' sessions
	routes = append(slices.Delete(slices.Clone(routes), last, last+1), routes[last])
	for _, r := range routes {
		scope, path := scopes[r.Method+" "+r.Path], filled(r.Path)
		for _, v := range visitors {
			w := h.ask(r.Method, path, v.with...)
			asked++
			want := expected(v, r.Method, path, scope)
			if letIn := want == 0; letIn && (w.Code == http.StatusForbidden || w.Code == http.StatusMisdirectedRequest || scope != "" && (w.Code == http.StatusSeeOther || w.Code == http.StatusUnauthorized)) || !letIn && w.Code != want {
				t.Errorf("%s: %s %s (%s): status %d, want %d", v.name, r.Method, path, scope, w.Code, want)
			}
			if want != 0 && strings.Contains(w.Body.String(), "reached") {
				t.Errorf("%s: %s %s was reached", v.name, r.Method, path)
			}
			if want >= 400 && access.ForPrograms(path) && w.Header().Get("Content-Type") != "application/problem+json" {
				t.Errorf("%s: %s %s refuses with %s", v.name, r.Method, path, w.Header().Get("Content-Type"))
			}
		}
	}
	t.Logf("measured: access rules: %d routes, %d kinds of visitors, %d requests", len(h.engine.Routes()), len(visitors), asked)
}

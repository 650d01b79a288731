//go:build !race

package panel

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/hueprint/hueprint/panel/access"
	"github.com/hueprint/hueprint/store"
)

// session is the cookie of a new session; it expires after the given time.
func (h *house) session(name string, expires time.Duration) func(*http.Request) {
	h.t.Helper()
	secret := name + "-secret-" + fmt.Sprint(expires)
	must(h.t, h.Store.PutSession(h.t.Context(), store.Session{Hash: hashOf(secret), Account: name, Created: h.Now(), Seen: h.Now(), Expires: h.Now().Add(expires)}))
	return header("Cookie", "hueprint_session="+secret)
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

// Every route of gin's router, with every kind of visitor.
func TestEveryRouteAsksEveryVisitorNoRace(t *testing.T) {
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

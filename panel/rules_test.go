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

func (h *house) token(name string, scope store.Scope, until time.Time) (change func(*http.Request), id string) {
	h.t.Helper()
	secret, token, err := h.people.Issue(h.t.Context(), "ada", name, scope, until)
	must(h.t, err)
	return header("Authorization", "Bearer "+secret), token.ID
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

package access

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/hueprint/hueprint/store"
)

// A site is a gate with one route of each scope behind it, and views that say
// what they show in plain words.
type site struct {
	*Gate
	*clock
	t      *testing.T
	engine *gin.Engine
	log    *strings.Builder
}

func newSite(t *testing.T, o Options) *site {
	t.Helper()
	gin.SetMode(gin.ReleaseMode)
	p, c := newPeople(t)
	views := Views{
		Login: func(c *gin.Context, status int, v LoginView) { c.String(status, "login %+v", v) },
		FirstAccount: func(c *gin.Context, status int, v FirstAccountView) {
			c.String(status, "first dead=%v trouble=%q", v.Dead, v.Trouble)
		},
		Refusal: func(c *gin.Context, status int, v RefusalView) { c.String(status, "refusal %s", v.Title) },
	}
	log := new(strings.Builder)
	s := &site{Gate: NewGate(o, p, views, slog.New(slog.NewTextHandler(log, nil))), clock: c, t: t, engine: gin.New(), log: log}
	s.engine.Use(s.Door()...)
	routes := s.Routes()
	for _, scope := range []store.Scope{"", store.ViewScope, store.RunScope, store.AdminScope} {
		for _, path := range []string{"/x" + string(scope), "/api/v1/x" + string(scope)} {
			for _, method := range []string{http.MethodGet, http.MethodPost} {
				routes = append(routes, Route{Method: method, Path: path, Scope: scope, Limit: 100, Handle: func(c *gin.Context) {
					body, err := io.ReadAll(c.Request.Body)
					c.String(http.StatusOK, "reached by %q %q %v %d %v", Who(c).Name, Who(c).Scope, Who(c).Token, len(body), err)
				}})
			}
		}
	}
	for _, r := range routes {
		s.engine.Handle(r.Method, r.Path, s.Guard(r), r.Handle)
	}
	return s
}

// ask sends a request; change may turn it before.
func (s *site) ask(method, path, body string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	s.t.Helper()
	r := httptest.NewRequest(method, "http://127.0.0.1"+path, strings.NewReader(body))
	r.RemoteAddr = "127.0.0.1:4711"
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, f := range change {
		f(r)
	}
	w := httptest.NewRecorder()
	s.engine.ServeHTTP(w, r)
	return w
}

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

func from(remote string) func(*http.Request) { return func(r *http.Request) { r.RemoteAddr = remote } }

func with(c *http.Cookie) func(*http.Request) { return func(r *http.Request) { r.AddCookie(c) } }

func (s *site) status(w *httptest.ResponseRecorder, want int) {
	s.t.Helper()
	if w.Code != want {
		s.t.Errorf("status %d, want %d: %s", w.Code, want, w.Body)
	}
}

func (s *site) login(name, password string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	s.t.Helper()
	return s.ask("POST", "/login", url.Values{"name": {name}, "password": {password}, "next": {"/x?a=b"}}.Encode(), change...)
}

// enterAs makes an account and logs in.
func (s *site) enterAs(name string, scope store.Scope) *http.Cookie {
	s.t.Helper()
	must(s.t, s.people.Add(s.t.Context(), name, good, scope))
	w := s.login(name, good)
	s.status(w, http.StatusSeeOther)
	return s.sessionOf(w)
}

func (s *site) sessionOf(w *httptest.ResponseRecorder) *http.Cookie {
	s.t.Helper()
	for _, c := range w.Result().Cookies() {
		if strings.HasSuffix(c.Name, "hueprint_session") {
			return c
		}
	}
	s.t.Fatalf("no session: %d %s", w.Code, w.Body)
	return nil
}

func TestALoginIsASessionOfTheAccountsScope(t *testing.T) {
	s := newSite(t, Options{})
	cookie := s.enterAs("ada", store.RunScope)
	if !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode || cookie.Path != "/" || cookie.Domain != "" || len(cookie.Value) != 43 {
		t.Errorf("cookie %+v", cookie)
	}
	if _, err := s.keep.Session(t.Context(), cookie.Value); !errors.Is(err, store.ErrNotFound) {
		t.Error("the store keeps the session's secret, and not its hash")
	}
	w := s.ask("GET", "/xrun", "", with(cookie))
	if want := `reached by "ada" "run" false 0 <nil>`; w.Body.String() != want {
		t.Errorf("got %s, want %s", w.Body, want)
	}
	s.status(s.ask("GET", "/xadmin", "", with(cookie)), http.StatusForbidden)
	must(t, s.people.Add(t.Context(), "root", good, store.AdminScope))
	must(t, s.people.SetScope(t.Context(), "ada", store.ViewScope))
	s.status(s.ask("GET", "/xrun", "", with(cookie)), http.StatusForbidden)
	must(t, s.people.Remove(t.Context(), "ada"))
	s.status(s.ask("GET", "/api/v1/xview", "", with(cookie)), http.StatusUnauthorized)
}

func TestWithTLSTheCookieIsBoundToTheHost(t *testing.T) {
	s := newSite(t, Options{Secure: true})
	cookie := s.enterAs("ada", store.ViewScope)
	if cookie.Name != "__Host-hueprint_session" || !cookie.Secure {
		t.Errorf("cookie %+v", cookie)
	}
	w := s.ask("GET", "/xview", "", with(&http.Cookie{Name: "hueprint_session", Value: cookie.Value}))
	s.status(w, http.StatusSeeOther)
	if w.Header().Get("Strict-Transport-Security") == "" {
		t.Error("no Strict-Transport-Security")
	}
}

func TestALoginGoesWhereTheReaderWanted(t *testing.T) {
	s := newSite(t, Options{})
	must(t, s.people.Add(t.Context(), "ada", good, store.AdminScope))
	w := s.ask("GET", "/xview?tag=a&b=c", "")
	if to := w.Header().Get("Location"); w.Code != http.StatusSeeOther || to != "/login?next=%2Fxview%3Ftag%3Da%26b%3Dc" {
		t.Errorf("%d to %q", w.Code, to)
	}
	for next, want := range map[string]string{"/xview?tag=a": "/xview?tag=a", "": "/", "https://evil.example/": "/", "//evil.example": "/", "/\\evil.example": "/", "/\t/evil.example": "/", "javascript:x": "/"} {
		w := s.ask("POST", "/login", url.Values{"name": {"ada"}, "password": {good}, "next": {next}}.Encode())
		if got := w.Header().Get("Location"); got != want {
			t.Errorf("next %q leads to %q, want %q", next, got, want)
		}
	}
}

func TestASessionEnds(t *testing.T) {
	o := Options{Idle: time.Hour, Longest: 3 * time.Hour}
	ends := map[string]func(*site, *http.Cookie){
		"when it is idle":           func(s *site, c *http.Cookie) { s.Add(time.Hour) },
		"at logout":                 func(s *site, c *http.Cookie) { s.status(s.ask("POST", "/logout", "", with(c)), http.StatusSeeOther) },
		"with a new password":       func(s *site, c *http.Cookie) { must(s.t, s.people.SetPassword(s.t.Context(), "ada", good+"!")) },
		"with its account":          func(s *site, c *http.Cookie) { must(s.t, s.keep.RemoveAccount(s.t.Context(), "ada")) },
		"when the browser re-logs":  func(s *site, c *http.Cookie) { s.status(s.login("ada", good, with(c)), http.StatusSeeOther) },
		"at last, however used":     func(s *site, c *http.Cookie) { s.use(c, 5, 35*time.Minute); s.Add(35 * time.Minute) },
		"and not for another value": func(s *site, c *http.Cookie) { c.Value = strings.Repeat("A", 43) },
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, o)
			cookie := s.enterAs("ada", store.AdminScope)
			s.use(cookie, 1, 0)
			end(s, cookie)
			s.status(s.ask("GET", "/api/v1/xview", "", with(cookie)), http.StatusUnauthorized)
		})
	}
}

// use asks n times with a pause before each.
func (s *site) use(c *http.Cookie, n int, pause time.Duration) {
	s.t.Helper()
	for range n {
		s.Add(pause)
		s.status(s.ask("GET", "/xview", "", with(c)), http.StatusOK)
	}
}

func TestAPasswordThatChangesDuringALoginOpensNothing(t *testing.T) {
	s := newSite(t, Options{})
	must(t, s.people.Add(t.Context(), "ada", good, store.AdminScope))
	proved, err := s.people.proves(t.Context(), "ada", good)
	must(t, err)
	must(t, s.people.SetPassword(t.Context(), "ada", good+"!"))
	w := httptest.NewRecorder()
	c, _ := gin.CreateTestContext(w)
	c.Request = httptest.NewRequest("POST", "/login", nil)
	want(t, s.enter(c, proved), ErrWrongPassword)
	if len(w.Result().Cookies()) != 0 {
		t.Error("a session was given")
	}
}

func TestTokens(t *testing.T) {
	s := newSite(t, Options{})
	secret, token, err := s.people.Issue(t.Context(), "ada", "grafana", store.RunScope, s.Now().Add(time.Hour))
	must(t, err)
	bearer := header("Authorization", "Bearer "+secret)
	if w := s.ask("POST", "/api/v1/xrun", "", bearer); w.Body.String() != `reached by "grafana" "run" true 0 <nil>` {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
	s.status(s.ask("GET", "/api/v1/xadmin", "", bearer), http.StatusForbidden)
	for _, bad := range []string{"Bearer", "Bearer ", "Bearer " + secret + "A", "Bearer " + secret[:len(secret)-1], "Basic " + secret, secret, "Bearer  " + secret} {
		w := s.ask("GET", "/api/v1/xview", "", header("Authorization", bad))
		s.status(w, http.StatusUnauthorized)
		if w.Header().Get("WWW-Authenticate") == "" || w.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("headers %v", w.Header())
		}
	}
	kept, err := s.keep.Token(t.Context(), token.Hash)
	must(t, err)
	if !kept.Seen.Equal(s.Now()) {
		t.Errorf("seen %v", kept.Seen)
	}
	s.Add(time.Hour)
	s.status(s.ask("GET", "/api/v1/xview", "", bearer), http.StatusUnauthorized)
	secret, token, err = s.people.Issue(t.Context(), "ada", "other", store.ViewScope, time.Time{})
	must(t, err)
	s.Add(1000 * time.Hour)
	s.status(s.ask("GET", "/api/v1/xview", "", header("Authorization", "bearer "+secret)), http.StatusOK)
	must(t, s.people.Revoke(t.Context(), token.ID))
	s.status(s.ask("GET", "/api/v1/xview", "", header("Authorization", "bearer "+secret)), http.StatusUnauthorized)
}

func TestWrongPasswordsAreLimited(t *testing.T) {
	s := newSite(t, Options{})
	must(t, s.people.Add(t.Context(), "ada", good, store.AdminScope))
	for range 3 * triesAtFirst { // successes cost nothing
		s.status(s.login("ada", good), http.StatusSeeOther)
	}
	for range triesAtFirst {
		s.status(s.login("nobody", good), http.StatusUnauthorized)
	}
	w := s.login("ada", good)
	s.status(w, http.StatusTooManyRequests)
	if got := w.Header().Get("Retry-After"); got != "10" {
		t.Errorf("Retry-After %q", got)
	}
	elsewhere := from("192.0.2.9:1")
	s.status(s.login("ada", good, elsewhere), http.StatusSeeOther)
	for i := range triesAtFirst { // many addresses, one name
		s.status(s.login("ada", "wrong password", from(fmt.Sprintf("192.0.2.%d:1", 100+i))), http.StatusUnauthorized)
	}
	s.status(s.login("ada", good, elsewhere), http.StatusTooManyRequests)
	s.Add(tryEvery)
	s.status(s.login("ada", good, elsewhere), http.StatusSeeOther)
	if strings.Contains(s.log.String(), "wrong password\"") && strings.Contains(s.log.String(), good) {
		t.Error("the log holds a password")
	}
}

func TestTheSetUpLinkWorksOnce(t *testing.T) {
	s := newSite(t, Options{})
	if w := s.ask("GET", "/login", ""); !strings.Contains(w.Body.String(), "NoAccount:true") {
		t.Errorf("the login page does not know that there is no account: %s", w.Body)
	}
	dead, err := s.Invite(t.Context())
	must(t, err)
	path, err := s.Invite(t.Context())
	must(t, err)
	secret := strings.TrimPrefix(path, "/first?secret=")
	form := func(secret, name, password, again string) string {
		return url.Values{"secret": {secret}, "name": {name}, "password": {password}, "again": {again}}.Encode()
	}
	for range 2 { // to look does not use it up
		s.status(s.ask("GET", path, ""), http.StatusOK)
	}
	s.status(s.ask("POST", "/first", form(secret, "ada", good, good+"!")), http.StatusUnprocessableEntity)
	s.status(s.ask("POST", "/first", form(secret, "ada", "short", "short")), http.StatusUnprocessableEntity)
	s.status(s.ask("POST", "/first", form("", "ada", good, good)), http.StatusGone)
	s.status(s.ask("POST", "/first", form(strings.TrimPrefix(dead, "/first?secret="), "ada", good, good)), http.StatusGone)
	var made atomic.Int32
	var both sync.WaitGroup
	for i := range 4 {
		both.Go(func() {
			if s.ask("POST", "/first", form(secret, fmt.Sprint("ada", i), good, good)).Code == http.StatusSeeOther {
				made.Add(1)
			}
		})
	}
	both.Wait()
	all, err := s.people.Accounts(t.Context())
	must(t, err)
	if made.Load() != 1 || len(all) != 1 || all[0].Scope != store.AdminScope {
		t.Errorf("%d succeeded, accounts %v", made.Load(), all)
	}
	s.status(s.ask("GET", path, ""), http.StatusGone)
	if path, err := s.Invite(t.Context()); path != "" || err != nil {
		t.Errorf("another invitation: %q, %v", path, err)
	}
}

func TestTheSetUpLinkExpires(t *testing.T) {
	s := newSite(t, Options{})
	path, err := s.Invite(t.Context())
	must(t, err)
	s.Add(invitation)
	form := url.Values{"secret": {strings.TrimPrefix(path, "/first?secret=")}, "name": {"ada"}, "password": {good}, "again": {good}}.Encode()
	s.status(s.ask("POST", "/first", form), http.StatusGone)
}

func TestBeforeTheFirstAccountNothingIsOpen(t *testing.T) {
	s := newSite(t, Options{})
	for _, path := range []string{"/xview", "/xrun", "/xadmin"} {
		s.status(s.ask("GET", path, ""), http.StatusSeeOther)
		s.status(s.ask("POST", path, ""), http.StatusUnauthorized)
		s.status(s.ask("GET", "/api/v1"+path, ""), http.StatusUnauthorized)
	}
}

func TestAnOpenPanelIsOpenToItsOwnComputerOnly(t *testing.T) {
	s := newSite(t, Options{Open: true})
	if w := s.ask("POST", "/xadmin", ""); w.Body.String() != `reached by "operator" "admin" false 0 <nil>` {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
	host := func(name string) func(*http.Request) { return func(r *http.Request) { r.Host = name } }
	for _, name := range []string{"localhost", "localhost:8080", "LOCALHOST", "localhost.", "[::1]:8080", "127.0.0.1:8080", "127.9.9.9"} {
		s.status(s.ask("GET", "/xview", "", host(name)), http.StatusOK)
	}
	for _, name := range []string{"evil.example", "localhost.evil.example", "192.168.1.5:8080", "127.0.0.1.evil.example", "", "0x7f.1"} {
		s.status(s.ask("GET", "/xview", "", host(name)), http.StatusMisdirectedRequest)
	}
	for _, away := range []func(*http.Request){from("192.168.1.5:1"), from("[2001:db8::1]:1"), from(""), header("X-Forwarded-For", "127.0.0.1"), header("Forwarded", "for=1"), header("X-Real-IP", "1"), header("Via", "1.1 x")} {
		s.status(s.ask("GET", "/xview", "", away), http.StatusForbidden)
	}
	s.status(s.ask("GET", "/xview", "", header("Authorization", "Bearer "+tokenPrefix+"dead")), http.StatusSeeOther)
}

func TestThePanelAnswersToItsNamesOnly(t *testing.T) {
	s := newSite(t, Options{Hosts: []string{"bench.lab.example"}})
	for name, want := range map[string]int{"bench.lab.example": 200, "Bench.Lab.Example:443": 200, "192.168.1.5:8080": 200, "[2001:db8::1]": 200, "localhost": 200,
		"evil.example": 421, "bench.lab.example.evil.example": 421, "": 421} {
		s.status(s.ask("GET", "/x", "", func(r *http.Request) { r.Host = name }), want)
	}
}

func TestAnotherSiteCannotActHere(t *testing.T) {
	s := newSite(t, Options{Open: true})
	for _, other := range []func(*http.Request){header("Sec-Fetch-Site", "cross-site"), header("Sec-Fetch-Site", "same-site"), header("Origin", "https://evil.example"), header("Origin", "null")} {
		for _, path := range []string{"/xadmin", "/x", "/login", "/logout", "/first", "/api/v1/xadmin"} {
			s.status(s.ask("POST", path, "", other), http.StatusForbidden)
		}
	}
	for _, own := range []func(*http.Request){header("Sec-Fetch-Site", "same-origin"), header("Sec-Fetch-Site", "none"), header("Origin", "http://127.0.0.1")} {
		s.status(s.ask("POST", "/xadmin", "", own), http.StatusOK)
	}
}

func TestBodiesAreBounded(t *testing.T) {
	s := newSite(t, Options{})
	hidden := func(r *http.Request) { r.ContentLength = -1 }
	s.status(s.ask("POST", "/x", strings.Repeat("x", 100)), http.StatusOK)
	s.status(s.ask("POST", "/x", strings.Repeat("x", 101)), http.StatusRequestEntityTooLarge)
	s.status(s.ask("POST", "/api/v1/x", strings.Repeat("x", 101), hidden), http.StatusRequestEntityTooLarge)
	s.status(s.ask("POST", "/login", strings.Repeat("x", formLimit+1), hidden), http.StatusRequestEntityTooLarge)
	s.status(s.ask("POST", "/x", "", func(r *http.Request) {
		r.ContentLength, r.Body = 10, io.NopCloser(io.MultiReader(strings.NewReader("x"), broken{}))
	}), http.StatusBadRequest)
	// Who may not come in does not get the server to read.
	s.status(s.ask("POST", "/xview", "", func(r *http.Request) { r.ContentLength, r.Body = 10, io.NopCloser(broken{}) }), http.StatusUnauthorized)
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestEveryAnswerHasTheHeaders(t *testing.T) {
	s := newSite(t, Options{})
	for _, path := range []string{"/login", "/xview", "/nothing", "/api/v1/xview"} {
		h := s.ask("GET", path, "").Header()
		csp := h.Get("Content-Security-Policy")
		for _, part := range []string{"default-src 'none'", "script-src 'self';", "style-src 'self';", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} {
			if !strings.Contains(csp, part) {
				t.Errorf("%s: policy %q lacks %q", path, csp, part)
			}
		}
		if strings.Contains(csp, "unsafe") || strings.Contains(csp, "*") {
			t.Errorf("policy %q", csp)
		}
		for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin",
			"Cross-Origin-Resource-Policy": "same-origin", "Cache-Control": "no-store", "Strict-Transport-Security": ""} {
			if got := h.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", path, name, got, want)
			}
		}
		if h.Get("Permissions-Policy") == "" {
			t.Errorf("%s: no Permissions-Policy", path)
		}
	}
}

func TestAnAnswerThatLastsEndsWithTheSession(t *testing.T) {
	s := newSite(t, Options{})
	cookie := s.enterAs("ada", store.ViewScope)
	var still []bool
	r := Route{Method: "GET", Path: "/lasts", Scope: store.ViewScope, Handle: func(c *gin.Context) {
		still = append(still, Still(c))
		must(t, s.people.SetPassword(t.Context(), "ada", good+"!"))
		still = append(still, Still(c))
	}}
	s.engine.Handle(r.Method, r.Path, s.Guard(r), r.Handle)
	s.ask("GET", "/lasts", "", with(cookie))
	if len(still) != 2 || !still[0] || still[1] {
		t.Errorf("still allowed before and after the session's end: %v", still)
	}
}

func TestAStoreThatFailsLetsNobodyInAndTellsNothing(t *testing.T) {
	s := newSite(t, Options{})
	cookie := s.enterAs("ada", store.AdminScope)
	must(t, s.keep.(io.Closer).Close())
	for _, path := range []string{"/xview", "/api/v1/xadmin"} {
		w := s.ask("GET", path, "", with(cookie))
		s.status(w, http.StatusInternalServerError)
		if strings.Contains(w.Body.String(), "sql") || strings.Contains(w.Body.String(), "database") {
			t.Errorf("the answer tells of the inside: %s", w.Body)
		}
	}
	s.status(s.ask("GET", "/x", "", with(cookie)), http.StatusOK)
	if !strings.Contains(s.log.String(), "error=") {
		t.Error("the log does not say why")
	}
}

// Whether a name exists cannot be told by the time that an answer takes: an
// unknown one waits for its turn to hash as well.
func TestAnUnknownNameCostsAHash(t *testing.T) {
	s := newSite(t, Options{})
	must(t, s.people.Add(t.Context(), "ada", good, store.AdminScope))
	done, err := s.people.hasher.admit(t.Context())
	must(t, err)
	defer done()
	for _, name := range []string{"ada", "nobody"} {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		_, err := s.people.proves(ctx, name, good)
		cancel()
		want(t, err, ErrBusy)
	}
}

func TestTooManyLoginsAtOnceAreTold(t *testing.T) {
	s := newSite(t, Options{})
	for range longestLine {
		s.people.hasher.line <- struct{}{}
	}
	w := s.login("ada", good)
	s.status(w, http.StatusServiceUnavailable)
	if w.Header().Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
}

func TestTheSetUpLinkIsDeadOnceThereIsAnAccount(t *testing.T) {
	s := newSite(t, Options{})
	path, err := s.Invite(t.Context())
	must(t, err)
	must(t, s.people.Add(t.Context(), "ada", good, store.ViewScope)) // by the command, say
	form := url.Values{"secret": {strings.TrimPrefix(path, "/first?secret=")}, "name": {"eve"}, "password": {good}, "again": {good}}.Encode()
	s.status(s.ask("POST", "/first", form), http.StatusGone)
	s.status(s.ask("GET", path, ""), http.StatusGone)
}

func TestSetUpLinksCannotBeGuessedAtSpeed(t *testing.T) {
	s := newSite(t, Options{})
	form := url.Values{"secret": {"guess"}, "name": {"eve"}, "password": {good}, "again": {good}}.Encode()
	for range triesAtFirst {
		s.status(s.ask("POST", "/first", form), http.StatusGone)
	}
	s.status(s.ask("POST", "/first", form), http.StatusTooManyRequests)
}

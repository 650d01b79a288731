package access

import (
	"context"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/hueprint/hueprint/store"
)

// Routes are those by which people come and go; all are open to everybody.
func (g *Gate) Routes() []Route {
	return []Route{
		{Method: http.MethodGet, Path: "/login", Handle: g.showLogin},
		{Method: http.MethodPost, Path: "/login", Limit: formLimit, Handle: g.login},
		{Method: http.MethodPost, Path: "/logout", Limit: formLimit, Handle: g.logout},
		{Method: http.MethodGet, Path: "/first", Handle: g.showFirst},
		{Method: http.MethodPost, Path: "/first", Limit: formLimit, Handle: g.first},
	}
}

// formLimit is the largest body of a form that anybody may send.
const formLimit = 16 << 10

func (g *Gate) showLogin(c *gin.Context) {
	next := local(c.Query("next"))
	if Who(c).Known() {
		c.Redirect(http.StatusSeeOther, next)
		return
	}
	all, err := g.keep.ListAccounts(c.Request.Context())
	if err != nil {
		g.fail(c, err)
		return
	}
	g.views.Login(c, http.StatusOK, LoginView{Next: next, NoAccount: len(all) == 0})
}

func (g *Gate) login(c *gin.Context) {
	v := LoginView{Name: c.PostForm("name"), Next: local(c.PostForm("next"))}
	wait, err := g.Try(c, v.Name, func() error {
		a, err := g.people.proves(c.Request.Context(), v.Name, c.PostForm("password"))
		if err == nil {
			err = g.enter(c, a)
		}
		return err
	})
	switch {
	case wait > 0:
		v.Wait, v.Trouble = wait, "There were too many tries. Wait a little."
		g.views.Login(c, http.StatusTooManyRequests, v)
	case errors.Is(err, ErrWrongPassword):
		v.Trouble = "The name or the password is wrong."
		g.views.Login(c, http.StatusUnauthorized, v)
	case err != nil:
		g.fail(c, err)
	default:
		c.Redirect(http.StatusSeeOther, v.Next)
	}
}

// Try carries out one attempt to prove a password, unless there were too many
// wrong ones from that address or for that name; wait is then how long to wait,
// which the answer says in Retry-After. Only [ErrWrongPassword] counts.
func (g *Gate) Try(c *gin.Context, name string, prove func() error) (wait time.Duration, err error) {
	now := g.now()
	t, wait := begin(now, g.addresses.of(network(c.Request.RemoteAddr), now), g.people.names.of(name, now))
	if wait > 0 {
		g.log.Warn("too many wrong passwords", "address", network(c.Request.RemoteAddr))
		c.Header("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
		return wait, nil
	}
	err = prove()
	if errors.Is(err, ErrWrongPassword) {
		// Without the name: people type passwords into that field.
		g.log.Warn("a login was refused", "address", network(c.Request.RemoteAddr))
	} else {
		t.forgive()
	}
	return 0, err
}

// enter begins a session for an account that was proved, and ends the one that
// the browser had.
func (g *Gate) enter(c *gin.Context, a store.Account) error {
	ctx, now, secret := c.Request.Context(), g.now(), newSecret()
	if old, err := c.Request.Cookie(g.cookieName()); err == nil {
		if err := g.keep.RemoveSession(ctx, hashOf(old.Value)); err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	s := store.Session{Hash: hashOf(secret), Account: a.Name, Created: now, Seen: now, Expires: g.until(now, now)}
	if err := g.keep.PutSession(ctx, s); err != nil {
		return err
	}
	if err := g.unchanged(ctx, a, s); err != nil {
		return err
	}
	g.log.Info("logged in", "account", a.Name)
	http.SetCookie(c.Writer, g.cookie(secret, int(g.o.Longest.Seconds())))
	return nil
}

// unchanged ends a session again if the password was changed between its proof
// and the session's beginning.
func (g *Gate) unchanged(ctx context.Context, a store.Account, s store.Session) error {
	now, err := g.keep.Account(ctx, a.Name)
	if err == nil && now.Password == a.Password {
		return nil
	}
	if err == nil || errors.Is(err, store.ErrNotFound) {
		err = ErrWrongPassword
	}
	return errors.Join(err, g.keep.RemoveSession(ctx, s.Hash))
}

func (g *Gate) logout(c *gin.Context) {
	if cookie, err := c.Request.Cookie(g.cookieName()); err == nil {
		if err := g.keep.RemoveSession(c.Request.Context(), hashOf(cookie.Value)); err != nil && !errors.Is(err, store.ErrNotFound) {
			g.fail(c, err)
			return
		}
	}
	http.SetCookie(c.Writer, g.cookie("", -1))
	c.Redirect(http.StatusSeeOther, "/login")
}

// cookieName has the prefix by which browsers refuse the cookie from elsewhere
// (RFC 6265bis), where that is possible.
func (g *Gate) cookieName() string {
	if g.o.Secure {
		return "__Host-hueprint_session"
	}
	return "hueprint_session"
}

func (g *Gate) cookie(value string, age int) *http.Cookie {
	return &http.Cookie{Name: g.cookieName(), Value: value, Path: "/", MaxAge: age, HttpOnly: true, Secure: g.o.Secure, SameSite: http.SameSiteLaxMode}
}

// local is the path if it is one on this panel, else the front page.
func local(path string) string {
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.ContainsFunc(path, func(r rune) bool { return r == '\\' || r < ' ' || r == 0x7f }) {
		return "/"
	}
	return path
}

package access

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/hueprint/hueprint/store"
)

// showFirst is the page behind the set-up link. It only looks whether there is
// somebody already; the link is used up by the form, so that a preview of the
// link in some chat does not use it.
func (g *Gate) showFirst(c *gin.Context) {
	all, err := g.keep.ListAccounts(c.Request.Context())
	if err != nil {
		g.fail(c, err)
		return
	}
	v := FirstAccountView{Secret: c.Query("secret"), LeastPassword: LeastPassword}
	if len(all) > 0 || v.Secret == "" {
		g.dead(c)
		return
	}
	g.views.FirstAccount(c, http.StatusOK, v)
}

func (g *Gate) dead(c *gin.Context) {
	g.views.FirstAccount(c, http.StatusGone, FirstAccountView{Dead: true, LeastPassword: LeastPassword})
}

// first makes the first administrator. Everything is checked before the link is
// used up, and an account that came meanwhile is never replaced.
func (g *Gate) first(c *gin.Context) {
	v := FirstAccountView{Secret: c.PostForm("secret"), Name: c.PostForm("name"), LeastPassword: LeastPassword}
	password := c.PostForm("password")
	err := errors.Join(checkName(v.Name), checkPassword(password))
	if err == nil && password != c.PostForm("again") {
		err = errors.New("the two passwords differ")
	}
	if err != nil {
		v.Trouble = err.Error()
		g.views.FirstAccount(c, http.StatusUnprocessableEntity, v)
		return
	}
	wait, err := g.Try(c, "", func() error { return g.found(c, v.Secret, v.Name, password) })
	switch {
	case wait > 0:
		v.Trouble = "There were too many tries. Wait a little."
		g.views.FirstAccount(c, http.StatusTooManyRequests, v)
	case errors.Is(err, ErrWrongPassword):
		g.dead(c)
	case err != nil:
		g.fail(c, err)
	default:
		c.Redirect(http.StatusSeeOther, "/")
	}
}

// found uses the link and makes the account; [ErrWrongPassword] for a link that
// is not, or no longer, good.
func (g *Gate) found(c *gin.Context, secret, name, password string) error {
	ctx := c.Request.Context()
	all, err := g.keep.ListAccounts(ctx)
	if err != nil {
		return err
	}
	if len(all) > 0 {
		return ErrWrongPassword
	}
	err = g.keep.TakeInvitation(ctx, hashOf(secret), g.now())
	if errors.Is(err, store.ErrNotFound) {
		return ErrWrongPassword
	}
	if err != nil {
		return err
	}
	if err := g.people.Add(ctx, name, password, store.AdminScope); err != nil {
		return err
	}
	a, err := g.keep.Account(ctx, name)
	if err != nil {
		return err
	}
	g.log.Info("first account made", "account", name)
	return g.enter(c, a)
}

package api

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/hueprint/hueprint/panel/access"
	"github.com/hueprint/hueprint/panel/desk"
	"github.com/hueprint/hueprint/store"
)

func (p *api) peopleRoutes() []access.Route {
	return []access.Route{
		get("/accounts", store.AdminScope, p.accounts),
		post("/accounts", store.AdminScope, p.addAccount),
		change(http.MethodPatch, "/accounts/:name", store.AdminScope, p.changeAccount),
		remove("/accounts/:name", store.AdminScope, p.removeAccount),
		post("/me/password", store.ViewScope, p.changePassword),
		get("/tokens", store.AdminScope, p.tokens),
		post("/tokens", store.AdminScope, p.issue),
		remove("/tokens/:id", store.AdminScope, p.revoke),
	}
}

func (p *api) accounts(c *gin.Context) {
	all, err := p.People.Accounts(c.Request.Context())
	if err != nil {
		p.fail(c, err)
		return
	}
	p.answer(c, http.StatusOK, lists("accounts", all))
}

// account is an account as somebody writes it.
type account struct {
	Name     string      `json:"name"`
	Password string      `json:"password"`
	Scope    store.Scope `json:"scope"`
}

func (p *api) addAccount(c *gin.Context) {
	var a account
	if !p.read(c, &a) {
		return
	}
	ctx := c.Request.Context()
	err := p.People.Add(ctx, a.Name, a.Password, a.Scope)
	if err != nil {
		p.fail(c, err)
		return
	}
	kept, err := p.Store.Account(ctx, a.Name)
	if err != nil {
		p.fail(c, err)
		return
	}
	p.answer(c, http.StatusCreated, kept)
}

// changeAccount changes what the request names, and nothing else.
func (p *api) changeAccount(c *gin.Context) {
	var a struct {
		Password *string      `json:"password"`
		Scope    *store.Scope `json:"scope"`
	}
	if !p.read(c, &a) {
		return
	}
	ctx, name := c.Request.Context(), c.Param("name")
	if _, err := p.Store.Account(ctx, name); err != nil {
		p.fail(c, err)
		return
	}
	if a.Scope == nil && a.Password == nil {
		p.fail(c, desk.Problems{{Field: "scope", Text: "name a scope or a password to change"}})
		return
	}
	if a.Scope != nil {
		if err := p.People.SetScope(ctx, name, *a.Scope); err != nil {
			p.fail(c, err)
			return
		}
	}
	if a.Password != nil {
		if err := p.People.SetPassword(ctx, name, *a.Password); err != nil {
			p.fail(c, err)
			return
		}
	}
	done(c)
}

func (p *api) removeAccount(c *gin.Context) {
	if err := p.People.Remove(c.Request.Context(), c.Param("name")); err != nil {
		p.fail(c, err)
		return
	}
	done(c)
}

func (p *api) changePassword(c *gin.Context) {
	var w struct {
		Old string `json:"old"`
		New string `json:"new"`
	}
	if !p.read(c, &w) {
		return
	}
	who := access.Who(c)
	if who.Token {
		p.fail(c, fmt.Errorf("a token has no password (log in with an account): %w", access.ErrWrongPassword))
		return
	}
	if err := p.People.ChangePassword(c.Request.Context(), who.Name, w.Old, w.New); err != nil {
		p.fail(c, err)
		return
	}
	done(c)
}

func (p *api) tokens(c *gin.Context) {
	all, err := p.People.Tokens(c.Request.Context())
	if err != nil {
		p.fail(c, err)
		return
	}
	p.answer(c, http.StatusOK, lists("tokens", all))
}

// issued is a new token with its secret, which is told this once.
type issued struct {
	Token  store.Token `json:"token"`
	Secret string      `json:"secret"`
}

func (p *api) issue(c *gin.Context) {
	var w struct {
		Name    string      `json:"name"`
		Scope   store.Scope `json:"scope"`
		Expires time.Time   `json:"expires"`
	}
	if !p.read(c, &w) {
		return
	}
	secret, t, err := p.People.Issue(c.Request.Context(), access.Who(c).Name, w.Name, w.Scope, w.Expires)
	if err != nil {
		p.fail(c, err)
		return
	}
	p.answer(c, http.StatusCreated, issued{t, secret})
}

func (p *api) revoke(c *gin.Context) {
	ctx, id := c.Request.Context(), c.Param("id")
	all, err := p.People.Tokens(ctx)
	if err == nil && !slices.ContainsFunc(all, func(t store.Token) bool { return t.ID == id }) {
		err = fmt.Errorf("token %.64q: %w", id, store.ErrNotFound)
	}
	if err == nil {
		err = p.People.Revoke(ctx, id)
	}
	if err != nil {
		p.fail(c, err)
		return
	}
	done(c)
}

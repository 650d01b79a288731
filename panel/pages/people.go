package pages

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/hueprint/hueprint/panel/access"
	"github.com/hueprint/hueprint/panel/desk"
	"github.com/hueprint/hueprint/store"
)

func (p *pages) peopleRoutes() []access.Route {
	return []access.Route{
		get("/setup/access", store.AdminScope, p.people),
		post("/setup/access/accounts", store.AdminScope, p.addAccount),
		post("/setup/access/accounts/change", store.AdminScope, p.changeAccount),
		post("/setup/access/accounts/remove", store.AdminScope, p.removeAccount),
		post("/setup/access/tokens", store.AdminScope, p.issueToken),
		post("/setup/access/tokens/revoke", store.AdminScope, p.revokeToken),
		get("/account", store.ViewScope, p.account),
		post("/account/password", store.ViewScope, p.changePassword),
	}
}

// peoplePage lists who may use the panel.
type peoplePage struct {
	frame
	Accounts []store.Account
	Tokens   []store.Token
	Account  accountForm
	Token    tokenForm
	// Secret is a token that has just been made; it is shown this once.
	Secret string
}

// The forms of the page, and what is wrong with them.
type accountForm struct {
	Name, Scope string
	Problems    desk.Problems
}

type tokenForm struct {
	Name, Scope, Days string
	Problems          desk.Problems
}

func (p *pages) people(c *gin.Context) {
	p.drawPeople(c, http.StatusOK, peoplePage{Account: accountForm{Scope: "view"}, Token: tokenForm{Scope: "view", Days: "365"}})
}

func (p *pages) drawPeople(c *gin.Context, status int, page peoplePage) {
	ctx := c.Request.Context()
	var err error
	if page.Accounts, err = p.People.Accounts(ctx); err != nil {
		p.fail(c, err)
		return
	}
	if page.Tokens, err = p.People.Tokens(ctx); err != nil {
		p.fail(c, err)
		return
	}
	page.frame = p.frame(c, "setup", "Access")
	p.show(c, status, "people", page)
}

// fields say beside which field an error of package access belongs.
var fields = []struct {
	err   error
	field string
}{
	{access.ErrBadName, "name"}, {store.ErrExists, "name"}, {access.ErrBadPassword, "password"}, {access.ErrBadScope, "scope"},
	{access.ErrPast, "days"}, {access.ErrTooMany, "old"}, {access.ErrWrongPassword, "old"},
}

// placed are the problems that an error tells of; none when it is a failure.
func placed(err error) (ps desk.Problems) {
	for _, f := range fields {
		if errors.Is(err, f.err) {
			ps = append(ps, desk.Problem{Field: f.field, Text: f.err.Error()})
		}
	}
	return ps
}

func (p *pages) addAccount(c *gin.Context) {
	form := accountForm{Name: strings.TrimSpace(c.PostForm("name")), Scope: c.PostForm("scope")}
	err := p.People.Add(c.Request.Context(), form.Name, c.PostForm("password"), store.Scope(form.Scope))
	if err == nil {
		done(c, "/setup/access", form.Name+" may log in now.")
		return
	}
	if form.Problems = placed(err); len(form.Problems) == 0 {
		p.refused(c, "/setup/access", err)
		return
	}
	p.drawPeople(c, http.StatusUnprocessableEntity, peoplePage{Account: form, Token: tokenForm{Scope: "view", Days: "365"}})
}

func (p *pages) changeAccount(c *gin.Context) {
	name, scope := c.PostForm("name"), store.Scope(c.PostForm("scope"))
	if err := p.People.SetScope(c.Request.Context(), name, scope); err != nil {
		p.refused(c, "/setup/access", err)
		return
	}
	done(c, "/setup/access", name+" has the scope "+string(scope)+" now.")
}

func (p *pages) removeAccount(c *gin.Context) {
	name := c.PostForm("name")
	if err := p.People.Remove(c.Request.Context(), name); err != nil {
		p.refused(c, "/setup/access", err)
		return
	}
	done(c, "/setup/access", name+" is removed, and logged out everywhere.")
}

// issueToken answers with the page that shows the token, once.
func (p *pages) issueToken(c *gin.Context) {
	form := tokenForm{Name: strings.TrimSpace(c.PostForm("name")), Scope: c.PostForm("scope"), Days: strings.TrimSpace(c.PostForm("days"))}
	page := peoplePage{Account: accountForm{Scope: "view"}, Token: form}
	var until time.Time
	if form.Days != "" {
		days, err := strconv.Atoi(form.Days)
		if err != nil || days < 1 || days > 3650 {
			page.Token.Problems = desk.Problems{{Field: "days", Text: "write a number of days from 1 to 3650, or nothing for a token without an end"}}
			p.drawPeople(c, http.StatusUnprocessableEntity, page)
			return
		}
		until = p.Now().AddDate(0, 0, days)
	}
	secret, _, err := p.People.Issue(c.Request.Context(), access.Who(c).Name, form.Name, store.Scope(form.Scope), until)
	if err == nil {
		page.Secret, page.Token = secret, tokenForm{Scope: "view", Days: "365"}
		p.drawPeople(c, http.StatusOK, page)
		return
	}
	if page.Token.Problems = placed(err); len(page.Token.Problems) == 0 {
		p.refused(c, "/setup/access", err)
		return
	}
	p.drawPeople(c, http.StatusUnprocessableEntity, page)
}

func (p *pages) revokeToken(c *gin.Context) {
	if err := p.People.Revoke(c.Request.Context(), c.PostForm("id")); err != nil {
		p.refused(c, "/setup/access", err)
		return
	}
	done(c, "/setup/access", "The token is revoked; it is refused from now on.")
}

// accountPage is the reader's own account.
type accountPage struct {
	frame
	// Has tells that the reader has an account whose password can be changed.
	Has      bool
	Problems desk.Problems
}

func (p *pages) account(c *gin.Context) { p.drawAccount(c, http.StatusOK, nil) }

func (p *pages) drawAccount(c *gin.Context, status int, problems desk.Problems) {
	page := accountPage{frame: p.frame(c, "", "Your account"), Problems: problems}
	all, err := p.People.Accounts(c.Request.Context())
	if err != nil {
		p.fail(c, err)
		return
	}
	page.Has = !page.Who.Token && slices.ContainsFunc(all, func(a store.Account) bool { return a.Name == page.Who.Name })
	p.show(c, status, "account", page)
}

func (p *pages) changePassword(c *gin.Context) {
	if c.PostForm("password") != c.PostForm("again") {
		p.drawAccount(c, http.StatusUnprocessableEntity, desk.Problems{{Field: "again", Text: "the two new passwords differ"}})
		return
	}
	who := access.Who(c)
	if who.Token {
		p.fail(c, access.ErrWrongPassword)
		return
	}
	err := p.People.ChangePassword(c.Request.Context(), who.Name, c.PostForm("old"), c.PostForm("password"))
	if err == nil {
		done(c, "/account", "The password is changed. All your browsers are logged out; log in again.")
		return
	}
	problems := placed(err)
	if len(problems) == 0 {
		p.refused(c, "/account", err)
		return
	}
	p.drawAccount(c, http.StatusUnprocessableEntity, problems)
}

// loginPage asks who is there.
type loginPage struct {
	frame
	access.LoginView
}

func (p *pages) login(c *gin.Context, status int, v access.LoginView) {
	p.show(c, status, "login", loginPage{p.frame(c, "", "Log in"), v})
}

// firstAccountPage is behind the set-up link.
type firstAccountPage struct {
	frame
	access.FirstAccountView
}

func (p *pages) firstAccount(c *gin.Context, status int, v access.FirstAccountView) {
	p.show(c, status, "first", firstAccountPage{p.frame(c, "", "First start"), v})
}

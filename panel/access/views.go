package access

import (
	"time"

	"github.com/gin-gonic/gin"
)

// Views draw the pages of this package; each answers with the given HTTP status.
type Views struct {
	// Login asks for name and password: a form that posts name, password and next
	// to /login.
	Login func(c *gin.Context, status int, v LoginView)
	// FirstAccount asks for the name and, twice, the password of the first
	// administrator: a form that posts name, password, again and secret to /first.
	FirstAccount func(c *gin.Context, status int, v FirstAccountView)
	// Refusal says why a page cannot be seen. It is also what unknown paths and
	// failures show.
	Refusal func(c *gin.Context, status int, v RefusalView)
}

// LoginView is what the login page shows.
type LoginView struct {
	Name string
	// Next is the path to go to afterwards; always a path on this panel.
	Next string
	// Trouble says what went wrong; empty at first.
	Trouble string
	// Wait is how long to wait before the next try, when there were too many.
	Wait time.Duration
	// NoAccount tells that there is no account yet: only the set-up link helps.
	NoAccount bool
}

// FirstAccountView is what the page behind the set-up link shows.
type FirstAccountView struct {
	// Secret is the link's; the form must send it back.
	Secret  string
	Name    string
	Trouble string
	// Dead tells that the link was used, has expired, or is wrong: no form.
	Dead bool
	// LeastPassword is the least number of characters of a password.
	LeastPassword int
}

// RefusalView is a page that says no. Do says what helps.
type RefusalView struct {
	Title, Text, Do string
}

package access

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"
)

// A Problem is an error as the API tells it (RFC 9457).
type Problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	// Detail says what is wrong and what to do.
	Detail string `json:"detail,omitempty"`
}

// ForPrograms tells whether a path is answered to programs, and so with
// problem+json instead of a page.
func ForPrograms(path string) bool {
	switch path {
	case "/api", "/metrics", "/healthz", "/readyz", "/events":
		return true
	}
	return strings.HasPrefix(path, "/api/")
}

// Refuse answers with a refusal, as a page or as a problem by the request's
// path, and ends the request.
func (g *Gate) Refuse(c *gin.Context, status int, v RefusalView) {
	c.Abort()
	if !ForPrograms(c.Request.URL.Path) {
		g.views.Refusal(c, status, v)
		return
	}
	p := Problem{Type: "about:blank", Title: v.Title, Status: status, Detail: strings.TrimSpace(v.Text + " " + v.Do)}
	if p.Title == "" {
		p.Title = http.StatusText(status)
	}
	Tell(c, status, p)
}

// Tell answers with a problem (RFC 9457): a [Problem], or what embeds one.
func Tell(c *gin.Context, status int, problem any) {
	body, err := json.Marshal(problem)
	if err != nil { // it holds nothing but text
		c.Status(status)
		return
	}
	c.Data(status, "application/problem+json", body)
}

// fail tells the log what went wrong, and the asker that something did.
func (g *Gate) fail(c *gin.Context, err error) {
	if errors.Is(err, ErrBusy) {
		c.Header("Retry-After", "5")
		g.Refuse(c, http.StatusServiceUnavailable, RefusalView{Title: "Too busy", Text: "Too many logins come at once.", Do: "Try again in a few seconds."})
		return
	}
	g.log.Error("let somebody in", "path", c.FullPath(), "error", err)
	g.Refuse(c, http.StatusInternalServerError, RefusalView{Title: "Something failed",
		Text: "Something failed at the server.", Do: "Its log says what; try again."})
}

// turnAway answers somebody who is nobody: a browser is led to the login page.
func (g *Gate) turnAway(c *gin.Context) {
	path := c.Request.URL.Path
	if c.Request.Method == http.MethodGet && !ForPrograms(path) {
		c.Abort()
		to := "/login"
		if path != "/" {
			to += "?next=" + url.QueryEscape(c.Request.URL.RequestURI())
		}
		c.Redirect(http.StatusSeeOther, to)
		return
	}
	c.Header("WWW-Authenticate", `Bearer realm="hueprint"`)
	g.Refuse(c, http.StatusUnauthorized, RefusalView{Title: "Log in first",
		Text: "This needs a login or a token, and none was sent that is good.",
		Do:   "Log in, or send Authorization: Bearer with a token that 'hueprint token' or the page Access has made."})
}

// readBody reads the request's body whole, so that handlers never meet one that
// is too large or breaks off. It tells whether to go on.
func (g *Gate) readBody(c *gin.Context, most int64) bool {
	if most == 0 {
		most = BodyLimit
	}
	if c.Request.Body == nil || c.Request.Body == http.NoBody {
		return true
	}
	if c.Request.ContentLength > most {
		g.tooLarge(c)
		return false
	}
	body, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, most))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		g.tooLarge(c)
		return false
	case err != nil:
		g.Refuse(c, http.StatusBadRequest, RefusalView{Title: "That cannot be read", Text: "The request broke off.", Do: "Send it again."})
		return false
	}
	c.Request.Body = io.NopCloser(bytes.NewReader(body))
	return true
}

func (g *Gate) tooLarge(c *gin.Context) {
	c.Header("Connection", "close") // the rest is not read
	g.Refuse(c, http.StatusRequestEntityTooLarge, RefusalView{Title: "Too large", Text: "The request is larger than this may be.", Do: "Send less."})
}

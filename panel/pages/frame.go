package pages

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/hueprint/hueprint/panel/access"
	"github.com/hueprint/hueprint/panel/desk"
	"github.com/hueprint/hueprint/panel/lab"
	"github.com/hueprint/hueprint/reports"
	"github.com/hueprint/hueprint/store"
)

// A frame is what every page shows around its content.
type frame struct {
	Title string
	// Section is the entry of the navigation that the page belongs to.
	Section string
	State   lab.State
	Who     access.Identity
	// Theme is light or dark when the reader has chosen, else empty.
	Theme string
	Said  said
	// Here is the page's own path, for coming back to it.
	Here string
	// Scripts are the page's modules.
	Scripts []string
	Version string
	Now     time.Time
	Zone    *time.Location
}

// frame begins a page. It takes the message that a redirect has left.
func (p *pages) frame(c *gin.Context, section, title string, scripts ...string) frame {
	state := p.Bench.State(c.Request.Context())
	return frame{
		Title: title, Section: section, State: state, Who: access.Who(c), Theme: themeOf(c), Said: takeSaid(c),
		Here: c.Request.URL.RequestURI(), Scripts: scripts, Version: p.Version, Now: p.Now(), Zone: desk.Zone(state),
	}
}

// MayRun tells whether the reader may start, stop and annotate.
func (f frame) MayRun() bool { return f.Who.Scope.Allows(store.RunScope) }

// MayAdmin tells whether the reader may set up.
func (f frame) MayAdmin() bool { return f.Who.Scope.Allows(store.AdminScope) }

// Simulated tells whether the bench is.
func (f frame) Simulated() bool { return f.State.Simulated }

const themeCookie = "hueprint_theme"

func themeOf(c *gin.Context) string {
	theme, err := c.Cookie(themeCookie)
	if err != nil || theme != "light" && theme != "dark" {
		return ""
	}
	return theme
}

// theme remembers how the reader wants pages to look, and goes back.
func (p *pages) theme(c *gin.Context) {
	theme := c.PostForm("theme")
	if !slices.Contains([]string{"light", "dark", "auto"}, theme) {
		theme = "auto"
	}
	http.SetCookie(c.Writer, &http.Cookie{Name: themeCookie, Value: theme, Path: "/", MaxAge: 400 * 24 * 3600, Secure: c.Request.TLS != nil, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	c.Redirect(http.StatusSeeOther, local(c.PostForm("back")))
}

// local is the path if it is one on this panel, else the front page.
func local(path string) string {
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.ContainsAny(path, "\\\r\n\t") {
		return "/"
	}
	return path
}

// said is a message that a redirect carries to the next page.
type said struct {
	// Kind is done or wrong; empty for no message.
	Kind, Text string
}

const (
	saidCookie = "hueprint_said"
	mostSaid   = 1000
)

// done goes to another page, which says that something was done.
func done(c *gin.Context, to, text string) { say(c, to, said{"done", text}) }

// refused goes to another page, which says why something was not done. A failure
// that nobody foresaw is told to the log and not to the reader.
func (p *pages) refused(c *gin.Context, to string, err error) {
	text := err.Error()
	if status := desk.Status(err); status >= http.StatusInternalServerError {
		p.tell(c, err)
		text = unforeseen
	}
	say(c, to, said{"wrong", sentence(text)})
}

func say(c *gin.Context, to string, s said) {
	text := reports.Prose(s.Text)
	if len(text) > mostSaid {
		text = strings.ToValidUTF8(text[:mostSaid], "") + "…"
	}
	http.SetCookie(c.Writer, &http.Cookie{Name: saidCookie, Value: base64.RawURLEncoding.EncodeToString([]byte(s.Kind + " " + text)),
		Path: "/", MaxAge: 60, Secure: c.Request.TLS != nil, HttpOnly: true, SameSite: http.SameSiteStrictMode})
	c.Redirect(http.StatusSeeOther, to)
}

// takeSaid reads the message and forgets it.
func takeSaid(c *gin.Context) said {
	value, err := c.Cookie(saidCookie)
	if err != nil {
		return said{}
	}
	http.SetCookie(c.Writer, &http.Cookie{Name: saidCookie, Path: "/", MaxAge: -1, Secure: c.Request.TLS != nil, HttpOnly: true, SameSite: http.SameSiteStrictMode})
	text, err := base64.RawURLEncoding.DecodeString(value)
	kind, rest, ok := strings.Cut(string(text), " ")
	if err != nil || !ok || kind != "done" && kind != "wrong" {
		return said{}
	}
	return said{kind, reports.Prose(rest)}
}

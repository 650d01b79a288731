package access

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"
)

// policy is the content security policy of all pages: nothing inline, nothing
// from elsewhere, in nobody's frame.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; " +
	"form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// Door are the checks before any route, also before that of an unknown path:
// headers on every answer, the name by which the panel was asked for, and where
// the request comes from.
func (g *Gate) Door() []gin.HandlerFunc { return []gin.HandlerFunc{g.headers, g.host, g.sameOrigin} }

// headers are on every answer; a handler may replace one with its own.
func (g *Gate) headers(c *gin.Context) {
	h := c.Writer.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	// Not no-referrer: with it browsers send Origin: null with our own forms, and
	// over plain HTTP that is all that tells them from those of another site.
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), usb=(), bluetooth=(), payment=()")
	h.Set("Cache-Control", "no-store")
	if g.o.Secure {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// host refuses requests for a name that is not the panel's. A hostile page can
// make its own name point here (DNS rebinding); then the name is all that tells.
func (g *Gate) host(c *gin.Context) {
	switch {
	case !g.named(c.Request.Host):
		g.Refuse(c, http.StatusMisdirectedRequest, RefusalView{Title: "Not this panel",
			Text: "This panel is not known by that name.", Do: "Use its address, or add the name to 'hosts' in the section 'serve' of the configuration."})
	case g.o.Open && !fromHere(c.Request):
		g.Refuse(c, http.StatusForbidden, RefusalView{Title: "Not from there",
			Text: "This panel is open to its own computer only.", Do: "Start it with a login to reach it from elsewhere."})
	}
}

// named tells whether a Host header is a name of this panel.
func (g *Gate) named(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = strings.TrimSuffix(strings.ToLower(strings.Trim(name, "[]")), ".")
	if IsLoopback(name) || slices.ContainsFunc(g.o.Hosts, func(own string) bool { return strings.EqualFold(own, name) }) {
		return true
	}
	_, err := netip.ParseAddr(name)
	return err == nil && !g.o.Open
}

// IsLoopback tells whether a host, without port, is this computer itself.
func IsLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}

// fromHere tells whether a request comes from this computer, and not through a
// proxy on it.
func fromHere(r *http.Request) bool {
	for _, forwarded := range []string{"Forwarded", "X-Forwarded-For", "X-Real-Ip", "Via"} {
		if r.Header.Get(forwarded) != "" {
			return false
		}
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	return err == nil && IsLoopback(host)
}

// sameOrigin refuses what another site makes a browser do here.
func (g *Gate) sameOrigin(c *gin.Context) {
	if err := g.origin.Check(c.Request); err != nil {
		g.Refuse(c, http.StatusForbidden, RefusalView{Title: "Not from there",
			Text: "Another site asked for this.", Do: "Do it on the panel's own pages."})
	}
}

package pages

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/hueprint/hueprint/config"
	"github.com/hueprint/hueprint/panel/desk"
	"github.com/hueprint/hueprint/panel/lab"
)

// ListenFor is how long an interface is listened to for hosts.
const ListenFor = 10 * time.Second

// gatewaysPage lists the devices under test, and the hosts that were heard.
type gatewaysPage struct {
	frame
	Gateways   []config.Gateway
	Interfaces []lab.Interface
	// Interface was listened to; Hosts were heard there.
	Interface string
	Hosts     []lab.Host
	Trouble   string
	Within    int // seconds of listening
}

func (p *pages) gateways(c *gin.Context) { p.drawGateways(c, http.StatusOK, gatewaysPage{}) }

func (p *pages) drawGateways(c *gin.Context, status int, page gatewaysPage) {
	ctx := c.Request.Context()
	page.frame = p.frame(c, "setup", "Gateways")
	page.Gateways, page.Within = p.Setup.Gateways(ctx), int(ListenFor/time.Second)
	var err error
	if page.Interfaces, err = p.Setup.Interfaces(ctx); err != nil {
		page.Trouble = p.visible(c, err)
	}
	p.show(c, status, "gateways", page)
}

func (p *pages) listen(c *gin.Context) {
	page := gatewaysPage{Interface: c.PostForm("interface")}
	if page.Interface == "" {
		page.Trouble = "Choose an interface."
		p.drawGateways(c, http.StatusUnprocessableEntity, page)
		return
	}
	hosts, err := p.Setup.Hosts(c.Request.Context(), page.Interface, ListenFor)
	status := http.StatusOK
	if err != nil {
		status, page.Trouble = max(desk.Status(err), http.StatusUnprocessableEntity), p.visible(c, err)
		if status >= http.StatusInternalServerError {
			status = http.StatusUnprocessableEntity // the interface's trouble, which the page says
		}
	}
	page.Hosts = hosts
	p.drawGateways(c, status, page)
}

// Prefill is the query of the form for a gateway that was heard.
func (p gatewaysPage) Prefill(h lab.Host) string {
	var addresses []string
	for _, a := range h.Addresses {
		addresses = append(addresses, a.String())
	}
	return withQuery("/setup/gateways/edit", nil, "interface", p.Interface, "macs", h.MAC.String(), "addresses", strings.Join(addresses, ", "), "kind", h.Guess, "name", suggested(h))
}

// suggested is a name for a host: what it calls itself, what it might be, or the
// first word of its maker's name.
func suggested(h lab.Host) string {
	maker, _, _ := strings.Cut(h.Vendor, " ")
	for _, word := range append(slices.Clone(h.Names), h.Guess, maker) {
		if name := properName(word); name != "" {
			return name
		}
	}
	return ""
}

// properName makes of what a host calls itself something that can name a
// gateway in files and tables.
func properName(s string) string {
	s, _, _ = strings.Cut(s, ".")
	s = strings.Trim(strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r == '-', r == '_', r == ' ':
			return '-'
		}
		return -1
	}, s), "-")
	return s[:min(len(s), 32)]
}

// Interfaces of the gateway's form, with the one that is written.
func (p gatewayPage) InterfaceNames() []string {
	var names []string
	for _, i := range p.Interfaces {
		names = append(names, i.Name)
	}
	if p.Form.Interface != "" && !slices.Contains(names, p.Form.Interface) {
		names = append(names, p.Form.Interface)
	}
	return names
}

// gatewayPage is the form for one gateway.
type gatewayPage struct {
	frame
	Form     desk.GatewayText
	Problems desk.Problems
	// Editing tells of a gateway that is there; its name stays.
	Editing    bool
	Interfaces []lab.Interface
}

func (p *pages) editGateway(c *gin.Context) {
	q := c.Request.URL.Query()
	page := gatewayPage{Form: desk.GatewayText{
		Name: q.Get("name"), Kind: q.Get("kind"), Interface: q.Get("interface"), MACs: q.Get("macs"), Addresses: q.Get("addresses"),
	}}
	all := p.Setup.Gateways(c.Request.Context())
	if q.Get("edit") != "" {
		i := slices.IndexFunc(all, func(g config.Gateway) bool { return g.Name == q.Get("edit") })
		if i < 0 {
			p.fail(c, lab.ErrUnknown)
			return
		}
		page.Form, page.Editing = desk.TextOf(all[i]), true
	}
	p.drawGateway(c, http.StatusOK, page)
}

func (p *pages) drawGateway(c *gin.Context, status int, page gatewayPage) {
	title := "New gateway"
	if page.Editing {
		title = "Gateway " + page.Form.Name
	}
	page.frame = p.frame(c, "setup", title)
	var err error
	if page.Interfaces, err = p.Setup.Interfaces(c.Request.Context()); err != nil {
		p.tell(c, err) // the form can still be written
	}
	p.show(c, status, "gateway", page)
}

func (p *pages) saveGateway(c *gin.Context) {
	page := gatewayPage{Editing: c.PostForm("editing") != "", Form: desk.GatewayText{
		Name: c.PostForm("name"), Kind: c.PostForm("kind"), Firmware: c.PostForm("firmware"), Interface: c.PostForm("interface"),
		MACs: c.PostForm("macs"), Addresses: c.PostForm("addresses"), Phones: c.PostForm("phones"), Linked: c.PostForm("linked") != "",
	}}
	g, problems := page.Form.Read()
	taken := slices.ContainsFunc(p.Setup.Gateways(c.Request.Context()), func(o config.Gateway) bool { return o.Name == g.Name })
	if taken && !page.Editing {
		problems = append(problems, desk.Problem{Field: "name", Text: "another gateway has that name"})
	}
	if page.Problems = problems; len(problems) > 0 {
		p.drawGateway(c, http.StatusUnprocessableEntity, page)
		return
	}
	if err := p.Setup.SaveGateway(c.Request.Context(), g); err != nil {
		var mistakes config.Mistakes
		status := desk.Status(err)
		switch {
		case errors.As(err, &mistakes):
			for _, m := range mistakes {
				page.Problems = append(page.Problems, desk.Problem{Field: "form", Text: m.Text})
			}
		case status < http.StatusInternalServerError:
			page.Problems = desk.Problems{{Field: "form", Text: err.Error()}}
		default:
			p.fail(c, err)
			return
		}
		p.drawGateway(c, status, page)
		return
	}
	done(c, "/setup/gateways", g.Name+" is saved.")
}

func (p *pages) removeGateway(c *gin.Context) {
	name := c.PostForm("name")
	if err := p.Setup.RemoveGateway(c.Request.Context(), name); err != nil {
		p.refused(c, "/setup/gateways", err)
		return
	}
	done(c, "/setup/gateways", name+" is taken out of the configuration; its runs stay.")
}

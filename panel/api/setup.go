package api

import (
	"context"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/hueprint/hueprint/config"
	"github.com/hueprint/hueprint/panel/access"
	"github.com/hueprint/hueprint/panel/desk"
	"github.com/hueprint/hueprint/store"
	"github.com/hueprint/hueprint/traffic"
)

func (p *api) setupRoutes() []access.Route {
	save := put("/configuration", store.AdminScope, p.saveConfiguration)
	check := post("/configuration/check", store.AdminScope, p.checkConfiguration)
	save.Limit, check.Limit = access.BodyLimit, access.BodyLimit
	return []access.Route{
		get("/bridge", store.ViewScope, p.bridge),
		post("/bridge/discover", store.AdminScope, p.discover),
		post("/bridge/pair", store.AdminScope, p.pair),
		post("/bridge/button", store.AdminScope, p.pressButton),
		get("/lights", store.AdminScope, p.lights),
		post("/lights/:id/blink", store.AdminScope, p.blinkLight),
		post("/lights/:id/choose", store.AdminScope, p.chooseLight),
		get("/interfaces", store.AdminScope, p.interfaces),
		post("/interfaces/:name/hosts", store.AdminScope, p.hosts),
		get("/gateways", store.ViewScope, p.gateways),
		put("/gateways/:name", store.AdminScope, p.saveGateway),
		remove("/gateways/:name", store.AdminScope, p.removeGateway),
		post("/checks", store.AdminScope, p.checks),
		get("/configuration", store.AdminScope, p.configuration), save, check,
	}
}

// How long bridges are looked for and a button is waited for, and the bounds of
// listening on an interface.
const (
	discoverWithin = 20 * time.Second
	pairWithin     = 30 * time.Second
	listenFor      = 10 * time.Second
	listenLongest  = time.Minute
)

func (p *api) bridge(c *gin.Context) {
	p.answer(c, http.StatusOK, p.Setup.Paired(c.Request.Context()))
}

func (p *api) discover(c *gin.Context) {
	ctx, cancel := context.WithTimeout(c.Request.Context(), discoverWithin)
	defer cancel()
	all, err := p.Setup.Discover(ctx)
	if err != nil {
		p.failOutside(c, err)
		return
	}
	p.answer(c, http.StatusOK, lists("bridges", all))
}

func (p *api) pair(c *gin.Context) {
	var to struct {
		Address string `json:"address"`
	}
	if !p.read(c, &to) {
		return
	}
	if to.Address = strings.TrimSpace(to.Address); to.Address == "" {
		p.fail(c, desk.Problems{{Field: "address", Text: "write the bridge's address, such as https://192.168.1.2"}})
		return
	}
	ctx, cancel := context.WithTimeout(c.Request.Context(), pairWithin)
	defer cancel()
	b, err := p.Setup.Pair(ctx, to.Address)
	if err != nil {
		p.failOutside(c, err)
		return
	}
	p.answer(c, http.StatusOK, b)
}

// act answers a request that only asks for something to be done.
func (p *api) act(c *gin.Context, err error) {
	if err != nil {
		p.failOutside(c, err)
		return
	}
	done(c)
}

func (p *api) pressButton(c *gin.Context) { p.act(c, p.Setup.PressButton(c.Request.Context())) }

func (p *api) blinkLight(c *gin.Context) {
	p.act(c, p.Setup.BlinkLight(c.Request.Context(), c.Param("id")))
}

func (p *api) chooseLight(c *gin.Context) {
	p.act(c, p.Setup.ChooseLight(c.Request.Context(), c.Param("id")))
}

func (p *api) lights(c *gin.Context) {
	all, err := p.Setup.Lights(c.Request.Context())
	if err != nil {
		p.failOutside(c, err)
		return
	}
	p.answer(c, http.StatusOK, lists("lights", all))
}

func (p *api) interfaces(c *gin.Context) {
	all, err := p.Setup.Interfaces(c.Request.Context())
	if err != nil {
		p.failOutside(c, err)
		return
	}
	for i := range all {
		all[i].Addresses = list(all[i].Addresses)
	}
	p.answer(c, http.StatusOK, lists("interfaces", all))
}

func (p *api) hosts(c *gin.Context) {
	var o struct {
		Within time.Duration `json:"within_ns"`
	}
	if !p.read(c, &o) {
		return
	}
	if o.Within == 0 {
		o.Within = listenFor
	}
	if o.Within < time.Second || o.Within > listenLongest {
		p.fail(c, desk.Problems{{Field: "within_ns", Text: "listen for one second to one minute, in nanoseconds"}})
		return
	}
	all, err := p.Setup.Hosts(c.Request.Context(), c.Param("name"), o.Within)
	if err != nil {
		p.failOutside(c, err)
		return
	}
	for i := range all {
		all[i].Addresses, all[i].Names = list(all[i].Addresses), list(all[i].Names)
	}
	p.answer(c, http.StatusOK, lists("hosts", all))
}

// gateway is a configured gateway. Its name is part of the path when it is
// written.
type gateway struct {
	Name      string        `json:"name,omitempty"`
	Kind      string        `json:"kind"`
	Firmware  string        `json:"firmware"`
	Interface string        `json:"interface"`
	MACs      []traffic.MAC `json:"macs"`
	Addresses []netip.Addr  `json:"addresses"`
	Phones    []netip.Addr  `json:"phones"`
	Linked    bool          `json:"linked"`
}

func (p *api) gateways(c *gin.Context) {
	all := []gateway{}
	for _, g := range p.Setup.Gateways(c.Request.Context()) {
		all = append(all, shown(g))
	}
	p.answer(c, http.StatusOK, lists("gateways", all))
}

func shown(g config.Gateway) gateway {
	return gateway{g.Name, g.Kind, g.Firmware, g.Interface, list(g.MACs), list(g.Addresses), list(g.Phones), g.Linked}
}

// gatewayText is a gateway as somebody writes it.
type gatewayText struct {
	Kind      string   `json:"kind"`
	Firmware  string   `json:"firmware"`
	Interface string   `json:"interface"`
	MACs      []string `json:"macs"`
	Addresses []string `json:"addresses"`
	Phones    []string `json:"phones"`
	Linked    bool     `json:"linked"`
}

func (p *api) saveGateway(c *gin.Context) {
	var t gatewayText
	if !p.read(c, &t) {
		return
	}
	words := func(all []string) string { return strings.Join(all, ", ") }
	g, problems := desk.GatewayText{Name: c.Param("name"), Kind: t.Kind, Firmware: t.Firmware, Interface: t.Interface, Linked: t.Linked,
		MACs: words(t.MACs), Addresses: words(t.Addresses), Phones: words(t.Phones)}.Read()
	if err := problems.Err(); err != nil {
		p.fail(c, err)
		return
	}
	if err := p.Setup.SaveGateway(c.Request.Context(), g); err != nil {
		p.failOutside(c, err)
		return
	}
	p.answer(c, http.StatusOK, shown(g))
}

func (p *api) removeGateway(c *gin.Context) {
	p.act(c, p.Setup.RemoveGateway(c.Request.Context(), c.Param("name")))
}

func (p *api) checks(c *gin.Context) {
	p.answer(c, http.StatusOK, lists("checks", p.Setup.Checks(c.Request.Context())))
}

func (p *api) configuration(c *gin.Context) {
	f, err := p.Setup.Configuration(c.Request.Context())
	if err != nil {
		p.failOutside(c, err)
		return
	}
	f.Mistakes = list(f.Mistakes)
	p.answer(c, http.StatusOK, f)
}

func (p *api) checkConfiguration(c *gin.Context) {
	var f struct {
		Text string `json:"text"`
	}
	if !p.read(c, &f) {
		return
	}
	p.answer(c, http.StatusOK, lists("mistakes", p.Setup.Check(f.Text)))
}

func (p *api) saveConfiguration(c *gin.Context) {
	var f struct {
		Text     string `json:"text"`
		Revision string `json:"revision"`
	}
	if !p.read(c, &f) {
		return
	}
	if err := p.Setup.SaveConfiguration(c.Request.Context(), f.Text, f.Revision); err != nil {
		p.failOutside(c, err)
		return
	}
	p.configuration(c)
}

package pages

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/hueprint/hueprint/panel/access"
	"github.com/hueprint/hueprint/panel/lab"
	"github.com/hueprint/hueprint/store"
)

func (p *pages) setupRoutes() []access.Route {
	return []access.Route{
		get("/setup", store.ViewScope, p.setup),
		get("/setup/bridge", store.AdminScope, p.bridge),
		post("/setup/bridge/discover", store.AdminScope, p.discover),
		post("/setup/bridge/pair", store.AdminScope, p.pair),
		post("/setup/bridge/button", store.AdminScope, p.pressButton),
		get("/setup/light", store.AdminScope, p.lights),
		post("/setup/light/blink", store.AdminScope, p.blinkLight),
		post("/setup/light/choose", store.AdminScope, p.chooseLight),
		get("/setup/gateways", store.AdminScope, p.gateways),
		post("/setup/gateways/listen", store.AdminScope, p.listen),
		get("/setup/gateways/edit", store.AdminScope, p.editGateway),
		post("/setup/gateways/edit", store.AdminScope, p.saveGateway),
		post("/setup/gateways/remove", store.AdminScope, p.removeGateway),
		get("/setup/experiments", store.AdminScope, p.configuration),
		post("/setup/experiments", store.AdminScope, p.saveConfiguration),
		get("/setup/checks", store.AdminScope, p.checks),
		post("/setup/checks", store.AdminScope, p.runChecks),
	}
}

// A step is a part of the set-up, and how far it is.
type step struct {
	Name, Link string
	// Done tells that it needs nothing; Found says what is there.
	Done        bool
	Found, Hint string
}

// setupPage says what the bench consists of, and what is missing.
type setupPage struct {
	frame
	Bridge lab.Bridge
	Steps  []step
}

// Left is what is missing although every step is done.
func (p setupPage) Left() []string {
	for _, s := range p.Steps[:4] {
		if !s.Done {
			return nil
		}
	}
	return p.State.Missing
}

func (p *pages) setup(c *gin.Context) {
	page := setupPage{frame: p.frame(c, "setup", "Set up"), Bridge: p.Setup.Paired(c.Request.Context())}
	page.Steps = steps(page.State, page.Bridge)
	p.show(c, http.StatusOK, "setup", page)
}

func steps(s lab.State, b lab.Bridge) []step {
	bridge := step{Name: "Bridge", Link: "/setup/bridge", Done: b.Address != "" && b.Trouble == "", Found: firstOf(b.Name, b.ID, b.Address), Hint: "Pair with the Hue bridge by its round button."}
	if b.Trouble != "" {
		bridge.Hint = b.Trouble
	}
	light := step{Name: "Light", Link: "/setup/light", Done: s.Light.ID != "", Found: firstOf(s.Light.Name, s.Light.ID), Hint: "Choose the bulb under test; let it blink to be sure."}
	gateways := step{Name: "Gateways", Link: "/setup/gateways", Done: len(s.Gateways) > 0, Hint: "Pick the devices under test from those heard on an interface."}
	for i, g := range s.Gateways {
		if i > 0 {
			gateways.Found += ", "
		}
		gateways.Found += g.Name
	}
	trials := step{Name: "Experiments", Link: "/setup/experiments", Done: len(s.Experiments) > 0, Found: joined(s.Experiments), Hint: "Write what is to be done into the configuration."}
	checks := step{Name: "Checks", Link: "/setup/checks", Done: len(s.Missing) == 0 && len(s.Troubles) == 0, Found: "nothing is missing", Hint: "Let the doctor look at bridge, bulb, interfaces, clock and disk."}
	return []step{bridge, light, gateways, trials, checks}
}

func firstOf(words ...string) string {
	for _, w := range words {
		if w != "" {
			return w
		}
	}
	return ""
}

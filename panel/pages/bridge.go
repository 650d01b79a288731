package pages

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/hueprint/hueprint/panel/desk"
	"github.com/hueprint/hueprint/panel/lab"
)

// PairWithin is how long pairing waits for the bridge's button; discovery and
// the list of lights answer much sooner.
const (
	PairWithin     = 30 * time.Second
	discoverWithin = 15 * time.Second
)

// bridgePage is the bench's bridge, and others that can be paired with.
type bridgePage struct {
	frame
	Paired lab.Bridge
	// Asked tells that the network was asked for bridges; Found are those that
	// answered.
	Asked   bool
	Found   []lab.Bridge
	Trouble string
	// Address is what was typed.
	Address string
	Within  int // seconds that pairing waits
}

func (p *pages) bridge(c *gin.Context) { p.drawBridge(c, http.StatusOK, bridgePage{}) }

func (p *pages) drawBridge(c *gin.Context, status int, page bridgePage) {
	page.frame = p.frame(c, "setup", "Bridge")
	page.Paired, page.Within = p.Setup.Paired(c.Request.Context()), int(PairWithin/time.Second)
	p.show(c, status, "bridge", page)
}

func (p *pages) discover(c *gin.Context) {
	ctx, cancel := context.WithTimeout(c.Request.Context(), discoverWithin)
	defer cancel()
	page := bridgePage{Asked: true}
	var err error
	if page.Found, err = p.Setup.Discover(ctx); err != nil {
		page.Trouble = sentence(err.Error())
	}
	p.drawBridge(c, http.StatusOK, page)
}

// pair waits until the button is pressed.
func (p *pages) pair(c *gin.Context) {
	address := strings.TrimSpace(c.PostForm("address"))
	if address == "" {
		p.drawBridge(c, http.StatusUnprocessableEntity, bridgePage{Trouble: "Write the bridge's address, such as https://192.168.1.2."})
		return
	}
	ctx, cancel := context.WithTimeout(c.Request.Context(), PairWithin)
	defer cancel()
	b, err := p.Setup.Pair(ctx, address)
	switch {
	case errors.Is(err, lab.ErrButton):
		p.drawBridge(c, http.StatusConflict, bridgePage{Trouble: sentence(err.Error()), Address: address})
	case err != nil:
		p.drawBridge(c, http.StatusUnprocessableEntity, bridgePage{Trouble: p.visible(c, err), Address: address})
	default:
		done(c, "/setup/light", "Paired with "+firstOf(b.Name, b.ID, b.Address)+". Now choose the light.")
	}
}

// visible is what an administrator may see of a failure of the bench: all of it.
// What goes wrong with a bridge or an interface is theirs to mend.
func (p *pages) visible(c *gin.Context, err error) string {
	if desk.Status(err) >= http.StatusInternalServerError {
		p.tell(c, err)
	}
	return sentence(err.Error())
}

func (p *pages) pressButton(c *gin.Context) {
	if err := p.Setup.PressButton(c.Request.Context()); err != nil {
		p.refused(c, "/setup/bridge", err)
		return
	}
	done(c, "/setup/bridge", "The simulated button is pressed; it stays so for 30 seconds.")
}

// lightsPage lists the bridge's lights.
type lightsPage struct {
	frame
	Lights  []lab.Light
	Trouble string
}

func (p *pages) lights(c *gin.Context) {
	page := lightsPage{frame: p.frame(c, "setup", "Light")}
	var err error
	if page.Lights, err = p.Setup.Lights(c.Request.Context()); err != nil {
		page.Trouble = p.visible(c, err)
	}
	p.show(c, http.StatusOK, "lights", page)
}

func (p *pages) blinkLight(c *gin.Context) {
	if err := p.Setup.BlinkLight(c.Request.Context(), c.PostForm("id")); err != nil {
		p.refused(c, "/setup/light", err)
		return
	}
	done(c, "/setup/light", "Light "+c.PostForm("id")+" has blinked.")
}

func (p *pages) chooseLight(c *gin.Context) {
	if err := p.Setup.ChooseLight(c.Request.Context(), c.PostForm("id")); err != nil {
		p.refused(c, "/setup/light", err)
		return
	}
	done(c, "/setup/gateways", "Light "+c.PostForm("id")+" is the bulb under test. Now name the gateways.")
}

package panel

import (
	"context"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/hueprint/hueprint/panel/access"
	"github.com/hueprint/hueprint/store"
)

// readyWithin is how long the checks of /readyz may take together.
const readyWithin = 3 * time.Second

// ownRoutes are those of this package. Health is open to everybody, as whoever
// starts the server again must be able to ask without a secret; metrics are not,
// as they say what the lab does: a scraper sends a token of scope view.
func (p *Panel) ownRoutes() []access.Route {
	return []access.Route{
		{Method: http.MethodGet, Path: "/healthz", Handle: p.healthz},
		{Method: http.MethodGet, Path: "/readyz", Handle: p.readyz},
		{Method: http.MethodGet, Path: "/metrics", Scope: store.ViewScope, Handle: gin.WrapH(p.meters.handler())},
	}
}

// Health is the answer of /healthz and /readyz.
type Health struct {
	OK bool `json:"ok"`
	// Waiting names the parts that cannot do their work, and, for those who may
	// look at the panel, says why.
	Waiting []Unready `json:"waiting,omitempty"`
}

// An Unready part of the server.
type Unready struct {
	Part string `json:"part"`
	Why  string `json:"why,omitempty"`
}

func (p *Panel) healthz(c *gin.Context) { c.JSON(http.StatusOK, Health{OK: true}) }

func (p *Panel) readyz(c *gin.Context) {
	ctx, cancel := context.WithTimeout(c.Request.Context(), readyWithin)
	defer cancel()
	waiting := p.unready(ctx)
	if !access.Who(c).Known() {
		for i := range waiting {
			waiting[i].Why = ""
		}
	}
	status := http.StatusOK
	if len(waiting) > 0 {
		status = http.StatusServiceUnavailable
	}
	c.JSON(status, Health{OK: len(waiting) == 0, Waiting: waiting})
}

// unready lists the parts that cannot do their work.
func (p *Panel) unready(ctx context.Context) []Unready {
	checks := append([]Check{{Name: "store", Check: p.storeAnswers}}, p.o.Ready...)
	var waiting []Unready
	for _, check := range checks {
		if err := check.Check(ctx); err != nil {
			p.o.Log.Warn("not ready", "part", check.Name, "error", err)
			waiting = append(waiting, Unready{Part: check.Name, Why: mask(err.Error())})
		}
	}
	return waiting
}

func (p *Panel) storeAnswers(ctx context.Context) error {
	_, err := p.o.Store.ListSchedules(ctx)
	return err
}

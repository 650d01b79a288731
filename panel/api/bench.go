package api

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/hueprint/hueprint/panel/access"
	"github.com/hueprint/hueprint/store"
)

func (p *api) benchRoutes() []access.Route {
	return []access.Route{
		get("/bench", store.ViewScope, p.bench),
		post("/bench/start", store.RunScope, p.start),
		post("/bench/stop", store.RunScope, p.stop),
		post("/bench/preview", store.ViewScope, p.preview),
		post("/bench/blink", store.RunScope, p.blink),
	}
}

func (p *api) bench(c *gin.Context) {
	s := p.Bench.State(c.Request.Context())
	s.Missing, s.Experiments, s.Troubles = list(s.Missing), list(s.Experiments), list(s.Troubles)
	s.Gateways, s.Next = list(s.Gateways), list(s.Next)
	p.answer(c, http.StatusOK, s)
}

// begun is the firing of a start by hand.
type begun struct {
	Firing string `json:"firing"`
}

func (p *api) start(c *gin.Context) {
	var t store.Task
	if !p.read(c, &t) {
		return
	}
	firing, err := p.Start(c.Request.Context(), access.Who(c).Name, t)
	if err != nil {
		p.fail(c, err)
		return
	}
	c.Header("Location", prefix+"/firings/"+firing)
	p.answer(c, http.StatusAccepted, begun{firing})
}

func (p *api) stop(c *gin.Context) {
	if err := p.Bench.Stop(c.Request.Context(), access.Who(c).Name); err != nil {
		p.fail(c, err)
		return
	}
	c.Status(http.StatusAccepted)
}

func (p *api) preview(c *gin.Context) {
	var t store.Task
	if !p.read(c, &t) {
		return
	}
	v, err := p.Preview(c.Request.Context(), t)
	if err != nil {
		p.fail(c, err)
		return
	}
	v.Plans, v.Warnings = list(v.Plans), list(v.Warnings)
	for i := range v.Plans {
		v.Plans[i].Slots = list(v.Plans[i].Slots)
	}
	p.answer(c, http.StatusOK, v)
}

func (p *api) blink(c *gin.Context) {
	if err := p.Bench.Blink(c.Request.Context()); err != nil {
		p.fail(c, err)
		return
	}
	done(c)
}

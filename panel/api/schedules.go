package api

import (
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/hueprint/hueprint/panel/access"
	"github.com/hueprint/hueprint/panel/desk"
	"github.com/hueprint/hueprint/store"
	"github.com/hueprint/hueprint/timetable"
)

func (p *api) scheduleRoutes() []access.Route {
	return []access.Route{
		get("/schedules", store.ViewScope, p.schedules),
		post("/schedules", store.RunScope, p.addSchedule),
		get("/schedules/:id", store.ViewScope, p.schedule),
		put("/schedules/:id", store.RunScope, p.changeSchedule),
		remove("/schedules/:id", store.RunScope, p.removeSchedule),
		post("/schedules/:id/pause", store.RunScope, func(c *gin.Context) { p.pause(c, true) }),
		post("/schedules/:id/resume", store.RunScope, func(c *gin.Context) { p.pause(c, false) }),
		get("/upcoming", store.ViewScope, p.upcoming),
		get("/timetable", store.ViewScope, p.timetable),
		get("/firings", store.ViewScope, p.firings),
		get("/firings/:id", store.ViewScope, p.firing),
	}
}

// nextTimes is how many coming instants a schedule is shown with.
const nextTimes = 5

// dated is a schedule with its times in words and the next ones.
type dated struct {
	store.Schedule
	Words string      `json:"words"`
	Next  []time.Time `json:"next"`
}

func (p *api) dated(s store.Schedule) dated {
	d := dated{Schedule: s, Next: []time.Time{}}
	t, err := desk.Timetable(s)
	if err != nil {
		d.Words = err.Error() // kept by an older version; its change says more
		return d
	}
	d.Words = t.Words()
	if !s.Paused {
		d.Next = list(t.Upcoming(p.Now(), nextTimes))
	}
	return d
}

func (p *api) schedules(c *gin.Context) {
	all, err := p.Store.ListSchedules(c.Request.Context())
	if err != nil {
		p.fail(c, err)
		return
	}
	out := make([]dated, len(all))
	for i, s := range all {
		out[i] = p.dated(s)
	}
	p.answer(c, http.StatusOK, lists("schedules", out))
}

func (p *api) schedule(c *gin.Context) {
	s, err := p.Store.Schedule(c.Request.Context(), c.Param("id"))
	if err != nil {
		p.fail(c, err)
		return
	}
	p.answer(c, http.StatusOK, p.dated(s))
}

// plan is a schedule as somebody writes it.
type plan struct {
	Name     string             `json:"name"`
	Task     store.Task         `json:"task"`
	Cron     string             `json:"cron"`
	At       time.Time          `json:"at"`
	Zone     string             `json:"zone"`
	Missed   store.MissedPolicy `json:"missed"`
	Retries  int                `json:"retries"`
	Paused   bool               `json:"paused"`
	Revision int                `json:"revision"`
}

func (w plan) schedule(id string) store.Schedule {
	return store.Schedule{ID: id, Name: w.Name, Task: w.Task, Cron: w.Cron, At: w.At, Zone: w.Zone,
		Missed: w.Missed, Retries: w.Retries, Paused: w.Paused, Revision: w.Revision}
}

func (p *api) addSchedule(c *gin.Context) {
	var w plan
	if !p.read(c, &w) {
		return
	}
	s, err := p.SaveSchedule(c.Request.Context(), w.schedule(""), access.Who(c).Name)
	if err != nil {
		p.fail(c, err)
		return
	}
	p.created(c, "/schedules/"+s.ID, p.dated(s))
}

func (p *api) changeSchedule(c *gin.Context) {
	var w plan
	if !p.read(c, &w) {
		return
	}
	if w.Revision < 1 {
		p.fail(c, desk.Problems{{Field: "revision", Text: "name the revision that was read, so that nobody's change is lost"}})
		return
	}
	s, err := p.SaveSchedule(c.Request.Context(), w.schedule(c.Param("id")), access.Who(c).Name)
	if err != nil {
		p.fail(c, err)
		return
	}
	p.answer(c, http.StatusOK, p.dated(s))
}

func (p *api) removeSchedule(c *gin.Context) {
	if err := p.RemoveSchedule(c.Request.Context(), c.Param("id")); err != nil {
		p.fail(c, err)
		return
	}
	done(c)
}

func (p *api) pause(c *gin.Context, paused bool) {
	s, err := p.PauseSchedule(c.Request.Context(), c.Param("id"), paused)
	if err != nil {
		p.fail(c, err)
		return
	}
	p.answer(c, http.StatusOK, p.dated(s))
}

func (p *api) upcoming(c *gin.Context) {
	p.answer(c, http.StatusOK, lists("upcoming", p.Bench.State(c.Request.Context()).Next))
}

// timetable explains an expression before somebody saves it.
func (p *api) timetable(c *gin.Context) {
	n := nextTimes
	if s := c.Query("n"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil || n < 1 || n > 100 {
			p.fail(c, desk.Problems{{Field: "n", Text: "it must be a whole number from 1 to 100"}})
			return
		}
	}
	zone := c.Query("zone")
	if zone == "" {
		zone = p.Bench.State(c.Request.Context()).Zone
	}
	t, err := timetable.Parse(c.Query("cron"), zone)
	if err != nil {
		p.fail(c, desk.Problems{{Field: "cron", Text: err.Error()}})
		return
	}
	p.answer(c, http.StatusOK, struct {
		Words string      `json:"words"`
		Next  []time.Time `json:"next"`
	}{t.Words(), list(t.Upcoming(p.Now(), n))})
}

func (p *api) firings(c *gin.Context) {
	q, err := desk.FiringQuery(c.Request.URL.Query())
	if err != nil {
		p.fail(c, err)
		return
	}
	page, err := p.Store.ListFirings(c.Request.Context(), q)
	if err != nil {
		p.fail(c, err)
		return
	}
	page.Firings = list(page.Firings)
	linkNext(c, page.Next)
	p.answer(c, http.StatusOK, page)
}

func (p *api) firing(c *gin.Context) {
	f, err := p.Store.Firing(c.Request.Context(), c.Param("id"))
	if err != nil {
		p.fail(c, err)
		return
	}
	p.answer(c, http.StatusOK, f)
}

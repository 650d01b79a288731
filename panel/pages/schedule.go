package pages

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/hueprint/hueprint/panel/access"
	"github.com/hueprint/hueprint/panel/desk"
	"github.com/hueprint/hueprint/store"
)

func (p *pages) scheduleRoutes() []access.Route {
	return []access.Route{
		get("/schedule", store.ViewScope, p.schedule),
		get("/schedule/new", store.RunScope, p.newSchedule),
		post("/schedule/new", store.RunScope, p.createSchedule),
		get("/schedule/history", store.ViewScope, p.history),
		get("/schedule/:id", store.RunScope, p.editSchedule),
		post("/schedule/:id", store.RunScope, p.changeSchedule),
		post("/schedule/:id/pause", store.RunScope, p.pauseSchedule),
		post("/schedule/:id/resume", store.RunScope, p.resumeSchedule),
		post("/schedule/:id/remove", store.RunScope, p.removeSchedule),
	}
}

// scheduleNames are the names of all schedules by ID.
func (p *pages) scheduleNames(ctx context.Context) (map[string]string, error) {
	all, err := p.Store.ListSchedules(ctx)
	names := map[string]string{}
	for _, s := range all {
		names[s.ID] = s.Name
	}
	return names, err
}

// schedulePage lists the schedules, and what became of the last firings.
type schedulePage struct {
	frame
	Rows    []scheduleRow
	History historyView
}

// A scheduleRow is one schedule.
type scheduleRow struct {
	store.Schedule
	Words string
	Next  []time.Time
	// Last is its latest firing; nil before the first.
	Last *store.Firing
	// Trouble says why it cannot fire.
	Trouble string
}

// historyView is a page of firings.
type historyView struct {
	store.FiringPage
	Filter url.Values
	Names  map[string]string
	First  bool
}

func (p *pages) schedule(c *gin.Context) {
	ctx := c.Request.Context()
	all, err := p.Store.ListSchedules(ctx)
	if err != nil {
		p.fail(c, err)
		return
	}
	page := schedulePage{frame: p.frame(c, "schedule", "Schedule", "schedule.js")}
	names := map[string]string{}
	for _, s := range all {
		names[s.ID] = s.Name
		row := scheduleRow{Schedule: s}
		row.when(page.Now)
		if row.Last, err = p.lastFiring(ctx, s.ID); err != nil {
			p.fail(c, err)
			return
		}
		page.Rows = append(page.Rows, row)
	}
	firings, err := p.Store.ListFirings(ctx, store.FiringQuery{Limit: 15})
	if err != nil {
		p.fail(c, err)
		return
	}
	page.History = historyView{FiringPage: firings, Filter: url.Values{}, Names: names, First: true}
	p.show(c, http.StatusOK, "schedule", page)
}

// when says in words and instants when the schedule fires after now.
func (r *scheduleRow) when(now time.Time) {
	t, err := desk.Timetable(r.Schedule)
	if err != nil {
		r.Trouble = sentence(err.Error())
		return
	}
	r.Words, r.Next = t.Words(), t.Upcoming(now, 5)
}

func (p *pages) lastFiring(ctx context.Context, schedule string) (*store.Firing, error) {
	page, err := p.Store.ListFirings(ctx, store.FiringQuery{Schedule: schedule, Limit: 1})
	if err != nil || len(page.Firings) == 0 {
		return nil, err
	}
	return &page.Firings[0], nil
}

// historyPage is the history by itself, page by page.
type historyPage struct {
	frame
	History  historyView
	Outcomes []store.FiringOutcome
	Problems desk.Problems
}

func (p *pages) history(c *gin.Context) {
	ctx := c.Request.Context()
	page := historyPage{frame: p.frame(c, "schedule", "History of firings"), Outcomes: desk.Outcomes()}
	q, err := desk.FiringQuery(c.Request.URL.Query())
	status := http.StatusOK
	if errors.As(err, &page.Problems) {
		status, q = http.StatusUnprocessableEntity, store.FiringQuery{}
	}
	page.History.Filter, page.History.First = firingFilter(c.Request.URL.Query()), q.After == ""
	if page.History.FiringPage, err = p.Store.ListFirings(ctx, q); err != nil {
		p.fail(c, err)
		return
	}
	if page.History.Names, err = p.scheduleNames(ctx); err != nil {
		p.fail(c, err)
		return
	}
	p.show(c, status, "history", page)
}

func firingFilter(v url.Values) url.Values {
	f := url.Values{}
	for _, name := range []string{"schedule", "outcome", "limit"} {
		if s := v.Get(name); s != "" {
			f.Set(name, s)
		}
	}
	return f
}

// NextLink is the page of firings after this one.
func (h historyView) NextLink() string {
	return withQuery("/schedule/history", h.Filter, "after", h.Next)
}

// FirstLink is the first page of the same list.
func (h historyView) FirstLink() string { return withQuery("/schedule/history", h.Filter) }

func (p *pages) pauseSchedule(c *gin.Context)  { p.setPaused(c, true) }
func (p *pages) resumeSchedule(c *gin.Context) { p.setPaused(c, false) }

func (p *pages) setPaused(c *gin.Context, paused bool) {
	s, err := p.PauseSchedule(c.Request.Context(), c.Param("id"), paused)
	switch {
	case err != nil:
		p.refused(c, "/schedule", err)
	case paused:
		done(c, "/schedule", "“"+s.Name+"” is paused; it fires no more until it is resumed.")
	default:
		done(c, "/schedule", "“"+s.Name+"” goes on; what fell into the pause is not made up for.")
	}
}

func (p *pages) removeSchedule(c *gin.Context) {
	if err := p.RemoveSchedule(c.Request.Context(), c.Param("id")); err != nil {
		p.refused(c, "/schedule", err)
		return
	}
	done(c, "/schedule", "The schedule is deleted; its history stays.")
}

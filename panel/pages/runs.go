package pages

import (
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"github.com/hueprint/hueprint/panel/access"
	"github.com/hueprint/hueprint/panel/desk"
	"github.com/hueprint/hueprint/store"
)

func (p *pages) runRoutes() []access.Route {
	return []access.Route{
		get("/runs", store.ViewScope, p.runs),
		get("/runs/:id", store.ViewScope, p.run),
		get("/runs/:id/report", store.ViewScope, p.report),
		get("/runs/:id/explore", store.RunScope, p.explore),
		post("/runs/:id/notes", store.RunScope, p.annotate),
	}
}

// runsPage is a page of the list of runs.
type runsPage struct {
	frame
	store.RunPage
	Filter   url.Values // what the reader has chosen, without cursor
	Facets   store.Facets
	Columns  []column
	Problems desk.Problems
	// First tells that no page comes before.
	First bool
	// Names of schedules by ID.
	Schedules map[string]string
}

// A column of the list; Link is empty where the list cannot be ordered by it.
type column struct {
	Name, Link string
	// Sorted is ascending or descending in the column by which the list is
	// ordered.
	Sorted string
	Number bool
}

func (p *pages) runs(c *gin.Context) {
	ctx := c.Request.Context()
	page := runsPage{frame: p.frame(c, "runs", "Runs"), Filter: filterOf(c.Request.URL.Query())}
	q, err := desk.RunQuery(c.Request.URL.Query(), page.Zone)
	status := http.StatusOK
	if err != nil {
		page.Problems, _ = err.(desk.Problems)
		status, q = http.StatusUnprocessableEntity, store.RunQuery{}
	}
	if page.RunPage, err = p.Store.ListRuns(ctx, q); err != nil {
		p.fail(c, err)
		return
	}
	if page.Facets, err = p.Store.RunFacets(ctx); err != nil {
		p.fail(c, err)
		return
	}
	if page.Schedules, err = p.scheduleNames(ctx); err != nil {
		p.fail(c, err)
		return
	}
	page.First, page.Columns = q.After == "", columns(q, page.Filter)
	p.show(c, status, "runs", page)
}

// filterOf is the part of the query that pages of one list share.
func filterOf(v url.Values) url.Values {
	f := url.Values{}
	for _, name := range []string{"gateway", "verdict", "tag", "experiment", "schedule", "ending", "text", "from", "to", "attention", "sort", "order", "limit"} {
		if s := v.Get(name); s != "" {
			f.Set(name, s)
		}
	}
	return f
}

// columns are the list's, each with the link that orders by it; a second click
// turns the order round.
func columns(q store.RunQuery, filter url.Values) []column {
	all := []struct {
		name   string
		sort   store.RunSort
		number bool
	}{{"Prepared", store.ByTime, false}, {"Experiment", store.ByExperiment, false}, {"Gateway", store.ByGateway, false}, {"Verdict", store.ByVerdict, false}, {"p", store.ByP, true}, {"Took", store.ByDuration, true}}
	if q.Sort == "" {
		q.Sort = store.ByTime
	}
	var list []column
	for _, a := range all {
		col := column{Name: a.name, Number: a.number}
		order := "asc"
		if a.sort == store.ByTime || a.sort == store.ByDuration {
			order = "desc"
		}
		if a.sort == q.Sort {
			col.Sorted, order = "descending", "asc"
			if q.Ascending {
				col.Sorted, order = "ascending", "desc"
			}
		}
		col.Link = withQuery("/runs", filter, "sort", string(a.sort), "order", order)
		list = append(list, col)
	}
	return append(list, column{Name: "Tags and notes"})
}

// A chip is a filter that is on, with the link that takes it off.
type chip struct{ Text, Link string }

// Chips are the filters that are on.
func (p runsPage) Chips() []chip {
	var all []chip
	for _, name := range []string{"text", "gateway", "verdict", "tag", "experiment", "schedule", "ending", "from", "to", "attention"} {
		if s := p.Filter.Get(name); s != "" {
			text := name + ": " + s
			if name == "schedule" && p.Schedules[s] != "" {
				text = name + ": " + p.Schedules[s]
			}
			if name == "attention" {
				text = "needs a look"
			}
			all = append(all, chip{text, withQuery("/runs", p.Filter, name, "")})
		}
	}
	return all
}

// More tells whether a filter beyond the first ones is on.
func (p runsPage) More() bool {
	for _, name := range []string{"tag", "experiment", "from", "to", "schedule", "ending"} {
		if p.Filter.Get(name) != "" {
			return true
		}
	}
	return len(p.Problems) > 0
}

// NextLink is the page after this one.
func (p runsPage) NextLink() string { return withQuery("/runs", p.Filter, "after", p.Next) }

// FirstLink is the first page of the same list.
func (p runsPage) FirstLink() string { return withQuery("/runs", p.Filter) }

// Took is how long a run took.
func (p runsPage) Took(r store.Run) string {
	if r.Started.IsZero() || r.Ended.IsZero() {
		return "–"
	}
	return span(r.Ended.Sub(r.Started))
}

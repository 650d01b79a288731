package api

import (
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/panel/access"
	"github.com/hueprint/hueprint/panel/desk"
	"github.com/hueprint/hueprint/panel/lab"
	"github.com/hueprint/hueprint/runs"
	"github.com/hueprint/hueprint/store"
)

// runRoutes: recordings can hold application keys and passwords when they keep
// whole frames, so that they need more than to look at everything but secrets.
func (p *api) runRoutes() []access.Route {
	return []access.Route{
		get("/runs", store.ViewScope, p.runs),
		get("/runs/facets", store.ViewScope, p.facets),
		get("/runs/:id", store.ViewScope, p.run),
		get("/runs/:id/facts", store.ViewScope, p.facts),
		get("/runs/:id/findings", store.ViewScope, p.findings),
		get("/runs/:id/report", store.ViewScope, p.report),
		get("/runs/:id/report.md", store.ViewScope, p.markdown),
		get("/runs/:id/output", store.ViewScope, p.output),
		get("/runs/:id/captures", store.ViewScope, p.captures),
		get("/runs/:id/captures/:gateway", store.RunScope, p.capture),
		get("/runs/:id/annotated/:gateway", store.RunScope, p.annotated),
		get("/runs/:id/tables", store.ViewScope, p.tables),
		get("/runs/:id/tables/:file", store.ViewScope, p.table),
		get("/runs/:id/tables.zip", store.ViewScope, p.zip),
		get("/runs/:id/notes", store.ViewScope, p.notes),
		post("/runs/:id/notes", store.RunScope, p.addNote),
		put("/runs/:id/tags/:tag", store.RunScope, p.tag),
		remove("/runs/:id/tags/:tag", store.RunScope, p.untag),
		post("/runs/:id/analyses", store.RunScope, p.analyse),
	}
}

func (p *api) runs(c *gin.Context) {
	ctx := c.Request.Context()
	q, err := desk.RunQuery(c.Request.URL.Query(), desk.Zone(p.Bench.State(ctx)))
	if err != nil {
		p.fail(c, err)
		return
	}
	page, err := p.Store.ListRuns(ctx, q)
	if err != nil {
		p.fail(c, err)
		return
	}
	page.Runs = list(page.Runs)
	linkNext(c, page.Next)
	p.answer(c, http.StatusOK, page)
}

// facets are the values that filters can offer.
type facets struct {
	Gateways    []string `json:"gateways"`
	Verdicts    []string `json:"verdicts"`
	Tags        []string `json:"tags"`
	Experiments []string `json:"experiments"`
}

func (p *api) facets(c *gin.Context) {
	f, err := p.Store.RunFacets(c.Request.Context())
	if err != nil {
		p.fail(c, err)
		return
	}
	p.answer(c, http.StatusOK, facets{list(f.Gateways), list(f.Verdicts), list(f.Tags), list(f.Experiments)})
}

func (p *api) run(c *gin.Context) {
	r, err := p.Store.Run(c.Request.Context(), c.Param("id"))
	if err != nil {
		p.fail(c, err)
		return
	}
	p.answer(c, http.StatusOK, r)
}

// within answers by the folder of the run that the request names.
func (p *api) within(c *gin.Context, answer func(store.Run, *runs.Folder) error) {
	entry, folder, err := p.Folder(c.Request.Context(), c.Param("id"))
	if err != nil {
		p.fail(c, err)
		return
	}
	defer folder.Close()
	if err := answer(entry, folder); err != nil {
		p.fail(c, err)
	}
}

func (p *api) facts(c *gin.Context) {
	p.within(c, func(_ store.Run, folder *runs.Folder) error {
		r, err := folder.Run()
		if err == nil {
			p.answer(c, http.StatusOK, r)
		}
		return err
	})
}

func (p *api) findings(c *gin.Context) {
	p.within(c, func(_ store.Run, folder *runs.Folder) error {
		f, err := folder.Findings()
		if err == nil {
			p.answer(c, http.StatusOK, f)
		}
		return err
	})
}

// notesOf are the notes of a run and the tags that it has by them.
type notesOf struct {
	Notes []runs.Note `json:"notes"`
	Tags  []string    `json:"tags"`
}

func (p *api) notes(c *gin.Context) { p.answerNotes(c, http.StatusOK) }

func (p *api) answerNotes(c *gin.Context, status int) {
	p.within(c, func(_ store.Run, folder *runs.Folder) error {
		facts, err := folder.Run()
		if err != nil {
			return err
		}
		notes, err := folder.Notes()
		if err == nil {
			p.answer(c, status, notesOf{list(notes), runs.Tags(notes, facts.Occasion.Tags...)})
		}
		return err
	})
}

// note is what somebody writes on a run.
type note struct {
	Text  string   `json:"text"`
	Tag   []string `json:"tag"`
	Untag []string `json:"untag"`
}

func (p *api) addNote(c *gin.Context) {
	var n note
	if !p.read(c, &n) {
		return
	}
	if err := p.annotate(c, n); err != nil {
		p.fail(c, err)
		return
	}
	p.answerNotes(c, http.StatusCreated)
}

func (p *api) annotate(c *gin.Context, n note) error {
	return p.AddNote(c.Request.Context(), c.Param("id"), runs.Note{By: access.Who(c).Name, Text: n.Text, Tag: n.Tag, Untag: n.Untag})
}

func (p *api) tag(c *gin.Context)   { p.retag(c, note{Tag: []string{c.Param("tag")}}) }
func (p *api) untag(c *gin.Context) { p.retag(c, note{Untag: []string{c.Param("tag")}}) }

func (p *api) retag(c *gin.Context, n note) {
	if err := p.annotate(c, n); err != nil {
		p.fail(c, err)
		return
	}
	done(c)
}

// parameters are those of an exploratory analysis; zero means the registered one.
type parameters struct {
	Alpha  float64       `json:"alpha"`
	Window time.Duration `json:"window_ns"`
	Seed   uint64        `json:"seed"`
}

func (p *api) analyse(c *gin.Context) {
	var o parameters
	if !p.read(c, &o) {
		return
	}
	f, _, err := p.explore(c, analysis.Options{Alpha: o.Alpha, Window: o.Window, Seed: o.Seed})
	if err != nil {
		p.fail(c, err)
		return
	}
	p.answer(c, http.StatusOK, f)
}

// explore analyses the run when it is its turn: an analysis takes a whole core
// and much memory, and a lab's server has better things to do.
func (p *api) explore(c *gin.Context, o analysis.Options) (analysis.Findings, []analysis.Trace, error) {
	ctx, id := c.Request.Context(), c.Param("id")
	entry, err := p.Store.Run(ctx, id)
	if err != nil {
		return analysis.Findings{}, nil, err
	}
	if entry.Idle {
		return analysis.Findings{}, nil, fmt.Errorf("run %s is an idle recording, in which there is no action to look for: %w", id, lab.ErrInvalid)
	}
	if err := checkParameters(o); err != nil {
		return analysis.Findings{}, nil, err
	}
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-ctx.Done():
		return analysis.Findings{}, nil, ctx.Err()
	}
	return p.Explore(ctx, id, o)
}

func checkParameters(o analysis.Options) error {
	var ps desk.Problems
	if o.Alpha < 0 || o.Alpha >= 1 {
		ps = append(ps, desk.Problem{Field: "alpha", Text: "α must lie between 0 and 1, such as 0.05; 0 means the registered one"})
	}
	if o.Window < 0 || o.Window > time.Hour {
		ps = append(ps, desk.Problem{Field: "window_ns", Text: "the window must be at most one hour, in nanoseconds; 0 means the registered one"})
	}
	return ps.Err()
}

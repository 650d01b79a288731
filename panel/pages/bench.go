package pages

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"

	"github.com/gin-gonic/gin"

	"github.com/hueprint/hueprint/panel/access"
	"github.com/hueprint/hueprint/panel/desk"
	"github.com/hueprint/hueprint/panel/lab"
	"github.com/hueprint/hueprint/store"
)

func (p *pages) benchRoutes() []access.Route {
	return []access.Route{
		get("/", store.ViewScope, p.bench),
		get("/preview", store.ViewScope, p.preview),
		post("/bench/start", store.RunScope, p.start),
		post("/bench/stop", store.RunScope, p.stop),
		post("/bench/blink", store.RunScope, p.blink),
	}
}

// benchPage is the lab at one glance.
type benchPage struct {
	frame
	Form   startForm
	Latest []store.Run
	// Attention counts the runs that somebody should look at.
	Attention int
}

// startForm is what the form for a start holds, and what is wrong with it.
type startForm struct {
	Kind, Experiment, Idle, Seed, Tags string
	Gateways                           []string
	Problems                           desk.Problems
	// Query is the form as a query, for going back to it.
	Query string
}

func readStart(v url.Values) startForm {
	return startForm{
		Kind: v.Get("kind"), Experiment: v.Get("experiment"), Idle: v.Get("idle"), Seed: v.Get("seed"), Tags: v.Get("tags"),
		Gateways: v["gateways"], Query: v.Encode(),
	}
}

// Chosen tells whether the gateway is ticked.
func (f startForm) Chosen(gateway string) bool { return slices.Contains(f.Gateways, gateway) }

// With is the form with other problems.
func (f startForm) With(ps desk.Problems) startForm {
	f.Problems = ps
	return f
}

// task reads the form; what is wrong is then in its Problems.
func (f *startForm) task() store.Task {
	t, problems := desk.ReadTask(f.Kind, f.Experiment, f.Idle, f.Seed, f.Tags, f.Gateways)
	f.Problems = problems
	return t
}

func (p *pages) bench(c *gin.Context) {
	p.drawBench(c, http.StatusOK, readStart(c.Request.URL.Query()))
}

func (p *pages) drawBench(c *gin.Context, status int, form startForm) {
	latest, err := p.Store.ListRuns(c.Request.Context(), store.RunQuery{Limit: 6})
	if err != nil {
		p.fail(c, err)
		return
	}
	look, err := p.Store.ListRuns(c.Request.Context(), store.RunQuery{Attention: true, Limit: 1})
	if err != nil {
		p.fail(c, err)
		return
	}
	p.show(c, status, "bench", benchPage{p.frame(c, "bench", "Bench", "bench.js"), form, latest.Runs, look.Total})
}

// attempt does what a form asks for. It returns the problems to show at the
// form's fields, or an error to show instead.
func (p *pages) attempt(ctx context.Context, f *startForm, do func(context.Context, store.Task) error) error {
	t := f.task()
	if len(f.Problems) > 0 {
		return f.Problems
	}
	err := do(ctx, t)
	errors.As(err, &f.Problems)
	return err
}

func (p *pages) start(c *gin.Context) {
	if err := c.Request.ParseForm(); err != nil {
		p.fail(c, desk.Problems{{Field: "form", Text: "the form cannot be read"}})
		return
	}
	form := readStart(c.Request.PostForm)
	err := p.attempt(c.Request.Context(), &form, func(ctx context.Context, t store.Task) error {
		_, err := p.Start(ctx, access.Who(c).Name, t)
		return err
	})
	switch {
	case err == nil:
		done(c, "/", "The run has begun. Its progress stands below.")
	case len(form.Problems) > 0:
		p.drawBench(c, http.StatusUnprocessableEntity, form)
	default:
		p.refused(c, "/", err)
	}
}

func (p *pages) stop(c *gin.Context) {
	if err := p.Bench.Stop(c.Request.Context(), access.Who(c).Name); err != nil {
		p.refused(c, "/", err)
		return
	}
	done(c, "/", "The run is being stopped; the bulb is put back as it was found.")
}

func (p *pages) blink(c *gin.Context) {
	if err := p.Bench.Blink(c.Request.Context()); err != nil {
		p.refused(c, "/", err)
		return
	}
	done(c, "/", "The bulb has blinked.")
}

// previewPage is what a start would do.
type previewPage struct {
	frame
	Form    startForm
	Preview lab.Preview
}

func (p *pages) preview(c *gin.Context) {
	form := readStart(c.Request.URL.Query())
	page := previewPage{Form: form}
	err := p.attempt(c.Request.Context(), &page.Form, func(ctx context.Context, t store.Task) (err error) {
		page.Preview, err = p.Preview(ctx, t)
		return err
	})
	switch {
	case len(page.Form.Problems) > 0:
		p.drawBench(c, http.StatusUnprocessableEntity, page.Form)
	case err != nil:
		p.fail(c, err)
	default:
		page.frame = p.frame(c, "bench", "Dry run")
		p.show(c, http.StatusOK, "preview", page)
	}
}

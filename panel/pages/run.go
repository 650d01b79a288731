package pages

import (
	"bytes"
	"errors"
	"html/template"
	"net/http"
	"os"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/panel/access"
	"github.com/hueprint/hueprint/panel/desk"
	"github.com/hueprint/hueprint/panel/lab"
	"github.com/hueprint/hueprint/reports"
	"github.com/hueprint/hueprint/runs"
	"github.com/hueprint/hueprint/store"
)

// runPage is all there is to see of one run.
type runPage struct {
	frame
	Entry store.Run
	// Facts are zero, and Trouble says why, when they cannot be read.
	Facts   experiments.Run
	Trouble string
	// Body is the body of the report; empty before the analysis. Foreign tells
	// that there is a report which can only be shown by itself.
	Body    template.HTML
	Foreign bool
	Notes   []runs.Note
	// Schedule is the name of the schedule that fired it.
	Schedule string
	// Live is the run's progress while it goes on.
	Live    *lab.Running
	Note    noteForm
	Explore exploreForm
}

// noteForm is the form for a note, and what is wrong with it.
type noteForm struct {
	Text, Tags, Untags string
	Problems           desk.Problems
}

// exploreForm is the form for an exploratory analysis. Registered says what is
// registered.
type exploreForm struct {
	Alpha, Window, Seed string
	Problems            desk.Problems
}

func (p *pages) run(c *gin.Context) { p.drawRun(c, http.StatusOK, noteForm{}, exploreForm{}) }

func (p *pages) drawRun(c *gin.Context, status int, note noteForm, explore exploreForm) {
	ctx := c.Request.Context()
	entry, folder, err := p.Folder(ctx, c.Param("id"))
	if err != nil {
		p.fail(c, err)
		return
	}
	defer folder.Close()
	names, err := p.scheduleNames(ctx)
	if err != nil {
		p.fail(c, err)
		return
	}
	page := runPage{frame: p.frame(c, "runs", runTitle(entry), "run.js"), Entry: entry, Schedule: names[entry.Schedule], Note: note, Explore: explore}
	if r := page.State.Running; r != nil && r.Run == entry.ID {
		page.Live = r
	}
	p.read(c, folder, &page)
	p.show(c, status, "run", page)
}

func runTitle(r store.Run) string {
	if r.Experiment == "" {
		return "Idle recording"
	}
	return reports.Printable(r.Experiment)
}

// read reads the folder; what cannot be read is said on the page.
func (p *pages) read(c *gin.Context, folder *runs.Folder, page *runPage) {
	var err, noteErr, bodyErr error
	page.Facts, err = folder.Run()
	page.Notes, noteErr = folder.Notes()
	if page.Live == nil {
		page.Body, bodyErr = body(folder, page.Facts)
	}
	switch {
	case errors.Is(bodyErr, reports.ErrForeign):
		page.Foreign, bodyErr = true, nil
	case errors.Is(bodyErr, runs.ErrNotAnalysed):
		bodyErr = nil
	}
	if err := errors.Join(err, noteErr, bodyErr); err != nil {
		p.tell(c, err)
		page.Trouble = "Part of the run's folder cannot be read; the server's log says which."
	}
}

// body is what the run's report says: the one in its folder, or, where there is
// none, one without figures from its findings.
func body(folder *runs.Folder, facts experiments.Run) (template.HTML, error) {
	report, err := os.ReadFile(folder.ReportPath())
	if errors.Is(err, os.ErrNotExist) {
		found, err := folder.Findings()
		if err != nil {
			return "", err
		}
		return drawn(reports.Part{Findings: found, Run: &facts})
	}
	if err != nil {
		return "", err
	}
	return reports.Body(report)
}

func drawn(part reports.Part) (template.HTML, error) {
	var b bytes.Buffer
	if err := reports.HTML(&b, reports.Document{Parts: []reports.Part{part}}); err != nil {
		return "", err
	}
	return reports.Body(b.Bytes())
}

// reportPolicy lets a report's own script and style run, in an origin of its
// own: whatever is in it, it can ask nobody and act for nobody.
const reportPolicy = "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; form-action 'none'; base-uri 'none'"

// report shows the run's report by itself.
func (p *pages) report(c *gin.Context) {
	_, folder, err := p.Folder(c.Request.Context(), c.Param("id"))
	if err != nil {
		p.fail(c, err)
		return
	}
	defer folder.Close()
	report, err := os.ReadFile(folder.ReportPath())
	if errors.Is(err, os.ErrNotExist) {
		err = runs.ErrNotAnalysed
	}
	if err != nil {
		p.fail(c, err)
		return
	}
	c.Header("Content-Security-Policy", reportPolicy)
	c.Header("Cache-Control", "no-store")
	c.Data(http.StatusOK, "text/html; charset=utf-8", report)
}

func (p *pages) annotate(c *gin.Context) {
	id := c.Param("id")
	note := noteForm{Text: c.PostForm("text"), Tags: c.PostForm("tags"), Untags: c.PostForm("untags")}
	err := p.Annotate(c.Request.Context(), id, access.Who(c).Name, note.Text, note.Tags, note.Untags)
	switch {
	case err == nil:
		done(c, "/runs/"+id+"#notes", "The note is kept with the run.")
	case errors.As(err, &note.Problems):
		p.drawRun(c, http.StatusUnprocessableEntity, note, exploreForm{})
	default:
		p.fail(c, err)
	}
}

// explorePage is the result of an analysis with other parameters.
type explorePage struct {
	frame
	Entry    store.Run
	Findings analysis.Findings
	Options  analysis.Options
	Body     template.HTML
}

func (p *pages) explore(c *gin.Context) {
	id := c.Param("id")
	form := exploreForm{Alpha: c.Query("alpha"), Window: c.Query("window"), Seed: c.Query("seed")}
	o, err := desk.Exploration(form.Alpha, form.Window, form.Seed)
	if errors.As(err, &form.Problems) {
		p.drawRun(c, http.StatusUnprocessableEntity, noteForm{}, form)
		return
	}
	page := explorePage{Options: o}
	var traces []analysis.Trace
	if page.Findings, traces, err = p.Explore(c.Request.Context(), id, o); err != nil {
		p.fail(c, err)
		return
	}
	entry, folder, err := p.Folder(c.Request.Context(), id)
	if err != nil {
		p.fail(c, err)
		return
	}
	defer folder.Close()
	facts, err := folder.Run()
	if err == nil {
		page.Body, err = drawn(reports.Part{Findings: page.Findings, Traces: traces, Run: &facts})
	}
	if err != nil {
		p.fail(c, err)
		return
	}
	page.frame, page.Entry = p.frame(c, "runs", "Exploratory analysis of "+runTitle(entry), "run.js"), entry
	p.show(c, http.StatusOK, "explore", page)
}

// Took is how long the run took, up to now while it goes on.
func (p runPage) Took() time.Duration {
	if p.Entry.Started.IsZero() {
		return 0
	}
	if p.Entry.Ended.IsZero() {
		return p.Now.Sub(p.Entry.Started)
	}
	return p.Entry.Ended.Sub(p.Entry.Started)
}

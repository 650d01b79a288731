package pages

import (
	"errors"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/hueprint/hueprint/config"
	"github.com/hueprint/hueprint/panel/desk"
	"github.com/hueprint/hueprint/panel/lab"
)

// configurationPage is the configuration file in an editor.
type configurationPage struct {
	frame
	lab.Configuration
	// Checked tells that the text was checked and not saved.
	Checked bool
	Trouble string
}

// A remark is a mistake with the line in which it is.
type remark struct {
	config.Mistake
	Source string
}

// Remarks are the text's mistakes with their lines.
func (p configurationPage) Remarks() []remark {
	lines := strings.Split(p.Text, "\n")
	var all []remark
	for _, m := range p.Mistakes {
		r := remark{Mistake: m}
		if m.Line >= 1 && m.Line <= len(lines) {
			r.Source = strings.TrimRight(lines[m.Line-1], "\r")
		}
		all = append(all, r)
	}
	return all
}

// Rows is how many lines the editor shows.
func (p configurationPage) Rows() int { return min(max(strings.Count(p.Text, "\n")+2, 16), 40) }

func (p *pages) configuration(c *gin.Context) {
	now, err := p.Setup.Configuration(c.Request.Context())
	if err != nil {
		p.fail(c, err)
		return
	}
	p.drawConfiguration(c, http.StatusOK, configurationPage{Configuration: now})
}

func (p *pages) drawConfiguration(c *gin.Context, status int, page configurationPage) {
	page.frame = p.frame(c, "setup", "Experiments", "editor.js")
	p.show(c, status, "configuration", page)
}

// saveConfiguration checks or saves the text, as the pressed button says.
func (p *pages) saveConfiguration(c *gin.Context) {
	page := configurationPage{Checked: c.PostForm("do") == "check"}
	now, err := p.Setup.Configuration(c.Request.Context())
	if err != nil {
		p.fail(c, err)
		return
	}
	page.Path, page.Revision = now.Path, c.PostForm("revision")
	page.Text = strings.ReplaceAll(c.PostForm("text"), "\r\n", "\n")
	if page.Checked {
		page.Mistakes = p.Setup.Check(page.Text)
		p.drawConfiguration(c, http.StatusOK, page)
		return
	}
	err = p.Setup.SaveConfiguration(c.Request.Context(), page.Text, page.Revision)
	switch {
	case err == nil:
		done(c, "/setup/experiments", "The configuration is saved.")
		return
	case errors.As(err, &page.Mistakes):
		page.Trouble = "Not saved: the text has mistakes."
	case errors.Is(err, lab.ErrChanged):
		page.Trouble = "Not saved: the file was changed meanwhile. Keep a copy of your text, open this page again, and repeat the change."
	case desk.Status(err) < http.StatusInternalServerError:
		page.Trouble = "Not saved: " + err.Error() + "."
	default:
		p.fail(c, err)
		return
	}
	p.drawConfiguration(c, desk.Status(err), page)
}

// checksPage is the doctor's report.
type checksPage struct {
	frame
	// Ran tells that the checks were made; else the page offers to.
	Ran    bool
	Checks []lab.Check
}

// Failed counts the checks that found something wrong.
func (p checksPage) Failed() (n int) {
	for _, c := range p.Checks {
		if !c.OK {
			n++
		}
	}
	return n
}

func (p *pages) checks(c *gin.Context) {
	p.show(c, http.StatusOK, "checks", checksPage{frame: p.frame(c, "setup", "Checks", "checks.js")})
}

func (p *pages) runChecks(c *gin.Context) {
	found := p.Setup.Checks(c.Request.Context())
	p.show(c, http.StatusOK, "checks", checksPage{p.frame(c, "setup", "Checks", "checks.js"), true, found})
}

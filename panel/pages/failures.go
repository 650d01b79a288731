package pages

import (
	"log/slog"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/hueprint/hueprint/panel/access"
	"github.com/hueprint/hueprint/panel/desk"
)

const unforeseen = "Something failed at the server. Nothing more is shown here; its log says what it was."

// failure is a page that says why there is nothing else to see.
type failure struct {
	frame
	Status int
	Why    access.RefusalView
}

// fail answers with the page for an error.
func (p *pages) fail(c *gin.Context, err error) {
	status := desk.Status(err)
	v := access.RefusalView{Title: titles[status], Text: sentence(err.Error()), Do: advice[status]}
	if status >= http.StatusInternalServerError {
		p.tell(c, err)
		v.Text = unforeseen
	}
	p.refusal(c, status, v)
}

var titles = map[int]string{
	http.StatusBadRequest:          "That cannot be read",
	http.StatusForbidden:           "Not allowed",
	http.StatusNotFound:            "Not found",
	http.StatusConflict:            "Not now",
	http.StatusUnprocessableEntity: "That cannot be done as asked",
	http.StatusInternalServerError: "Something failed",
}

var advice = map[int]string{
	http.StatusForbidden:           "Ask an administrator of this panel for the right to do it.",
	http.StatusNotFound:            "It may have been removed, or the address is wrong. The bench and the list of runs are above.",
	http.StatusConflict:            "Read the page again and see how things stand.",
	http.StatusUnprocessableEntity: "Go back and correct it.",
	http.StatusInternalServerError: "Try again. If it fails again, look into the server's log.",
}

// refusal is [access.Views.Refusal].
func (p *pages) refusal(c *gin.Context, status int, v access.RefusalView) {
	if v.Title == "" {
		v.Title = titles[status]
	}
	if v.Do == "" {
		v.Do = advice[status]
	}
	p.show(c, status, "failure", failure{p.frame(c, "", v.Title), status, v})
}

// tell writes a failure into the log.
func (p *pages) tell(c *gin.Context, err error) {
	if p.Log != nil {
		p.Log.ErrorContext(c.Request.Context(), "page failed", slog.String("method", c.Request.Method), slog.String("route", c.FullPath()), slog.Any("error", err))
	}
}

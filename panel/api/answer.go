package api

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"github.com/hueprint/hueprint/config"
	"github.com/hueprint/hueprint/panel/access"
	"github.com/hueprint/hueprint/panel/desk"
	"github.com/hueprint/hueprint/runs"
)

// answer writes v as JSON.
func (p *api) answer(c *gin.Context, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		p.fail(c, err)
		return
	}
	c.Data(status, "application/json", append(body, '\n'))
}

// list is the list, empty instead of nil, which JSON would call null.
func list[T any](all []T) []T {
	if all == nil {
		return []T{}
	}
	return all
}

// lists is an object that holds one list, so that more can stand beside it later.
func lists[T any](name string, all []T) map[string][]T { return map[string][]T{name: list(all)} }

// done answers what was done and leaves nothing to say.
func done(c *gin.Context) { c.Status(http.StatusNoContent) }

// created answers with something new and where it is found.
func (p *api) created(c *gin.Context, path string, v any) {
	c.Header("Location", prefix+path)
	p.answer(c, http.StatusCreated, v)
}

// linkNext tells in the header Link where the next page is.
func linkNext(c *gin.Context, next string) {
	if next == "" {
		return
	}
	q := c.Request.URL.Query()
	q.Set("after", next)
	to := url.URL{Path: c.Request.URL.Path, RawQuery: q.Encode()}
	c.Header("Link", "<"+to.String()+`>; rel="next"`)
}

// problem is an error as the API tells it, with what is wrong with each field of
// the request.
type problem struct {
	access.Problem
	Problems desk.Problems   `json:"problems,omitempty"`
	Mistakes config.Mistakes `json:"mistakes,omitempty"`
}

var titles = map[int]string{
	http.StatusBadRequest:           "That cannot be read",
	http.StatusNotFound:             "Not found",
	http.StatusConflict:             "Not now",
	http.StatusUnsupportedMediaType: "That cannot be read",
	http.StatusUnprocessableEntity:  "That cannot be done as asked",
}

const unforeseen = "Something failed at the server. Its log says what; try again."

// fail answers with the problem that an error is. What nobody foresaw is told to
// the log, and the asker only that it is there.
func (p *api) fail(c *gin.Context, err error) {
	if c.Request.Context().Err() != nil && errors.Is(err, context.Canceled) {
		c.Abort() // nobody is there to read it
		return
	}
	var r *unreadable
	if errors.As(err, &r) {
		p.tell(c, r.status, problem{Problem: access.Problem{Detail: r.text}})
		return
	}
	v := problem{Problem: access.Problem{Detail: err.Error()}}
	status := desk.Status(err)
	switch {
	case status >= http.StatusInternalServerError:
		p.log(c, err)
		v.Detail = unforeseen
	case errors.Is(err, runs.ErrNotARun): // its text names the folder
		p.log(c, err)
		v.Detail = "The folder of this run is gone, or holds no run any more. The index forgets it when the server starts again."
	}
	errors.As(err, &v.Problems)
	errors.As(err, &v.Mistakes)
	p.tell(c, status, v)
}

// failOutside is fail for what goes wrong with the bridge or an interface: an
// administrator may see all of it, as it is theirs to mend.
func (p *api) failOutside(c *gin.Context, err error) {
	if desk.Status(err) < http.StatusInternalServerError || errors.Is(err, context.Canceled) {
		p.fail(c, err)
		return
	}
	p.log(c, err)
	p.tell(c, http.StatusConflict, problem{Problem: access.Problem{Detail: err.Error()}})
}

func (p *api) tell(c *gin.Context, status int, v problem) {
	c.Abort()
	v.Type, v.Status, v.Title = "about:blank", status, titles[status]
	if v.Title == "" {
		v.Title = http.StatusText(status)
	}
	access.Tell(c, status, v)
}

func (p *api) log(c *gin.Context, err error) {
	if p.Log != nil {
		p.Log.ErrorContext(c.Request.Context(), "request failed", slog.String("method", c.Request.Method), slog.String("route", c.FullPath()), slog.Any("error", err))
	}
}

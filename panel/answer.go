package panel

import (
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/hueprint/hueprint/panel/access"
)

// unmatched is the route of requests that match none.
const unmatched = "unmatched"

// measure counts the request and tells the log of it. The log gets the route's
// pattern and never the path, query or headers, which may hold secrets.
func (p *Panel) measure(c *gin.Context) {
	began := time.Now()
	defer func() {
		route := c.FullPath()
		if route == "" {
			route = unmatched
		}
		status, took := c.Writer.Status(), time.Since(began)
		p.meters.request(c.Request.Method, route, status, took, streamed(c))
		p.o.Log.Log(c.Request.Context(), levelOf(status), "request", "method", c.Request.Method, "route", route,
			"status", status, "took", took, "bytes", c.Writer.Size(), "who", access.Who(c).Name)
	}()
	c.Next()
}

// streamed tells whether the answer was a stream of events, which lasts as long
// as somebody looks.
func streamed(c *gin.Context) bool {
	return strings.HasPrefix(c.Writer.Header().Get("Content-Type"), "text/event-stream")
}

func levelOf(status int) slog.Level {
	switch {
	case status >= http.StatusInternalServerError:
		return slog.LevelError
	case status >= http.StatusBadRequest:
		return slog.LevelInfo
	}
	return slog.LevelDebug
}

// recover turns a handler's panic into an answer; the log gets the stack. Where
// the answer has begun already, the connection is cut, so that nobody takes half
// a page for a whole one.
func (p *Panel) recover(c *gin.Context) {
	defer func() {
		cause := recover()
		if cause == nil {
			return
		}
		if err, ok := cause.(error); ok && err == http.ErrAbortHandler {
			panic(cause)
		}
		p.o.Log.Error("a handler panicked", "route", c.FullPath(), "cause", fmt.Sprint(cause), "stack", string(debug.Stack()))
		if c.Writer.Written() {
			panic(http.ErrAbortHandler)
		}
		p.gate.Refuse(c, http.StatusInternalServerError, access.RefusalView{Title: "Something failed",
			Text: "Something failed at the server.", Do: "Its log says what; try again."})
	}()
	c.Next()
}

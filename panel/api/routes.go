package api

import (
	"net/http"
	"sync"

	"github.com/gin-gonic/gin"

	"github.com/hueprint/hueprint/panel/access"
	"github.com/hueprint/hueprint/panel/desk"
	"github.com/hueprint/hueprint/panel/live"
	"github.com/hueprint/hueprint/store"
)

// prefix is where the API begins.
const prefix = "/api/v1"

// api answers requests.
type api struct {
	desk.Desk
	// turn holds one token for the one analysis that goes on at a time.
	turn chan struct{}
	// document is made when somebody first asks for it.
	document func() ([]byte, error)
}

// Routes are all of the API.
func Routes(d desk.Desk) []access.Route {
	if d.People == nil {
		d.People = access.NewPeople(d.Store, d.Now)
	}
	p := &api{Desk: d, turn: make(chan struct{}, 1), document: sync.OnceValues(document)}
	routes := []access.Route{
		get("/openapi.json", "", p.openapi),
		get("/me", store.ViewScope, p.me),
		get("/events", store.ViewScope, func(c *gin.Context) { live.Serve(c, p.Feed) }),
	}
	routes = append(routes, p.benchRoutes()...)
	routes = append(routes, p.runRoutes()...)
	routes = append(routes, p.scheduleRoutes()...)
	routes = append(routes, p.setupRoutes()...)
	return append(routes, p.peopleRoutes()...)
}

func get(path string, scope store.Scope, h gin.HandlerFunc) access.Route {
	return access.Route{Method: http.MethodGet, Path: prefix + path, Scope: scope, Handle: h}
}

// change is a route that changes something; its body is small.
func change(method, path string, scope store.Scope, h gin.HandlerFunc) access.Route {
	return access.Route{Method: method, Path: prefix + path, Scope: scope, Limit: 64 << 10, Handle: h}
}

func post(path string, scope store.Scope, h gin.HandlerFunc) access.Route {
	return change(http.MethodPost, path, scope, h)
}

func put(path string, scope store.Scope, h gin.HandlerFunc) access.Route {
	return change(http.MethodPut, path, scope, h)
}

func remove(path string, scope store.Scope, h gin.HandlerFunc) access.Route {
	return change(http.MethodDelete, path, scope, h)
}

// openapi shows the document to everybody: it holds nothing of this lab.
func (p *api) openapi(c *gin.Context) {
	text, err := p.document()
	if err != nil {
		p.fail(c, err)
		return
	}
	c.Data(http.StatusOK, "application/json", text)
}

// identity is who asks.
type identity struct {
	Name  string      `json:"name"`
	Scope store.Scope `json:"scope"`
	Token bool        `json:"token"`
}

func (p *api) me(c *gin.Context) {
	who := access.Who(c)
	p.answer(c, http.StatusOK, identity{who.Name, who.Scope, who.Token})
}

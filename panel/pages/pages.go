package pages

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/hueprint/hueprint/panel/access"
	"github.com/hueprint/hueprint/panel/desk"
	"github.com/hueprint/hueprint/panel/live"
	"github.com/hueprint/hueprint/store"
)

// Options are what pages are drawn from.
type Options = desk.Desk

// pages answers requests; it holds nothing that changes.
type pages struct {
	desk.Desk
	sheets sheets
	assets assets
}

func open(o Options) *pages {
	if o.People == nil {
		o.People = access.NewPeople(o.Store, o.Now)
	}
	a := newAssets()
	return &pages{Desk: o, assets: a, sheets: newSheets(a)}
}

// Routes are all pages, the forms on them, the stream of events for their
// scripts, and the files that they need.
func Routes(o Options) []access.Route {
	p := open(o)
	routes := []access.Route{
		{Method: http.MethodGet, Path: p.assets.path + ":name", Handle: p.assets.serve},
		{Method: http.MethodPost, Path: "/theme", Handle: p.theme},
		{Method: http.MethodGet, Path: "/events", Scope: store.ViewScope, Handle: func(c *gin.Context) { live.Serve(c, p.Feed) }},
	}
	routes = append(routes, p.benchRoutes()...)
	routes = append(routes, p.runRoutes()...)
	routes = append(routes, p.scheduleRoutes()...)
	routes = append(routes, p.setupRoutes()...)
	return append(routes, p.peopleRoutes()...)
}

// Views are the pages of package access: login, first account, refusals.
func Views(o Options) access.Views {
	p := open(o)
	return access.Views{Login: p.login, FirstAccount: p.firstAccount, Refusal: p.refusal}
}

func get(path string, scope store.Scope, h gin.HandlerFunc) access.Route {
	return access.Route{Method: http.MethodGet, Path: path, Scope: scope, Handle: h}
}

func post(path string, scope store.Scope, h gin.HandlerFunc) access.Route {
	return access.Route{Method: http.MethodPost, Path: path, Scope: scope, Handle: h}
}

//go:build !race

package main

import (
	"cmp"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hueprint/hueprint/browsertest"
	"github.com/hueprint/hueprint/panel"
	"github.com/hueprint/hueprint/panel/labtest"
)

// A panelRoute is a route of the panel, and how to tell that a path is of it.
type panelRoute struct {
	method, pattern string
	is              *regexp.Regexp
}

// routesOfThePanel are those that its router has, but for the API's, whose tests
// go through the OpenAPI document. Fixed paths come before those with a variable.
func routesOfThePanel(t *testing.T) []panelRoute {
	t.Helper()
	l := labtest.Empty(t)
	p, err := panel.New(panel.Options{Bench: l.Bench, Setup: l.Bench, Feed: l.Hub, Store: l.Store})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	variable := regexp.MustCompile(`:[a-z]+`)
	var all []panelRoute
	for _, r := range p.Routes() {
		if !strings.HasPrefix(r.Path, "/api/") {
			all = append(all, panelRoute{r.Method, r.Path, regexp.MustCompile("^" + variable.ReplaceAllString(r.Path, "[^/]+") + "$")})
		}
	}
	slices.SortFunc(all, func(a, b panelRoute) int {
		return strings.Count(a.pattern, ":") - strings.Count(b.pattern, ":")
	})
	return all
}

// patternOf is the route of a request, such as "GET /runs/:id"; empty when there
// is none.
func (g *guest) patternOf(method, path string) string {
	path, _, _ = strings.Cut(path, "?")
	path, _, _ = strings.Cut(path, "#")
	for _, r := range g.routes {
		if r.method == method && r.is.MatchString(path) {
			return r.method + " " + r.pattern
		}
	}
	return ""
}

// notPages are what answers to GET and is no page, with what it is.
func notPages() map[string]string {
	return map[string]string{
		"/events":  "the stream that pages listen to",
		"/healthz": "for supervisors", "/readyz": "for supervisors", "/metrics": "for Prometheus",
	}
}

// pages are the patterns of all pages.
func (g *guest) pages() []string {
	var all []string
	for _, r := range g.routes {
		if r.method == http.MethodGet && notPages()[r.pattern] == "" && !strings.HasPrefix(r.pattern, "/static/") {
			all = append(all, r.pattern)
		}
	}
	slices.Sort(all)
	return all
}

// emptyAddresses are the pages that there are before anything is set up.
func (g *guest) emptyAddresses() map[string]string {
	all := map[string]string{"nowhere": "/nowhere"}
	for _, pattern := range g.pages() {
		switch pattern {
		case "/first", "/login": // looked at before and after this
		case "/preview": // there is nothing to try
		default:
			if !strings.Contains(pattern, ":") {
				all[pattern] = pattern
			}
		}
	}
	return all
}

// fullAddresses are the pages of a bench in use. A page that is not here fails
// the test.
func (g *guest) fullAddresses(run, schedule string) map[string]string {
	return map[string]string{
		"/":                    "/",
		"/account":             "/account",
		"/preview":             "/preview?kind=experiment&experiment=short&seed=7",
		"/runs":                "/runs",
		"/runs/:id":            "/runs/" + run,
		"/runs/:id/explore":    "/runs/" + run + "/explore?alpha=0.2",
		"/runs/:id/report":     "/runs/" + run + "/report",
		"/schedule":            "/schedule",
		"/schedule/:id":        "/schedule/" + schedule,
		"/schedule/history":    "/schedule/history",
		"/schedule/new":        "/schedule/new",
		"/setup":               "/setup",
		"/setup/access":        "/setup/access",
		"/setup/bridge":        "/setup/bridge",
		"/setup/checks":        "/setup/checks",
		"/setup/experiments":   "/setup/experiments",
		"/setup/gateways":      "/setup/gateways",
		"/setup/gateways/edit": "/setup/gateways/edit?edit=aeotec",
		"/setup/light":         "/setup/light",
	}
}

// lookAtAll opens pages one after another and looks at each.
func (g *guest) lookAtAll(phase string, addresses map[string]string, views ...browsertest.View) {
	for _, pattern := range slices.Sorted(maps.Keys(addresses)) {
		g.open(addresses[pattern])
		if pattern == "nowhere" {
			g.wasRefused(http.StatusNotFound)
		}
		g.look(phase, views...)
	}
}

// look checks the page that is open in each view.
func (g *guest) look(phase string, views ...browsertest.View) {
	g.t.Helper()
	path := g.path()
	pattern := strings.TrimPrefix(g.patternOf(http.MethodGet, path), "GET ")
	name := strings.NewReplacer("/", "_", ":", "").Replace(phase + cmp.Or(pattern, path))
	if g.seen[pattern] == nil {
		g.seen[pattern] = map[string]bool{}
	}
	for _, v := range views {
		g.at = phase + " " + path + " " + v.String()
		g.Look(v)
		g.shoot(name, v)
		g.check()
		g.seen[pattern][v.String()] = true
	}
	g.Look(browsertest.View{})
}

// demandEveryRoute demands that each page was looked at in every view, and that
// the browser has asked for each route.
func (g *guest) demandEveryRoute() {
	bad := browsertest.Value[[]string](g.Page, `Promise.all(["/healthz", "/readyz", "/metrics"].map(async path => {
		const answer = await fetch(path);
		return answer.ok ? "" : path + ": " + answer.status + " " + await answer.text();
	})).then(all => all.filter(Boolean))`)
	for _, b := range bad {
		g.t.Errorf("not well: %s", b)
	}
	g.forget()
	for _, pattern := range g.pages() {
		for _, v := range browsertest.Views() {
			if !g.seen[pattern][v.String()] {
				g.t.Errorf("the page %s was not looked at in the view %s", pattern, v)
			}
		}
	}
	for _, r := range g.routes {
		if !g.asked[r.method+" "+r.pattern] {
			g.t.Errorf("the browser has not asked for %s %s", r.method, r.pattern)
		}
	}
}

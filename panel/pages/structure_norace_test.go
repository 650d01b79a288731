//go:build !race

package pages_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/hueprint/hueprint/panel/labtest"
	"github.com/hueprint/hueprint/store"
)

// notPages are the routes by GET that answer with something else than a page.
func notPages(path string) bool {
	return strings.HasPrefix(path, "/api/") || strings.HasPrefix(path, "/static/") || slices.Contains([]string{"/events", "/metrics", "/healthz", "/readyz", "/runs/:id/report"}, path)
}

// addresses are the addresses of all pages of a bench, from its router: every
// route by GET that answers with a page, with every ID that there is, and some
// with a query.
func (b *bench) addresses() []string {
	var all []string
	for _, r := range b.panel.Routes() {
		switch {
		case r.Method != http.MethodGet || notPages(r.Path):
		case strings.Contains(r.Path, ":id"):
			for _, id := range b.ids(r.Path) {
				all = append(all, strings.ReplaceAll(r.Path, ":id", id))
			}
		case r.Path == "/login" || r.Path == "/first" || r.Path == "/preview": // asked for below or by their own tests
		default:
			all = append(all, r.Path)
		}
	}
	slices.Sort(all)
	if len(b.State(b.t.Context()).Experiments) > 0 {
		all = append(all, "/preview?kind=experiment&experiment=ten-toggles&gateways=echo&tags=a&seed=7", "/preview?kind=idle&idle=12h",
			"/runs?verdict=inconclusive&attention=1&tag=night&sort=p&order=asc&from=2026-11-01", "/runs?limit=2", "/schedule/history?outcome=missed", "/schedule/history?limit=2")
	}
	return all
}

// labs are the benches on which every page is looked at.
func labs(t *testing.T) map[string]*bench {
	all := map[string]*bench{"empty": serve(t, labtest.Empty(t)), "full": serve(t, labtest.Full(t)), "hostile": serve(t, hostile(t, hostileNames())), "running": serve(t, labtest.Full(t))}
	page, err := all["running"].Store.ListRuns(t.Context(), store.RunQuery{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	running(all["running"].Lab, page.Runs[0].ID)
	for _, name := range []string{"full", "hostile"} {
		page, err := all[name].Store.ListRuns(t.Context(), store.RunQuery{Limit: 2})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page.Runs {
			publish(t, all[name].Lab, r)
		}
	}
	return all
}

// Every page is a whole one: no script or style of its own, one heading of the
// first rank and no rank left out, a label for every field, links and forms that
// lead to a route.
func TestEveryPageNoRace(t *testing.T) {
	for name, b := range labs(t) {
		t.Run(name, func(t *testing.T) {
			for _, address := range b.addresses() {
				b.t = t
				want := http.StatusOK
				if name == "running" && strings.Contains(address, "/explore") && strings.Contains(address, b.State(t.Context()).Running.Run) {
					want = http.StatusConflict
				}
				p := b.get(address).says(want, "hueprint")
				b.sound(address, p)
			}
		})
	}
}

// sound checks what every page must hold.
func (b *bench) sound(address string, p page) {
	b.t.Helper()
	wrong := func(format string, args ...any) {
		b.t.Helper()
		b.t.Errorf("%s: %s", address, fmt.Sprintf(format, args...))
	}
	rank, first := 0, 0
	seen := map[string]bool{}
	for _, n := range p.all(func(*html.Node) bool { return true }) {
		for _, a := range n.Attr {
			if a.Key == "style" || strings.HasPrefix(a.Key, "on") {
				wrong("<%s %s=%q>", n.Data, a.Key, a.Val)
			}
		}
		if id := attr(n, "id"); id != "" && seen[id] {
			wrong("two elements have the id %s", id)
		} else {
			seen[id] = id != ""
		}
		switch n.Data {
		case "style":
			wrong("it has a style")
		case "script":
			if n.FirstChild != nil || !strings.HasPrefix(attr(n, "src"), "/static/") {
				wrong("it has a script of its own")
			}
		case "h1", "h2", "h3", "h4":
			now := int(n.Data[1] - '0')
			if now > rank+1 {
				wrong("<%s> %q follows rank %d", n.Data, content(n), rank)
			}
			if rank = now; now == 1 {
				first++
			}
		case "table":
			if len(n.Attr) > 0 && attr(n, "class") != "pattern" && !inBody(n) && !has(n, "caption") {
				wrong("a table has no caption")
			}
		case "th":
			if attr(n, "scope") == "" && !inBody(n) {
				wrong("the head %q has no scope", content(n))
			}
		case "img":
			wrong("it has an image")
		}
	}
	if first != 1 {
		wrong("%d headings of the first rank", first)
	}
	b.labelled(p, wrong)
	b.leads(p, wrong)
	if title := p.all(func(n *html.Node) bool { return n.Data == "title" && n.Parent.Data == "head" }); len(title) != 1 || !strings.Contains(content(title[0]), "hueprint") {
		wrong("no title")
	}
	if b.State(b.t.Context()).Simulated && !strings.Contains(p.words(), "Simulated lab") {
		wrong("it does not say that the lab is simulated")
	}
}

// inBody tells whether an element belongs to a report.
func inBody(n *html.Node) bool {
	for a := n.Parent; a != nil; a = a.Parent {
		if attr(a, "class") == "body" {
			return true
		}
	}
	return false
}

func has(n *html.Node, name string) bool {
	for d := range n.Descendants() {
		if d.Data == name {
			return true
		}
	}
	return false
}

// labelled demands a label for each field.
func (b *bench) labelled(p page, wrong func(string, ...any)) {
	labels := map[string]bool{}
	for _, n := range p.all(func(n *html.Node) bool { return n.Data == "label" }) {
		labels[attr(n, "for")] = content(n) != ""
	}
	for _, n := range p.all(func(n *html.Node) bool { return n.Data == "input" || n.Data == "select" || n.Data == "textarea" }) {
		inside := n.Parent != nil && n.Parent.Data == "label"
		if attr(n, "type") != "hidden" && !inside && !labels[attr(n, "id")] {
			wrong("<%s name=%q> has no label", n.Data, attr(n, "name"))
		}
	}
	for _, n := range p.all(func(n *html.Node) bool { return n.Data == "button" || n.Data == "a" || n.Data == "summary" }) {
		if content(n) == "" && attr(n, "aria-label") == "" {
			wrong("<%s> says nothing", n.Data)
		}
	}
}

// leads demands that each link and form goes to a route that is there.
func (b *bench) leads(p page, wrong func(string, ...any)) {
	for _, n := range p.all(func(*html.Node) bool { return true }) {
		for _, a := range n.Attr {
			method := http.MethodGet
			switch {
			case a.Key == "href" && strings.HasPrefix(a.Val, "#"):
				continue
			case a.Key == "href" || a.Key == "src" || a.Key == "formaction":
			case a.Key == "action":
				method = strings.ToUpper(attr(n, "method"))
			default:
				continue
			}
			path, _, _ := strings.Cut(a.Val, "?")
			path, _, _ = strings.Cut(path, "#")
			if !b.routed(method, path) {
				wrong("<%s %s=%q> leads nowhere by %s", n.Data, a.Key, a.Val, method)
			}
		}
	}
}

// routed tells whether a route answers.
func (b *bench) routed(method, path string) bool {
	want := strings.Split(path, "/")
	for _, r := range b.panel.Routes() {
		parts := strings.Split(r.Path, "/")
		same := r.Method == method && len(parts) == len(want)
		for i := 0; same && i < len(parts); i++ {
			same = parts[i] == want[i] || strings.HasPrefix(parts[i], ":") && want[i] != ""
		}
		if same {
			return true
		}
	}
	return false
}

// Nobody is offered what would be refused: each link and form of a page needs no
// more than the reader has.
func TestPagesOfferOnlyWhatIsAllowedNoRace(t *testing.T) {
	l := labtest.Full(t)
	b := serve(t, l)
	addresses := b.addresses()
	for _, scope := range []store.Scope{store.ViewScope, store.RunScope} {
		secret, _, err := b.panel.People().Issue(t.Context(), "ada", "reader-"+string(scope), scope, labtest.Noon().AddDate(1, 0, 0))
		if err != nil {
			t.Fatal(err)
		}
		b.bearer = secret
		for _, busy := range []bool{false, true} {
			if l.Change(func(c *labtest.Contents) { c.State.Running = nil }); busy {
				running(l, b.ids("/runs/:id")[0])
			}
			for _, address := range addresses {
				p := b.get(address)
				if path, _, _ := strings.Cut(address, "?"); !scope.Allows(b.needs(http.MethodGet, path)) {
					p.says(http.StatusForbidden)
				}
				for _, n := range p.all(func(n *html.Node) bool { return attr(n, "href") != "" || attr(n, "action") != "" }) {
					method := firstOf(strings.ToUpper(attr(n, "method")), http.MethodGet)
					path, _, _ := strings.Cut(attr(n, "href")+attr(n, "action"), "?")
					path, _, _ = strings.Cut(path, "#")
					if need := b.needs(method, path); need != "" && !scope.Allows(need) {
						t.Errorf("%s offers %s %s to one who may %s", address, method, path, scope)
					}
				}
			}
		}
	}
}

// needs is the scope of the route that answers; empty for none.
func (b *bench) needs(method, path string) store.Scope {
	want := strings.Split(path, "/")
	best, fixed := store.Scope(""), -1
	for _, r := range b.panel.Routes() {
		parts := strings.Split(r.Path, "/")
		same, n := r.Method == method && len(parts) == len(want), 0
		for i := 0; same && i < len(parts); i++ {
			if parts[i] == want[i] {
				n++
			} else {
				same = strings.HasPrefix(parts[i], ":") && want[i] != ""
			}
		}
		if same && n > fixed {
			best, fixed = r.Scope, n
		}
	}
	return best
}

func firstOf(words ...string) string {
	for _, w := range words {
		if w != "" {
			return w
		}
	}
	return ""
}

package pages_test

import (
	"os"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/hueprint/hueprint/panel/labtest"
)

func formsSource(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	for _, name := range []string{"forms_test.go", "frame_test.go"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	return all.String()
}

// The theme is remembered, stands in the page from its first byte, and going
// back never leads to another host.
func TestTheme(t *testing.T) {
	b := serve(t, labtest.Empty(t))
	theme := func(p page) string {
		return attr(p.all(func(n *html.Node) bool { return n.Data == "html" })[0], "data-theme")
	}
	if got := theme(b.get("/")); got != "" {
		t.Errorf("a first visit has the theme %q", got)
	}
	if p := b.post("/theme", "theme", "dark", "back", "/runs?sort=p"); theme(p) != "dark" || p.path != "/runs" {
		t.Errorf("at %s with %q", p.path, theme(p))
	}
	for _, back := range []string{"//evil.example/", "https://evil.example/", `/\evil.example`, "/\tx", "", "runs"} {
		if p := b.post("/theme", "theme", "light", "back", back); theme(p) != "light" || p.path != "/" {
			t.Errorf("back to %q: at %s with %q", back, p.path, theme(p))
		}
	}
	if p := b.post("/theme", "theme", "<b>", "back", "/"); theme(p) != "" {
		t.Errorf("an unknown theme gives %q", theme(p))
	}
}

// Files that pages need come with a type and stay in the browser; nothing else
// comes from there.
func TestAssets(t *testing.T) {
	b := serve(t, labtest.Empty(t))
	p := b.get("/")
	seen := 0
	for _, n := range p.all(func(n *html.Node) bool { return strings.HasPrefix(attr(n, "href")+attr(n, "src"), "/static/") }) {
		a := b.get(attr(n, "href") + attr(n, "src")).says(200)
		if a.header.Get("Content-Type") == "" || !strings.Contains(a.header.Get("Cache-Control"), "immutable") {
			t.Errorf("%s%s: %v", attr(n, "href"), attr(n, "src"), a.header)
		}
		seen++
	}
	if seen < 4 {
		t.Errorf("%d files", seen)
	}
	for _, path := range []string{"/static/", "/static/x/panel.css", "/static/../pages.go"} {
		b.get(path).says(404)
	}
}

// The report stands in an origin of its own, whatever is in it.
func TestReportIsSandboxed(t *testing.T) {
	l := labtest.Full(t)
	b := serve(t, l)
	id := b.ids("/runs/:id")[0]
	b.get("/runs/"+id+"/report").says(404, "The run has no findings yet")
	r, err := l.Store.Run(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	publish(t, l, r)
	p := b.get("/runs/"+id+"/report").says(200, "Correlation report")
	policy := p.header.Values("Content-Security-Policy")
	if len(policy) != 1 || !strings.HasPrefix(policy[0], "sandbox allow-scripts;") || !strings.Contains(policy[0], "default-src 'none'") || strings.Contains(policy[0], "same-origin") {
		t.Errorf("its policy is %q", policy)
	}
	b.get("/runs/"+id).says(200, "Action trials over control trials", "Timeline")
	if err := os.WriteFile(r.Dir+"/report.html", []byte(`<main><form action="/bench/stop" method="post"><button>look</button></form></main>`), 0o600); err != nil {
		t.Fatal(err)
	}
	if p = b.get("/runs/"+id).says(200, "was not written by this program"); strings.Contains(p.text, "/bench/stop") {
		t.Error("somebody else's form stands on our page")
	}
}

// What the log should know is not told to the reader.
func TestFailuresKeepTheirCause(t *testing.T) {
	l := labtest.Ready(t)
	b := serve(t, l)
	if err := l.Store.Close(); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/", "/runs", "/schedule", "/schedule/history", "/setup/access"} {
		if p := b.get(path).says(500, "Something failed"); strings.Contains(p.text, "sql") || strings.Contains(p.text, "database") {
			t.Errorf("%s tells the cause: %.400s", path, p.words())
		}
	}
	b.get("/runs/../../etc/passwd").says(404)
}

// What cannot be asked for is the asker's mistake, and said on a page.
func TestQueriesThatAreNone(t *testing.T) {
	b := serve(t, labtest.Ready(t))
	for _, path := range []string{"/runs?after=x", "/schedule/history?after=x", "/runs?text=%ff%fe", "/runs?sort=colour", "/runs?from=yesterday", "/runs?limit=9999", "/schedule/history?outcome=lost", "/preview", "/preview?kind=idle&idle=-1"} {
		b.get(path).says(422)
	}
	for _, path := range []string{"/runs/none", "/runs/none/report", "/runs/none/explore", "/schedule/none", "/setup/gateways/edit?edit=none"} {
		b.get(path).says(404, "Not found")
	}
}

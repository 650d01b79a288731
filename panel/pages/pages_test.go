package pages_test

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/hueprint/hueprint/browsertest"
	"github.com/hueprint/hueprint/panel"
	"github.com/hueprint/hueprint/panel/access"
	"github.com/hueprint/hueprint/panel/labtest"
	"github.com/hueprint/hueprint/store"
)

func TestMain(m *testing.M) { os.Exit(browsertest.Share(m).Run()) }

// A bench is a panel over a made-up lab, open to everybody who asks from this
// computer.
type bench struct {
	*labtest.Lab
	t      testing.TB
	panel  *panel.Panel
	server *httptest.Server
	client *http.Client
	bearer string // a token, when not empty
}

func serve(t testing.TB, l *labtest.Lab) *bench {
	t.Helper()
	return serveTo(t, l, access.Options{Open: true})
}

// serveTo serves to those whom the options let in.
func serveTo(t testing.TB, l *labtest.Lab, o access.Options) *bench {
	t.Helper()
	p, err := panel.New(panel.Options{Bench: l.Bench, Setup: l.Bench, Feed: l.Hub, Store: l.Store, Now: l.Now, Version: "test", Access: o})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	s := httptest.NewServer(p)
	t.Cleanup(s.Close)
	t.Cleanup(l.Hub.Close)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &bench{Lab: l, t: t, panel: p, server: s, client: &http.Client{Jar: jar}}
}

// ids are what stands for :id in a path.
func (b *bench) ids(path string) []string {
	b.t.Helper()
	switch {
	case strings.HasPrefix(path, "/runs/"):
		all, err := b.Store.ListRuns(b.t.Context(), store.RunQuery{Limit: 500})
		if err != nil {
			b.t.Fatal(err)
		}
		var ids []string
		for _, r := range all.Runs {
			if !strings.HasSuffix(path, "/explore") || !r.Idle {
				ids = append(ids, r.ID)
			}
		}
		return ids
	case strings.HasPrefix(path, "/schedule/"):
		all, err := b.Store.ListSchedules(b.t.Context())
		if err != nil {
			b.t.Fatal(err)
		}
		var ids []string
		for _, s := range all {
			ids = append(ids, s.ID)
		}
		return ids
	}
	return nil
}

// A page is an answer, read as a browser does.
type page struct {
	t      testing.TB
	status int
	path   string // after redirects
	text   string
	root   *html.Node
	header http.Header
}

func (b *bench) get(path string) page {
	b.t.Helper()
	return b.ask(http.MethodGet, path, nil)
}

// post sends a form as the pages' own do.
func (b *bench) post(path string, pairs ...string) page {
	b.t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	return b.ask(http.MethodPost, path, form)
}

func (b *bench) ask(method, path string, form url.Values) page {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), method, b.server.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	if b.bearer != "" {
		req.Header.Set("Authorization", "Bearer "+b.bearer)
	}
	answer, err := b.client.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	root, err := html.Parse(strings.NewReader(string(text)))
	if err != nil {
		b.t.Fatal(err)
	}
	return page{b.t, answer.StatusCode, answer.Request.URL.Path, string(text), root, answer.Header}
}

// all lists the elements of the page for which keep holds.
func (p page) all(keep func(*html.Node) bool) (nodes []*html.Node) {
	for n := range p.root.Descendants() {
		if n.Type == html.ElementNode && keep(n) {
			nodes = append(nodes, n)
		}
	}
	return nodes
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func content(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// words is the page's text.
func (p page) words() string { return content(p.root) }

// says demands a status and texts.
func (p page) says(status int, texts ...string) page {
	p.t.Helper()
	if p.status != status {
		p.t.Errorf("status %d, want %d: %.600s", p.status, status, p.words())
	}
	words := p.words()
	for _, text := range texts {
		if !strings.Contains(words, text) {
			p.t.Errorf("the page %s does not say %q: %.3000s", p.path, text, words)
		}
	}
	return p
}

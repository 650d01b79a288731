package browsertest_test

import (
	"bytes"
	"fmt"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"github.com/hueprint/hueprint/browsertest"
)

func TestMain(m *testing.M) { os.Exit(browsertest.Share(m).Run()) }

// pages serves one good page and, by name, pages that break one rule each.
func pages(t *testing.T, bodies map[string]string) *httptest.Server {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, found := bodies[r.URL.Path]
		if !found {
			http.NotFound(w, r)
			return
		}
		if strings.HasPrefix(r.URL.Path, "/strict") {
			w.Header().Set("Content-Security-Policy", "default-src 'none'")
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, `<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>t</title><main>%s</main>`, body)
	}))
	t.Cleanup(server.Close)
	return server
}

const good = `<style>@media (prefers-color-scheme: dark) { body { background: #111; color: #eee } }</style>
<h1>Bench</h1><label>Name <input id="name"></label> <button id="go">Go</button> <p id="out" hidden></p>
<script>document.querySelector('#go').onclick = () => { const o = document.querySelector('#out');
  o.textContent = 'hello ' + document.querySelector('#name').value; o.hidden = false; navigator.clipboard.writeText(o.textContent) }</script>`

func TestAGoodPage(t *testing.T) {
	server := pages(t, map[string]string{"/": good})
	for _, view := range browsertest.Views() {
		t.Run(view.String(), func(t *testing.T) {
			p := browsertest.Open(t, view)
			p.AllowClipboard()
			p.Go(server.URL)
			p.Fill("#name", "desk")
			p.Click("#go")
			p.Wait("#out")
			if got := p.Text("#out"); got != "hello desk" {
				t.Errorf("text %q", got)
			}
			p.Until(`document.hasFocus()`)
			if got := p.Clipboard(); got != "hello desk" {
				t.Errorf("clipboard %q", got)
			}
			p.Check(server.URL)
			width := 1280
			if view.Phone {
				width = 390
			}
			if got := browsertest.Value[int](p, "innerWidth"); got != width {
				t.Errorf("%d points wide, want %d", got, width)
			}
			if got := browsertest.Value[bool](p, "matchMedia('(prefers-color-scheme: dark)').matches"); got != view.Dark {
				t.Errorf("dark is %v", got)
			}
		})
	}
}

func TestKeysMouseAndPicture(t *testing.T) {
	server := pages(t, map[string]string{"/": good + `<style>#go:hover { outline: 3px solid red }</style>`})
	p := browsertest.Open(t, browsertest.View{})
	p.Go(server.URL)
	p.Focus("#name")
	p.Press("lab" + kb.Tab)
	p.Press(kb.Enter)
	p.Wait("#out")
	p.Hover("#go")
	p.Until(`document.querySelector('#go').matches(':hover')`)
	path := filepath.Join(t.TempDir(), "shots", "page.png")
	p.Screenshot(path)
	picture, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if size, err := png.DecodeConfig(bytes.NewReader(picture)); err != nil || size.Width != 1280 {
		t.Errorf("picture %+v, %v", size, err)
	}
}

// The checks themselves break no content security policy: what they complain
// of, the page has done.
func TestChecksKeepAStrictPolicy(t *testing.T) {
	server := pages(t, map[string]string{"/strict-good": `<h1>x</h1><label>Name <input></label>`})
	p := browsertest.Open(t, browsertest.View{})
	p.Go(server.URL + "/strict-good")
	p.Fill("input", "desk")
	p.Until(`document.querySelector("input").value === "desk"`)
	p.Check(server.URL)
}

func TestScriptsCanBeForbidden(t *testing.T) {
	server := pages(t, map[string]string{"/": `<h1>x</h1><p id="p">as served</p><script>p.textContent = 'changed'</script>`})
	p := browsertest.Open(t, browsertest.View{NoScript: true})
	p.Go(server.URL)
	if got := p.Text("#p"); got != "as served" {
		t.Errorf("text %q", got)
	}
	p.Check(server.URL)
}

// A recorder is a test that fails without ending ours.
type recorder struct {
	testing.TB
	failures []string
}

func (r *recorder) Helper() {}
func (r *recorder) Errorf(format string, args ...any) {
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

// Each fault of a page must be found, or Check proves nothing.
func TestCheckFindsFaults(t *testing.T) {
	other := pages(t, map[string]string{"/": ""})
	faults := map[string]struct{ body, want string }{
		"/console":   {`<h1>x</h1><script>console.error('bad', 7)</script>`, "console: bad 7"},
		"/exception": {`<h1>x</h1><script>nothing.there()</script>`, "ReferenceError"},
		"/promise":   {`<h1>x</h1><script>Promise.reject(new Error('late'))</script>`, "late"},
		"/missing":   {`<h1>x</h1><img alt="x" src="/no.png">`, "404"},
		"/strict":    {`<h1>x</h1><script>1</script>`, "Content Security Policy"},
		"/outside":   {`<h1>x</h1><img alt="x" src="` + other.URL + `/">`, "outside"},
		"/fetch":     {`<h1>x</h1><script>fetch('` + other.URL + `/', {mode: 'no-cors'})</script>`, "outside"},
		"/wide":      {`<h1>x</h1><div id="slab" style="width: 3000px">x</div>`, "<div#slab"},
		"/pale":      {`<h1>x</h1><p style="color: #eee; background: #fff">pale</p>`, "color-contrast"},
		"/nolabel":   {`<h1>x</h1><input>`, "label"},
	}
	bodies := map[string]string{}
	for path, f := range faults {
		bodies[path] = f.body
	}
	server := pages(t, bodies)
	for path, f := range faults {
		t.Run(path[1:], func(t *testing.T) {
			r := &recorder{TB: t}
			p := browsertest.Open(r, browsertest.View{})
			p.Go(server.URL + path)
			p.Check(server.URL)
			if !slices.ContainsFunc(r.failures, func(s string) bool { return strings.Contains(s, f.want) }) {
				t.Errorf("want a failure with %q, got %q", f.want, r.failures)
			}
		})
	}
}

package reports_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/hueprint/hueprint/reports"
)

// Every report gives up its body, and the body needs nothing that the page
// around it must allow.
func TestBodyOfEveryReport(t *testing.T) {
	for name, d := range documents() {
		body, err := reports.Body([]byte(render(t, "html", d)))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, bad := range []string{"<script", "<style", "style=", "<main", "<form"} {
			if strings.Contains(string(body), bad) {
				t.Errorf("%s: the body has %s", name, bad)
			}
		}
		if n := strings.Count(string(body), `class="card `); n != len(d.Verdicts()) {
			t.Errorf("%s: %d cards for %d verdicts", name, n, len(d.Verdicts()))
		}
	}
}

// A report that somebody has prepared is not shown among our own pages.
func TestForeignBodiesAreRefused(t *testing.T) {
	for name, body := range map[string]string{
		"script":          `<p>a</p><script>alert(1)</script>`,
		"handler":         `<p onclick="alert(1)">a</p>`,
		"form":            `<form action="/bench/stop" method="post"><button>look</button></form>`,
		"submit":          `<button type="submit" form="stop">a</button>`,
		"link":            `<a href="https://example.org/">a</a>`,
		"local link":      `<a href="/bench/stop">a</a>`,
		"image":           `<img src="data:image/gif;base64,">`,
		"style":           `<p style="position:fixed">a</p>`,
		"style element":   `<style>*{display:none}</style>`,
		"title":           `<svg><title><script>alert(1)</script></title></svg>`,
		"use":             `<svg><use href="#a"></use></svg>`,
		"foreign object":  `<svg><foreignObject></foreignObject></svg>`,
		"closes our page": `</main></body>`,
		"left open":       `<div><p>a</p>`,
		"crossed":         `<b><i>a</b></i>`,
		"comment":         `<!-- a -->`,
		"declared":        `<!doctype html>`,
	} {
		t.Run(name, func(t *testing.T) {
			got, err := reports.Body([]byte("<html><body><main>" + body + "</main></body></html>"))
			if !errors.Is(err, reports.ErrForeign) || got != "" {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
	for _, whole := range []string{"", "<main>", "</main>", "no report"} {
		if _, err := reports.Body([]byte(whole)); !errors.Is(err, reports.ErrForeign) {
			t.Errorf("%q: %v", whole, err)
		}
	}
}

func FuzzBody(f *testing.F) {
	for _, d := range documents() {
		var b strings.Builder
		if err := reports.HTML(&b, d); err != nil {
			f.Fatal(err)
		}
		f.Add([]byte(b.String()))
	}
	f.Add([]byte("<main><p>a</p></main>"))
	f.Fuzz(func(t *testing.T, report []byte) {
		body, err := reports.Body(report)
		if err != nil {
			return
		}
		for _, n := range nodes(t, "<html><body><main>"+string(body)+"</main>") {
			switch n.Data {
			case "script", "style", "form", "iframe", "object", "embed", "img", "link", "base", "input", "use", "animate", "set":
				t.Errorf("let <%s> pass", n.Data)
			}
			for _, a := range n.Attr {
				if strings.HasPrefix(a.Key, "on") || a.Key == "style" || a.Key == "action" || a.Key == "formaction" {
					t.Errorf("let %s pass", a.Key)
				}
			}
		}
	})
}

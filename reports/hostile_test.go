package reports_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"

	"github.com/hueprint/hueprint/reports"
)

// nodes lists every element of an HTML page as a browser would read it.
func nodes(t *testing.T, page string) []*html.Node {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var all []*html.Node
	for n := range root.Descendants() {
		if n.Type == html.ElementNode {
			all = append(all, n)
		}
	}
	return all
}

// No page asks anyone for anything: every address is an anchor within it or
// data, the policy forbids the rest, and the style sheet fetches nothing.
func TestPagesAskNobody(t *testing.T) {
	for name, d := range documents() {
		page := render(t, "html", d)
		policy := false
		for _, n := range nodes(t, page) {
			for _, a := range n.Attr {
				switch a.Key {
				case "src", "href", "srcset", "action", "poster", "data", "background", "formaction", "xlink:href":
					if !strings.HasPrefix(a.Val, "#") && !strings.HasPrefix(a.Val, "data:") {
						t.Errorf("%s: <%s %s=%q>", name, n.Data, a.Key, a.Val)
					}
				}
				policy = policy || strings.HasPrefix(a.Val, "default-src 'none'")
			}
			if n.Data == "style" && (strings.Contains(n.FirstChild.Data, "url(") || strings.Contains(n.FirstChild.Data, "@import")) {
				t.Errorf("%s: the style sheet fetches something", name)
			}
		}
		if !policy {
			t.Errorf("%s: no content security policy forbids requests", name)
		}
	}
}

// Hostile names add no element, no handler and no anchor that a page of
// harmless names of the same shape does not have.
func TestHostileNamesStayText(t *testing.T) {
	allowed := map[string]bool{}
	for _, n := range append(nodes(t, render(t, "html", documents()["verdicts"])), nodes(t, render(t, "html", documents()["beside"]))...) {
		allowed[n.Data] = true
		for _, a := range n.Attr {
			allowed[n.Data+" "+a.Key] = true
		}
	}
	page := render(t, "html", hostile())
	for _, n := range nodes(t, page) {
		if !allowed[n.Data] {
			t.Errorf("element <%s>", n.Data)
		}
		for _, a := range n.Attr {
			if !allowed[n.Data+" "+a.Key] {
				t.Errorf("attribute %s of <%s>", a.Key, n.Data)
			}
		}
	}
	if strings.Contains(page, "ZgotmplZ") {
		t.Error("the template refused a value")
	}
}

// Whatever is written can be shown: no control characters but line ends, no
// marks that turn the direction of text, nothing but valid UTF-8.
func TestNothingIsObeyedByTerminals(t *testing.T) {
	for format := range formats {
		got := render(t, format, hostile())
		if !utf8.ValidString(got) {
			t.Errorf("%s: invalid UTF-8", format)
		}
		for i, r := range got {
			if r != '\n' && (unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp)) {
				t.Errorf("%s: %U at %d: %.60q", format, r, i, got[max(0, i-30):])
				break
			}
		}
	}
}

func TestHostileNamesSurviveJSON(t *testing.T) {
	var out reports.Output
	if err := json.Unmarshal([]byte(render(t, "json", hostile())), &out); err != nil {
		t.Fatal(err)
	}
	for i, v := range out.Verdicts {
		if want := strings.ToValidUTF8(evil[i], "\uFFFD"); strings.ReplaceAll(v.Gateway, "\uFFFD", "") != strings.ReplaceAll(want, "\uFFFD", "") {
			t.Errorf("gateway %d is %q, want %q", i, v.Gateway, want)
		}
	}
}

// In Markdown every table row keeps the number of its cells, and no name
// starts a tag, a link, a code span or a picture.
func TestHostileNamesStayInMarkdownCells(t *testing.T) {
	cells := 0
	for line := range strings.Lines(render(t, "md", hostile())) {
		if !strings.HasPrefix(line, "|") {
			cells = 0
		} else if n := strings.Count(line, "|"); cells != 0 && n != cells {
			t.Errorf("%d bars instead of %d: %s", n, cells, line)
		} else {
			cells = n
		}
		if strings.HasPrefix(line, "    ") {
			continue // code, in which nothing is markup
		}
		bare := strings.NewReplacer(`\\`, "", "\\`", "", `\[`, "", `\]`, "", `\*`, "", `\_`, "").Replace(line)
		if strings.HasPrefix(bare, "> **") {
			continue
		}
		if i := strings.IndexAny(strings.TrimPrefix(bare, "> "), "<>`[]*_"); i >= 0 {
			t.Errorf("markup %q in %s", bare[i], line)
		}
	}
}

func TestColourIsOnlyOnRequest(t *testing.T) {
	f := documents()["verdicts"].Findings()
	var b bytes.Buffer
	if err := (reports.Terminal{Color: true}).Text(&b, f); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "\x1b[31mcloud-visible\x1b[0m") {
		t.Error("no red cloud-visible")
	}
	b.Reset()
	if err := (reports.Terminal{}).Text(&b, f); err != nil || strings.Contains(b.String(), "\x1b") {
		t.Errorf("escapes without colour, error %v", err)
	}
}

func TestPrintable(t *testing.T) {
	for in, want := range map[string]string{
		"plain.example": "plain.example", "a\tb\nc": `a\tb\nc`, "\x1b[2J": `\x1b[2J`, "\u202e": `\u202e`, "\xff": `\xff`, "\uFFFD": "\uFFFD",
		"häß 漢": "häß 漢", strings.Repeat("é", 200): strings.Repeat("é", 119) + "…", "": "",
	} {
		if got := reports.Printable(in); got != want {
			t.Errorf("Printable(%q) = %q, want %q", in, got, want)
		}
		if twice := reports.Prose(reports.Prose(in)); twice != reports.Prose(in) {
			t.Errorf("Prose is not done after one pass: %q", twice)
		}
	}
}

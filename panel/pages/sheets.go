package pages

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/hueprint/hueprint/reports"
)

//go:embed templates
var templateFiles embed.FS

// sheets are the templates of all pages, by name.
type sheets map[string]*template.Template

// newSheets reads every template with the layout around it, and the parts that
// several pages share.
func newSheets(a assets) sheets {
	all := sheets{}
	entries, err := templateFiles.ReadDir("templates")
	if err != nil {
		panic(err) // they are part of the program
	}
	for _, e := range entries {
		name, page := strings.CutSuffix(path.Base(e.Name()), ".page.tmpl")
		if !page {
			continue
		}
		all[name] = template.Must(template.New("layout").Funcs(words(a)).ParseFS(templateFiles, "templates/*.part.tmpl", "templates/"+e.Name()))
	}
	return all
}

// show answers with a page. It is written whole or not at all.
func (p *pages) show(c *gin.Context, status int, name string, data any) {
	var b bytes.Buffer
	if err := p.sheets[name].ExecuteTemplate(&b, "layout", data); err != nil {
		p.tell(c, fmt.Errorf("draw the page %s: %w", name, err))
		c.String(http.StatusInternalServerError, unforeseen)
		return
	}
	c.Header("Cache-Control", "no-store")
	c.Data(status, "text/html; charset=utf-8", b.Bytes())
}

// words are the functions that templates have beside those of a frame.
func words(a assets) template.FuncMap {
	return template.FuncMap{
		"asset": a.url, "name": reports.Printable, "prose": reports.Prose, "number": reports.Number, "sentence": sentence,
		"span": span, "size": size, "count": count, "seconds": seconds, "milliseconds": milliseconds, "task": taskWords, "percent": percent,
		"query": withQuery, "list": list, "plus": func(a, b int) int { return a + b }, "optional": optional, "join": joined,
		"dict": dict, "segment": url.PathEscape, "firstOf": firstOf, "bulb": bulb, "bulbWords": bulbWords, "glow": glow, "clock": clock, "planFigure": planFigure, "commandWords": commandWords,
		"whole": func(n uint64) string { return count(int(n)) }, "bytes": func(n uint64) string { return size(int64(n)) },
	}
}

// dict makes a part's argument of names and values.
func dict(pairs ...any) (map[string]any, error) {
	m := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		key, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("%v is no name", pairs[i])
		}
		m[key] = pairs[i+1]
	}
	return m, nil
}

package reports_test

import (
	"bytes"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/hueprint/hueprint/analysis/events"
	"github.com/hueprint/hueprint/reports"
)

// Whatever a device calls itself, it is shown and not obeyed: in text, HTML,
// Markdown, LaTeX and filters.
func FuzzNames(f *testing.F) {
	for _, name := range evil {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		prose := reports.Prose(name)
		if !utf8.ValidString(prose) || strings.ContainsFunc(prose, func(r rune) bool { return unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) }) {
			t.Errorf("%q is shown as %q", name, prose)
		}
		if again := reports.Prose(prose); again != prose {
			t.Errorf("%q becomes %q when shown again", prose, again)
		}
		v := visible(name)
		v.Trials = nil
		v.Pattern.Steps[0].Detail, v.Pattern.Steps[0].Kind = name+" A", events.DNSQuestion
		filter := reports.DisplayFilter(v.Pattern.Steps[0], gateway(), nil)
		if strings.Count(filter, `"`)%2 != 0 || strings.ContainsFunc(filter, func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Errorf("%q gives the filter %s", name, filter)
		}
		d := reports.Document{Lab: name, Command: name, Parts: []reports.Part{part(v)}}
		var page, md bytes.Buffer
		if err := reports.HTML(&page, d); err != nil {
			t.Fatal(err)
		}
		scripts := 0
		for _, n := range nodes(t, page.String()) {
			if n.Data == "script" {
				scripts++
			}
			if n.Data == "img" || n.Data == "iframe" || n.Data == "object" {
				t.Errorf("%q becomes <%s>", name, n.Data)
			}
		}
		if scripts != 1 {
			t.Errorf("%q: %d scripts", name, scripts)
		}
		d.Command = "" // stands in a block of code, where nothing is markup
		if err := reports.Markdown(&md, d); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(md.String(), "<") {
			t.Errorf("%q: a tag in Markdown", name)
		}
	})
}

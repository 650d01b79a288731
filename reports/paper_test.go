package reports_test

import (
	"crypto/sha256"
	"encoding/base64"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/hueprint/hueprint/reports"
)

// The page's policy lets its own script run and no other.
func TestPolicyKnowsTheScript(t *testing.T) {
	for name, d := range documents() {
		scripts := 0
		var hash, policy string
		for _, n := range nodes(t, render(t, "html", d)) {
			if n.Data == "script" {
				scripts++
				sum := sha256.Sum256([]byte(n.FirstChild.Data))
				hash = "script-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
			}
			for _, a := range n.Attr {
				if a.Key == "content" && strings.HasPrefix(a.Val, "default-src") {
					policy = a.Val
				}
				if strings.HasPrefix(a.Key, "on") {
					t.Errorf("%s: handler %s of <%s>", name, a.Key, n.Data)
				}
			}
		}
		if scripts != 1 || !strings.Contains(policy, hash) {
			t.Errorf("%s: %d scripts, hash %s, policy %s", name, scripts, hash, policy)
		}
	}
}

var citation = regexp.MustCompile(`\[([a-z]+[0-9]{4})\]`)

// Every citation of a methods paragraph has its entry, and every entry is well
// formed.
func TestBibliography(t *testing.T) {
	for name, d := range documents() {
		for _, p := range d.Parts {
			bib := reports.Bibliography(p.Findings)
			for _, m := range citation.FindAllStringSubmatch(reports.Methods(p), -1) {
				if !strings.Contains(bib, "{"+m[1]+",") {
					t.Errorf("%s: no entry for %s", name, m[1])
				}
			}
			if strings.Count(bib, "{") != strings.Count(bib, "}") {
				t.Errorf("%s: braces do not match", name)
			}
		}
	}
}

// No name from outside becomes a command of LaTeX: after the escapes are taken
// out, no character with a meaning is left in a table's cells.
func TestHostileNamesStayTextInLaTeX(t *testing.T) {
	escapes := regexp.MustCompile(`\\text[a-z]+\{\}|\\[{}$&#%_]|\\,|\\\\$`)
	for _, p := range hostile().Parts {
		for i, v := range p.Findings.Verdicts {
			rows := 0
			for line := range strings.Lines(reports.LaTeX(v)) {
				line = strings.TrimRight(line, "\n")
				if !strings.HasPrefix(line, "out & ") {
					continue
				}
				rows++
				bare := escapes.ReplaceAllString(line, "")
				if strings.Count(bare, "&") != 7 || strings.ContainsAny(bare, "\\{}$#%_~^`\"<>|") {
					t.Errorf("name %q: %s", evil[i], line)
				}
			}
			if rows != 1 {
				t.Errorf("name %q: %d rows", evil[i], rows)
			}
		}
	}
}

func TestExplainNamesWhatExists(t *testing.T) {
	err := reports.Explain(io.Discard, documents()["verdicts"], "zeta")
	if err == nil || !strings.Contains(err.Error(), "alpha, beta, gamma") {
		t.Errorf("error %v does not name the gateways", err)
	}
}

package pages_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/hueprint/hueprint/reports"
)

// The colours that a reader can choose by hand are the report's, so that panel
// and report stay siblings.
func TestColoursAreTheReports(t *testing.T) {
	text, err := os.ReadFile("static/panel.css")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile(`(?s)\{([^{}]*--page:[^{}]*)\}`)
	report, panel := block.FindAllStringSubmatch(reports.StyleSheet(), 2), block.FindAllStringSubmatch(string(text), -1)
	if len(report) != 2 || len(panel) != 2 {
		t.Fatalf("%d and %d sets of colours", len(report), len(panel))
	}
	for i, theme := range []string{"light", "dark"} {
		ours, theirs := colours(panel[i][1]), colours(report[i][1])
		for name, colour := range theirs {
			if ours[name] != colour {
				t.Errorf("%s: %s is %q, and %q in the report", theme, name, ours[name], colour)
			}
		}
	}
}

func colours(block string) map[string]string {
	all := map[string]string{}
	for _, d := range strings.Split(block, ";") {
		if name, value, found := strings.Cut(strings.TrimSpace(d), ":"); found && strings.HasPrefix(name, "--") {
			all[name] = strings.TrimSpace(value)
		}
	}
	return all
}

// The style sheets and scripts ask no other host for anything and write no
// markup.
func TestAssetsAskNobody(t *testing.T) {
	entries, err := os.ReadDir("static")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		text, err := os.ReadFile("static/" + e.Name())
		if err != nil {
			t.Fatal(err)
		}
		for _, bad := range []string{"url(", "@import", ".innerHTML = ", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "https://", ".style."} {
			if strings.Contains(string(text), bad) {
				t.Errorf("%s has %s", e.Name(), bad)
			}
		}
	}
}

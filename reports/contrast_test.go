package reports_test

import (
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var variable = regexp.MustCompile(`--([a-z-]+): #([0-9a-f]{6});`)

// themes reads the opaque colours of the style sheet: those of light, and those
// of dark.
func themes(t *testing.T) []map[string]string {
	t.Helper()
	css, err := os.ReadFile("report.css")
	if err != nil {
		t.Fatal(err)
	}
	light, rest, ok := strings.Cut(string(css), "@media screen and (prefers-color-scheme: dark)")
	if !ok {
		t.Fatal("the style sheet has no dark theme")
	}
	var all []map[string]string
	for _, part := range []string{light, rest[:strings.Index(rest, "}\n}")]} {
		colours := map[string]string{}
		for _, m := range variable.FindAllStringSubmatch(part, -1) {
			colours[m[1]] = m[2]
		}
		all = append(all, colours)
	}
	return all
}

// luminance and contrast are those of WCAG 2.1, section 1.4.3.
func luminance(hex string) float64 {
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, _ := strconv.ParseUint(hex[2*i:2*i+2], 16, 8)
		c := float64(n) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}

func contrast(a, b string) float64 {
	x, y := luminance(a), luminance(b)
	return (math.Max(x, y) + 0.05) / (math.Min(x, y) + 0.05)
}

func TestContrast(t *testing.T) {
	if got := contrast("000000", "ffffff"); math.Abs(got-21) > 1e-9 {
		t.Fatalf("black on white: %v", got)
	}
	for i, colours := range themes(t) {
		for _, ground := range []string{"page", "sheet", "faint"} {
			for _, ink := range []string{"ink", "soft", "cloud", "lan", "none", "open", "out", "in"} {
				if c := contrast(colours[ink], colours[ground]); c < 4.5 {
					t.Errorf("theme %d: %s on %s has %.2f", i, ink, ground, c)
				}
			}
		}
		if c := contrast(colours["warn-ink"], colours["warn"]); c < 4.5 {
			t.Errorf("theme %d: warnings have %.2f", i, c)
		}
		if c := contrast(colours["mark"], colours["sheet"]); c < 3 { // graphics: 1.4.11
			t.Errorf("theme %d: marks have %.2f", i, c)
		}
	}
}

package reports

import (
	"fmt"
	"html/template"
	"math"
	"strings"
	"time"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/traffic"
)

// svg builds one figure. Lengths are CSS pixels at the figure's own width; the
// page scales it. Colours come from the style sheet by class, so that figures
// follow the theme.
type svg struct {
	strings.Builder
	width, height float64
}

// newSVG begins a figure; label says in a sentence what it shows, for those who
// do not see it.
func newSVG(width, height float64, label string) *svg {
	s := &svg{width: width, height: height}
	fmt.Fprintf(s, `<svg viewBox="0 0 %s %s" role="img" aria-label="%s" preserveAspectRatio="xMidYMid meet">`, px(width), px(height), safe(label))
	return s
}

func (s *svg) end() template.HTML {
	s.WriteString("</svg>")
	return template.HTML(s.String())
}

func (s *svg) rect(x, y, w, h float64, class, title string) {
	fmt.Fprintf(s, `<rect x="%s" y="%s" width="%s" height="%s" class="%s"`, px(x), px(y), px(math.Max(w, 0)), px(math.Max(h, 0)), class)
	s.titled("rect", title)
}

func (s *svg) circle(x, y, r float64, class, title string) {
	fmt.Fprintf(s, `<circle cx="%s" cy="%s" r="%s" class="%s"`, px(x), px(y), px(r), class)
	s.titled("circle", title)
}

func (s *svg) line(x1, y1, x2, y2 float64, class string) {
	fmt.Fprintf(s, `<path d="M%s %sL%s %s" class="%s"/>`, px(x1), px(y1), px(x2), px(y2), class)
}

// text anchors at start, middle or end.
func (s *svg) text(x, y float64, anchor, class, content string) {
	fmt.Fprintf(s, `<text x="%s" y="%s" text-anchor="%s" class="%s">%s</text>`, px(x), px(y), anchor, class, safe(content))
}

// safe makes text from outside fit for markup.
func safe(s string) string { return template.HTMLEscapeString(Prose(s)) }

func (s *svg) titled(element, title string) {
	if title == "" {
		s.WriteString("/>")
		return
	}
	fmt.Fprintf(s, `><title>%s</title></%s>`, safe(title), element)
}

// px writes a length with one decimal at most, so that equal figures are equal
// bytes and files stay small.
func px(x float64) string {
	s := fmt.Sprintf("%.1f", x)
	return strings.TrimSuffix(s, ".0")
}

// pointTitle says what a point of a figure is.
func pointTitle(p analysis.Point) string {
	word := "sent"
	if p.Direction == traffic.In {
		word = "received"
	}
	s := fmt.Sprintf("%s %s, frame %d B, length %d B, %s:%d (%s), packet %d",
		KindName(p.Kind), word, p.Frame, p.Length, Printable(p.Channel.Name), p.Channel.Port, p.Channel.Scope, p.Number)
	if p.Detail != "" {
		s += ", " + Printable(p.Detail)
	}
	return s
}

// pointClass colours a point by direction, and marks those of the pattern.
func pointClass(p analysis.Point) string {
	class := "out"
	if p.Direction == traffic.In {
		class = "in"
	}
	if p.Step >= 0 {
		class += " mark"
	}
	return class
}

// ticks are round steps from low, which is at most 0, to high; n of them or
// fewer.
func ticks(low, high time.Duration, n int) []time.Duration {
	steps := []time.Duration{100 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second, 5 * time.Second,
		10 * time.Second, 15 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour, 6 * time.Hour, 24 * time.Hour}
	step := steps[len(steps)-1]
	for _, s := range steps {
		if (high-low)/s <= time.Duration(n) {
			step = s
			break
		}
	}
	for (high-low)/step > time.Duration(n) {
		step *= 2
	}
	var all []time.Duration
	for t := low / step * step; t <= high; t += step {
		all = append(all, t)
	}
	return all
}

// tickLabel writes 90 s as 1:30, hours as 2:00 h, and fractions as they are.
func tickLabel(t time.Duration) string {
	switch {
	case t >= time.Hour:
		return fmt.Sprintf("%d:%02d h", int(t.Hours()), int(t.Minutes())%60)
	case t >= time.Minute:
		return fmt.Sprintf("%d:%02d", int(t.Minutes()), int(t.Seconds())%60)
	case t < 0:
		return fmt.Sprintf("−%g s", -t.Seconds())
	}
	return fmt.Sprintf("%g s", t.Seconds())
}

package reports

import (
	"fmt"
	"html/template"
	"math"

	"github.com/hueprint/hueprint/analysis"
)

// nullFigure shows how extreme the real assignment is among all: a histogram of
// each redraw's smallest raw p on a logarithmic scale, and the observed one.
func nullFigure(v analysis.Verdict, d analysis.Design) template.HTML {
	n := v.Null
	if len(n.Counts) == 0 || len(n.Edges) != len(n.Counts)+1 {
		return ""
	}
	const width, height, left, right, top, bottom = 360.0, 170.0, 10.0, 14.0, 26.0, 34.0
	s := newSVG(width, height, fmt.Sprintf("Null distribution for %s: histogram of %s redraws; the observed value lies at %.1f.", Printable(v.Gateway), count(d.Redraws), n.Observed))
	low, high := n.Edges[0], math.Max(n.Edges[len(n.Edges)-1], n.Observed)
	if high <= low {
		return ""
	}
	most := 1
	for _, c := range n.Counts {
		most = max(most, c)
	}
	x := func(e float64) float64 { return left + (width-left-right)*(e-low)/(high-low) }
	base := height - bottom
	for i, c := range n.Counts {
		if c == 0 {
			continue
		}
		// The square root keeps the thin tail, which matters, in sight.
		h := (base - top) * math.Sqrt(float64(c)/float64(most))
		s.rect(x(n.Edges[i])+0.5, base-h, x(n.Edges[i+1])-x(n.Edges[i])-1, h, "bar", fmt.Sprintf("%s redraws between %.1f and %.1f", count(c), n.Edges[i], n.Edges[i+1]))
	}
	s.line(left, base, width-right, base, "axis")
	s.line(x(n.Observed), top-8, x(n.Observed), base, "observed")
	anchor, at := "start", x(n.Observed)+4
	if at > width-90 {
		anchor, at = "end", x(n.Observed)-4
	}
	s.text(at, top-10, anchor, "tick strong", "observed")
	for e := math.Ceil(low); e <= high; e++ {
		s.text(x(e), base+14, "middle", "tick", fmt.Sprintf("%g", e))
	}
	s.text(width-right, height-4, "end", "tick", "−log₁₀ of the smallest raw p (height: √ of redraws)")
	return s.end()
}

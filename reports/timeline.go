package reports

import (
	"fmt"
	"html/template"
	"math"
	"time"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/traffic"
)

// mostPoints bounds what a figure draws; beyond it packets outside the pattern
// are thinned evenly, and the figure says so.
const mostPoints = 3000

const (
	timelineWidth  = 1120.0
	timelineHeight = 260.0
	timelineLeft   = 64.0
	timelineRight  = 12.0
	timelineTop    = 22.0
	timelineBottom = 26.0
)

// timelineFigure shows the whole recording: time to the right, what the gateway
// sent above and received below the line by frame length, and every slot.
func timelineFigure(trace analysis.Trace, v analysis.Verdict, window time.Duration) template.HTML {
	if trace.Duration <= 0 {
		return ""
	}
	s := newSVG(timelineWidth, timelineHeight, fmt.Sprintf("Timeline of %s: %d events over %v, sent above and received below the line by frame length, with %d slots marked.",
		Printable(v.Gateway), len(trace.Points), trace.Duration.Round(time.Second), len(v.Trials)))
	x := func(t time.Duration) float64 {
		return timelineLeft + (timelineWidth-timelineLeft-timelineRight)*float64(t)/float64(trace.Duration)
	}
	top, bottom := timelineTop, timelineHeight-timelineBottom
	for _, trial := range v.Trials {
		drawSlot(s, x, trial, trial.At.Sub(trace.Start), window, top, bottom)
	}
	middle := (top + bottom) / 2
	s.line(timelineLeft, middle, timelineWidth-timelineRight, middle, "axis")
	y := frameScale(trace.Points, middle, (bottom-top)/2-4)
	for _, b := range []int{100, 1000} {
		for _, d := range []traffic.Direction{traffic.Out, traffic.In} {
			s.line(timelineLeft, y(b, d), timelineWidth-timelineRight, y(b, d), "grid")
			s.text(timelineLeft-6, y(b, d)+3, "end", "tick", fmt.Sprintf("%d B", b))
		}
	}
	s.text(timelineLeft-6, top+6, "end", "tick strong", "sent")
	s.text(timelineLeft-6, bottom, "end", "tick strong", "received")
	for _, t := range ticks(trace.Duration, 12) {
		s.text(x(t), timelineHeight-8, "middle", "tick", tickLabel(t))
	}
	thinned := 0
	for i, p := range trace.Points {
		if p.Step < 0 && len(trace.Points) > mostPoints && i%(len(trace.Points)/mostPoints+1) != 0 {
			thinned++
			continue
		}
		r := 2.0
		if p.Step >= 0 {
			r = 3.5
		}
		s.circle(x(p.After), y(p.Frame, p.Direction), r, pointClass(p), pointTitle(p))
	}
	if thinned > 0 {
		s.text(timelineWidth-timelineRight, 12, "end", "tick", fmt.Sprintf("%s packets outside the pattern are not drawn", count(thinned)))
	}
	return s.end()
}

func drawSlot(s *svg, x func(time.Duration) float64, trial analysis.Trial, at, window time.Duration, top, bottom float64) {
	class, what := "slot action", trial.Action
	if trial.Control {
		class, what = "slot control", "control"
	}
	s.rect(x(at), top, x(at+window)-x(at), bottom-top, class, fmt.Sprintf("slot %d: %s at %s UTC", trial.Slot+1, what, clock(trial.At)))
	if !trial.Control {
		s.text(x(at), top-4, "start", "tick strong", what)
	}
}

// frameScale places frame lengths on a logarithmic scale, sent upwards and
// received downwards from middle.
func frameScale(points []analysis.Point, middle, reach float64) func(int, traffic.Direction) float64 {
	most := 1600
	for _, p := range points {
		most = max(most, p.Frame)
	}
	low, high := math.Log(40), math.Log(float64(most))
	return func(bytes int, d traffic.Direction) float64 {
		up := reach * (0.08 + 0.92*(math.Log(math.Max(float64(bytes), 40))-low)/(high-low))
		if d == traffic.In {
			return middle + up
		}
		return middle - up
	}
}

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
	timelineLeft   = 76.0
	timelineRight  = 12.0
	timelineTop    = 22.0
	timelineBottom = 26.0
)

// timeline shows the whole recording: time to the right, what the gateway sent
// above and received below the line by frame length, and every slot.
func (f figures) timeline() template.HTML {
	if f.trace.Duration <= 0 {
		return ""
	}
	s := newSVG(timelineWidth, timelineHeight, f.timelineLabel())
	x := func(t time.Duration) float64 {
		return timelineLeft + (timelineWidth-timelineLeft-timelineRight)*float64(t)/float64(f.trace.Duration)
	}
	top, bottom := timelineTop, timelineHeight-timelineBottom
	f.drawSlots(s, x, top, bottom)
	y := frameScale(f.trace.Points, (top+bottom)/2, (bottom-top)/2-4)
	drawAxes(s, y, top, bottom)
	drawTicks(s, x, f.trace.Duration)
	if thinned := f.drawPoints(s, x, y); thinned > 0 {
		s.text(timelineWidth-timelineRight, 10, "end", "tick", fmt.Sprintf("%s packets outside the pattern are not drawn", count(thinned)))
	}
	return s.end()
}

func (f figures) timelineLabel() string {
	what := "slots"
	if f.labelled {
		what = "labelled actions"
	}
	return fmt.Sprintf("Timeline of %s: %s events over %s, sent above and received below the line by frame length, with %d %s marked.",
		Printable(f.verdict.Gateway), count(len(f.trace.Points)), duration(f.trace.Duration.Round(time.Second)), len(f.verdict.Trials), what)
}

// drawSlots marks every slot; the actions' words are left out where they would
// run into each other.
func (f figures) drawSlots(s *svg, x func(time.Duration) float64, top, bottom float64) {
	free := 0.0
	for _, trial := range f.verdict.Trials {
		at := trial.At.Sub(f.trace.Start)
		class, what := "slot action", cut(trial.Action)
		if trial.Control {
			class, what = "slot control", "control"
		}
		left, right := max(x(at+f.from), timelineLeft), min(x(at+f.to), timelineWidth-timelineRight)
		s.rect(left, top, max(right-left, 1.5), bottom-top, class, fmt.Sprintf("%s at %s UTC", f.trialName(trial), clock(trial.At)))
		if width := 7 * float64(len([]rune(what))); !trial.Control && left >= free && left+width <= timelineWidth {
			s.text(left, top-5, "start", "tick strong", what)
			free = left + width + 3
		}
	}
}

func drawAxes(s *svg, y func(int, traffic.Direction) float64, top, bottom float64) {
	middle := (top + bottom) / 2
	s.line(timelineLeft, middle, timelineWidth-timelineRight, middle, "axis")
	for _, b := range []int{100, 1000} {
		for _, d := range []traffic.Direction{traffic.Out, traffic.In} {
			s.line(timelineLeft, y(b, d), timelineWidth-timelineRight, y(b, d), "grid")
			s.text(timelineLeft-6, y(b, d)+4, "end", "tick", fmt.Sprintf("%d B", b))
		}
	}
	s.text(timelineLeft-6, top-5, "end", "tick strong", "sent ↑")
	s.text(timelineLeft-6, timelineHeight-8, "end", "tick strong", "received ↓")
}

func drawTicks(s *svg, x func(time.Duration) float64, most time.Duration) {
	for _, t := range ticks(0, most, 12) {
		anchor := "middle"
		switch {
		case t == 0:
			anchor = "start"
		case x(t) > timelineWidth-timelineRight-14:
			anchor = "end"
		}
		s.text(x(t), timelineHeight-8, anchor, "tick", tickLabel(t))
	}
}

// drawPoints draws the events, those of the pattern last so that they lie on
// top, and returns how many it left out.
func (f figures) drawPoints(s *svg, x func(time.Duration) float64, y func(int, traffic.Direction) float64) (thinned int) {
	every := len(f.trace.Points)/mostPoints + 1
	for i, p := range f.trace.Points {
		switch {
		case p.Step >= 0:
		case i%every != 0:
			thinned++
		default:
			s.circle(x(p.After), y(p.Frame, p.Direction), 2, pointClass(p), pointTitle(p))
		}
	}
	for _, p := range f.trace.Points {
		if p.Step >= 0 {
			s.circle(x(p.After), y(p.Frame, p.Direction), 3.5, pointClass(p), pointTitle(p))
		}
	}
	return thinned
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

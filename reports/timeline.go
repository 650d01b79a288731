package reports

import (
	"fmt"
	"html/template"
	"math"
	"time"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/traffic"
)

// mostPoints bounds what the timeline draws; beyond it packets outside the
// pattern are thinned evenly, and the figure says so.
const mostPoints = 1500

const (
	timelineWidth  = 1120.0
	timelineHeight = 260.0
	timelineLeft   = 86.0
	timelineRight  = 12.0
	timelineTop    = 22.0
	timelineBottom = 26.0
)

// A timelineDrawing is one trace's timeline while it is drawn.
type timelineDrawing struct {
	*svg
	figures
	trace       analysis.Trace
	top, bottom float64
}

// timeline shows the whole recording: time to the right, what the gateway sent
// above and received below the line by frame length, and every slot. The
// elements that move when a reader zooms stand in a group of their own, which
// names its time axis for the script.
func (f figures) timeline(trace analysis.Trace) template.HTML {
	if trace.Duration <= 0 {
		return ""
	}
	d := timelineDrawing{newSVG(timelineWidth, timelineHeight, f.timelineLabel(trace)), f, trace, timelineTop, timelineHeight - timelineBottom}
	y := frameScale(trace.Points, (d.top+d.bottom)/2, (d.bottom-d.top)/2-4)
	d.axes(y)
	fmt.Fprintf(d, `<g class="time" data-left="%s" data-right="%s" data-base="%s" data-seconds="%.6f">`, px(timelineLeft), px(timelineWidth-timelineRight), px(timelineHeight-8), trace.Duration.Seconds())
	d.slots()
	thinned := d.points(y)
	d.ticks()
	d.WriteString("</g>")
	if thinned > 0 {
		d.text(timelineWidth-timelineRight, 10, "end", "tick", fmt.Sprintf("%s packets outside the pattern are not drawn", count(thinned)))
	}
	return d.end()
}

func (f figures) timelineLabel(trace analysis.Trace) string {
	what := "slots"
	if f.labelled {
		what = "labelled actions"
	}
	return fmt.Sprintf("Timeline of %s: %s events over %s, sent above and received below the line by frame length, with %d %s marked.",
		Printable(f.verdict.Gateway), count(len(trace.Points)), duration(trace.Duration.Round(time.Second)), len(f.verdict.Trials), what)
}

func (d timelineDrawing) x(t time.Duration) float64 {
	return timelineLeft + (timelineWidth-timelineLeft-timelineRight)*float64(t)/float64(d.trace.Duration)
}

// slots marks every slot; the actions' words are left out where they would run
// into each other.
func (d timelineDrawing) slots() {
	free := 0.0
	for _, trial := range d.verdict.Trials {
		at := trial.At.Sub(d.trace.Start)
		if at < 0 || at > d.trace.Duration {
			continue // of another capture
		}
		class, what := "slot action", cut(trial.Action)
		if trial.Control {
			class, what = "slot control", "control"
		}
		left, right := max(d.x(at+d.from), timelineLeft), min(d.x(at+d.to), timelineWidth-timelineRight)
		fmt.Fprintf(d, `<rect x="%s" y="%s" width="%s" height="%s" class="%s" data-from="%s" data-to="%s"`, px(left), px(d.top), px(max(right-left, 1.5)), px(d.bottom-d.top), class, seconds(at+d.from), seconds(at+d.to))
		d.titled("rect", fmt.Sprintf("%s at %s UTC", d.trialName(trial), clock(trial.At)))
		if width := 7 * float64(len([]rune(what))); !trial.Control && left >= free && left+width <= timelineWidth {
			fmt.Fprintf(d, `<text x="%s" y="%s" data-from="%s" class="tick strong">%s</text>`, px(left), px(d.top-5), seconds(at+d.from), safe(what))
			free = left + width + 3
		}
	}
}

func (d timelineDrawing) axes(y func(int, traffic.Direction) float64) {
	middle := (d.top + d.bottom) / 2
	d.line(timelineLeft, middle, timelineWidth-timelineRight, middle, "axis")
	for _, b := range []int{100, 1000} {
		for _, dir := range []traffic.Direction{traffic.Out, traffic.In} {
			d.line(timelineLeft, y(b, dir), timelineWidth-timelineRight, y(b, dir), "grid")
			d.text(timelineLeft-6, y(b, dir)+4, "end", "tick", fmt.Sprintf("%d B", b))
		}
	}
	d.text(timelineLeft-6, d.top-5, "end", "tick strong", "sent ↑")
	d.text(timelineLeft-6, timelineHeight-8, "end", "tick strong", "received ↓")
}

func (d timelineDrawing) ticks() {
	for _, t := range ticks(0, d.trace.Duration, 12) {
		anchor := "middle"
		switch {
		case t == 0:
			anchor = "start"
		case d.x(t) > timelineWidth-timelineRight-14:
			anchor = "end"
		}
		d.text(d.x(t), timelineHeight-8, anchor, "tick moment", tickLabel(t))
	}
}

// points draws the events, those of the pattern last so that they lie on top,
// and returns how many it left out.
func (d timelineDrawing) points(y func(int, traffic.Direction) float64) (thinned int) {
	every := (len(d.trace.Points) + mostPoints - 1) / mostPoints
	for i, p := range d.trace.Points {
		switch {
		case p.Step >= 0:
		case i%every != 0:
			thinned++
		default:
			d.circle(d.x(p.After), y(p.Frame, p.Direction), 2, pointClass(p), d.title(p))
		}
	}
	for _, p := range d.trace.Points {
		if p.Step >= 0 {
			d.circle(d.x(p.After), y(p.Frame, p.Direction), 3.5, pointClass(p), d.title(p))
		}
	}
	return thinned
}

// title says what a point is, and when.
func (d timelineDrawing) title(p analysis.Point) string {
	s := fmt.Sprintf("%s s: %s", seconds(p.After), pointTitle(p))
	if p.Slot >= 0 && p.Slot < len(d.verdict.Trials) {
		s += fmt.Sprintf(", %s after %s", delay(float64(d.after(d.trace, p))/1e6), d.trialName(d.verdict.Trials[p.Slot]))
	}
	return s
}

// seconds writes seconds to the millisecond.
func seconds(t time.Duration) string { return fmt.Sprintf("%.3f", t.Seconds()) }

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

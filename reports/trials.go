package reports

import (
	"cmp"
	"fmt"
	"html/template"
	"math"
	"slices"
	"time"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/traffic"
)

const (
	trialsWidth = 720.0
	trialsLeft  = 118.0
	trialsRight = 14.0
)

// trialsFigure lays all action trials over all control trials, a row each, by
// the time since the command: what comes with the action stands in columns
// above and is missing below.
func trialsFigure(trace analysis.Trace, v analysis.Verdict, window time.Duration) template.HTML {
	if len(v.Trials) == 0 || window <= 0 {
		return ""
	}
	trials := slices.Clone(v.Trials)
	slices.SortStableFunc(trials, func(a, b analysis.Trial) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.Action, b.Action), cmp.Compare(a.Slot, b.Slot))
	})
	row := 15.0
	if len(trials) > 60 {
		row = 8
	}
	const gap, top = 14.0, 8.0
	height := top + row*float64(len(trials)) + gap + 30
	s := newSVG(trialsWidth, height, fmt.Sprintf("Packets of %s in the %v after each slot: action trials above, control trials below.", Printable(v.Gateway), window))
	x := func(t time.Duration) float64 {
		return trialsLeft + (trialsWidth-trialsLeft-trialsRight)*float64(t)/float64(window)
	}
	points := bySlot(trace)
	y := top
	for i, trial := range trials {
		if i > 0 && trial.Control && !trials[i-1].Control {
			y += gap
		}
		drawTrial(s, trial, points[trial.Slot], trace, x, y+row/2, window, row)
		y += row
	}
	for _, t := range ticks(window, 8) {
		s.line(x(t), top, x(t), y, "grid")
		s.text(x(t), y+14, "middle", "tick", tickLabel(t))
	}
	s.text(trialsWidth-trialsRight, y+28, "end", "tick", "time since the command")
	return s.end()
}

func rank(t analysis.Trial) int {
	if t.Control {
		return 1
	}
	return 0
}

func bySlot(trace analysis.Trace) map[int][]analysis.Point {
	slots := map[int][]analysis.Point{}
	for _, p := range trace.Points {
		if p.Slot >= 0 {
			slots[p.Slot] = append(slots[p.Slot], p)
		}
	}
	return slots
}

func drawTrial(s *svg, trial analysis.Trial, points []analysis.Point, trace analysis.Trace, x func(time.Duration) float64, y float64, window time.Duration, row float64) {
	label, class := fmt.Sprintf("%s · slot %d", trial.Action, trial.Slot+1), "row action"
	if trial.Control {
		label, class = fmt.Sprintf("control · slot %d", trial.Slot+1), "row control"
	}
	if row > 10 {
		s.text(trialsLeft-8, y+3.5, "end", "tick", Printable(label))
	}
	s.rect(x(0), y-row/2+1, x(window)-x(0), row-2, class, "")
	for _, p := range points {
		after := trace.Start.Add(p.After).Sub(trial.At)
		if after < 0 || after > window {
			continue
		}
		r, lift := 2.2, row/5
		if p.Step >= 0 {
			r = math.Min(4, row/3.5)
		}
		if p.Direction == traffic.Out {
			lift = -lift
		}
		s.circle(x(after), y+lift, r, pointClass(p), fmt.Sprintf("%s after %v", pointTitle(p), after.Round(time.Millisecond)))
	}
}

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
	trialsLeft  = 124.0
	trialsRight = 22.0
)

// trialRows lays all action trials over all control trials, a row each, by the
// time since the command: what comes with the action stands in columns above
// and is missing below.
func (f figures) trialRows() template.HTML {
	if len(f.verdict.Trials) == 0 || f.to <= f.from {
		return ""
	}
	trials := slices.Clone(f.verdict.Trials)
	slices.SortStableFunc(trials, func(a, b analysis.Trial) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.Action, b.Action), cmp.Compare(a.Slot, b.Slot))
	})
	const gap, top = 14.0, 8.0
	row := rowHeight(len(trials))
	s := newSVG(trialsWidth, top+row*float64(len(trials))+gap+36, f.trialsLabel())
	x := func(t time.Duration) float64 {
		return trialsLeft + (trialsWidth-trialsLeft-trialsRight)*float64(t-f.from)/float64(f.to-f.from)
	}
	points := bySlot(f.trace)
	y := top
	for i, trial := range trials {
		if i > 0 && trial.Control && !trials[i-1].Control {
			y += gap
		}
		f.drawTrial(s, trial, points[trial.Slot], x, y+row/2, row)
		y += row
	}
	f.drawTrialAxis(s, x, top, y)
	return s.end()
}

// rowHeight shrinks rows where there are many.
func rowHeight(trials int) float64 {
	switch {
	case trials > 200:
		return 4
	case trials > 60:
		return 8
	}
	return 15
}

func (f figures) trialsLabel() string {
	if f.labelled {
		return fmt.Sprintf("Packets of %s around each labelled action, a row each.", Printable(f.verdict.Gateway))
	}
	return fmt.Sprintf("Packets of %s in the %s after each slot: action trials above, control trials below.", Printable(f.verdict.Gateway), duration(f.to))
}

func (f figures) drawTrialAxis(s *svg, x func(time.Duration) float64, top, bottom float64) {
	for _, t := range ticks(f.from, f.to, 8) {
		s.line(x(t), top, x(t), bottom, "grid")
		s.text(x(t), bottom+15, "middle", "tick", tickLabel(t))
	}
	since := "time since the command"
	if f.labelled {
		since = "time since the label"
	}
	s.text(trialsWidth-trialsRight, bottom+32, "end", "tick", since)
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

func (f figures) drawTrial(s *svg, trial analysis.Trial, points []analysis.Point, x func(time.Duration) float64, y, row float64) {
	class := "row action"
	if trial.Control {
		class = "row control"
	}
	if row > 10 {
		s.text(trialsLeft-8, y+4, "end", "tick", f.trialName(trial))
	}
	s.rect(x(f.from), y-row/2+row/15, x(f.to)-x(f.from), row*13/15, class, "")
	for _, p := range points {
		after := f.trace.Start.Add(p.After).Sub(trial.At)
		if after < f.from || after > f.to {
			continue
		}
		r, lift := math.Min(2.2, row/3), row/5
		if p.Step >= 0 {
			r = math.Min(4, row/3.5)
		}
		if p.Direction == traffic.Out {
			lift = -lift
		}
		s.circle(x(after), y+lift, r, pointClass(p), fmt.Sprintf("%s, %s after", pointTitle(p), delay(float64(after)/1e6)))
	}
}

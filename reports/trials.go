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
	if len(f.verdict.Trials) == 0 || len(f.traces) == 0 || f.to <= f.from {
		return ""
	}
	const gap, top = 14.0, 8.0
	row := rowHeight(len(f.verdict.Trials))
	s := newSVG(trialsWidth, top+row*float64(len(f.verdict.Trials))+gap+36, f.trialsLabel())
	points := f.bySlot()
	y, controls := top, false
	for _, i := range f.order() {
		if trial := f.verdict.Trials[i]; trial.Control && !controls {
			y, controls = y+gap, true
		}
		f.drawTrial(s, f.verdict.Trials[i], points[i], y+row/2, row)
		y += row
	}
	f.drawTrialAxis(s, top, y)
	return s.end()
}

// order puts actions before controls, and equal actions together.
func (f figures) order() []int {
	order := make([]int, len(f.verdict.Trials))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int {
		a, b := f.verdict.Trials[i], f.verdict.Trials[j]
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.Action, b.Action))
	})
	return order
}

func (f figures) trialX(t time.Duration) float64 {
	return trialsLeft + (trialsWidth-trialsLeft-trialsRight)*float64(t-f.from)/float64(f.to-f.from)
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

func (f figures) drawTrialAxis(s *svg, top, bottom float64) {
	for _, t := range ticks(f.from, f.to, 8) {
		s.line(f.trialX(t), top, f.trialX(t), bottom, "grid")
		s.text(f.trialX(t), bottom+15, "middle", "tick", tickLabel(t))
	}
	since := "time since the command"
	if f.labelled {
		since = "time since the label"
	}
	s.text(trialsWidth-trialsRight, bottom+32, "end", "tick", since)
}

// rank puts controls behind actions.
func rank(t analysis.Trial) int {
	if t.Control {
		return 1
	}
	return 0
}

// A moment is a point with the time since its trial's command.
type moment struct {
	analysis.Point
	after time.Duration
}

// mostMoments bounds what the trials show outside the pattern.
const mostMoments = 800

// bySlot sorts the points of all traces to their trials, thinned evenly where
// they are many.
func (f figures) bySlot() [][]moment {
	rows := make([][]moment, len(f.verdict.Trials))
	n := 0
	for _, trace := range f.traces {
		for _, p := range trace.Points {
			if p.Slot >= 0 && p.Slot < len(rows) {
				rows[p.Slot] = append(rows[p.Slot], moment{p, f.after(trace, p)})
				n++
			}
		}
	}
	every, seen := (n+mostMoments-1)/mostMoments, 0
	for i := range rows {
		rows[i] = slices.DeleteFunc(rows[i], func(m moment) bool {
			seen++
			return m.Step < 0 && seen%every != 0
		})
	}
	return rows
}

func (f figures) drawTrial(s *svg, trial analysis.Trial, points []moment, y, row float64) {
	class := "row action"
	if trial.Control {
		class = "row control"
	}
	if row > 10 {
		s.text(trialsLeft-8, y+4, "end", "tick", f.trialName(trial))
	}
	s.rect(trialsLeft, y-row/2+row/15, trialsWidth-trialsLeft-trialsRight, row*13/15, class, "")
	for _, p := range points {
		r, lift := math.Min(2.2, row/3), row/5
		if p.Step >= 0 {
			r = math.Min(4, row/3.5)
		}
		if p.Direction == traffic.Out {
			lift = -lift
		}
		if p.after >= f.from && p.after <= f.to {
			s.circle(f.trialX(p.after), y+lift, r, pointClass(p.Point), fmt.Sprintf("%s: %s", delay(float64(p.after)/1e6), pointTitle(p.Point)))
		}
	}
}

package reports

import (
	"fmt"
	"html/template"

	"github.com/hueprint/hueprint/analysis"
)

// powerFigure shows for each kind of plant how often it was detected, by the
// share of actions in which it was planted.
func powerFigure(gateway string, p analysis.Power) template.HTML {
	const width, height, left, right, top, bottom = 420.0, 210.0, 46.0, 26.0, 12.0, 38.0
	s := newSVG(width, height, powerLabel(gateway, p))
	x := func(rate float64) float64 { return left + (width-left-right)*rate }
	y := func(share float64) float64 { return height - bottom - (height-bottom-top)*share }
	for _, share := range []float64{0, 0.5, 0.95, 1} {
		class := "grid"
		if share == 0.95 {
			class = "threshold"
		}
		s.line(left, y(share), width-right, y(share), class)
		if share != 1 {
			s.text(left-6, y(share)+4, "end", "tick", fmt.Sprintf("%.0f %%", share*100))
		}
	}
	for rate := 0.2; rate < 1.05; rate += 0.2 {
		s.text(x(rate), height-bottom+16, "middle", "tick", fmt.Sprintf("%.0f %%", rate*100))
	}
	s.text(width-right, height-6, "end", "tick", "share of actions that leave the mark")
	drawn := false
	for i, plant := range p.Plants {
		for j, share := range plant.Detected {
			rate := float64(j+1) / 10
			if j > 0 {
				s.line(x(rate-0.1), y(plant.Detected[j-1]), x(rate), y(share), fmt.Sprintf("curve c%d", i%3))
			}
			s.circle(x(rate), y(share), 3, fmt.Sprintf("dot c%d", i%3), fmt.Sprintf("%s: detected in %.0f %% at a rate of %.0f %%", plantName(plant.Kind), share*100, rate*100))
			drawn = true
		}
	}
	if !drawn {
		return ""
	}
	return s.end()
}

func powerLabel(gateway string, p analysis.Power) string {
	label := fmt.Sprintf("Power for %s: share of plants detected by the share of actions planted.", Printable(gateway))
	for _, plant := range p.Plants {
		label += fmt.Sprintf(" A packet %s: 95 %% at a rate of %s.", plantName(plant.Kind), leastRate(plant))
	}
	return label
}

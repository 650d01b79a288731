package pages

import (
	"fmt"
	"html/template"
	"math"
	"strings"
	"time"

	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/panel/lab"
	"github.com/hueprint/hueprint/reports"
)

// bulb is the class of a light's picture.
func bulb(l lab.Light) string {
	switch {
	case l.Read.IsZero():
		return "unknown"
	case !l.Reachable || l.State.Unreachable:
		return "away"
	case l.State.On:
		return "on"
	}
	return "off"
}

// bulbWords says what a light is set to.
func bulbWords(l lab.Light) string {
	switch bulb(l) {
	case "unknown":
		return "not known"
	case "away":
		return "does not answer"
	case "off":
		return "off"
	}
	if l.State.Brightness == 0 {
		return "on"
	}
	return fmt.Sprintf("on, %d %%", percent(l.State.Brightness))
}

// commandWords says what became of a slot: slot 7, on, answered after 4 ms,
// confirmed after 61 ms.
func commandWords(c *experiments.Command) string {
	since := func(t time.Time) string {
		return fmt.Sprintf(" after %.0f ms", float64(t.Sub(c.Sent))/float64(time.Millisecond))
	}
	if c.Action == "" {
		return fmt.Sprintf("slot %d, control, nothing was sent", c.Slot+1)
	}
	words := fmt.Sprintf("slot %d, %s", c.Slot+1, c.Action)
	if !c.Sent.IsZero() && !c.Answered.IsZero() {
		words += ", answered" + since(c.Answered)
	}
	if !c.Sent.IsZero() && !c.Confirmed.IsZero() {
		words += ", confirmed" + since(c.Confirmed)
	}
	if c.Outcome != experiments.Done {
		words += ", " + string(c.Outcome)
	}
	if c.Failure != "" {
		words += ": " + c.Failure
	}
	return reports.Prose(words)
}

// glow is the colour in which a light that is on shines, as #rrggbb; empty when
// it is off or says nothing of its colour.
func glow(l lab.Light) string {
	if bulb(l) != "on" {
		return ""
	}
	switch s := l.State; {
	case s.ColorMode == "xy" && s.XY[1] > 0:
		return xyColour(float64(s.XY[0]), float64(s.XY[1]))
	case s.ColorMode == "ct" && s.Mired > 0:
		return kelvinColour(1e6 / float64(s.Mired))
	case s.ColorMode == "hs":
		return hueColour(float64(s.Hue)/65536*360, float64(s.Saturation)/254)
	}
	return ""
}

// xyColour shows a chromaticity of CIE 1931 on a screen (IEC 61966-2-1), as
// bright as it can.
func xyColour(x, y float64) string {
	X, Z := x/y, (1-x-y)/y
	return screen(3.2406*X-1.5372-0.4986*Z, -0.9689*X+1.8758+0.0415*Z, 0.0557*X-0.2040+1.0570*Z)
}

// kelvinColour is near enough to the black body's colour for a picture: the
// cubic of Kim and others (US patent 7024034) for x, the daylight one for y.
func kelvinColour(k float64) string {
	k = math.Min(math.Max(k, 1700), 10000)
	var x float64
	if k <= 4000 {
		x = -0.2661239e9/(k*k*k) - 0.2343589e6/(k*k) + 0.8776956e3/k + 0.179910
	} else {
		x = -3.0258469e9/(k*k*k) + 2.1070379e6/(k*k) + 0.2226347e3/k + 0.240390
	}
	return xyColour(x, -0.9549476*x*x*x-1.37418593*x*x+2.09137015*x-0.16748867)
}

func hueColour(h, s float64) string {
	channel := func(n float64) float64 {
		k := math.Mod(n+h/60, 6)
		v := 1 - s*math.Max(0, math.Min(math.Min(k, 4-k), 1))
		return math.Pow(v, 2.2)
	}
	return screen(channel(5), channel(3), channel(1))
}

// screen writes linear light as a colour, its brightest channel at full.
func screen(r, g, b float64) string {
	most := math.Max(math.Max(r, g), math.Max(b, 1e-9))
	byteOf := func(v float64) int {
		v = math.Max(v, 0) / most
		if v <= 0.0031308 {
			return int(math.Round(255 * 12.92 * v))
		}
		return int(math.Round(255 * (1.055*math.Pow(v, 1/2.4) - 0.055)))
	}
	return fmt.Sprintf("#%02x%02x%02x", byteOf(r), byteOf(g), byteOf(b))
}

// clock writes a time since the beginning of a recording: 0:07.3, 1:02:09.0.
func clock(d time.Duration) string {
	tenths := d.Round(100*time.Millisecond) / (100 * time.Millisecond)
	s := fmt.Sprintf("%02d.%d", tenths/10%60, tenths%10)
	if h := tenths / 36000; h > 0 {
		return fmt.Sprintf("%d:%02d:%s", h, tenths/600%60, s)
	}
	return fmt.Sprintf("%d:%s", tenths/600, s)
}

// planFigure shows when a plan acts, and when it only looks.
func planFigure(p experiments.Plan) template.HTML {
	const width, height = 1120.0, 54.0
	if p.Duration <= 0 {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<figure class="plan"><div class="wide" tabindex="0" role="group" aria-label="The plan as a figure"><svg viewBox="0 0 %g %g" role="img" aria-label="%d slots over %s: %d actions and %d controls">`,
		width, height, len(p.Slots), span(p.Duration), p.Experiment.Actions, p.Experiment.Controls)
	fmt.Fprintf(&b, `<path class="axis" d="M0 %g H%g"/>`, height-14, width)
	for _, s := range p.Slots {
		class, top := "slot control", 14.0
		if !s.Control {
			class, top = "slot action", 2.0
		}
		x := width * float64(s.At) / float64(p.Duration)
		w := math.Max(width*float64(p.Experiment.Window)/float64(p.Duration), 2)
		fmt.Fprintf(&b, `<rect class="%s" x="%.1f" y="%g" width="%.1f" height="%g"/>`, class, x, top, w, height-14-top)
	}
	fmt.Fprintf(&b, `<text class="tick" x="0" y="%g">0:00</text><text class="tick" x="%g" y="%g" text-anchor="end">%s</text>`, height-1, width, height-1, clock(p.Duration))
	b.WriteString(`</svg></div><figcaption><span class="key box action"></span>command<span class="key box control"></span>control slot; each as long as its window</figcaption></figure>`)
	return template.HTML(b.String())
}

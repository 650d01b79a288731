package reports

import (
	"html/template"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/traffic"
)

// gatewayView is one gateway's section of the HTML report.
type gatewayView struct {
	analysis.Verdict
	Anchor string
	// Run is the run's ID; empty for labelled captures.
	Run    string
	Design analysis.Design
	// Labelled gateways were recorded by others, with a list of actions: they
	// have actions, but no slots and no controls.
	Labelled  bool
	Patterns  []patternView
	Timelines []timelineView
	// Trials, Null and PowerCurve are figures, empty where there is nothing to
	// show.
	Trials, Null, PowerCurve template.HTML
	Evidence                 []fact
	Commands                 []commandTrace
	Markdown, TeX            string
}

// patternView is one scope's pattern, a filter beside each step.
type patternView struct {
	analysis.ScopeVerdict
	Controls bool
	Rows     []stepView
}

type stepView struct {
	analysis.Step
	Filter string
}

// timelineView is one trace's figure, with its capture's name where there are
// several.
type timelineView struct {
	Figure  template.HTML
	Capture string
}

func newGatewayView(part Part, v analysis.Verdict, anchor string) gatewayView {
	f := newFigures(part.Traces, v, part.Findings.Design)
	g := gatewayView{Verdict: v, Anchor: anchor, Run: part.Findings.Subject.Run, Design: part.Findings.Design, Labelled: f.labelled,
		Evidence: evidence(v, part), Null: nullFigure(v, part.Findings.Design), PowerCurve: powerFigure(v.Gateway, v.Power),
		Timelines: timelineViews(f, part.Findings.Subject.Captures), Trials: f.trialRows(), Commands: stepTraces(part.Run, f)}
	for _, s := range v.Scopes {
		if len(s.Pattern.Steps) > 0 {
			g.Patterns = append(g.Patterns, newPatternView(s, part, v.Gateway))
		}
	}
	if len(v.Pattern.Steps) > 0 {
		g.Markdown, g.TeX = patternMarkdown(v), LaTeX(v)
	}
	return g
}

func timelineViews(f figures, captures []string) []timelineView {
	var all []timelineView
	for i, figure := range f.timelines() {
		view := timelineView{Figure: figure}
		if len(captures) > 1 && i < len(captures) {
			view.Capture = captures[i]
		}
		all = append(all, view)
	}
	return all
}

func newPatternView(s analysis.ScopeVerdict, part Part, gateway string) patternView {
	own := addressesOf(part, gateway)
	view := patternView{ScopeVerdict: s, Controls: hasControls(s.Pattern)}
	for _, step := range s.Pattern.Steps {
		view.Rows = append(view.Rows, stepView{step, DisplayFilter(step, own, part.Traces)})
	}
	return view
}

// addressesOf are the gateway's own; of labelled captures nothing but the name
// is known here.
func addressesOf(part Part, gateway string) traffic.Gateway {
	if part.Run != nil {
		if g, ok := part.Run.Gateway(gateway); ok {
			return g.Addresses
		}
	}
	return named(gateway)
}

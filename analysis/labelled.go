package analysis

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/hueprint/hueprint/analysis/align"
	"github.com/hueprint/hueprint/analysis/correlate"
	"github.com/hueprint/hueprint/analysis/events"
	"github.com/hueprint/hueprint/traffic"
)

// A Labelled capture is someone else's recording with the instants at which
// something was done, by the capture's own clock as far as anyone knows.
type Labelled struct {
	// Name is shown to people: the folder or file.
	Name    string
	Gateway traffic.Gateway
	Peers   traffic.Peers
	Actions []LabelledAction
	// Packets are asked for once.
	Packets iter.Seq2[traffic.Packet, error]
}

// A LabelledAction is one line of a list of actions.
type LabelledAction struct {
	Time   time.Time
	Action string
	// Extra holds the list's other columns.
	Extra map[string]string
}

// DefaultUncertainty is how far a label may lie from what it labels when
// nobody has said.
const DefaultUncertainty = 2 * time.Second

// DefaultLabelledAlpha is the level for labelled captures unless another is given.
const DefaultLabelledAlpha = 0.01

// labelledWindows are the ends of the windows that are tested together unless
// one is given.
var labelledWindows = [...]time.Duration{2 * time.Second, 6 * time.Second, 15 * time.Second}

// LabelledOptions are the choices for labelled captures; the zero value takes
// the defaults.
type LabelledOptions struct {
	// Alpha is the level; 0 takes [DefaultLabelledAlpha].
	Alpha float64
	// Window is the end of the one window to test; 0 tests 2 s, 6 s and 15 s as
	// members of one family.
	Window time.Duration
	// Uncertainty is how far labels may lie from the actions: windows open
	// that much earlier. 0 takes [DefaultUncertainty]; negative means none.
	Uncertainty time.Duration
	// Seed is that of the redraws.
	Seed uint64
}

func (o LabelledOptions) settled() LabelledOptions {
	if o.Alpha <= 0 {
		o.Alpha = DefaultLabelledAlpha
	}
	switch {
	case o.Uncertainty == 0:
		o.Uncertainty = DefaultUncertainty
	case o.Uncertainty < 0:
		o.Uncertainty = 0
	}
	return o
}

func (o LabelledOptions) windows() []align.Window {
	ends := labelledWindows[:]
	if o.Window > 0 {
		ends = []time.Duration{o.Window}
	}
	var out []align.Window
	for _, end := range ends {
		out = append(out, align.Window{Before: o.Uncertainty, After: end})
	}
	return out
}

// AnalyzeLabelled tests captures of one gateway, together, by circular shifts of
// their schedules; the result has one verdict. It fails when there is nothing to
// test: a capture without packets, without the gateway, or without an action
// inside it.
func AnalyzeLabelled(captures []Labelled, o LabelledOptions) (Findings, []Trace, error) {
	if len(captures) == 0 {
		return Findings{}, nil, errors.New("analyze: no capture was given")
	}
	o = o.settled()
	l := labelledStudy{options: o, windows: o.windows()}
	for _, c := range captures {
		if err := l.read(c); err != nil {
			return Findings{}, nil, fmt.Errorf("analyze capture %s: %w", c.Name, err)
		}
	}
	l.result = correlate.ShiftTest(l.tested(), l.windows, o.Seed)
	l.window = l.windows[l.bestWindow()]
	l.cut()
	v, parts := l.verdict(captures[0].Gateway)
	f := l.findings(captures, v)
	var traces []Trace
	first := 0
	for _, r := range l.recordings {
		t := traceOf(v.Gateway, r.log, 0, r.trials, parts)
		for i := range t.Points {
			if t.Points[i].Slot >= 0 {
				t.Points[i].Slot += first
			}
		}
		first += len(r.trials)
		traces = append(traces, t)
	}
	return f, traces, nil
}

// A labelledStudy is the analysis of labelled captures while it is made.
type labelledStudy struct {
	options    LabelledOptions
	windows    []align.Window
	recordings []labelledRecording
	result     correlate.ShiftResult
	// window is the one in which the best candidate did best; trials and
	// pattern are shown in it.
	window   align.Window
	warnings []string
	damage   []string
}

type labelledRecording struct {
	name    string
	log     events.Log
	actions []LabelledAction
	trials  []align.Trial
}

// read extracts one capture's events and keeps the actions inside it.
func (l *labelledStudy) read(c Labelled) error {
	var who census
	log, err := events.Extract(who.watch(c.Packets), c.Gateway, c.Peers)
	switch {
	case err != nil && log.Frames == 0:
		return fmt.Errorf("read packets: %w", err)
	case log.Frames == 0:
		return errors.New("it holds no packets (was the recorder killed before it wrote any?)")
	case log.Packets == 0:
		return fmt.Errorf("the gateway %s never appears in it; the addresses that appear most are %s (give one of them)", addresses(c.Gateway), who.most(c.Gateway))
	case err != nil:
		l.damage = append(l.damage, fmt.Sprintf("Capture %s could not be read without errors (%v): analyse an undamaged copy.", c.Name, err))
	}
	inside := slices.DeleteFunc(slices.Clone(c.Actions), func(a LabelledAction) bool {
		return a.Time.Before(log.First) || a.Time.After(log.Last)
	})
	if len(inside) == 0 {
		return beside(c.Actions, log)
	}
	if n := len(c.Actions) - len(inside); n > 0 {
		l.warnings = append(l.warnings, fmt.Sprintf("%d of %d actions lie outside capture %s and were left out.", n, len(c.Actions), c.Name))
	}
	slices.SortStableFunc(inside, func(a, b LabelledAction) int { return a.Time.Compare(b.Time) })
	l.recordings = append(l.recordings, labelledRecording{name: c.Name, log: log, actions: inside})
	return nil
}

// beside is the error for actions none of which lies inside the capture.
func beside(actions []LabelledAction, log events.Log) error {
	if len(actions) == 0 {
		return errors.New("its list of actions is empty")
	}
	byTime := func(a, b LabelledAction) int { return a.Time.Compare(b.Time) }
	first, last := slices.MinFunc(actions, byTime).Time, slices.MaxFunc(actions, byTime).Time
	stamp := func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05Z") }
	hint := "is this the right file?"
	hours := log.First.Add(log.Last.Sub(log.First) / 2).Sub(first.Add(last.Sub(first) / 2)).Round(time.Hour)
	if hours != 0 && hours.Abs() <= 14*time.Hour && !first.Add(hours).Before(log.First) && !last.Add(hours).After(log.Last) {
		hint = fmt.Sprintf("they would be inside if shifted by %+d h: is their time zone right?", int(hours/time.Hour))
	}
	return fmt.Errorf("none of its %d actions lies inside it: the capture spans %s to %s, the actions %s to %s (check their time zone and clock offset; %s)",
		len(actions), stamp(log.First), stamp(log.Last), stamp(first), stamp(last), hint)
}

// tested are the captures as the shift test takes them.
func (l *labelledStudy) tested() []correlate.Capture {
	var out []correlate.Capture
	for _, r := range l.recordings {
		c := correlate.Capture{First: r.log.First, Length: r.log.Last.Sub(r.log.First), Events: r.log.Events}
		for _, a := range r.actions {
			c.Actions = append(c.Actions, a.Time.Sub(r.log.First))
		}
		out = append(out, c)
	}
	return out
}

// bestWindow is the window of the candidate with the largest statistic.
func (l *labelledStudy) bestWindow() int {
	best := correlate.ShiftScore{Constant: true}
	for _, s := range l.result.Scores {
		if !s.Constant && (best.Constant || s.Z > best.Z) {
			best = s
		}
	}
	return best.Window
}

// cut gives every action its trial.
func (l *labelledStudy) cut() {
	slot := 0
	for i := range l.recordings {
		r := &l.recordings[i]
		for _, a := range r.actions {
			r.trials = append(r.trials, align.New(slot, a.Time, a.Action))
			slot++
		}
		r.trials = align.Cut(r.trials, r.log.Events, l.window)
	}
}

func (l *labelledStudy) trials() []align.Trial {
	var out []align.Trial
	for _, r := range l.recordings {
		out = append(out, r.trials...)
	}
	return out
}

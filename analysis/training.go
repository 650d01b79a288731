package analysis

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hueprint/hueprint/analysis/align"
	"github.com/hueprint/hueprint/analysis/events"
	"github.com/hueprint/hueprint/analysis/infer"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/traffic"
)

const (
	// fewLabels are told apart without a test of each; mostLabels is the most
	// that get one.
	fewLabels  = 2
	mostLabels = 12
)

// clockTries are the offsets by which all labels are moved when none of them
// shows anything where it stands: with the shortest window they cover the half
// minute by which labels may be off.
var clockTries = [...]time.Duration{-5, 5, -10, 10, -15, 15, -20, 20, -25, 25, -30, 30} // seconds

// Marks are the steps of all visible scopes, as package infer takes them; none
// where the verdict is not visible.
func (v Verdict) Marks() []infer.Mark {
	var out []infer.Mark
	if v.Verdict != CloudVisible && v.Verdict != LANVisible {
		return nil
	}
	for _, scope := range v.Scopes {
		for _, s := range scope.Pattern.Steps {
			out = append(out, infer.Mark{Channel: s.Channel, Direction: s.Direction, Kind: s.Kind, Detail: s.Detail, Min: s.LengthMin, Max: s.LengthMax})
		}
	}
	return out
}

// MarkLabelled finds the marks of actions in labelled captures of one gateway,
// for [infer.Learn]. Their packets are asked for several times. It tests all
// actions together; where there are three kinds or more, each kind, too; and
// where nothing is found, each kind, then all of them moved by up to half a
// minute, at a level divided by the number of tries. Notes say what it did; a
// capture in which nothing can be tested is one of them, and no error.
func MarkLabelled(captures []Labelled, o LabelledOptions) (marks []infer.Mark, notes []string, err error) {
	o = o.settled()
	marks, notes, err = tryLabelled(captures, o)
	if err != nil {
		return nil, nil, err
	}
	labels := labelsOf(captures)
	found := len(marks) > 0
	if len(labels) > 1 && len(labels) <= mostLabels && (!found || len(labels) > fewLabels) {
		each := o
		if !found {
			each.Alpha /= float64(len(labels))
		}
		for _, label := range labels {
			more, _, err := tryLabelled(only(captures, label), each)
			if err != nil && found {
				continue // a kind of action that no capture holds
			}
			marks = append(marks, more...)
		}
	}
	if len(marks) > 0 {
		return marks, notes, nil
	}
	return moved(captures, o, notes)
}

// tryLabelled gives the marks of one test; none where it is not significant.
func tryLabelled(captures []Labelled, o LabelledOptions) ([]infer.Mark, []string, error) {
	f, _, err := AnalyzeLabelled(captures, o)
	if err != nil {
		return nil, nil, err
	}
	v := f.Verdicts[0]
	if marks := v.Marks(); len(marks) > 0 {
		return marks, nil, nil
	}
	return nil, []string{fmt.Sprintf("No mark of the actions is significant in the training (%s): %s", v.Verdict, strings.Join(v.Reasons, " "))}, nil
}

func labelsOf(captures []Labelled) []string {
	var out []string
	for _, c := range captures {
		for _, a := range c.Actions {
			out = append(out, a.Action)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// only keeps the captures' actions of one kind, and the captures that have any.
func only(captures []Labelled, label string) []Labelled {
	var out []Labelled
	for _, c := range captures {
		c.Actions = slices.DeleteFunc(slices.Clone(c.Actions), func(a LabelledAction) bool { return a.Action != label })
		if len(c.Actions) > 0 {
			out = append(out, c)
		}
	}
	return out
}

// moved tries the labels with another clock.
func moved(captures []Labelled, o LabelledOptions, notes []string) ([]infer.Mark, []string, error) {
	o.Alpha /= float64(len(clockTries))
	for _, try := range clockTries {
		by := try * time.Second
		shifted := slices.Clone(captures)
		for i, c := range captures {
			shifted[i].Actions = slices.Clone(c.Actions)
			for a := range shifted[i].Actions {
				shifted[i].Actions[a].Time = c.Actions[a].Time.Add(by)
			}
		}
		marks, _, err := tryLabelled(shifted, o)
		if err == nil && len(marks) > 0 {
			return marks, append(notes, fmt.Sprintf("The actions' list shows something only when moved by about %v: is its clock right?", by)), nil
		}
	}
	return nil, notes, nil
}

// Recorded makes a labelled capture one that a model can be learned from, or be
// tested on. It says in a note what weakens that; actions of which none lies
// inside the capture tell nothing, and count as unknown.
func (c Labelled) Recorded() (infer.Recording, []string, error) {
	var who census
	var held depth
	log, err := events.Extract(held.watch(who.watch(c.Packets)), c.Gateway, c.Peers)
	var notes []string
	switch {
	case err != nil && log.Frames == 0:
		return infer.Recording{}, nil, fmt.Errorf("read capture %s: %w", c.Name, err)
	case log.Frames == 0:
		return infer.Recording{}, nil, fmt.Errorf("read capture %s: %w", c.Name, errors.New("it holds no packets (was the recorder killed before it wrote any?)"))
	case err != nil:
		notes = append(notes, fmt.Sprintf("Capture %s could not be read without errors (%v).", c.Name, err))
	}
	if log.Packets == 0 {
		notes = append(notes, fmt.Sprintf("The gateway %s never appears in capture %s; the addresses that appear most are %s.", addresses(c.Gateway), c.Name, who.most(c.Gateway)))
	}
	r := infer.Recording{Name: c.Name, Events: log.Events, First: log.First, Last: log.Last, Cut: held.headersOnly(log)}
	for _, a := range c.Actions {
		if !a.Time.Before(log.First.Add(-infer.MostTolerance)) && !a.Time.After(log.Last.Add(infer.MostTolerance)) {
			r.Actions = append(r.Actions, infer.Action{Time: a.Time, Label: a.Action})
		}
	}
	slices.SortStableFunc(r.Actions, func(a, b infer.Action) int { return a.Time.Compare(b.Time) })
	r.Known = len(r.Actions) > 0
	switch n := len(c.Actions) - len(r.Actions); {
	case n > 0 && !r.Known:
		notes = append(notes, fmt.Sprintf("The truth of capture %s cannot be used: %v.", c.Name, beside(c.Actions, log)))
	case n > 0:
		notes = append(notes, fmt.Sprintf("%d of %d actions lie outside capture %s and were left out.", n, len(c.Actions), c.Name))
	}
	return r, notes, nil
}

// RecordedIn makes the recording of one gateway in a run one that a model can be
// learned from, or be tested on. Its actions are those whose effect was
// witnessed; an idle run has none.
func RecordedIn(run experiments.Run, g experiments.Gateway, log events.Log) infer.Recording {
	rec, _ := run.Recording(g.Name())
	window := run.Registered.Window
	if window <= 0 {
		window = run.Plan.Experiment.Window
	}
	r := infer.Recording{Name: run.ID, Events: log.Events, First: log.First, Last: log.Last, Known: true,
		Early: max(rec.Offset.Uncertainty(), time.Millisecond), Late: window, Cut: rec.Keep == traffic.KeepHeaders}
	for _, t := range align.Trials(run, rec, nil, align.Around(window, traffic.ClockOffset{})) {
		if !t.Control && t.Confirmed {
			r.Actions = append(r.Actions, infer.Action{Time: t.Captured(), Label: t.Action})
		}
	}
	return r
}

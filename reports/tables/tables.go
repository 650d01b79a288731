package tables

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/reports"
)

// New lays out a run, its findings and the events of its gateways: the tables
// trials, seen, steps, events, candidates and verdicts.
func New(run experiments.Run, f analysis.Findings, traces []analysis.Trace) []Table {
	l := layout{run: run, findings: f, simulated: f.Simulated || run.Simulated}
	for _, v := range f.Verdicts {
		l.gateway(v, traceOf(v.Gateway, traces))
	}
	about := metadata(run, f)
	return []Table{
		tableOf("trials", "One row for each gateway and slot of the plan, with what was done in the slot and how much traffic followed.", l.trials, about),
		tableOf("seen", "One row for each gateway, trial and step of its pattern: how often the step occurred, and how soon.", l.seen, about),
		tableOf("steps", "One row for each step of each gateway's pattern. A gateway without a pattern has none.", l.steps, about),
		tableOf("events", "One row for each event of each gateway: what on the wire could be a mark of an action, in windows and outside.", l.events, about),
		tableOf("candidates", "One row for each tested candidate that the findings keep: those with the smallest adjusted p.", l.candidates, about),
		tableOf("verdicts", "One row for each gateway: what the run says about it.", l.verdicts, about),
	}
}

func traceOf(gateway string, traces []analysis.Trace) analysis.Trace {
	i := slices.IndexFunc(traces, func(t analysis.Trace) bool { return t.Gateway == gateway })
	if i < 0 {
		return analysis.Trace{}
	}
	return traces[i]
}

// layout is the tables while they are filled.
type layout struct {
	run       experiments.Run
	findings  analysis.Findings
	simulated bool

	trials     []Trial
	seen       []Sighting
	steps      []Step
	events     []Event
	candidates []Candidate
	verdicts   []Verdict
}

func (l *layout) gateway(v analysis.Verdict, trace analysis.Trace) {
	l.addVerdict(v)
	l.addSteps(v)
	l.addCandidates(v)
	offset := time.Duration(0)
	if rec, ok := l.run.Recording(v.Gateway); ok {
		offset = rec.Offset.Middle()
	}
	w := windows{verdict: v, offset: offset, events: map[int]int64{}, first: map[[2]int]int64{}}
	l.addEvents(w, trace)
	l.addTrials(w)
	l.addSeen(w)
}

// windows are a gateway's trials with what its events say about them, by the
// trials' place in the verdict.
type windows struct {
	verdict analysis.Verdict
	offset  time.Duration
	// events counts them by trial; first is the delay of the first event of each
	// trial and step, in nanoseconds.
	events map[int]int64
	first  map[[2]int]int64
}

func (l *layout) addEvents(w windows, trace analysis.Trace) {
	for _, p := range trace.Points {
		row := Event{
			Run: text(l.run.ID), Simulated: l.simulated, Gateway: text(w.verdict.Gateway),
			Captured: p.Time.UTC(), AfterNS: p.After.Nanoseconds(),
			Scope: string(p.Channel.Scope), Channel: text(p.Channel.Name), Transport: text(p.Channel.Transport), Port: int32(p.Channel.Port),
			Direction: p.Direction.String(), Kind: string(p.Kind), Detail: text(p.Detail),
			Length: int64(p.Length), Frame: int64(p.Frame), Payload: int64(p.Payload), Number: int64(p.Number),
			Step: int32(p.Step + 1),
		}
		if p.Peer.IsValid() {
			row.Peer = p.Peer.String()
		}
		if p.Slot >= 0 && p.Slot < len(w.verdict.Trials) {
			trial := w.verdict.Trials[p.Slot]
			delay := (p.Time.Sub(trial.At) - w.offset).Nanoseconds()
			row.Slot, row.DelayNS = int32(trial.Slot+1), &delay
			w.note(p, delay)
		}
		l.events = append(l.events, row)
	}
}

// note counts an event for its trial.
func (w windows) note(p analysis.Point, delay int64) {
	w.events[p.Slot]++
	at := [2]int{p.Slot, p.Step}
	if _, known := w.first[at]; !known && p.Step >= 0 {
		w.first[at] = delay
	}
}

func (l *layout) addTrials(w windows) {
	for _, slot := range l.run.Plan.Slots {
		row := Trial{
			Run: text(l.run.ID), Simulated: l.simulated, Gateway: text(w.verdict.Gateway),
			Slot: int32(slot.Index + 1), Control: slot.Control, Action: text(string(slot.Action)), Repeat: slot.Repeat,
			Outcome: string(experiments.Skipped), WindowNS: l.findings.Design.Window.Nanoseconds(),
		}
		if !l.run.Started.IsZero() {
			row.Planned = l.run.Started.Add(slot.At).UTC()
		}
		if !slot.Control {
			row.Light = text(l.run.Plan.Experiment.Light)
		}
		row.command(l.run, slot.Index)
		row.trial(w, slot.Index)
		l.trials = append(l.trials, row)
	}
}

// command adds what was done in the slot.
func (row *Trial) command(run experiments.Run, slot int) {
	i := slices.IndexFunc(run.Commands, func(c experiments.Command) bool { return c.Slot == slot })
	if i < 0 {
		return
	}
	c := run.Commands[i]
	if !c.Planned.IsZero() {
		row.Planned = c.Planned.UTC()
	}
	if c.Light != "" {
		row.Light = text(c.Light)
	}
	row.Begun, row.Sent, row.Answered, row.Confirmed = c.Begun.UTC(), c.Sent.UTC(), c.Answered.UTC(), c.Confirmed.UTC()
	row.ConfirmedBy, row.Outcome, row.LatenessNS = text(string(c.ConfirmedBy)), text(string(c.Outcome)), c.Lateness.Nanoseconds()
}

// trial adds what was seen in the slot's window.
func (row *Trial) trial(w windows, slot int) {
	i := slices.IndexFunc(w.verdict.Trials, func(t analysis.Trial) bool { return t.Slot == slot })
	if i < 0 {
		return
	}
	t := w.verdict.Trials[i]
	packets, bytes, events, seen := int64(t.Packets), int64(t.Bytes), w.events[i], int64(0)
	for _, n := range t.Seen {
		seen += int64(min(n, 1))
	}
	row.At, row.Packets, row.Bytes, row.Events, row.StepsSeen = t.At.UTC(), &packets, &bytes, &events, &seen
}

func (l *layout) addSeen(w windows) {
	for i, t := range w.verdict.Trials {
		for step, n := range t.Seen {
			row := Sighting{
				Run: text(l.run.ID), Simulated: l.simulated, Gateway: text(w.verdict.Gateway),
				Slot: int32(t.Slot + 1), Control: t.Control, Action: text(t.Action), Step: int32(step + 1), Seen: int32(n),
			}
			if delay, ok := w.first[[2]int{i, step}]; ok && n > 0 {
				row.DelayNS = &delay
			}
			l.seen = append(l.seen, row)
		}
	}
}

func (l *layout) addSteps(v analysis.Verdict) {
	for i, s := range v.Pattern.Steps {
		l.steps = append(l.steps, Step{
			Run: text(l.run.ID), Simulated: l.simulated, Gateway: text(v.Gateway), Step: int32(i + 1),
			Scope: string(s.Channel.Scope), Channel: text(s.Channel.Name), Transport: text(s.Channel.Transport), Port: int32(s.Channel.Port),
			Direction: s.Direction.String(), Kind: string(s.Kind), Detail: text(s.Detail),
			LengthMin: int64(s.LengthMin), LengthMax: int64(s.LengthMax), FrameMin: int64(s.FrameMin), FrameMax: int64(s.FrameMax),
			DelayMS: s.DelayMS, DelayIQRMS: s.DelayIQRMS, Seen: int32(s.Seen), Of: int32(s.Of),
			SeenControl: int32(s.SeenControl), OfControl: int32(s.OfControl), Core: s.Core, P: s.P,
		})
	}
}

func (l *layout) addCandidates(v analysis.Verdict) {
	for _, c := range v.Tests {
		l.candidates = append(l.candidates, Candidate{
			Run: text(l.run.ID), Simulated: l.simulated, Gateway: text(v.Gateway), Scope: string(c.Scope), Channel: text(c.Channel),
			Direction: c.Direction.String(), Kind: string(c.Kind), Detail: text(c.Detail),
			LengthMin: int64(c.LengthMin), LengthMax: int64(c.LengthMax),
			Feature: text(c.Feature), Observed: c.Observed, RawP: c.RawP, P: c.P,
		})
	}
}

func (l *layout) addVerdict(v analysis.Verdict) {
	l.verdicts = append(l.verdicts, Verdict{
		Run: text(l.run.ID), Simulated: l.simulated, Experiment: text(l.run.Plan.Experiment.Name), Gateway: text(v.Gateway), Kind: text(v.Kind),
		Verdict: string(v.Verdict), Exploratory: l.findings.Exploratory, Link: string(v.Link), P: v.P, Alpha: v.Alpha,
		Candidates: int32(v.Candidates), Packets: int64(v.Evidence.Packets), Bytes: v.Evidence.Bytes,
		Reasons: text(strings.Join(v.Reasons, " ")),
	})
}

// metadata is what each Parquet file says of itself.
func metadata(run experiments.Run, f analysis.Findings) map[string]string {
	return map[string]string{
		"hueprint.run":        text(run.ID),
		"hueprint.experiment": text(run.Plan.Experiment.Name),
		"hueprint.simulated":  strconv.FormatBool(f.Simulated || run.Simulated),
		"hueprint.analysis":   text(f.Version),
		"hueprint.schema":     Schema,
	}
}

// text makes text from packets, devices or people harmless: what is not a
// printable character becomes a visible escape.
func text(s string) string { return reports.Prose(s) }

package analysis

import (
	"slices"
	"time"

	"github.com/hueprint/hueprint/analysis/align"
	"github.com/hueprint/hueprint/analysis/events"
)

// traceOf marks every event with the step it belongs to and the trial whose
// window holds it. The start is by the controller's clock, as the trials are.
func traceOf(gateway string, log events.Log, offset time.Duration, trials []align.Trial, parts []part) Trace {
	t := Trace{Gateway: gateway, Start: log.First.Add(-offset), Duration: log.Last.Sub(log.First)}
	at := 0
	for i := range log.Events {
		e := &log.Events[i]
		p := Point{Event: *e, After: e.Time.Sub(log.First), Slot: -1}
		p.Step = slices.IndexFunc(parts, func(p part) bool { return p.class.Holds(e) })
		for at < len(trials) && passed(trials[at], log.Events, i) {
			at++
		}
		if at < len(trials) && holds(trials[at], e) {
			p.Slot = at
		}
		t.Points = append(t.Points, p)
	}
	return t
}

// passed tells whether the trial's events, a part of the log, end before i.
func passed(t align.Trial, log []events.Event, i int) bool {
	return len(t.Events) == 0 || &t.Events[len(t.Events)-1] != &log[i] && t.Events[len(t.Events)-1].Time.Before(log[i].Time)
}

func holds(t align.Trial, e *events.Event) bool {
	return !e.Time.Before(t.Events[0].Time) && !e.Time.After(t.Events[len(t.Events)-1].Time)
}

package analysis

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/traffic"
)

const (
	// unconfirmedMost is the share of commands that may lack a witness.
	unconfirmedMost = 0.1
	// clockShare is the share of the window that the clock's uncertainty may take.
	clockShare = 4
)

// doubts are the reasons why the evidence does not carry an answer, a sentence
// each with what to do; none when it does.
func (s *study) doubts() []string {
	var out []string
	for _, doubt := range []func() string{
		s.incomplete, s.unrecorded, s.silent, s.unread, s.lost, s.uncovered, s.unclear, s.unconfirmed, s.disturbed, s.tooFew,
	} {
		if sentence := doubt(); sentence != "" {
			out = append(out, sentence)
		}
	}
	return out
}

func (s *study) incomplete() string {
	if s.run.Ending == experiments.Complete {
		return ""
	}
	how := string(s.run.Ending)
	if how == "" {
		how = "without an end on record"
	}
	if s.run.Cause != "" {
		how += ": " + s.run.Cause
	}
	return fmt.Sprintf("The run is incomplete (%s): %d of %d slots were reached.%s Run it again.", how, len(s.reached()), len(s.run.Plan.Slots), s.betweenLooks())
}

// unrecorded says nothing of a run that reached no slot: it had nothing to record.
func (s *study) unrecorded() string {
	switch {
	case !s.recorded && len(s.trials) == 0 && s.run.Ending != experiments.Complete:
		return ""
	case !s.recorded:
		return "There is no recording of this gateway. Check its interface with hueprint doctor and run again."
	case s.recording.Failure != "":
		return fmt.Sprintf("The recording ended early: %s. Mend that and run again.", s.recording.Failure)
	}
	return ""
}

// silent leaves empty recordings to unrecorded where that knows the cause.
func (s *study) silent() string {
	if s.log.Packets > 0 || !s.recorded || s.log.Frames == 0 && s.recording.Failure != "" {
		return ""
	}
	if s.log.Frames == 0 {
		return "Nothing was recorded. Check the tap and the filter with hueprint doctor and run again."
	}
	return fmt.Sprintf("None of the %d recorded frames is the gateway's. Check its addresses in the configuration and where its traffic is tapped.", s.log.Frames)
}

func (s *study) unread() string {
	if s.cut == "" {
		return ""
	}
	return fmt.Sprintf("The recording could not be read without errors (%s). Analyse an undamaged copy, or run again.", s.cut)
}

// lost speaks of gaps in windows of either arm, and of lost frames of which
// nobody knows when.
func (s *study) lost() string {
	actions, controls := s.touched(s.recording.Gaps)
	located := uint64(0)
	for _, g := range s.recording.Gaps {
		located += g.Dropped
	}
	switch {
	case actions+controls > 0:
		return fmt.Sprintf("Frames were lost in the windows of %d action and %d control slots%s. Mend that, or record on a faster host or with a narrower filter, and run again.", actions, controls, whyLost(s.recording.Gaps))
	case s.recording.Dropped > located:
		return fmt.Sprintf("%d frames were lost at unknown times, so windows may lack some. Record on a faster host or with a narrower filter, and run again.", s.recording.Dropped-located)
	}
	return ""
}

// whyLost tells what made the gaps, where that is known.
func whyLost(gaps []traffic.Gap) string {
	var reasons []string
	for _, g := range gaps {
		if g.Reason != "" && !slices.Contains(reasons, g.Reason) {
			reasons = append(reasons, g.Reason)
		}
	}
	if len(reasons) == 0 {
		return ""
	}
	return ": " + strings.Join(reasons, "; ")
}

// touched counts the trials, by arm, whose window meets one of the gaps.
func (s *study) touched(gaps []traffic.Gap) (actions, controls int) {
	for _, t := range s.trials {
		from, to := t.Captured().Add(-s.window.Before), t.Captured().Add(s.window.After)
		if !slices.ContainsFunc(gaps, func(g traffic.Gap) bool { return g.From.Before(to) && !g.To.Before(from) }) {
			continue
		}
		if t.Control {
			controls++
		} else {
			actions++
		}
	}
	return actions, controls
}

// uncovered speaks of windows before the recorder was known to record, or after
// its end.
func (s *study) uncovered() string {
	if !s.recorded {
		return ""
	}
	var dark []traffic.Gap
	if proved := s.recording.Proved; !proved.IsZero() {
		dark = append(dark, traffic.Gap{To: proved.Add(-1)})
	}
	if end := s.recording.End; !end.IsZero() {
		dark = append(dark, traffic.Gap{From: end, To: end.Add(1 << 62)})
	}
	actions, controls := s.touched(dark)
	if actions+controls == 0 {
		return ""
	}
	return fmt.Sprintf("The windows of %d action and %d control slots lie partly outside the recording. Keep the recorder running from before the first to after the last slot, and run again.", actions, controls)
}

func (s *study) unclear() string {
	u := s.recording.Offset.Uncertainty()
	if u <= s.set.window/clockShare {
		return ""
	}
	return fmt.Sprintf("The capturing host's clock is known to ± %s only, more than a quarter of the window of %s. Synchronise the clocks (NTP or PTP), or record on the controller, and run again.", experiments.Span(u), experiments.Span(s.set.window))
}

func (s *study) unconfirmed() string {
	missing := 0
	for _, t := range s.trials {
		if !t.Control && !t.Confirmed {
			missing++
		}
	}
	if float64(missing) <= unconfirmedMost*float64(s.design.Actions) {
		return ""
	}
	return fmt.Sprintf("%d of %d commands were not confirmed by a witness, more than one in ten. Check that the bridge answers and the bulb has power, and run again.", missing, s.design.Actions)
}

func (s *study) disturbed() string {
	n := 0
	for _, c := range s.run.Disturbances {
		if (s.run.Started.IsZero() || !c.At.Before(s.run.Started)) && (s.run.Ended.IsZero() || !c.At.After(s.run.Ended)) {
			n++
		}
	}
	if n == 0 {
		return ""
	}
	often := "once"
	if n > 1 {
		often = fmt.Sprintf("%d times", n)
	}
	return fmt.Sprintf("Somebody else changed the bulb, or it did not follow its bridge, %s during the run. Keep other apps, switches and automations away from it, and run again.", often)
}

// tooFew leaves runs that ended before their plan to incomplete, unless the whole
// plan would have been too small.
func (s *study) tooFew() string {
	if s.run.Ending != experiments.Complete && s.run.Plan.Experiment.LeastP() <= s.set.alpha {
		return ""
	}
	if p := s.design.LeastP(); p > s.set.alpha {
		return fmt.Sprintf("With %d action and %d control slots the smallest possible p is %.2g, above %s. Plan more slots.", s.design.Actions, s.design.Trials-s.design.Actions, p, s.level())
	}
	return ""
}

package annotate

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/experiments"
)

// A mark is a synthetic record.
type mark struct {
	at   time.Time // by the capturing host's clock
	text string
}

// marks are the synthetic records of a source, in order of time. Instants of
// commands are the controller's; they are moved to the clock of the recording
// by the middle of the measured offset, as the analysis does.
func marks(s Source) []mark {
	rec, _ := s.Run.Recording(s.Verdict.Gateway)
	offset := rec.Offset.Middle()
	var all []mark
	add := func(at time.Time, words ...string) {
		if !at.IsZero() {
			all = append(all, mark{at.Add(offset), strings.Join(append(words, simulated(s.Run)...), " ")})
		}
	}
	light := "light=" + value(s.Run.Plan.Experiment.Light)
	for _, set := range s.Settings {
		add(set.At, strings.ToUpper(string(set.Purpose)), "run="+value(s.Run.ID), light,
			fmt.Sprintf("on=%t", set.On), fmt.Sprintf("sent=%t", set.Sent), "outcome="+value(string(set.Outcome)))
	}
	for _, c := range s.Run.Commands {
		add(instant(c), command(s.Run, c)...)
	}
	slices.SortStableFunc(all, func(a, b mark) int { return a.at.Compare(b.at) })
	return all
}

// instant is the command's; a slot that was skipped has only its planned one.
func instant(c experiments.Command) time.Time {
	if at := c.Instant(); !at.IsZero() {
		return at
	}
	return c.Planned
}

// command says what was done in a slot.
func command(run experiments.Run, c experiments.Command) []string {
	words := []string{"run=" + value(run.ID), fmt.Sprintf("seq=%d", c.Slot+1)}
	if c.Action == "" {
		return append(append([]string{"CONTROL"}, words...), "outcome="+value(string(c.Outcome)))
	}
	light := c.Light
	if light == "" {
		light = run.Plan.Experiment.Light
	}
	by := c.ConfirmedBy
	if by == "" {
		by = experiments.ByNone
	}
	words = append(append([]string{"ACTION"}, words...), "light="+value(light), fmt.Sprintf("on=%t", c.Action == experiments.On))
	return append(words, "outcome="+value(string(c.Outcome)), "confirmed="+value(string(by)))
}

// simulated is a word for runs that are evidence for nothing about real gateways.
func simulated(run experiments.Run) []string {
	if run.Simulated {
		return []string{"simulated=true"}
	}
	return nil
}

// notes are the comments of the matched packets, by frame.
func notes(s Source) map[place][]string {
	rec, _ := s.Run.Recording(s.Verdict.Gateway)
	all := map[place][]string{}
	for _, p := range s.Trace.Points {
		if p.Step < 0 || p.Step >= len(s.Verdict.Pattern.Steps) {
			continue
		}
		at := place{p.Time.UnixNano(), p.Number}
		all[at] = append(all[at], fmt.Sprintf("P1 step %d of %d: %s, %s",
			p.Step+1, len(s.Verdict.Pattern.Steps), event(p), when(s.Verdict, p, rec.Offset.Middle())))
	}
	return all
}

// event says which event a packet completed.
func event(p analysis.Point) string {
	text := p.Direction.String() + " " + string(p.Kind)
	if p.Detail != "" {
		text += " " + value(p.Detail)
	}
	if p.Length > 0 {
		text += fmt.Sprintf(" %d B", p.Length)
	}
	return text
}

// when says in which slot's window, and how long after the slot's instant.
func when(v analysis.Verdict, p analysis.Point, offset time.Duration) string {
	if p.Slot < 0 || p.Slot >= len(v.Trials) {
		return "outside every window"
	}
	trial := v.Trials[p.Slot]
	what := trial.Action
	if trial.Control {
		what = "control"
	}
	delay := p.Time.Sub(trial.At) - offset
	return fmt.Sprintf("slot %d %s %+d ms", trial.Slot+1, plain(what), delay.Round(time.Millisecond).Milliseconds())
}

// about is what the file says of itself.
func about(s Source) []string {
	v := s.Verdict
	first := fmt.Sprintf("experiment=%s run=%s gateway=%s verdict=%s", value(s.Run.Plan.Experiment.Name), value(s.Run.ID), value(v.Gateway), value(string(v.Verdict)))
	if v.P != nil {
		first += fmt.Sprintf(" p=%.3g alpha=%g", *v.P, v.Alpha)
	}
	if q := v.Sequential; q != nil {
		first += fmt.Sprintf(" look=%d/%d", q.Look, len(q.Planned))
	}
	all := []string{first}
	if s.Run.Simulated {
		all = append(all, "simulated=true: made from a simulated lab; evidence for nothing about real gateways")
	}
	for i, step := range v.Pattern.Steps {
		all = append(all, fmt.Sprintf("P1 step %d of %d: %s, %s %s %s, median %+.0f ms, seen in %d of %d actions and %d of %d controls",
			i+1, len(v.Pattern.Steps), value(step.Name), step.Direction, step.Kind, lengths(step),
			step.DelayMS, step.Seen, step.Of, step.SeenControl, step.OfControl))
	}
	return append(all, `Records on interface "actions" were written by hueprint, not captured: select them by frame.interface_name == "actions". `+
		`Packets of the pattern carry comments: frame.comment contains "P1 step". Every other byte is the recording's.`)
}

func lengths(s analysis.Step) string {
	if s.LengthMin == s.LengthMax {
		return fmt.Sprintf("%d B", s.LengthMin)
	}
	return fmt.Sprintf("%d–%d B", s.LengthMin, s.LengthMax)
}

// mostText is the longest that a name may be, in bytes, so that no comment
// outgrows its option.
const mostText = 2048

// value makes a name from packets, devices or people one word of a comment:
// quoted unless it is plain.
func value(s string) string {
	ordinary := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_.:/@+", r)
	}
	if s != "" && len(s) <= mostText && strings.IndexFunc(s, func(r rune) bool { return !ordinary(r) }) < 0 {
		return s
	}
	if len(s) > mostText {
		s = s[:mostText] + "…"
	}
	return strconv.Quote(s)
}

// plain makes text harmless without quoting it: control characters, marks of
// writing direction and invalid UTF-8 become visible escapes.
func plain(s string) string {
	if len(s) > mostText {
		s = s[:mostText]
	}
	q := strconv.Quote(s)
	return strings.ReplaceAll(q[1:len(q)-1], `\"`, `"`)
}

package analysis

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/hueprint/hueprint/analysis/align"
	"github.com/hueprint/hueprint/analysis/correlate"
	"github.com/hueprint/hueprint/traffic"
)

// mostTests bounds the list of candidates in a verdict.
const mostTests = 20

// nullWidth is the width of the null distribution's bars, in powers of ten.
const nullWidth = 0.25

// verdict concludes on the gateway; parts are those of the verdict's pattern.
func (s *study) verdict() (Verdict, []part) {
	v := Verdict{
		Gateway: s.gateway.Name(), Kind: string(s.gateway.Kind), Alpha: s.set.alpha, Link: s.link(),
		Evidence: s.evidence(), Candidates: len(s.candidates), Constant: s.result.Constant, Pattern: patternOf(nil),
		Tests: tests(s.candidates, s.result.Scores),
	}
	v.Null.Edges, v.Null.Counts = s.result.Spread(nullWidth)
	v.Null.Observed = minusLog10(s.result.LeastRaw)
	v.Power = s.power()
	doubts := s.doubts()
	head := headline{trials: s.trials, selection: s.selection(), doubtful: len(doubts) > 0}
	shown := head.conclude(&v, s.log.ScopePackets)
	v.Reasons = doubts
	if len(doubts) == 0 {
		v.Reasons = append(s.endedEarly(v), reasons(v, s.level())...)
		v.Secondary = s.secondary()
	}
	v.Idle = s.idle
	v.Trials = perTrial(s.trials, shown, s.log.Stamps, s.window)
	return v, shown
}

// selection is what the choice of patterns rests on. Where no command was
// confirmed, all count: there is nothing else to show.
func (s *study) selection() correlate.Selection {
	trials := s.trials
	if !slices.ContainsFunc(trials, func(t align.Trial) bool { return t.Confirmed && !t.Control }) {
		trials = slices.Clone(trials)
		for i := range trials {
			trials[i].Confirmed = true
		}
	}
	return correlate.Selection{
		Trials: trials, Candidates: s.candidates, Scores: s.result.Scores, Alpha: s.set.alpha,
		Outside: outside(s.log.Events, trials),
	}
}

func (s *study) link() Link {
	switch {
	case s.log.BridgePackets > 0:
		return LinkShown
	case s.gateway.LinkStated:
		return LinkStated
	}
	return LinkNotShown
}

// A headline draws the verdict together from the scopes.
type headline struct {
	trials    []align.Trial
	selection correlate.Selection
	// doubtful says that the evidence does not carry an answer.
	doubtful bool
}

// conclude fills in scopes, verdict, p and pattern. The headline is the widest
// visible scope; its p that of the internet line for cloud-visible, the smallest
// local one for lan-visible, the smallest of all otherwise.
func (h headline) conclude(v *Verdict, packets map[traffic.Scope]int) []part {
	var shown []part
	v.Verdict = NotDetected
	v.Scopes = []ScopeVerdict{}
	for _, scope := range scopesSeen(packets) {
		line, parts := h.scope(scope, v.Alpha)
		line.Packets = packets[scope]
		v.Scopes = append(v.Scopes, line)
		switch {
		case line.P == nil || v.Verdict == CloudVisible:
		case line.visible(v.Alpha) && v.Verdict == NotDetected:
			v.Verdict, v.P, shown = line.Verdict, line.P, parts
		case line.visible(v.Alpha) == (v.Verdict == LANVisible) && (v.P == nil || *line.P < *v.P):
			v.P = line.P
		}
	}
	if h.doubtful {
		v.Verdict = Inconclusive
		for i := range v.Scopes {
			v.Scopes[i].Verdict = Inconclusive
		}
	}
	v.Pattern = patternOf(shown)
	return shown
}

// visible tells whether the scope's p is significant.
func (l ScopeVerdict) visible(alpha float64) bool { return l.P != nil && *l.P <= alpha }

// Significant tells whether the p of any scope is: the run would be called
// visible, were nothing else in doubt.
func (v Verdict) Significant() bool {
	return slices.ContainsFunc(v.Scopes, func(l ScopeVerdict) bool { return l.visible(v.Alpha) })
}

// scope is the line of one scope: its smallest adjusted p, its own pattern.
func (h headline) scope(scope traffic.Scope, alpha float64) (ScopeVerdict, []part) {
	line := ScopeVerdict{Scope: scope, Verdict: NotDetected, Pattern: patternOf(nil)}
	own := h.selection
	own.Candidates, own.Scores = nil, nil
	for i, c := range h.selection.Candidates {
		if c.Channel.Scope != scope {
			continue
		}
		own.Candidates, own.Scores = append(own.Candidates, c), append(own.Scores, h.selection.Scores[i])
		score := h.selection.Scores[i]
		if !score.Constant && (line.P == nil || score.P < *line.P) {
			line.P = &score.P
		}
	}
	if !line.visible(alpha) {
		return line, nil
	}
	line.Verdict = LANVisible
	if scope == traffic.Internet {
		line.Verdict = CloudVisible
	}
	shown := parts(correlate.Select(own), own.Trials)
	line.Pattern = patternOf(shown)
	return line, shown
}

// tests lists the candidates with the smallest p.
func tests(candidates []correlate.Candidate, scores []correlate.Score) []Test {
	order := slices.Clone(scores)
	slices.SortStableFunc(order, func(a, b correlate.Score) int {
		return cmp.Or(cmp.Compare(a.P, b.P), cmp.Compare(a.RawP, b.RawP))
	})
	var out []Test
	for _, s := range order[:min(len(order), mostTests)] {
		c := candidates[s.Candidate]
		out = append(out, Test{
			Channel: channelName(c.Channel), Scope: c.Channel.Scope, Direction: c.Direction, Kind: c.Kind, Detail: c.Detail,
			LengthMin: c.Min, LengthMax: c.Max, Feature: string(s.Feature), Observed: float64(s.Observed), RawP: s.RawP, P: s.P,
		})
	}
	return out
}

// reasons say why a conclusive verdict is what it is, and what would change it;
// level says what p is compared with.
func reasons(v Verdict, level string) []string {
	if v.Verdict == NotDetected {
		return notDetected(v, level)
	}
	out := []string{fmt.Sprintf("The smallest adjusted p is %.2g, at most %s.", *v.P, level)}
	if s, found := mainOf(v.Pattern); found {
		out = append(out, fmt.Sprintf("The main step (%s) was seen in %d of %d actions%s.", s.inWords(), s.Seen, s.Of, inControls(s)))
	}
	if v.Verdict == LANVisible && !slices.ContainsFunc(v.Scopes, func(l ScopeVerdict) bool { return l.Scope == traffic.Internet }) {
		out = append(out, "The recording has seen no internet traffic of the gateway, so the verdict speaks of the local network only.")
	}
	return append(out, "What would change this: a repetition of the run in which the pattern does not come back.")
}

func inControls(s Step) string {
	if s.OfControl == 0 {
		return ""
	}
	return fmt.Sprintf(" and in %d of %d controls", s.SeenControl, s.OfControl)
}

func notDetected(v Verdict, level string) []string {
	out := []string{"No candidate occurred in the recorded trials often enough to be tested, so nothing came with the action."}
	if v.P != nil {
		out = []string{fmt.Sprintf("The smallest adjusted p is %.2g, above %s.", *v.P, level)}
	}
	if v.Link == LinkNotShown {
		out = append(out, "Nothing shows that the gateway is linked to the bulb: no packet between it and the bridge was seen, and the operator has not stated it. Link them, or state the link, and run again.")
	}
	return append(out, "What would change this: more slots show rarer reactions, and a longer window later ones.")
}

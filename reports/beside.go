package reports

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/hueprint/hueprint/analysis"
)

// What stands beside the verdict, and changes nothing about it: what the
// directions of the commands tell, the other runs of the experiment, an idle
// recording.

const (
	secondaryHeading = "On or off, state, change"
	seriesHeading    = "Series"
	idleHeading      = "Idle recording"
)

// question asks a secondary test's question in words.
func question(q analysis.Question) string {
	switch q {
	case analysis.OnAgainstOff:
		return "Does the reaction to “on” differ from that to “off”?"
	case analysis.ChangeAgainstCommand:
		return "Does the reaction to a change of the light differ from that to a command that changes nothing?"
	case analysis.StateQuestion:
		return "Does the traffic outside all windows differ while the light is on and while it is off?"
	case analysis.TellingOnFromOff:
		return "Can on be told from off, on trials that the rule was not made from?"
	}
	return Printable(string(q))
}

// restsOn is a secondary test's assumption in few words.
func restsOn(assumption string) string {
	switch assumption {
	case analysis.ByDesign:
		return "fair coins, as drawn"
	case analysis.ExchangeablePairs:
		return "pairs assumed exchangeable"
	case analysis.Undrawn:
		return "figures without a test"
	}
	return Printable(assumption)
}

// clearest adds what a secondary test's sentence does not say: the contrast of
// one that shows none, and rates.
func clearest(t analysis.SecondaryTest) string {
	c := t.Clearest
	if c == nil {
		return ""
	}
	var parts []string
	if t.Answer == analysis.NotShown {
		parts = append(parts, fmt.Sprintf("The clearest contrast, which shows nothing: %s, %s B, %s, %s; more with %s; seen in %s.",
			KindName(c.Kind), Lengths(c.LengthMin, c.LengthMax), c.Direction, Printable(c.Channel), Printable(c.More), seen(*c)))
	}
	if len(c.PerMinute) > 0 {
		var rates []string
		for _, label := range labels(*c, c.PerMinute) {
			rates = append(rates, fmt.Sprintf("%s a minute while %s", rate(c.PerMinute[label]), Printable(label)))
		}
		parts = append(parts, "Rate: "+strings.Join(rates, ", ")+".")
	}
	return strings.Join(parts, " ")
}

func seen(c analysis.Contrast) string {
	var parts []string
	for _, label := range labels(c, c.Of) {
		parts = append(parts, fmt.Sprintf("%d of %d with %s", c.Seen[label], c.Of[label], Printable(label)))
	}
	return strings.Join(parts, " and in ")
}

// labels are a contrast's, the one with more of it first.
func labels[T any](c analysis.Contrast, of map[string]T) []string {
	return slices.SortedFunc(maps.Keys(of), func(a, b string) int {
		switch c.More {
		case a:
			return -1
		case b:
			return 1
		}
		return cmp.Compare(a, b)
	})
}

func secondaryTable(v analysis.Verdict, clean func(string) string) table.Writer {
	t := table.NewWriter()
	t.AppendHeader(table.Row{"question", "answer", "p", "p rests on", "in words"})
	for _, s := range v.Secondary {
		t.AppendRow(table.Row{clean(question(s.Question)), s.Answer, optional(s.P), clean(restsOn(s.Assumption)), clean(Prose(inWords(s)))})
	}
	return t
}

func inWords(s analysis.SecondaryTest) string {
	return strings.TrimSpace(s.Sentence + " " + clearest(s))
}

// seriesTable lists every run of the series; the one with the given ID is this.
func seriesTable(s analysis.Series, this string, clean func(string) string) table.Writer {
	t := table.NewWriter()
	t.AppendHeader(table.Row{"run", "begun (UTC)", "verdict", "p", "p, Holm"})
	for _, l := range s.Runs {
		t.AppendRow(table.Row{clean(lookName(l, this)), strings.TrimSuffix(when(l.Started), " UTC"), l.Verdict, optional(l.P), optional(l.HolmP)})
	}
	return t
}

func lookName(l analysis.Look, this string) string {
	name := Printable(l.Run)
	if l.Run == this {
		name += " (this run)"
	}
	if l.Exploratory {
		name += " (exploratory)"
	}
	if l.PlannedLooks > 0 {
		name += fmt.Sprintf(" (%d looks)", l.PlannedLooks)
	}
	return name
}

// thisLook is what the series makes of one run's p.
func thisLook(s analysis.Series, run string) string {
	for _, l := range s.Runs {
		if l.Run == run && l.P != nil && l.HolmP != nil {
			return fmt.Sprintf("This run: p = %s alone, %s as one of %d tests in %d runs.", Number(*l.P), Number(*l.HolmP), s.Tests, s.Looks)
		}
	}
	return ""
}

// idleLine says what the comparison with an idle recording comes to.
func idleLine(v analysis.Verdict) string {
	c := *v.Idle
	if c.Both+len(c.OnlyIdle) == 0 {
		return "The idle recording has no traffic of this gateway, so that nothing can be compared."
	}
	counts := fmt.Sprintf("Channels only in the run (%s): %d; only in the idle recording (%s): %d; in both: %d.",
		duration(c.RunDuration.Round(time.Second)), len(c.OnlyRun), duration(c.IdleDuration.Round(time.Second)), len(c.OnlyIdle), c.Both)
	if len(c.OnlyRun) > 0 {
		return counts + " A channel of the run alone may belong to the actions, or to the hour: the test decides."
	}
	counts += " All that the gateway talked to in the run it talks to when idle, too: the argument that the base paper makes for Google Nest."
	if v.Verdict == analysis.CloudVisible || v.Verdict == analysis.LANVisible {
		return counts + " It does not hold here: the test shows a mark within a shared channel."
	}
	return counts + " It says nothing about packets within a shared channel; those the test compares."
}

// mostChannels is how many of either list are shown; the JSON has all.
const mostChannels = 12

// idleRow is a channel that one of two recordings lacks.
type idleRow struct {
	In, Scope, Name, Packets, Rate string
}

func idleRows(c analysis.IdleComparison) []idleRow {
	return append(channelRows("the run", c.OnlyRun, c.RunDuration), channelRows("the idle recording", c.OnlyIdle, c.IdleDuration)...)
}

func channelRows(in string, channels []analysis.ChannelTraffic, over time.Duration) []idleRow {
	var rows []idleRow
	for _, t := range channels[:min(len(channels), mostChannels)] {
		row := idleRow{in, ScopeName(t.Channel.Scope), Printable(t.Name), count(t.Packets), "–"}
		if over > 0 {
			row.Rate = rate(float64(t.Packets) / over.Hours())
		}
		rows = append(rows, row)
	}
	if more := len(channels) - len(rows); more > 0 {
		rows = append(rows, idleRow{In: in, Name: fmt.Sprintf("and %d with fewer packets", more)})
	}
	return rows
}

func idleTable(c analysis.IdleComparison, clean func(string) string) table.Writer {
	t := table.NewWriter()
	t.AppendHeader(table.Row{"far end", "only in", "between", "packets", "an hour"})
	for _, r := range idleRows(c) {
		t.AppendRow(table.Row{clean(r.Name), r.In, r.Scope, r.Packets, r.Rate})
	}
	return t
}

// rate writes how often something came, to three digits or so.
func rate(x float64) string { return digits(x) }

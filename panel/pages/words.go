package pages

import (
	"fmt"
	"html/template"
	"math"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/hueprint/hueprint/reports"
	"github.com/hueprint/hueprint/store"
)

// When is an instant in the lab's zone, to the second.
func (f frame) When(t time.Time) template.HTML { return f.instant(t, "2006-01-02 15:04:05 MST") }

// Minute is an instant in the lab's zone, to the minute.
func (f frame) Minute(t time.Time) template.HTML { return f.instant(t, "2006-01-02 15:04 MST") }

// Weekday is an instant to come, with its day of the week.
func (f frame) Weekday(t time.Time) template.HTML { return f.instant(t, "Mon 2006-01-02 15:04 MST") }

func (f frame) instant(t time.Time, layout string) template.HTML {
	if t.IsZero() {
		return "–"
	}
	return template.HTML(fmt.Sprintf(`<time datetime="%s">%s</time>`, t.UTC().Format(time.RFC3339Nano), template.HTMLEscapeString(t.In(f.Zone).Format(layout))))
}

// Away says how far off an instant is: in 5 min, 3 h ago.
func (f frame) Away(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	d := t.Sub(f.Now)
	switch {
	case d > 0:
		return "in " + span(d)
	case d > -2*time.Second:
		return "now"
	}
	return span(-d) + " ago"
}

// span says a time in at most two units.
func span(d time.Duration) string {
	d = d.Round(time.Second)
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < time.Hour:
		return two(d, time.Minute, "min", time.Second, "s")
	case d < 24*time.Hour:
		return two(d.Round(time.Minute), time.Hour, "h", time.Minute, "min")
	}
	return two(d.Round(time.Hour), 24*time.Hour, "d", time.Hour, "h")
}

func two(d, large time.Duration, largeName string, small time.Duration, smallName string) string {
	s := fmt.Sprintf("%d %s", d/large, largeName)
	if rest := d % large / small; rest > 0 {
		s += fmt.Sprintf(" %d %s", rest, smallName)
	}
	return s
}

// seconds writes a time for readers of plans: 12.3 s.
func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }

func milliseconds(d time.Duration) int64 { return d.Milliseconds() }

// size writes bytes for people.
func size(n int64) string {
	const units = "kMGTP"
	if n < 1000 {
		return fmt.Sprintf("%d B", n)
	}
	x, i := float64(n)/1000, 0
	for x >= 999.5 && i < len(units)-1 {
		x, i = x/1000, i+1
	}
	if x < 10 {
		return fmt.Sprintf("%.1f %cB", x, units[i])
	}
	return fmt.Sprintf("%.0f %cB", x, units[i])
}

// count writes a number in groups of three.
func count(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "\u202f" + s[i:]
	}
	return s
}

func optional(p *float64) string {
	if p == nil {
		return "–"
	}
	return reports.Number(*p)
}

// percent is a brightness of 1…254 as people say it.
func percent(b uint8) int { return int(math.Round(float64(b) * 100 / 254)) }

// sentence makes an error's text one: a capital and a full stop.
func sentence(s string) string {
	s = strings.TrimSpace(s)
	r, n := utf8.DecodeRuneInString(s)
	if n == 0 {
		return ""
	}
	s = string(unicode.ToUpper(r)) + s[n:]
	if !strings.ContainsAny(s[len(s)-1:], ".!?)…") {
		s += "."
	}
	return reports.Prose(s)
}

// taskWords says in a few words what a task is.
func taskWords(t store.Task) string {
	what := t.Experiment
	if what == "" {
		what = "idle recording of " + span(t.Idle)
	}
	if len(t.Gateways) > 0 {
		what += " on " + strings.Join(t.Gateways, ", ")
	}
	return reports.Prose(what)
}

func list(words ...string) []string { return words }

func joined(words []string) string { return reports.Prose(strings.Join(words, ", ")) }

// withQuery is a path with its query changed: names and values in turn, an empty
// value takes a name out.
func withQuery(path string, v url.Values, pairs ...string) string {
	changed := url.Values{}
	for name, values := range v {
		changed[name] = values
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			changed.Del(pairs[i])
		} else {
			changed.Set(pairs[i], pairs[i+1])
		}
	}
	if len(changed) == 0 {
		return path
	}
	return path + "?" + changed.Encode()
}

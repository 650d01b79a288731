package reports

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/analysis/events"
	"github.com/hueprint/hueprint/traffic"
)

// mostName is the longest that a name is shown, in characters; DNS names can
// have 255.
const mostName = 120

// Printable makes a name from packets or devices safe for a terminal or a table
// cell, as [Prose] does, and cuts a very long one with an ellipsis.
func Printable(s string) string {
	p := []rune(Prose(s))
	if len(p) > mostName {
		return string(p[:mostName-1]) + "…"
	}
	return string(p)
}

// Prose makes text that may hold such names safe: control characters, line
// breaks, bidirectional marks and invalid UTF-8 become visible escapes.
func Prose(s string) string {
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD"):
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case shown(r):
			b.WriteRune(r)
		default:
			q := strconv.QuoteRuneToASCII(r)
			b.WriteString(q[1 : len(q)-1])
		}
	}
	return b.String()
}

// shown tells whether a character is only shown: no control, format or
// bidirectional mark, no line or paragraph separator.
func shown(r rune) bool {
	return unicode.IsGraphic(r) && !unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp)
}

// Headline is the verdict's word as shown to people; an unshown link to the bulb
// belongs to a "not-detected".
func Headline(v analysis.Verdict) string {
	if v.Verdict == analysis.NotDetected && v.Link == analysis.LinkNotShown {
		return string(v.Verdict) + " (link not shown)"
	}
	return string(v.Verdict)
}

// Sentence says the verdict in plain words, with the threshold beside the value.
func Sentence(v analysis.Verdict) string {
	name := Printable(v.Gateway)
	switch v.Verdict {
	case analysis.CloudVisible:
		return fmt.Sprintf("Operating the light leaves a mark in %s's internet traffic: anyone between the home and %s can see it (%s).", name, farEnds(v.Pattern), versus(v))
	case analysis.LANVisible:
		return fmt.Sprintf("Operating the light leaves a mark in %s's local traffic (%s): whoever is in the home's network can see it (%s). %s", name, scopesShown(v), versus(v), internetLine(v))
	case analysis.NotDetected:
		s := fmt.Sprintf("No mark of operating the light was detected in %s's traffic (%s).", name, versus(v))
		if v.Link == analysis.LinkNotShown {
			s += " Nothing shows that the gateway is linked to the bulb at all, so this says little."
		}
		return s
	}
	return fmt.Sprintf("The evidence does not carry an answer about %s.", name)
}

// versus puts p beside alpha.
func versus(v analysis.Verdict) string {
	if v.P == nil {
		return "nothing could be tested"
	}
	relation := "at most"
	if *v.P > v.Alpha {
		relation = "above"
	}
	return fmt.Sprintf("p = %s, %s %s", Number(*v.P), relation, levelOf(v))
}

func farEnds(p analysis.Pattern) string {
	var names []string
	for _, s := range p.Steps {
		n := Printable(s.Channel.Name)
		if n == "*" {
			n = "its clouds"
		}
		if len(names) == 0 || names[len(names)-1] != n {
			names = append(names, n)
		}
	}
	if len(names) == 0 {
		return "its cloud"
	}
	return strings.Join(unique(names), " and ")
}

func unique(names []string) []string {
	var out []string
	seen := map[string]bool{}
	for _, n := range names {
		if !seen[n] {
			out, seen[n] = append(out, n), true
		}
	}
	return out
}

// ScopeName says a scope as a pair of ends.
func ScopeName(s traffic.Scope) string {
	if s == traffic.LAN {
		return "gateway ↔ other local devices"
	}
	return "gateway ↔ " + string(s)
}

func scopesShown(v analysis.Verdict) string {
	var shown []string
	for _, s := range v.Scopes {
		if s.Verdict == analysis.LANVisible {
			shown = append(shown, ScopeName(s.Scope))
		}
	}
	return strings.Join(shown, ", ")
}

func internetLine(v analysis.Verdict) string {
	for _, s := range v.Scopes {
		if s.Scope == traffic.Internet && s.Verdict == analysis.NotDetected && s.P != nil {
			return fmt.Sprintf("None was detected towards the internet (p = %s).", Number(*s.P))
		}
	}
	return "The recording has seen no internet traffic of the gateway."
}

// KindName says an event's kind in words.
func KindName(k events.Kind) string {
	switch k {
	case events.TLSRecord:
		return "TLS record"
	case events.Datagram:
		return "UDP datagram"
	case events.Message:
		return "TCP message"
	case events.FlowStart:
		return "start of a flow"
	case events.FlowEnd:
		return "end of a flow"
	case events.ClientHello:
		return "TLS ClientHello"
	case events.DNSQuestion:
		return "DNS question"
	case events.ICMP:
		return "ICMP"
	case events.Multicast:
		return "multicast datagram"
	}
	return Printable(string(k))
}

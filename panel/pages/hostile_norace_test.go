//go:build !race

package pages_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"
	"unicode"

	"golang.org/x/net/html"

	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/panel/lab"
	"github.com/hueprint/hueprint/panel/labtest"
	"github.com/hueprint/hueprint/store"
	"github.com/hueprint/hueprint/traffic"
)

// hostileNames are what somebody would call a light, a host or a schedule who
// wants to harm the reader of a page.
func hostileNames() []string {
	return []string{
		"</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>", "\x1b[31mred\x1b]0;title\x07", `" onfocus="alert(1)" autofocus="`,
		"new\nline\r\nreturn", "nul\x00byte", "\xff\xfe\x80", "\u202egnp.exe\u2066", "javascript:alert(1)", "{{.State}}", "'><svg/onload=alert(1)>",
		strings.Repeat("a", 63) + "." + strings.Repeat("b", 200), "</textarea></title><base href=//evil.example/>",
	}
}

// harmless are as many names without any mischief.
func harmless(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = "name" + string(rune('a'+i))
	}
	return all
}

// hostile is a full bench on which everything that others can name has such
// names, each in turn.
func hostile(t testing.TB, names []string) *labtest.Lab {
	t.Helper()
	l := labtest.Full(t)
	i := 0
	next := func() string { i++; return names[i%len(names)] }
	l.Change(func(c *labtest.Contents) { rename(c, next) })
	for range len(names) {
		order := string(rune('a'+i%26)) + string(rune('a'+i/26)) // of the list, whatever the names are
		_, err := l.Store.PutSchedule(t.Context(), store.Schedule{ID: "s" + order, Name: order + next(), Cron: "0 3 * * *", Zone: "UTC", Missed: store.SkipMissed, By: next(),
			Task: store.Task{Experiment: next(), Tags: []string{next()}}, Created: labtest.Noon(), Since: labtest.Noon()})
		if err != nil {
			t.Fatal(err)
		}
		err = l.Store.PutFiring(t.Context(), store.Firing{ID: "h" + string(rune('a'+i%26)) + string(rune('a'+i/26)), Name: next(), Task: store.Task{Experiment: next(), Gateways: []string{next()}}, By: next(),
			Due: labtest.Noon().Add(-time.Hour), Outcome: store.Failed, Reason: next()})
		if err != nil {
			t.Fatal(err)
		}
	}
	all, err := l.Store.ListRuns(t.Context(), store.RunQuery{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range all.Runs {
		r.Experiment, r.Gateways, r.Light, r.Cause, r.By, r.Tags = next(), []string{next(), next()}, next(), next(), next(), []string{next(), next()}
		r.Ending, r.Attention = experiments.Aborted, true
		for k := range r.Verdicts {
			r.Verdicts[k].Gateway = next()
		}
		if err := l.Store.PutRun(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	return l
}

func rename(c *labtest.Contents, next func() string) {
	c.State.Lab, c.State.Version = next(), next()
	c.State.Light.Name, c.State.Light.Model, c.State.Light.Trouble = next(), next(), next()
	c.State.Missing, c.State.Troubles = []string{next(), next()}, []string{next(), next()}
	for i := range c.State.Gateways {
		g := &c.State.Gateways[i]
		g.Kind, g.Firmware, g.Trouble, g.Interface = next(), next(), next(), next()
	}
	for i := range c.State.Next {
		c.State.Next[i].Name = next()
		c.State.Next[i].Task.Experiment = next()
	}
	c.Paired = lab.Bridge{Address: next(), ID: next(), Model: next(), Name: next(), Trouble: next()}
	c.Bridges = []lab.Bridge{c.Paired, {Address: next(), Name: next()}}
	for i := range c.Lights {
		c.Lights[i].Name, c.Lights[i].Model, c.Lights[i].Trouble = next(), next(), next()
	}
	for i := range c.Interfaces {
		c.Interfaces[i].Name, c.Interfaces[i].Trouble = next(), next()
	}
	c.Hosts = nil
	for i := range 13 {
		c.Hosts = append(c.Hosts, lab.Host{MAC: traffic.MAC{2, 0, 0, 0, 0, byte(i)}, Vendor: next(), Names: []string{next(), next()}, Guess: next(), Packets: i, Addresses: []netip.Addr{netip.MustParseAddr("192.0.2.1")}})
	}
	for i := range c.Checks {
		c.Checks[i].Name, c.Checks[i].Found, c.Checks[i].Do = next(), next(), next()
	}
	c.File.Path = next()
	c.File.Text = "# " + strings.Join(hostileNames()[:2], "\n# ") + "\n"
}

// skeleton is a page without its texts: elements and the names of attributes.
func skeleton(p page) string {
	var b strings.Builder
	var walk func(n *html.Node)
	walk = func(n *html.Node) {
		if n.Type == html.ElementNode {
			b.WriteString("<" + n.Data)
			for _, a := range n.Attr {
				b.WriteString(" " + a.Key)
			}
			b.WriteString(">")
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
	}
	walk(p.root)
	return b.String()
}

// shown are the texts that a reader sees or hears: not the values of fields,
// which go back as they came, nor addresses.
func (p page) shown() (all []string) {
	for n := range p.root.Descendants() {
		if n.Type == html.TextNode {
			all = append(all, n.Data)
		}
		for _, a := range n.Attr {
			switch a.Key {
			case "value", "href", "data-gateway", "content", "download":
			default:
				all = append(all, a.Val)
			}
		}
	}
	return all
}

// Hostile names add no element and no attribute to any page, and nothing that a
// reader could not see or that turns a line around.
func TestHostileNamesStayTextNoRace(t *testing.T) {
	bad, good := serve(t, hostile(t, hostileNames())), serve(t, hostile(t, harmless(len(hostileNames()))))
	visit := func(b *bench, address string) page {
		if method, path, found := strings.Cut(address, " "); found {
			return b.ask(method, path, map[string][]string{"interface": {"sim0"}})
		}
		return b.get(address)
	}
	badOnes, goodOnes := bad.addresses(), good.addresses()
	if len(badOnes) != len(goodOnes) {
		t.Fatalf("%d pages against %d", len(badOnes), len(goodOnes))
	}
	posts := []string{"POST /setup/bridge/discover", "POST /setup/gateways/listen", "POST /setup/checks"}
	for i, address := range append(badOnes, posts...) {
		a, b := visit(bad, address), visit(good, append(goodOnes, posts...)[i])
		if x, y := skeleton(a), skeleton(b); x != y {
			at := 0
			for at < min(len(x), len(y)) && x[at] == y[at] {
				at++
			}
			t.Errorf("%s has other elements by its names: …%.200s, not …%.200s", address, x[max(at-60, 0):], y[max(at-60, 0):])
		}
		for _, shown := range a.shown() {
			for _, r := range strings.NewReplacer("\n", "", "\t", "").Replace(shown) {
				if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
					t.Errorf("%s shows %U in %.100q", address, r, shown)
					break
				}
			}
		}
	}
}

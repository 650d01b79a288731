package browsertest

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/hueprint/hueprint/nodetest"
)

// Check demands what every page of ours must hold, in the view of the moment:
// no complaint, no request but to its own origin, nothing wider than the
// screen, and no serious violation (see [Page.Axe]). An origin is the address
// that all requests must begin with: "http://127.0.0.1:8080", or a file's whole
// address.
func (p *Page) Check(origin string) {
	p.t.Helper()
	p.OnlyTo(origin)
	p.Fits()
	p.Axe()
	for _, c := range p.Complaints() {
		p.t.Errorf("the browser complains: %s", c)
	}
}

// OnlyTo fails the test for each request that went elsewhere than to origin.
func (p *Page) OnlyTo(origin string) {
	p.t.Helper()
	for _, r := range p.Requests() {
		if !within(r.URL, origin) {
			p.t.Errorf("the page asked for %s %s (%s), outside %s", r.Method, r.URL, r.Kind, origin)
		}
	}
}

// within tells whether an address is part of origin, or of no host at all.
func within(address, origin string) bool {
	for _, scheme := range []string{"data:", "blob:", "about:"} {
		if strings.HasPrefix(address, scheme) {
			return true
		}
	}
	origin = strings.TrimSuffix(origin, "/")
	rest, found := strings.CutPrefix(address, origin)
	return found && (rest == "" || strings.ContainsRune("/?#", rune(rest[0])))
}

// Fits fails the test if the page can be scrolled sideways, and names what is
// too wide.
func (p *Page) Fits() {
	p.t.Helper()
	wide := Value[[]string](p, tooWide)
	if len(wide) > 0 {
		p.t.Errorf("the page is wider than the screen: %s", strings.Join(wide, " "))
	}
}

// tooWide names elements, and texts of elements, that end beyond the screen and
// stand in no box of theirs that scrolls.
const tooWide = `(() => {
	const room = document.documentElement.clientWidth;
	if (document.scrollingElement.scrollWidth <= room) return [];
	const boxed = e => { for (; e && e !== document.body; e = e.parentElement) if (getComputedStyle(e).overflowX !== 'visible') return true; return false };
	const name = e => '<' + e.tagName.toLowerCase() + (e.id ? '#' + e.id : '') + ' class="' + (e.getAttribute('class') || '') + '">' + e.textContent.trim().slice(0, 40);
	const found = [room + ' points are not enough:'], range = document.createRange(), walk = document.createTreeWalker(document.body, 5);
	while (walk.nextNode() && found.length < 6) {
		const node = walk.currentNode, e = node.parentElement;
		range.selectNode(node);
		const end = Math.ceil(range.getBoundingClientRect().right);
		if (end > room + 1 && !boxed(e)) found.push(name(node.nodeType === 3 ? e : node) + ' ends at ' + end);
	}
	return found;
})()`

// A Violation is one rule of axe-core that a page breaks.
type Violation struct {
	// Rule is axe-core's name of it, such as color-contrast.
	Rule string `json:"rule"`
	// Impact is serious or critical.
	Impact string `json:"impact"`
	Help   string `json:"help"`
	// Selectors are the elements, each with what is wrong with it.
	Selectors []string `json:"selectors"`
}

// Axe runs axe-core (https://github.com/dequelabs/axe-core) over the page as
// it stands, and returns the violations that it calls serious or critical.
// Each fails the test with rule, help and elements.
func (p *Page) Axe() []Violation {
	p.t.Helper()
	modules := nodetest.Modules(p.t, "browsertest/testdata/axe")
	axe, err := os.ReadFile(filepath.Join(modules, "axe-core", "axe.min.js"))
	if err != nil {
		p.t.Fatal(err)
	}
	if view := p.view; view.NoScript { // axe-core is a script; the page's own are not loaded again
		p.Look(View{Phone: view.Phone, Dark: view.Dark})
		defer p.Look(view)
	}
	if !Value[bool](p, "typeof axe === 'object'") {
		run(p, "load axe-core", evaluateVoid(string(axe)))
	}
	var found []Violation
	if err := json.Unmarshal([]byte(Value[string](p, runAxe)), &found); err != nil {
		p.t.Fatal(err)
	}
	for _, v := range found {
		p.t.Errorf("axe: %s (%s): %s\n  %s", v.Rule, v.Impact, v.Help, strings.Join(v.Selectors, "\n  "))
	}
	return found
}

// runAxe loads nothing itself: preload would fetch style sheets again.
const runAxe = `axe.run(document, {resultTypes: ['violations'], preload: false}).then(r => JSON.stringify(r.violations
	.filter(v => v.impact === 'serious' || v.impact === 'critical')
	.map(v => ({rule: v.id, impact: v.impact, help: v.help, selectors: v.nodes.slice(0, 5).map(n =>
		n.target.join(' ') + ': ' + n.failureSummary.replace(/\s+/g, ' '))}))))`

// String says the violation in one line.
func (v Violation) String() string {
	return fmt.Sprintf("%s (%s): %s", v.Rule, v.Impact, v.Help)
}

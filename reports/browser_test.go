package reports_test

import (
	"fmt"
	"html"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/hueprint/hueprint/browsertest"
)

func TestMain(m *testing.M) { os.Exit(browsertest.Share(m).Run()) }

// opened writes a document as a file and opens it as a reader does who got it
// by mail: without a server.
func opened(t *testing.T, name string, view browsertest.View) (p *browsertest.Page, address string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(path, []byte(render(t, "html", documents()[name])), 0o644); err != nil {
		t.Fatal(err)
	}
	p = browsertest.Open(t, view)
	p.Go("file://" + path)
	return p, "file://" + path
}

// Every report is sound, with all that can be folded unfolded: two in every
// view, those that differ from them in their words alone in one of each kind.
// HUEPRINT_SHOTS names a folder for pictures of them.
func TestReportsInTheBrowser(t *testing.T) {
	for name := range documents() {
		t.Run(name, func(t *testing.T) {
			p, address := opened(t, name, browsertest.View{})
			browsertest.Value[int](p, `document.querySelectorAll("details").forEach(d => { d.open = true }), 1`)
			for _, view := range viewsOf(name) {
				p.Look(view)
				if name != "hostile" {
					p.Check(address)
				}
				p.Fits()
				if folder := os.Getenv("HUEPRINT_SHOTS"); folder != "" {
					p.Screenshot(filepath.Join(folder, name+"-"+view.String()+".png"))
				}
			}
			p.OnlyTo(address)
			if complaints := p.Complaints(); len(complaints) > 0 {
				t.Errorf("the browser complains: %q", complaints)
			}
		})
	}
}

func viewsOf(name string) []browsertest.View {
	if name == "verdicts" || name == "beside" {
		return browsertest.Views()
	}
	if name == "eight" {
		return []browsertest.View{{Phone: true, Dark: true}}
	}
	return []browsertest.View{{}, {Phone: true, Dark: true}}
}

// Without scripts the page says the same, and offers nothing that does not
// work.
func TestReportsWithoutScripts(t *testing.T) {
	p, address := opened(t, "verdicts", browsertest.View{NoScript: true})
	p.Check(address)
	if n := browsertest.Value[int](p, `[...document.querySelectorAll("button")].filter(b => b.checkVisibility()).length`); n != 0 {
		t.Errorf("%d buttons that do nothing", n)
	}
	if n := browsertest.Value[int](p, `document.querySelectorAll("figure.timeline circle").length`); n == 0 {
		t.Error("no packet on the timeline")
	}
	p.Click("details.aside > summary")
	p.Wait("ol.filters code")
}

// ticks are the labels of the first timeline.
const ticks = `[...document.querySelectorAll("figure.timeline .moment")].slice(0, 12).map(e => e.textContent)`

// shown counts the packets on the first timeline that can be seen.
const shown = `[...document.querySelector("figure.timeline").querySelectorAll("circle")].filter(e => e.getAttribute("visibility") !== "hidden").length`

const said = "figure.timeline output"

func TestTimelineZoomsFromRunToTrial(t *testing.T) {
	p, address := opened(t, "verdicts", browsertest.View{})
	all := browsertest.Value[int](p, shown)
	p.Click(`figure.timeline button[aria-label="next slot"]`)
	if got := p.Text(said); !strings.Contains(got, "slot 0") && !strings.Contains(got, "slot 1") {
		t.Errorf("after one step the timeline says %q", got)
	}
	trial := browsertest.Value[int](p, shown)
	if trial == 0 || trial >= all {
		t.Errorf("%d of %d packets in view of one slot", trial, all)
	}
	if got := browsertest.Value[[]string](p, ticks); !regexp.MustCompile(`\d\.\d\d s`).MatchString(strings.Join(got, " ")) {
		t.Errorf("ticks of one slot: %q", got)
	}
	p.Click(`figure.timeline button[aria-label="all of the recording"]`)
	if got := browsertest.Value[int](p, shown); got != all {
		t.Errorf("%d of %d packets in view of all", got, all)
	}
	p.Check(address)
}

// A slot that is clicked fills the figure; a stretch that is dragged over, too;
// a double click shows all again.
func TestTimelineByMouse(t *testing.T) {
	p, _ := opened(t, "verdicts", browsertest.View{})
	all := browsertest.Value[int](p, shown)
	at := func(css string, share float64) (x, y float64) {
		p.Do(chromedp.ScrollIntoView(chromedp.CSS("figure.timeline svg")))
		r := browsertest.Value[[4]float64](p, fmt.Sprintf(`(() => { const r = document.querySelector(%q).getBoundingClientRect(); return [r.x, r.y, r.width, r.height] })()`, css))
		return r[0] + share*r[2], r[1] + r[3]*0.9
	}
	x, y := at("figure.timeline rect.slot.control", 0.5)
	p.Do(chromedp.MouseClickXY(x, y))
	if got := p.Text(said); !strings.Contains(got, "control") {
		t.Errorf("after a click on a control slot: %q", got)
	}
	if n := browsertest.Value[int](p, shown); n == 0 || n >= all {
		t.Errorf("%d of %d packets in view of one slot", n, all)
	}
	x, y = at("figure.timeline svg", 0.9)
	p.Do(chromedp.MouseClickXY(x, y, chromedp.ClickCount(2)))
	if n := browsertest.Value[int](p, shown); n != all {
		t.Errorf("%d of %d packets after a double click", n, all)
	}
	x, y = at("figure.timeline svg", 0.3)
	p.Do(chromedp.MouseEvent(chromedp.MousePressed, x, y, chromedp.ButtonLeft, chromedp.ClickCount(1)),
		chromedp.MouseEvent(chromedp.MouseMoved, x+100, y, chromedp.ButtonLeft), chromedp.MouseEvent(chromedp.MouseMoved, x+200, y, chromedp.ButtonLeft),
		chromedp.MouseEvent(chromedp.MouseReleased, x+200, y, chromedp.ButtonLeft, chromedp.ClickCount(1)))
	if n := browsertest.Value[int](p, shown); n == 0 || n >= all {
		t.Errorf("%d of %d packets after dragging", n, all)
	}
	if n := browsertest.Value[int](p, `document.querySelectorAll(".brush").length`); n != 0 {
		t.Error("the brush stays")
	}
}

// The packet under the mouse says what it is.
func TestTimelineTellsThePacketUnderTheMouse(t *testing.T) {
	p, _ := opened(t, "verdicts", browsertest.View{})
	p.Click(`figure.timeline button[aria-label="next slot"]`)
	want := browsertest.Value[string](p, `(() => { const c = [...document.querySelectorAll("figure.timeline circle.mark")].find(e => e.getAttribute("visibility") === "visible"); c.id = "one"; return c.querySelector("title").textContent })()`)
	p.Hover("#one")
	p.Until(fmt.Sprintf(`document.querySelector(%q).textContent === %q`, said, want))
	for _, part := range []string{"B", "after"} {
		if !strings.Contains(want, part) {
			t.Errorf("a packet's words lack %q: %s", part, want)
		}
	}
}

func TestTimelineByKeyboard(t *testing.T) {
	p, _ := opened(t, "verdicts", browsertest.View{})
	all := browsertest.Value[int](p, shown)
	p.Focus("figure.timeline button:last-of-type")
	p.Press(kb.Tab)
	if !browsertest.Value[bool](p, `document.querySelector("figure.timeline svg").matches(":focus-visible")`) {
		t.Fatalf("Tab leads to %s", browsertest.Value[string](p, "document.activeElement.outerHTML.slice(0, 80)"))
	}
	p.Press(kb.ArrowRight)
	first := p.Text(said)
	p.Press(kb.ArrowRight)
	if second := p.Text(said); first == second || browsertest.Value[int](p, `document.querySelectorAll(".chosen").length`) != 1 {
		t.Errorf("arrows choose %q, then %q", first, second)
	}
	p.Press("s")
	slot := p.Text(said)
	p.Press("s")
	if got := p.Text(said); got == slot || !strings.Contains(got, "slot") {
		t.Errorf("s leads from %q to %q", slot, got)
	}
	p.Press("S")
	if got := p.Text(said); got != slot {
		t.Errorf("S leads back to %q, want %q", got, slot)
	}
	p.Press("++")
	if n := browsertest.Value[int](p, shown); n >= all {
		t.Errorf("%d of %d packets after zooming in", n, all)
	}
	p.Press("0")
	if n := browsertest.Value[int](p, shown); n != all {
		t.Errorf("%d of %d packets after 0", n, all)
	}
	p.Press(kb.Tab)
	if browsertest.Value[bool](p, `document.activeElement === document.querySelector("figure.timeline svg")`) {
		t.Error("the keyboard cannot leave the timeline")
	}
}

var firstFilter = regexp.MustCompile(`<code class="text">([^<]*)</code>`)

// What is copied is what stands there, to the byte.
func TestCopyAFilter(t *testing.T) {
	p, _ := opened(t, "verdicts", browsertest.View{})
	want := html.UnescapeString(firstFilter.FindStringSubmatch(render(t, "html", documents()["verdicts"]))[1])
	p.Click("details.aside > summary")
	p.AllowClipboard()
	p.Click("ol.filters button.copy")
	p.Until(`document.querySelector("ol.filters button.copy").textContent === "copied"`)
	if got := p.Clipboard(); got != want {
		t.Errorf("copied  %q\nfilter  %q", got, want)
	}
}

// Where the clipboard is refused, the filter is selected instead.
func TestSelectAFilter(t *testing.T) {
	p, _ := opened(t, "verdicts", browsertest.View{})
	p.Click("details.aside > summary")
	browsertest.Value[int](p, `Object.defineProperty(navigator, "clipboard", {value: {writeText: () => Promise.reject(new Error("refused"))}}), 1`)
	p.Click("ol.filters button.copy")
	p.Until(`document.querySelector("ol.filters button.copy").textContent.startsWith("selected")`)
	want := browsertest.Value[string](p, `document.querySelector("ol.filters code").textContent`)
	if got := browsertest.Value[string](p, "getSelection().toString()"); got != want {
		t.Errorf("selected %q, want %q", got, want)
	}
}

//go:build !race

package pages_test

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"github.com/hueprint/hueprint/browsertest"
	"github.com/hueprint/hueprint/panel/access"
	"github.com/hueprint/hueprint/panel/labtest"
	"github.com/hueprint/hueprint/store"
)

// Every page, from the router, holds in a real browser what a page must hold: in
// light and dark, at a desk and on a phone. HUEPRINT_SHOTS names a folder for
// pictures of them.
func TestEveryPageInTheBrowserNoRace(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	for name, l := range map[string]*labtest.Lab{"empty": labtest.Empty(t), "full": labtest.Full(t), "hostile": hostile(t, hostileNames())} {
		t.Run(name, func(t *testing.T) {
			b := serve(t, l)
			p := browsertest.Open(t, browsertest.View{})
			for _, address := range b.fewer() {
				p.Look(browsertest.View{})
				p.Go(b.server.URL + address)
				for _, view := range viewsOf(name) {
					p.Look(view)
					p.Check(b.server.URL)
					if t.Failed() {
						t.Fatalf("that was %s as %s on the bench that is %s", address, view, name)
					}
					shoot(p, name+strings.Map(fileRune, address), view)
				}
				p.Forget()
			}
		})
	}
}

// viewsOf are all four where there is most to see, and two that differ in all
// elsewhere.
func viewsOf(bench string) []browsertest.View {
	if bench == "full" {
		return browsertest.Views()
	}
	return []browsertest.View{{}, {Phone: true, Dark: true}}
}

// fewer are the addresses with no more than two of each route with an ID.
func (b *bench) fewer() (few []string) {
	seen := map[string]int{}
	for _, address := range b.addresses() {
		if strings.HasPrefix(address, "/schedule/history?") || strings.HasPrefix(address, "/runs?limit") {
			continue // like the page without it
		}
		parts := strings.Split(address, "/")
		if len(parts) > 2 && (parts[1] == "runs" || parts[1] == "schedule" && parts[2] != "history" && parts[2] != "new") {
			parts[2] = ""
			if key := strings.Join(parts, "/"); seen[key] >= 2 || strings.HasSuffix(key, "/explore") && seen[key] >= 1 {
				continue
			} else {
				seen[key]++
			}
		}
		few = append(few, address)
	}
	return few
}

func fileRune(r rune) rune {
	if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
		return r
	}
	return '_'
}

// Pages that only come in answer to a form, a refusal or a login are sound, too.
func TestOtherPagesInTheBrowserNoRace(t *testing.T) {
	b := serve(t, labtest.Full(t))
	closed, fresh := serveTo(t, labtest.Full(t), access.Options{}).server.URL, serveTo(t, labtest.Empty(t), access.Options{})
	invitation, err := fresh.panel.Invite(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p := browsertest.Open(t, browsertest.View{})
	for _, c := range []struct{ name, url, click, wait string }{
		{"login", closed + "/login", "", "#password"},
		{"first", fresh.server.URL + invitation, "", "#again"},
		{"nobody", fresh.server.URL + "/login", "", "h1"},
		{"dead", closed + "/first?secret=x", "", "h1"},
		{"heard", b.server.URL + "/setup/gateways", `form[action$="/listen"] button`, "table"},
		{"found", b.server.URL + "/setup/bridge", `form[action$="/discover"] button`, "ul.list"},
		{"checked", b.server.URL + "/setup/checks", `form[action$="/checks"] button`, ".checks li.bad"},
		{"token", b.server.URL + "/setup/access", "", "#token-name"},
		{"stop", b.server.URL + "/schedule", "details.confirm summary", ".ask"},
		{"menu", b.server.URL + "/", ".menu summary", ".drop"},
	} {
		p.Look(browsertest.View{})
		p.Go(c.url)
		if c.click != "" {
			p.Click(c.click)
		}
		p.Wait(c.wait)
		if c.name == "token" {
			p.Fill("#token-name", "probe")
			p.Press(kb.Enter)
			p.Wait(".secret")
		}
		p.Forget() // of answers such as 410, which browsers tell as complaints
		for _, view := range browsertest.Views() {
			p.Look(view)
			p.Check(strings.Join(strings.Split(c.url, "/")[:3], "/"))
			shoot(p, "other_"+c.name, view)
		}
	}
}

// Without scripts the front page says what there is, and a run can be stopped.
func TestWithoutScriptsNoRace(t *testing.T) {
	l := labtest.Full(t)
	b := serve(t, l)
	running(l, b.ids("/runs/:id")[0])
	p := browsertest.Open(t, browsertest.View{NoScript: true})
	p.Go(b.server.URL)
	p.Click("details.confirm summary")
	p.Click(`form[action="/bench/stop"] button`)
	p.Wait(".said.done")
	p.Click(`.theme button`)
	p.Wait(`html[data-theme="light"]`)
	p.Check(b.server.URL)
}

// The strip draws packets and marks as they are told, the text beside it counts
// them, and the run's progress moves, all without another page.
func TestLiveBenchNoRace(t *testing.T) {
	l := labtest.Full(t)
	b := serve(t, l)
	running(l, b.ids("/runs/:id")[0])
	p := browsertest.Open(t, browsertest.View{})
	p.Go(b.server.URL)
	p.Until(`document.querySelector("[data-live-state]").textContent === "live"`)
	stream(l)
	p.Until(`[...document.querySelectorAll("[data-strip]")].every(c => +c.dataset.drawn > 20 && +c.dataset.marks === 7)`)
	p.Until(`/^[0-9.]+ packets\/s, .*B\/s$/.test(document.querySelector("[data-rate]").textContent)`)
	if !browsertest.Value[bool](p, `(() => { const c = document.querySelector("[data-strip]"), d = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
		const seen = new Set(); for (let i = 0; i < d.length; i += 4) if (d[i + 3] > 100) seen.add(d[i] >> 5 << 10 | d[i + 1] >> 5 << 5 | d[i + 2] >> 5); return seen.size >= 4 })()`) {
		t.Error("the strip shows fewer than four colours")
	}
	r := *l.State(t.Context()).Running
	r.Slot, r.Phase, r.Left = 20, "recording slot 21", 3*time.Minute
	l.Hub.Publish("progress", r)
	p.Until(`document.querySelector("[data-slot]").textContent === "slot 20 of 30" && document.querySelector("[data-running] progress").value === 20`)
	p.Until(`document.querySelector("[data-phase]").textContent === "recording slot 21"`)
	reads := slices.DeleteFunc(p.Requests(), func(r browsertest.Request) bool { return r.Kind != "Fetch" })
	if len(reads) > 1 { // once when the stream opened
		t.Errorf("the page was read again: %v", reads)
	}
	l.Change(func(c *labtest.Contents) { c.State.Light.State.On = false })
	p.Until(`document.querySelector("[data-bulb]").classList.contains("off") && document.querySelector("[data-bulb-state]").textContent === "off"`)
	l.Change(func(c *labtest.Contents) {
		c.State.Running = nil
		c.State.Troubles = append(c.State.Troubles, "The disk is nearly full.")
	})
	l.Hub.Publish("progress", nil)
	p.Until(`document.querySelector("#now").textContent.includes("Ready") && document.querySelector("#notices").textContent.includes("nearly full")`)
	p.Check(b.server.URL)
}

// A run's page follows the run, and its timeline zooms as the report's does.
func TestRunPageNoRace(t *testing.T) {
	l := labtest.Full(t)
	b := serve(t, l)
	id := b.ids("/runs/:id")[0]
	r, err := l.Store.Run(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	publish(t, l, r)
	running(l, id)
	p := browsertest.Open(t, browsertest.View{})
	p.Go(b.server.URL + "/runs/" + id)
	p.Wait("[data-running]")
	l.Change(func(c *labtest.Contents) { c.State.Running = nil })
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline) && !browsertest.Value[bool](p, `!document.querySelector("[data-running]")`); time.Sleep(100 * time.Millisecond) {
		l.Hub.Publish("progress", nil)
	}
	p.Wait("figure.timeline .tools")
	all := p.Text("figure.timeline .tools output")
	p.Click("figure.timeline .tools button:nth-of-type(4)")
	if now := p.Text("figure.timeline .tools output"); now == all {
		t.Error("the timeline does not move")
	}
	p.Check(b.server.URL)
	p.Go(b.server.URL + "/runs/" + id + "/report")
	p.Wait("figure.timeline .tools")
	p.Check(b.server.URL)
}

// The keyboard reaches the content, the menu and the theme; the schedule's form
// explains an expression while it is typed; the editor marks the wrong line.
func TestByKeyboardNoRace(t *testing.T) {
	b := serve(t, labtest.Full(t))
	p := browsertest.Open(t, browsertest.View{})
	p.Go(b.server.URL + "/schedule/new")
	p.Press(kb.Tab)
	if got := browsertest.Value[string](p, `document.activeElement.textContent`); got != "Skip to the content" {
		t.Errorf("the first stop of the keyboard is %q", got)
	}
	p.Press(kb.Enter)
	p.Until(`document.activeElement.id === "content"`)
	p.Fill("#cron", "30 12 * * 1-5")
	p.Until(`document.querySelector(".told").textContent.includes("Monday to Friday at 12:30")`)
	p.Focus(".theme button")
	p.Press(kb.Enter)
	p.Until(`document.documentElement.dataset.theme === "light"`)
	p.Press(kb.Enter)
	p.Until(`document.documentElement.dataset.theme === "dark" && document.activeElement.closest(".theme")`)
	p.Focus(".menu summary")
	p.Press(kb.Enter)
	p.Wait(".drop")
	p.Press(kb.Escape)
	p.Gone(".drop")

	p.Go(b.server.URL + "/setup/experiments")
	p.Until(`document.querySelectorAll(".gutter span").length === 41`)
	if theme := browsertest.Value[string](p, `document.documentElement.dataset.theme`); theme != "dark" {
		t.Errorf("the next page is %q", theme)
	}
	p.Focus("#editor")
	browsertest.Value[int](p, `document.querySelector("#editor").setSelectionRange(0, 0), 1`)
	p.Press("oops: 1\n")
	p.Click(`button[value="check"]`)
	p.Wait(".mistakes")
	p.Until(`document.querySelector(".gutter .at")?.textContent === "1"`)
	p.Click(".mistakes a")
	p.Until(`document.activeElement.id === "editor" && document.activeElement.selectionStart === 0`)
	p.Check(b.server.URL)
}

// Pictures of a bench in the middle of a run.
func TestPicturesNoRace(t *testing.T) {
	l := labtest.Full(t)
	b := serve(t, l)
	all, err := l.Store.ListRuns(t.Context(), store.RunQuery{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	publish(t, l, all.Runs[0])
	running(l, all.Runs[0].ID)
	p := browsertest.Open(t, browsertest.View{})
	p.Go(b.server.URL)
	p.Until(`document.querySelector("[data-live-state]").textContent === "live"`)
	stream(l)
	p.Until(`+document.querySelector("[data-strip]").dataset.drawn > 0`)
	for _, view := range browsertest.Views() {
		p.Look(view)
		if os.Getenv("HUEPRINT_SHOTS") != "" {
			time.Sleep(1200 * time.Millisecond) // until the strips have the theme's colours
		}
		shoot(p, "running", view)
		p.Check(b.server.URL)
	}
}

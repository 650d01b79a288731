//go:build !race

package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/browsertest"
)

// watchMarks keeps in the page what each mark was that the strip has got.
const watchMarks = `(() => {
	window.marks = new Set();
	new MutationObserver(all => { for (const m of all) marks.add(m.target.dataset.last) })
		.observe(document.body, {subtree: true, attributes: true, attributeFilter: ["data-last"]});
	return true;
})()`

// stopARun tries a run without carrying it out, begins it, watches it, and stops
// it in the middle: the bulb is then as it was.
func (g *guest) stopARun() {
	g.dim()
	before := g.light()
	if !before.On || before.Bri != 77 {
		g.t.Fatalf("the bulb is not as it was set: %+v", before)
	}
	g.open("/")
	g.choose("#experiment", "demo") // long enough not to end by itself
	g.send("button[formaction='/preview']")
	g.says("Nothing was sent", "10 actions + 10 controls")
	if slots := g.count("tbody tr"); slots != 20 {
		g.t.Errorf("the dry run shows %d slots of 20", slots)
	}
	g.Follow(func() { g.Click("form.again button.do") })
	browsertest.Value[bool](g.Page, watchMarks)
	g.says("The run has begun")
	g.watchTheStrip()
	g.shoot("running", browsertest.View{})
	g.check()
	g.Click("details.confirm summary")
	g.send("form[action='/bench/stop'] button")
	g.says("is being stopped")
	g.patiently(`!document.querySelector("[data-running]")`)
	if after := g.light(); after != before {
		g.t.Errorf("the bulb was %+v, and is %+v after the stop", before, after)
	}
	g.open("/")
	g.says("stopped")
	g.send("form[action='/bench/blink'] button:enabled")
	g.says("has blinked")
}

// watchTheStrip waits until packets are drawn, both kinds of marks have come, and
// the progress has moved.
func (g *guest) watchTheStrip() {
	g.Until(`document.querySelector("[data-live-state]").textContent === "live"`)
	g.Until(`+document.querySelector("[data-strip]").dataset.drawn > 10`)
	first := browsertest.Value[int](g.Page, `+document.querySelector("[data-running] progress").value`)
	g.patiently(`marks.has("control") && (marks.has("on") || marks.has("off")) && +document.querySelector("[data-strip]").dataset.marks >= 2`)
	g.patiently(fmt.Sprintf(`+document.querySelector("[data-running] progress").value >= %d`, max(first+1, 2)))
	g.patiently(`/Last: slot \d+, (on|off|control)/.test(document.querySelector("[data-last]")?.textContent)`)
}

// patiently waits as long as a run may take on a busy machine.
func (g *guest) patiently(expression string) {
	g.t.Helper()
	for end := time.Now().Add(90 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if browsertest.Value[bool](g.Page, "!!("+expression+")") {
			return
		}
	}
	g.t.Fatalf("%s: not within 90 s: %s; the page says: %s", g.at, expression, g.Text("main"))
}

// runToTheVerdict carries a run out, and returns its ID. A light that is always
// answered by the gateway's cloud traffic is visible.
func (g *guest) runToTheVerdict() string {
	g.open("/")
	g.choose("#experiment", "short")
	g.Click("form.start details.more summary")
	g.Fill("#seed", "7")
	g.Fill("#tags", "first")
	g.send("form.start button.do")
	g.patiently(`document.querySelector("[data-running]")`)
	g.patiently(`!document.querySelector("[data-running]")`)
	g.open("/")
	if got := g.Text(".lane .badge"); got != string(analysis.CloudVisible) {
		g.t.Errorf("the gateway's last verdict is %q", got)
	}
	g.send("#latest li:first-child a")
	return strings.TrimPrefix(g.path(), "/runs/")
}

// lookAtTheRun reads the run's page, takes its report home, adds a note and
// looks at it with other parameters.
func (g *guest) lookAtTheRun(id string) {
	g.says("cloud-visible", "Pattern, ", "by "+guestName)
	if g.count(".body table.pattern tbody tr") == 0 || g.count(".body svg") == 0 {
		g.t.Error("the page has no pattern, or no figure")
	}
	g.demandDownloads()
	report := g.Download(fmt.Sprintf("a[download][href='/api/v1/runs/%s/report']", id))
	g.forget()
	g.at = "the downloaded report"
	g.Go("file://" + report)
	g.Check("file://" + report)
	g.Forget()

	g.open("/runs/" + id)
	g.Fill("#note", "The bulb was seen to blink.")
	g.Fill("#tags", "night, keep")
	g.send("#notes form button")
	g.says("The note is kept", "was seen to blink", "+ night")
	g.Fill("#alpha", "0.2")
	g.send("#explore form button")
	g.says("Exploratory.")

	g.open("/runs")
	all := g.count(".runs tbody tr")
	g.Click("form.filter details.more summary")
	g.choose("#tag", "night")
	g.send("form.filter button.do")
	if left := g.count(".runs tbody tr"); all != 2 || left != 1 || !strings.Contains(g.Text(".runs"), "night") {
		g.t.Errorf("%d runs, of which %d are tagged", all, left)
	}
}

// demandDownloads demands that each file of the run can be had.
func (g *guest) demandDownloads() {
	bad := browsertest.Value[[]string](g.Page, `Promise.all([...document.querySelectorAll("a[download]")].map(async a => {
		const answer = await fetch(a.href), size = (await answer.arrayBuffer()).byteLength;
		return answer.ok && size > 100 ? "" : a.href + ": " + answer.status + ", " + size + " bytes";
	})).then(all => [all.length < 7 ? "only " + all.length + " files" : "", ...all].filter(Boolean))`)
	for _, b := range bad {
		g.t.Errorf("download %s", b)
	}
}

// scheduleEveryNight makes a schedule, pauses it, lets it go on and changes it; it
// returns its ID.
func (g *guest) scheduleEveryNight() string {
	g.open("/schedule")
	g.send("a[href='/schedule/new']")
	g.Fill("#name", "Every nihgt")
	g.choose("#experiment", "short")
	g.Fill("#cron", "30 2 * * 1-5")
	g.Until(`document.querySelectorAll(".told li").length === 5 && document.querySelector(".told").innerText.includes("02:30")`)
	g.send("form.form button.do")
	g.says("Every nihgt")
	g.send("form[action$='/pause'] button")
	g.says("paused")
	g.send("form[action$='/resume'] button")
	g.send(".schedules a.plain")
	id := strings.TrimPrefix(g.path(), "/schedule/")
	g.Fill("#name", "Every night")
	g.send("form.form button.do")
	g.says("“Every night” is saved")
	return id
}

// scheduleSoon schedules a run for a few seconds ahead. The form offers whole
// minutes; the test does not wait for one.
func (g *guest) scheduleSoon() {
	g.open("/schedule/new?kind=experiment&experiment=short")
	g.Fill("#name", "Soon")
	g.Click("#when-once")
	at := time.Now().UTC().Add(6 * time.Second).Format("2006-01-02T15:04:05")
	browsertest.Value[bool](g.Page, fmt.Sprintf(`(() => { const at = document.querySelector("#at"); at.step = 1; at.value = %q; return at.reportValidity() })()`, at))
	g.Follow(func() { g.Click("form.form button.do") })
	g.says("“Soon” is saved")
	g.check()
}

// demandFired waits for the firing to be in the history, with its run. The
// schedule is then deleted; its firing stays.
func (g *guest) demandFired() {
	const row = `[...document.querySelectorAll("tr.fired")].find(r => r.innerText.includes("Soon"))`
	g.at = "the history"
	for end := time.Now().Add(90 * time.Second); ; time.Sleep(300 * time.Millisecond) {
		g.open("/schedule/history")
		if browsertest.Value[bool](g.Page, "!!"+row+`?.innerText.includes("done")`) {
			break
		}
		if time.Now().After(end) {
			g.t.Fatalf("the one-shot is not in the history: %s", g.Text("main"))
		}
	}
	run := browsertest.Value[string](g.Page, row+`.querySelector("a[href^='/runs/']").getAttribute("href")`)
	g.open(run)
	g.says("by schedule Soon", "complete")
	g.check()
	g.open("/schedule")
	const tile = `.schedules li:has(form):not(:has(ol))`
	g.Click(tile + " details.confirm summary")
	g.send(tile + " form[action$='/remove'] button")
	g.open("/schedule/history?outcome=done")
	g.says("Soon")
	g.check()
}

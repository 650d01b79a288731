//go:build !race

package main

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/hueprint/hueprint/browsertest"
)

// makeTheFirstAccount opens the printed link.
func (g *guest) makeTheFirstAccount() {
	g.open("/runs")
	g.says("There is no account yet")
	g.forget()
	g.at = "the set-up link"
	g.Go(g.link)
	g.look("empty", browsertest.Views()...)
	fill := func(again string) {
		g.Fill("#name", guestName)
		g.Fill("#password", guestPassword)
		g.Fill("#again", again)
	}
	fill("another password than the first")
	g.refused(http.StatusUnprocessableEntity, "form[action='/first'] button")
	g.says("differ")
	fill(guestPassword)
	g.send("form[action='/first'] button")
	g.says("Before the first run")
	g.at = "the used link"
	g.Go(g.link)
	g.wasRefused(http.StatusGone)
	g.says("no longer works")
}

// pair finds the bridge, begins to pair, and lets its button be pressed meanwhile.
func (g *guest) pair() {
	g.open("/")
	g.send("#notices a.do")
	g.send("ol.stepping a[href='/setup/bridge']")
	g.send("form[action='/setup/bridge/discover'] button")
	// While a page is under way, the browser carries out nothing for a test: the
	// page itself presses the button.
	browsertest.Value[int](g.Page, `setTimeout(() => {
		sessionStorage.setItem("waited", document.querySelectorAll(".waiting").length);
		document.querySelector("form[action='/setup/bridge/button'] button").click();
	}, 700)`)
	g.send("ul.list form[action='/setup/bridge/pair'] button")
	if browsertest.Value[string](g.Page, `sessionStorage.getItem("waited") ?? "too late"`) != "1" {
		g.t.Error("while it waits for the button, the page does not say so")
	}
	g.says("Paired with", "Now choose the light")
}

// chooseTheLight lets the light blink and chooses it.
func (g *guest) chooseTheLight() {
	if g.path() != "/setup/light" {
		g.t.Errorf("after pairing comes %s", g.path())
	}
	g.send("form[action='/setup/light/blink'] button")
	g.says("has blinked")
	g.send("form[action='/setup/light/choose'] button")
	g.says("is the bulb under test")
	g.open("/setup/light")
	g.says("under test")
}

// pickTheGateway listens on the interface, and names one of those heard. Another
// is written in by hand and taken out again.
func (g *guest) pickTheGateway() {
	g.open("/setup/gateways")
	g.send("form[action='/setup/gateways/listen'] button")
	if hosts, free := g.count(".stacked tbody tr"), g.count(".stacked a[href*='interface=simulated'][href*='macs=']"); hosts < 3 || free < 1 || free >= hosts {
		g.t.Errorf("%d hosts are heard, of which %d can be gateways: the bridge cannot", hosts, free)
	}
	g.shoot("heard", browsertest.View{})
	g.send(".stacked a[href*='kind=smartthings']")
	g.Fill("#name", "aeotec")
	g.Fill("#firmware", "simulated")
	g.Click("input[name=linked]")
	g.send("form[action='/setup/gateways/edit'] button.do")
	g.says("aeotec is saved")
	g.open("/setup/gateways/edit")
	g.Fill("#name", "spare")
	g.Fill("#macs", "not a MAC")
	g.refused(http.StatusUnprocessableEntity, "form[action='/setup/gateways/edit'] button.do")
	g.Fill("#macs", "02:00:00:00:00:99")
	g.send("form[action='/setup/gateways/edit'] button.do")
	g.Click("li:nth-child(2) details.confirm summary")
	g.send("li:nth-child(2) form[action='/setup/gateways/remove'] button")
	g.says("spare is taken out")
}

// The experiment in lines of YAML; it takes about twelve seconds.
const shortLines = `  - name: short
    actions: 4
    controls: 4
    spacing: 1200ms
    jitter: 100ms
    window: 900ms
    settle: 900ms
    alpha: %s
`

// writeTheExperiment types an experiment into the configuration, at first with a
// mistake in its last line.
func (g *guest) writeTheExperiment() {
	g.open("/setup/experiments")
	line := browsertest.Value[int](g.Page, `(() => {
		const t = document.querySelector("#editor"), i = t.value.indexOf("  - name: demo");
		t.focus();
		t.setSelectionRange(i, i);
		return t.value.slice(0, i).split("\n").length;
	})()`)
	g.Press(fmt.Sprintf(strings.ReplaceAll(shortLines, "\n", "\r"), "often"))
	wrong := line + strings.Count(shortLines, "\n") - 1
	g.refused(http.StatusUnprocessableEntity, "button[value=save]")
	g.says("Not saved", fmt.Sprintf("Line %d:", wrong), "alpha: often")
	g.shoot("mistake", browsertest.View{})
	g.Click("a[data-line]")
	g.Until(fmt.Sprintf(`document.activeElement.id === "editor" && document.activeElement.value.slice(0, document.activeElement.selectionStart).split("\n").length === %d`, wrong))
	browsertest.Value[int](g.Page, `(() => { const t = document.querySelector("#editor"), i = t.value.indexOf("often"); t.setSelectionRange(i, i + 5); return i })()`)
	g.Press("0.05")
	g.send("button[value=check]")
	g.says("The text has no mistake")
	g.send("button[value=save]")
	g.says("The configuration is saved")
}

// examineTheBench lets the doctor look.
func (g *guest) examineTheBench() {
	g.open("/setup/checks")
	g.send("form[action='/setup/checks'] button")
	if wrong := g.count(".checks li.bad"); wrong > 0 {
		g.t.Errorf("the doctor finds on a simulated bench: %s", g.Text(".checks"))
	}
	g.says("are well")
	g.shoot("checked", browsertest.View{})
	g.open("/setup")
	if open := g.count("ol.stepping .open"); open > 0 {
		g.t.Errorf("something is still to do: %s", g.Text("ol.stepping"))
	}
}

// admitOthers makes an account and a token, changes and takes them away, and
// changes the colours.
func (g *guest) admitOthers() {
	g.open("/setup/access")
	g.Fill("#account-name", "bob")
	g.Fill("#account-password", "yet another password")
	g.send("form[action='/setup/access/accounts'] button")
	g.choose("#scope-bob", "run")
	g.send("form[action='/setup/access/accounts/change']:has(#scope-bob) button")
	g.Fill("#token-name", "grafana")
	g.send("form[action='/setup/access/tokens'] button.do")
	g.Wait(".secret code")
	g.open("/setup/access")
	if g.count(".secret") > 0 {
		g.t.Error("the token is shown again")
	}
	g.Click("section[aria-labelledby=tokens] details.confirm summary")
	g.send("form[action='/setup/access/tokens/revoke'] button")
	g.Click("li:has(#scope-bob) details.confirm summary")
	g.send("li:has(#scope-bob) form[action='/setup/access/accounts/remove'] button")

	for _, theme := range []string{"light", "dark", "auto"} {
		g.Click(fmt.Sprintf("[data-theme-switch] button[value=%s]", theme))
		g.Until(fmt.Sprintf(`(document.documentElement.dataset.theme ?? "auto") === %q`, theme))
		g.check()
	}
}

// changeThePassword changes the guest's own, which ends the session.
func (g *guest) changeThePassword() {
	g.open("/account")
	g.Fill("#old", guestPassword)
	g.Fill("#password", laterPassword)
	g.Fill("#again", laterPassword)
	g.send("form[action='/account/password'] button")
	g.says("The password is changed", "log in again")
	g.enter(laterPassword)
	g.send("form[action='/login'] button")
	if g.path() != "/account" {
		g.t.Errorf("after the login comes %s", g.path())
	}
}

func (g *guest) enter(password string) {
	g.Fill("#name", guestName)
	g.Fill("#password", password)
}

// leaveAndReturn logs out and in again.
func (g *guest) leaveAndReturn() {
	g.open("/runs")
	g.Click("details.menu summary")
	g.send("form[action='/logout'] button")
	g.open("/runs")
	if g.path() != "/login" {
		g.t.Errorf("without a session %s can be seen", g.path())
	}
	g.look("full", browsertest.Views()...)
	g.enter(guestPassword)
	g.refused(http.StatusUnauthorized, "form[action='/login'] button")
	g.says("is wrong")
	g.enter(laterPassword)
	g.send("form[action='/login'] button")
	if g.path() != "/runs" {
		g.t.Errorf("after the login comes %s", g.path())
	}
}

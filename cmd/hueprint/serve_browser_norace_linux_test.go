//go:build !race

package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/hueprint/hueprint/browsertest"
	"github.com/hueprint/hueprint/hue"
	"github.com/hueprint/hueprint/simulator/bridge"
	"github.com/hueprint/hueprint/simulator/bridge/bridgetest"
)

// TestServeInABrowserNoRace goes the way of somebody who has just installed the
// program, from the set-up link to verdicts: the program as a process, a
// browser, the simulated lab, and a client that is not ours as the witness of
// the light. HUEPRINT_SHOTS names a folder for pictures of every page.
func TestServeInABrowserNoRace(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	began := time.Now()
	g := arrive(t)
	g.makeTheFirstAccount()
	g.lookAtAll("empty", g.emptyAddresses(), browsertest.View{}, browsertest.View{Phone: true, Dark: true})
	g.pair()
	g.chooseTheLight()
	g.pickTheGateway()
	g.writeTheExperiment()
	g.examineTheBench()
	g.stopARun()
	run := g.runToTheVerdict()
	g.lookAtTheRun(run)
	every := g.scheduleEveryNight()
	g.admitOthers()
	g.changeThePassword()
	g.scheduleSoon()
	g.lookAtAll("full", g.fullAddresses(run, every), browsertest.Views()...)
	g.demandFired()
	g.leaveAndReturn()
	g.demandEveryRoute()
	g.endTheServer()
	t.Logf("measured: first start to verdict in a browser: %d pages in four views, %d routes asked for, %.0f s", len(g.seen), len(g.asked), time.Since(began).Seconds())
}

// The first account's name and password, before and after it is changed.
const (
	guestName     = "ada"
	guestPassword = "a long enough password"
	laterPassword = "another long password"
)

// A guest uses the panel in a browser.
type guest struct {
	*browsertest.Page
	t   *testing.T
	dir string
	// origin is the panel's address, link the set-up link, relay where other
	// programs reach the simulated bridge.
	origin, link, relay string
	server              *exec.Cmd
	said                *transcript
	ended               chan struct{}
	routes              []panelRoute
	// asked are the routes that the browser has asked for, seen the pages that
	// were looked at with the views.
	asked map[string]bool
	seen  map[string]map[string]bool
	// at is what is being looked at, for failures.
	at string
}

// arrive starts a server in an empty folder and opens an empty tab.
func arrive(t *testing.T) *guest {
	t.Helper()
	g := &guest{t: t, dir: t.TempDir(), said: &transcript{}, ended: make(chan struct{}), asked: map[string]bool{}, seen: map[string]map[string]bool{}}
	g.routes = routesOfThePanel(t)
	g.startTheServer()
	g.Page = browsertest.Open(placed{t, g}, browsertest.View{})
	return g
}

var (
	printedLink  = regexp.MustCompile(`\n *(http://127\.0\.0\.1:\d+)(/first\?secret=\S+)\n`)
	printedRelay = regexp.MustCompile(`reach its bridge at http://(127\.0\.0\.1:\d+)\n`)
)

// startTheServer starts the program and reads the set-up link that it prints.
func (g *guest) startTheServer() {
	g.server = process(g.t, "serve", "--simulated", "aeotec", "--listen", "127.0.0.1:0", "--relay", "127.0.0.1:0")
	g.server.Dir = g.dir
	g.server.Env = append(g.server.Env, "HUEPRINT_STATE="+filepath.Join(g.dir, "state"))
	g.server.Stdout, g.server.Stderr = g.said, g.said
	if err := g.server.Start(); err != nil {
		g.t.Fatal(err)
	}
	go func() {
		defer close(g.ended)
		_ = g.server.Wait()
	}()
	g.t.Cleanup(func() {
		_ = g.server.Process.Kill()
		<-g.ended
		if g.t.Failed() {
			g.t.Logf("the server said:\n%s", g.said)
		}
	})
	for range 600 {
		said := g.said.String()
		if found, relay := printedLink.FindStringSubmatch(said), printedRelay.FindStringSubmatch(said); found != nil && relay != nil {
			g.origin, g.link, g.relay = found[1], found[1]+found[2], relay[1]
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	g.t.Fatalf("the server prints no set-up link: %s", g.said)
}

// endTheServer ends it as systemd does. What it has said holds no secret but the
// link, which is used up.
func (g *guest) endTheServer() {
	_ = g.server.Process.Signal(syscall.SIGTERM)
	select {
	case <-g.ended:
	case <-time.After(30 * time.Second):
		g.t.Fatal("the server does not end")
	}
	if status := g.server.ProcessState.ExitCode(); status != 0 {
		g.t.Errorf("the server ends with status %d", status)
	}
	for _, word := range []string{"panic:", "goroutine ", `"level":"ERROR"`, g.key(), guestPassword, laterPassword} {
		if strings.Contains(g.said.String(), word) {
			g.t.Errorf("the server has said %q", word)
		}
	}
}

// key is the application key that pairing gave.
func (g *guest) key() string {
	key, err := hue.LoadKey(filepath.Join(g.dir, simulatedFolder, "lab", "bridge-key.json"))
	if err != nil {
		g.t.Fatal(err)
	}
	return key.Username
}

// light is the bulb under test as a client reads it that is not ours.
func (g *guest) light() bridge.LightState { return bridgetest.ReadLight(g.t, g.relay, g.key(), "1") }

// dim gives the bulb a state of its own, so that putting it back means something.
func (g *guest) dim() {
	address := fmt.Sprintf("http://%s/api/%s/lights/1/state", g.relay, g.key())
	req, err := http.NewRequestWithContext(g.t.Context(), http.MethodPut, address, strings.NewReader(`{"on": true, "bri": 77}`))
	if err != nil {
		g.t.Fatal(err)
	}
	answer, err := (&http.Client{Timeout: 10 * time.Second}).Do(req)
	if err != nil {
		g.t.Fatal(err)
	}
	if answer.Body.Close(); answer.StatusCode != http.StatusOK {
		g.t.Fatalf("dim the bulb: %s", answer.Status)
	}
}

// placed says with each failure where the guest was.
type placed struct {
	testing.TB
	guest *guest
}

// Errorf is that of the test, with the place.
func (p placed) Errorf(format string, args ...any) {
	p.Helper()
	p.TB.Errorf("%s: "+format, append([]any{p.guest.at}, args...)...)
}

// Fatalf is that of the test, with the place, and a picture where they are wanted.
func (p placed) Fatalf(format string, args ...any) {
	p.Helper()
	if folder := os.Getenv("HUEPRINT_SHOTS"); folder != "" && p.guest.Page != nil {
		ctx, cancel := context.WithTimeout(p.guest.Context(), 5*time.Second)
		defer cancel()
		picture, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
		p.Logf("the last picture: %v", errors.Join(err, os.WriteFile(filepath.Join(folder, "failed.png"), picture, 0o600)))
	}
	p.TB.Fatalf("%s: "+format, append([]any{p.guest.at}, args...)...)
}

// open opens a page of the panel.
func (g *guest) open(path string) {
	g.t.Helper()
	g.at = path
	g.Go(g.origin + path)
}

// send clicks what leads to another page, and checks that page.
func (g *guest) send(css string) {
	g.t.Helper()
	g.at = "after " + css
	g.Follow(func() { g.Click(css) })
	g.check()
}

// refused clicks what must be refused with a status, and checks the page that
// says so.
func (g *guest) refused(status int, css string) {
	g.t.Helper()
	g.at = "refused after " + css
	g.Follow(func() { g.Click(css) })
	g.wasRefused(status)
}

// wasRefused demands that the browser complains of the status and nothing else.
func (g *guest) wasRefused(status int) {
	g.t.Helper()
	complaints := g.Complaints()
	if len(complaints) != 1 || !strings.Contains(complaints[0], fmt.Sprint(status)) {
		g.t.Errorf("%s: wanted status %d and no more, the browser complains: %q", g.at, status, complaints)
	}
	g.forget()
	g.check()
}

// check demands of the page what every page must hold.
func (g *guest) check() {
	g.t.Helper()
	g.Check(g.origin)
	g.forget()
}

// forget notes which routes were asked for, and forgets what was complained of.
func (g *guest) forget() {
	for _, r := range g.Requests() {
		if path, here := strings.CutPrefix(r.URL, g.origin); here {
			if pattern := g.patternOf(r.Method, path); pattern != "" {
				g.asked[pattern] = true
			}
		}
	}
	g.Forget()
}

// says waits until the page's content says a text.
func (g *guest) says(texts ...string) {
	g.t.Helper()
	for _, text := range texts {
		g.Until(fmt.Sprintf(`document.querySelector("main").innerText.replace(/\s+/g, " ").includes(%q)`, text))
	}
}

// choose selects an option by its value, as a click on it does.
func (g *guest) choose(css, value string) {
	g.t.Helper()
	if !browsertest.Value[bool](g.Page, fmt.Sprintf(`(() => { const s = document.querySelector(%q); s.value = %q; s.dispatchEvent(new Event("input", {bubbles: true})); s.dispatchEvent(new Event("change", {bubbles: true})); return s.value === %q })()`, css, value, value)) {
		g.t.Fatalf("%s: %s cannot be set to %q", g.at, css, value)
	}
}

// count counts the elements that match.
func (g *guest) count(css string) int {
	g.t.Helper()
	return browsertest.Value[int](g.Page, fmt.Sprintf(`document.querySelectorAll(%q).length`, css))
}

// path is where the browser is.
func (g *guest) path() string {
	g.t.Helper()
	return browsertest.Value[string](g.Page, `location.pathname`)
}

// shoot takes a picture where they are wanted.
func (g *guest) shoot(name string, v browsertest.View) {
	if folder := os.Getenv("HUEPRINT_SHOTS"); folder != "" {
		g.Screenshot(filepath.Join(folder, name+"-"+v.String()+".png"))
	}
}

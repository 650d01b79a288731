package browsertest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// A browser on a busy machine may take so long for one step.
const patience = 30 * time.Second

// A Page is one tab, for one test. Its methods fail that test. They are for
// the test's own goroutine.
type Page struct {
	t    testing.TB
	ctx  context.Context
	view View
	seen *witness
}

// Open opens an empty tab that shares no cookie with any other, and closes it
// at the end of the test.
func Open(t testing.TB, v View) *Page {
	t.Helper()
	p := &Page{t: t, seen: &witness{}}
	ctx, closeTab := chromedp.NewContext(running(t), chromedp.WithNewBrowserContext(), chromedp.WithListener(p.seen.see))
	t.Cleanup(closeTab)
	p.ctx = ctx
	if err := chromedp.Do(ctx); err != nil { // without a timeout: the tab lives as long as this call's context
		t.Fatalf("open a tab: %v", err)
	}
	p.Look(v)
	return p
}

// Look changes how the reader looks at the page, without loading it again.
func (p *Page) Look(v View) {
	p.t.Helper()
	p.view = v
	p.do("look as "+v.String(), v.action())
}

// Go opens an address, and returns when the page and all it asked for have
// loaded. An answer such as 404 is a page, too.
func (p *Page) Go(url string) {
	p.t.Helper()
	p.do("open "+url, chromedp.Navigate(url))
}

// Context is the tab for chromedp's own functions.
func (p *Page) Context() context.Context { return p.ctx }

// Do performs actions of chromedp.
func (p *Page) Do(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	p.do("do", steps...)
}

func (p *Page) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		p.fatal(what, err)
	}
}

// fatal ends the test with what the browser complained of until then.
func (p *Page) fatal(what string, err error) {
	p.t.Helper()
	p.t.Fatalf("%s: %v%s", what, err, strings.Join(append([]string{""}, p.seen.complained()...), "\n  the browser: "))
}

// run is chromedp.Run within our patience, for a page's test.
func run[T any](p *Page, what string, a chromedp.Action[T]) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	value, err := chromedp.Run(ctx, a)
	if err != nil {
		p.fatal(what, err)
	}
	return value
}

// Value evaluates an expression of JavaScript in the page, waits if it is a
// promise, and returns it as a T.
func Value[T any](p *Page, expression string) T {
	p.t.Helper()
	return run(p, expression, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}

// Click clicks the first element that matches a CSS selector, once it can be
// seen.
func (p *Page) Click(css string) {
	p.t.Helper()
	p.do("click "+css, chromedp.Click(chromedp.CSS(css), chromedp.NodeVisible))
}

// Fill empties a field and types text into it.
func (p *Page) Fill(css, text string) {
	p.t.Helper()
	p.Wait(css)
	Value[bool](p, fmt.Sprintf(`document.querySelector(%q).value = '', true`, css))
	p.do("fill "+css, chromedp.SendKeys(chromedp.CSS(css), text))
}

// Press presses keys where the focus is. Those without a character are in
// chromedp's package kb: kb.Tab, kb.Enter, kb.ArrowRight.
func (p *Page) Press(keys string) {
	p.t.Helper()
	p.do(fmt.Sprintf("press %q", keys), chromedp.KeyEvent(keys))
}

// Focus puts the keyboard's focus on an element.
func (p *Page) Focus(css string) {
	p.t.Helper()
	p.do("focus "+css, chromedp.Focus(chromedp.CSS(css)))
}

// Hover puts the mouse on the middle of an element.
func (p *Page) Hover(css string) {
	p.t.Helper()
	p.do("scroll to "+css, chromedp.ScrollIntoView(chromedp.CSS(css)))
	at := Value[[2]float64](p, fmt.Sprintf(`(() => { const r = document.querySelector(%q).getBoundingClientRect(); return [r.x + r.width/2, r.y + r.height/2] })()`, css))
	p.do("hover "+css, chromedp.MouseEvent(chromedp.MouseMoved, at[0], at[1]))
}

// Wait waits until an element can be seen.
func (p *Page) Wait(css string) {
	p.t.Helper()
	p.do("wait for "+css, chromedp.WaitVisible(chromedp.CSS(css)))
}

// Gone waits until no element that matches can be seen.
func (p *Page) Gone(css string) {
	p.t.Helper()
	p.Until(fmt.Sprintf(`[...document.querySelectorAll(%q)].every(e => !e.checkVisibility())`, css))
}

// Until waits until an expression of JavaScript is true.
func (p *Page) Until(expression string) {
	p.t.Helper()
	for end := time.Now().Add(patience); !Value[bool](p, "!!("+expression+")"); time.Sleep(30 * time.Millisecond) {
		if time.Now().After(end) {
			p.fatal("wait until "+expression, fmt.Errorf("not within %v", patience))
		}
	}
}

// Text is what a reader sees of the first element that matches.
func (p *Page) Text(css string) string {
	p.t.Helper()
	return run(p, "text of "+css, chromedp.Text(chromedp.CSS(css)))
}

// Screenshot writes the whole page, however long, as a PNG file.
func (p *Page) Screenshot(path string) {
	p.t.Helper()
	png := run(p, "screenshot", chromedp.FullScreenshot(100))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(path, png, 0o644); err != nil {
		p.t.Fatal(err)
	}
}

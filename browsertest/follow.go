package browsertest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/chromedp"
)

// Follow does what leads to another page, and returns when that one has loaded;
// it may be at the same address.
func (p *Page) Follow(act func()) {
	p.t.Helper()
	Value[bool](p, `window.browsertestLeft = true`)
	act()
	for end := time.Now().Add(patience); !p.arrived(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			p.fatal("follow", errors.New("no other page came within "+patience.String()))
		}
	}
}

// arrived tells whether there is another document than the one that was marked.
// Between two documents an expression may have nowhere to run.
func (p *Page) arrived() bool {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	there, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`!window.browsertestLeft && location.href !== 'about:blank' && document.readyState === 'complete'`))
	return err == nil && there
}

// Download clicks what downloads one file, and returns its path when it is
// complete; it is gone after the test.
func (p *Page) Download(css string) string {
	p.t.Helper()
	folder := p.t.TempDir()
	params := browser.SetDownloadBehaviorParams{Behavior: "allow", BrowserContextID: chromedp.FromContext(p.ctx).BrowserContextID, DownloadPath: folder}
	p.do("allow downloads", chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := cdp.Call(ctx, chromedp.FromContext(p.ctx).Browser, browser.SetDownloadBehavior, params)
		return err
	}))
	p.Click(css)
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if name := complete(folder); name != "" {
			return filepath.Join(folder, name)
		}
	}
	p.fatal("download by "+css, errors.New("no file came within "+patience.String()))
	return ""
}

// complete is the name of the file that was downloaded, empty while it comes:
// chromium writes under other names until the end.
func complete(folder string) string {
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) != 1 {
		return ""
	}
	if name := entries[0].Name(); !strings.HasSuffix(name, ".crdownload") && !strings.HasPrefix(name, ".") {
		return name
	}
	return ""
}

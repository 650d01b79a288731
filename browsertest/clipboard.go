package browsertest

import (
	"context"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/chromedp"
)

func evaluateVoid(script string) chromedp.Action[chromedp.Void] {
	return chromedp.Evaluate[chromedp.Void](script)
}

// AllowClipboard lets the page write to the clipboard and the test read it,
// as a reader's own browser does after a click. All tabs of a browser share
// one clipboard: such tests must not run in parallel.
func (p *Page) AllowClipboard() {
	p.t.Helper()
	for _, name := range []string{"clipboard-read", "clipboard-write"} {
		params := browser.SetPermissionParams{
			Permission:       &browser.PermissionDescriptor{Name: name},
			Setting:          browser.PermissionSettingGranted,
			BrowserContextID: chromedp.FromContext(p.ctx).BrowserContextID,
		}
		p.do("allow "+name, chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
			_, err := cdp.Call(ctx, chromedp.FromContext(p.ctx).Browser, browser.SetPermission, params)
			return err
		}))
	}
}

// Clipboard is the text in the clipboard; see [Page.AllowClipboard].
func (p *Page) Clipboard() string {
	p.t.Helper()
	return Value[string](p, "navigator.clipboard.readText()")
}

package browsertest

import (
	"context"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// A View is how a reader looks at a page. The zero View is a desk in light
// colours, with scripts.
type View struct {
	// Phone is a touch screen of 390 by 844 points; a desk has 1280 by 900.
	Phone bool
	// Dark is the colour scheme that the reader prefers.
	Dark bool
	// NoScript forbids the page's scripts. Those of the test still run.
	NoScript bool
}

// Views are the four that every page must be readable in: desk and phone,
// light and dark.
func Views() []View {
	return []View{{}, {Dark: true}, {Phone: true}, {Phone: true, Dark: true}}
}

// String is the name of a subtest or file: desk-light, phone-dark-noscript.
func (v View) String() string {
	name := "desk"
	if v.Phone {
		name = "phone"
	}
	if v.Dark {
		name += "-dark"
	} else {
		name += "-light"
	}
	if v.NoScript {
		name += "-noscript"
	}
	return name
}

// action makes a tab look so. Motion is reduced in every view, so that no
// animation is caught half way.
func (v View) action() chromedp.Action[chromedp.Void] {
	screen := chromedp.EmulateViewport(1280, 900)
	if v.Phone {
		screen = chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile, chromedp.EmulateTouch, chromedp.EmulatePortrait)
	}
	scheme := "light"
	if v.Dark {
		scheme = "dark"
	}
	return chromedp.Steps(screen, chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}}
		if _, err := cdp.Call(ctx, tab, emulation.SetEmulatedMedia, media); err != nil {
			return err
		}
		_, err := cdp.Call(ctx, tab, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: v.NoScript})
		return err
	}))
}

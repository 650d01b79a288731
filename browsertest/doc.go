// Package browsertest opens our pages in a real browser, Debian's chromium
// without a window, and looks at them as a reader would: in light and dark, on
// a desk and on a phone, with scripts and without.
//
// [Open] gives a test a tab of its own, with its own cookies; [Page.Go] opens
// an address. The methods of a [Page] act (Click, Fill, Press, Hover), wait
// (Wait, Gone, Until) and read (Text, [Value], Clipboard); each fails the test
// when the browser has not done it within half a minute. What they do not
// cover runs through [Page.Do] and the actions of chromedp.
//
// A Page keeps what the browser complained of (console errors, uncaught
// exceptions, violations of the content security policy, loads that failed)
// and each request it made. [Page.Check] demands at once what every page of
// ours must hold: no complaint, no request but to its own origin, nothing
// wider than the screen, and no violation that axe-core calls serious or
// critical.
//
//	func TestMain(m *testing.M) { os.Exit(browsertest.Share(m).Run()) }
//
//	func TestRuns(t *testing.T) {
//		for _, view := range browsertest.Views() {
//			t.Run(view.String(), func(t *testing.T) {
//				p := browsertest.Open(t, view)
//				p.Go(server.URL + "/runs")
//				p.Click("table a")
//				p.Wait("h1")
//				p.Check(server.URL)
//			})
//		}
//	}
//
// With [Share] in TestMain, all tests of a package use one browser; without
// it each Open starts one, which costs about a second. It is for tests only,
// and knows nothing of our pages. Where chromium is missing the test skips and
// says so, or fails where HUEPRINT_CI=1.
package browsertest

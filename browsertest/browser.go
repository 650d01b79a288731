package browsertest

import (
	"context"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/hueprint/hueprint/nodetest"
)

// A browser on a busy machine may take so long to start.
const startPatience = time.Minute

// shared is the browser of this test binary. It is a variable of the package
// because nothing in package testing lives as long as TestMain and reaches
// every test.
var shared struct {
	sync.Mutex
	sharing bool
	browser context.Context // nil until the first Open
	end     context.CancelFunc
}

// Tests is what TestMain is given: *testing.M, or what wraps it.
type Tests interface{ Run() int }

// Share makes the tests of m use one browser, which starts with the first Open
// and ends after the last test: os.Exit(browsertest.Share(m).Run()).
func Share(m Tests) Tests { return sharing{m} }

type sharing struct{ tests Tests }

func (s sharing) Run() int {
	shared.sharing = true
	status := s.tests.Run()
	if shared.end != nil {
		shared.end()
	}
	return status
}

// running returns the context of the browser that t shall use.
func running(t testing.TB) context.Context {
	t.Helper()
	path := executable(t)
	shared.Lock()
	defer shared.Unlock()
	if shared.browser != nil {
		return shared.browser
	}
	ctx, end := start(t, path)
	if shared.sharing {
		shared.browser, shared.end = ctx, end
	} else {
		t.Cleanup(end)
	}
	return ctx
}

func executable(t testing.TB) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	nodetest.Lacking(t, "needs chromium: on Debian, apt-get install chromium")
	return ""
}

// start starts a browser that asks nobody for anything: what it requests,
// the page under test has asked for.
func start(t testing.TB, path string) (context.Context, context.CancelFunc) {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path),
		chromedp.NoSandbox, // as root, chromium has no sandbox
		chromedp.DisableGPU,
		chromedp.WSURLReadTimeout(startPatience),
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-domain-reliability", true),
		chromedp.Flag("no-pings", true),
		chromedp.Flag("hide-scrollbars", true),
	)
	allocator, free := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancel := chromedp.NewContext(allocator)
	if err := chromedp.Do(ctx); err != nil {
		cancel()
		free()
		t.Fatalf("start %s: %v", path, err)
	}
	return ctx, func() {
		limited, stop := context.WithTimeout(ctx, 10*time.Second)
		defer stop()
		chromedp.Cancel(limited) // what fails here is the browser's own end
		cancel()
		free()
	}
}

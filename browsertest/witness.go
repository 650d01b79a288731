package browsertest

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
)

// A Request is one that the browser made for the page.
type Request struct {
	// Method is the HTTP method; empty for a web socket.
	Method string
	URL    string
	// Kind says what asked: Document, Stylesheet, Script, Image, XHR, Fetch,
	// EventSource, WebSocket, …, as the DevTools protocol names them.
	Kind string
}

// A witness keeps what a tab did and complained of. The browser's messages
// arrive on chromedp's goroutine.
type witness struct {
	mu         sync.Mutex
	complaints []string
	requests   []Request
}

// see takes one event of the tab.
func (w *witness) see(event any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeAssert {
			w.complaints = append(w.complaints, "console: "+said(e.Args))
		}
	case *runtime.EventExceptionThrown:
		w.complaints = append(w.complaints, "uncaught: "+exception(e.ExceptionDetails))
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError && !strings.HasSuffix(e.Entry.URL, "/favicon.ico") {
			w.complaints = append(w.complaints, strings.TrimSpace(fmt.Sprintf("%s: %s %s", e.Entry.Source, e.Entry.Text, e.Entry.URL)))
		}
	case *network.EventRequestWillBeSent:
		w.requests = append(w.requests, Request{e.Request.Method, e.Request.URL, string(e.Type)})
	case *network.EventWebSocketCreated:
		w.requests = append(w.requests, Request{"", e.URL, "WebSocket"})
	}
}

// said is what the arguments of a console call say.
func said(args []*runtime.RemoteObject) string {
	var words []string
	for _, a := range args {
		word := a.Description
		if word == "" {
			word = strings.Trim(string(a.Value), `"`)
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

func exception(d *runtime.ExceptionDetails) string {
	if d.Exception != nil && d.Exception.Description != "" {
		return d.Exception.Description
	}
	return d.Text
}

func (w *witness) complained() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.complaints)
}

// Complaints are what the browser complained of since the tab opened or since
// [Page.Forget]: console errors, uncaught exceptions, violations of the content
// security policy, and loads that failed (an answer of 400 and above is one).
// A missing /favicon.ico is none: the browser asks for it when it pleases.
func (p *Page) Complaints() []string {
	p.t.Helper()
	Value[int](p, "1") // what the browser said before its answer has been seen
	return p.seen.complained()
}

// Requests are those that the browser made since the tab opened or since
// [Page.Forget]. One that the content security policy stopped is a complaint,
// not a request.
func (p *Page) Requests() []Request {
	p.t.Helper()
	Value[int](p, "1")
	p.seen.mu.Lock()
	defer p.seen.mu.Unlock()
	return slices.Clone(p.seen.requests)
}

// Forget forgets complaints and requests, for a test that has just made the
// page complain on purpose.
func (p *Page) Forget() {
	p.t.Helper()
	Value[int](p, "1")
	p.seen.mu.Lock()
	defer p.seen.mu.Unlock()
	p.seen.complaints, p.seen.requests = nil, nil
}

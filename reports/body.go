package reports

import (
	"bytes"
	"errors"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// ErrForeign says that a file is not a report as [HTML] writes it.
var ErrForeign = errors.New("this is not a report as hueprint writes it (open it by itself, or make it anew: hueprint report)")

// StyleSheet is the report's own, for a page that shows a [Body].
func StyleSheet() string { return styleSheet }

// Script is the report's own, for a page that shows a [Body]: timelines zoom and
// filters copy. The body says the same without it.
func Script() string { return script }

// Body cuts out of a report of [HTML] what stands in its main element: verdicts,
// patterns, figures and evidence, without style, script or request of its own.
//
// A run's folder may come from somebody else, and with it the report. What is not
// made of the elements and attributes of which reports are made is [ErrForeign]:
// a form or a link to elsewhere could act in the reader's name.
func Body(report []byte) (template.HTML, error) {
	_, rest, found := bytes.Cut(report, []byte("<main>"))
	end := bytes.LastIndex(rest, []byte("</main>"))
	if !found || end < 0 {
		return "", fmt.Errorf("read a report: %w", ErrForeign)
	}
	body := rest[:end]
	if err := onlyOurs(body); err != nil {
		return "", err
	}
	return template.HTML(body), nil
}

// onlyOurs demands that nothing but reports' own elements occur, all of them
// closed.
func onlyOurs(body []byte) error {
	z := html.NewTokenizer(bytes.NewReader(body))
	var open []string
	for {
		switch kind := z.Next(); kind {
		case html.ErrorToken:
			if z.Err() == io.EOF && len(open) == 0 {
				return nil
			}
			return fmt.Errorf("read a report: it ends within %s: %w", strings.Join(open, " "), ErrForeign)
		case html.StartTagToken, html.SelfClosingTagToken:
			t := z.Token()
			if !ours(t) {
				return fmt.Errorf("read a report: <%s> does not belong into it: %w", Printable(t.Data), ErrForeign)
			}
			if kind == html.StartTagToken && !slices.Contains(voidElements, t.Data) {
				open = append(open, t.Data)
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			if len(open) == 0 || open[len(open)-1] != string(name) {
				return fmt.Errorf("read a report: </%s> closes nothing: %w", Printable(string(name)), ErrForeign)
			}
			open = open[:len(open)-1]
		case html.TextToken:
			// A title is text to this reader, and markup to browsers within SVG.
			if bytes.ContainsRune(z.Raw(), '<') {
				return fmt.Errorf("read a report: a bare < in its text: %w", ErrForeign)
			}
		case html.CommentToken, html.DoctypeToken:
			return fmt.Errorf("read a report: a comment does not belong into it: %w", ErrForeign)
		}
	}
}

var voidElements = []string{"br", "wbr"}

// What reports are made of, elements and attributes.
var (
	ownElements = strings.Fields("a b br button code dd details div dl dt figcaption figure g h2 h3 i li nav ol p path pre rect circle section span summary svg table tbody td text th thead title tr ul wbr")
	ownAttrs    = strings.Fields("aria-label aria-labelledby class colspan cx cy d data-base data-from data-left data-right data-seconds data-to height hidden id preserveaspectratio r role scope tabindex text-anchor title viewbox width x y")
)

func ours(t html.Token) bool {
	if !slices.Contains(ownElements, t.Data) {
		return false
	}
	return !slices.ContainsFunc(t.Attr, func(a html.Attribute) bool {
		switch key := strings.ToLower(a.Key); key {
		case "href":
			return t.Data != "a" || !strings.HasPrefix(a.Val, "#")
		case "type":
			return t.Data != "button" || a.Val != "button"
		default:
			return !slices.Contains(ownAttrs, key)
		}
	})
}

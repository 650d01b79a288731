package bundle

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hueprint/hueprint/pcapng"
)

// A Trace is something left in a folder that could name a person or a place.
type Trace struct {
	// File is its path inside the folder, with slashes; Packet the number of
	// the first packet of a capture that has it, 0 elsewhere; Line that of a
	// text file.
	File   string `json:"file"`
	Packet int    `json:"packet,omitempty"`
	Line   int    `json:"line,omitempty"`
	// What says what it is, Found what was found, and Times how often in this
	// file.
	What  string `json:"what"`
	Found string `json:"found"`
	Times int    `json:"times"`
}

// String is one line for people; what was found is quoted, as it may be hostile.
func (t Trace) String() string {
	at := t.File
	switch {
	case t.Packet > 0:
		at += fmt.Sprintf(": packet %d", t.Packet)
	case t.Line > 0:
		at += fmt.Sprintf(":%d", t.Line)
	}
	s := fmt.Sprintf("%s: %s: %.120q", at, t.What, t.Found)
	if t.Times > 1 {
		s += fmt.Sprintf(" (%d times)", t.Times)
	}
	return s
}

// Check lists what is left in a folder that could name a person or a place, by
// file: mail addresses, keys and passwords, paths of home folders, words (those
// of the caller, such as the user's name), MAC addresses and public IP addresses
// that are no pseudonyms of the folder's bundle.json, names of the home in DNS
// and mDNS and what DHCP tells, network names of Wi-Fi. Without a bundle.json
// nothing counts as a pseudonym.
func Check(dir string, words []string) ([]Trace, error) {
	m, _, err := readManifest(dir)
	if err != nil {
		return nil, fmt.Errorf("check %s: %w", dir, err)
	}
	c := newChecker(m, words)
	err = fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		return c.file(dir, path)
	})
	if err != nil {
		return nil, fmt.Errorf("check %s: %w", dir, err)
	}
	return c.traces(), nil
}

// checker collects traces.
type checker struct {
	known map[string]bool // pseudonyms of addresses, and labels with a dot before them
	words []string
	found map[key]*Trace
}

// key is what makes two traces one.
type key struct{ file, what, found string }

func newChecker(m Manifest, words []string) *checker {
	c := &checker{known: map[string]bool{}, found: map[key]*Trace{}}
	for _, list := range [][]string{m.Pseudonyms.Addresses, m.Pseudonyms.MACs} {
		for _, s := range list {
			c.known[s] = true
		}
	}
	for _, s := range m.Pseudonyms.Labels {
		c.known["."+s] = true
	}
	for _, w := range words {
		if len(w) > 2 {
			c.words = append(c.words, w)
		}
	}
	return c
}

// place is where the checker reads.
type place struct {
	file         string
	packet, line int
}

func (c *checker) note(at place, what, found string) {
	k := key{at.file, what, found}
	if t, ok := c.found[k]; ok {
		t.Times++
		return
	}
	c.found[k] = &Trace{File: at.file, Packet: at.packet, Line: at.line, What: what, Found: found, Times: 1}
}

// traces lists what was found by file and place.
func (c *checker) traces() (all []Trace) {
	for _, t := range c.found {
		all = append(all, *t)
	}
	slices.SortFunc(all, func(a, b Trace) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Packet, b.Packet), cmp.Compare(a.Line, b.Line),
			strings.Compare(a.What, b.What), strings.Compare(a.Found, b.Found))
	})
	return all
}

// file reads one file: a capture by its frames, anything else as text.
func (c *checker) file(dir, path string) error {
	file, err := os.Open(filepath.Join(dir, filepath.FromSlash(path)))
	if err != nil {
		return err
	}
	defer file.Close()
	c.name(place{file: path}, path)
	reader, err := pcapng.NewReader(file)
	if err == nil {
		return c.capture(path, reader)
	}
	if !errors.Is(err, pcapng.ErrNotCapture) && !errors.Is(err, pcapng.ErrEmpty) && !errors.Is(err, pcapng.ErrTruncated) {
		return fmt.Errorf("%s: %w", path, err)
	}
	data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(path)))
	if err != nil {
		return err
	}
	line := 0
	for text := range strings.Lines(string(data)) {
		line++
		c.text(place{file: path, line: line}, text)
	}
	return nil
}

// name looks at the name of a file.
func (c *checker) name(at place, path string) {
	for _, w := range c.words {
		if hasWord(path, w) {
			c.note(at, "a word that must not appear", w)
		}
	}
}

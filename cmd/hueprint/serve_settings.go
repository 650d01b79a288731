package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/hueprint/hueprint"
	"github.com/hueprint/hueprint/config"
	"github.com/hueprint/hueprint/panel/lab"
)

// settings is the configuration file as the server uses it. It may be unfinished
// or wrong: what could be read of it holds, and the panel says what is missing.
type settings struct {
	path, dir string
	// changed is called after every change, without the lock.
	changed func()

	mu       sync.Mutex
	text     []byte
	draft    config.Config
	mistakes config.Mistakes
	writing  sync.Mutex // held from reading the file to replacing it
}

// openSettings reads the file at path, and writes a starter if there is none.
func openSettings(path string, starter []byte) (s *settings, wrote bool, err error) {
	dir, err := folderOf(path)
	if err != nil {
		return nil, false, err
	}
	s = &settings{path: path, dir: dir, changed: func() {}}
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		if err := config.Save(path, starter, ""); err != nil {
			return nil, false, err
		}
		wrote = true
	}
	return s, wrote, s.reread()
}

// folderOf is the folder of a file, absolute.
func folderOf(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("find the folder of %s: %w", path, err)
	}
	return filepath.Dir(abs), nil
}

// reread takes over what the file says now.
func (s *settings) reread() error {
	text, err := os.ReadFile(s.path)
	if err != nil {
		return fmt.Errorf("read configuration: %w", err)
	}
	s.adopt(text)
	return nil
}

func (s *settings) adopt(text []byte) {
	draft, mistakes := config.Draft(text, s.path, s.dir)
	s.mu.Lock()
	same := string(s.text) == string(text)
	s.text, s.draft, s.mistakes = text, draft, mistakes
	changed := s.changed
	s.mu.Unlock()
	if !same {
		changed()
	}
}

// onChange has f called after every change.
func (s *settings) onChange(f func()) {
	s.mu.Lock()
	s.changed = f
	s.mu.Unlock()
}

// now is what the file says, with its mistakes.
func (s *settings) now() (config.Config, config.Mistakes) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.draft, s.mistakes
}

// edit changes the file's text. A change that would bring in a new mistake is
// refused with [lab.ErrInvalid].
func (s *settings) edit(change func([]byte) ([]byte, error)) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	before, err := os.ReadFile(s.path)
	if err != nil {
		return fmt.Errorf("read configuration: %w", err)
	}
	after, err := change(before)
	if err != nil {
		return like(lab.ErrInvalid, err)
	}
	_, old := config.Draft(before, s.path, s.dir)
	_, mistakes := config.Draft(after, s.path, s.dir)
	if news := newMistakes(old, mistakes); len(news) > 0 {
		return like(lab.ErrInvalid, errors.New(strings.Join(news, "; ")))
	}
	return s.keep(after, config.Revision(before))
}

// save replaces the whole text, unless it has mistakes or the file was changed.
func (s *settings) save(text []byte, revision string) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	if wrong := s.check(text).Wrong(); len(wrong) > 0 {
		return wrong
	}
	return s.keep(text, revision)
}

func (s *settings) keep(text []byte, revision string) error {
	err := config.Save(s.path, text, revision)
	if errors.Is(err, config.ErrChanged) {
		return like(lab.ErrChanged, err)
	}
	if err != nil {
		return err
	}
	s.adopt(text)
	return nil
}

// check reads a text as the file would be read.
func (s *settings) check(text []byte) config.Mistakes {
	_, mistakes := config.Draft(text, s.path, s.dir)
	return mistakes
}

// newMistakes are the texts of mistakes that were not there before and are more
// than something missing.
func newMistakes(before, after config.Mistakes) []string {
	var news []string
	for _, m := range after.Wrong() {
		if !slices.ContainsFunc(before, func(o config.Mistake) bool { return o.Text == m.Text }) {
			news = append(news, m.Text)
		}
	}
	return news
}

// starterText is the commented example as a bench begins that is not set up:
// without bridge, light and gateways.
func starterText(simulated bool) ([]byte, error) {
	text := []byte(strings.NewReplacer(
		"address: https://192.168.1.2", `address: ""`,
		"\nlight: \"1\"", "\nlight: \"\"",
	).Replace(string(hueprint.ExampleConfig)))
	c, _ := config.Draft(text, "config.example.yaml", ".")
	for _, e := range c.Experiments {
		e.Gateways = nil
		var err error
		if text, err = config.PutExperiment(text, e); err != nil {
			return nil, err
		}
	}
	for _, g := range c.Gateways {
		var err error
		if text, err = config.RemoveGateway(text, g.Name); err != nil {
			return nil, err
		}
	}
	if !simulated {
		return text, nil
	}
	return config.PutExperiment(text, config.Experiment{Name: "demo", Preset: "demo"})
}

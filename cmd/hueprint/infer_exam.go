package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/analysis/infer"
	"github.com/hueprint/hueprint/capture"
	"github.com/hueprint/hueprint/labelled"
	"github.com/hueprint/hueprint/runs"
	"github.com/hueprint/hueprint/traffic/decode"
)

// examine applies the lessons to the tests.
func (s *school) examine() error {
	for _, arg := range s.flags.test {
		if err := s.try(arg, false); err != nil {
			return err
		}
	}
	for _, arg := range s.flags.idle {
		if err := s.try(arg, true); err != nil {
			return err
		}
	}
	return nil
}

// try tests what one argument names.
func (s *school) try(arg string, idle bool) error {
	info, err := os.Stat(arg)
	switch {
	case err == nil && !info.IsDir():
		return s.tryFile(arg, idle)
	case err == nil && labelled.IsFolder(arg):
		l, err := labelled.Open(arg)
		if err != nil {
			return err
		}
		return s.tryCapture(arg, l, idle)
	}
	folder, err := s.program.openRun(arg)
	if err != nil {
		return err
	}
	return s.tryRun(folder, idle)
}

// tryCapture tests a recording of somebody else's.
func (s *school) tryCapture(arg string, l analysis.Labelled, idle bool) error {
	r, notes, err := l.Recorded()
	if err != nil {
		return err
	}
	s.note(notes...)
	c, err := s.class(r.Cut)
	if err != nil {
		return err
	}
	if c.headers && !r.Cut {
		l.Packets = analysis.WithoutContent(l.Packets)
		if r, _, err = l.Recorded(); err != nil {
			return err
		}
	}
	lesson, err := c.single(arg)
	if err != nil {
		return err
	}
	s.apply(lesson, r, idle)
	return nil
}

func (s *school) apply(lesson infer.Lesson, r infer.Recording, idle bool) {
	if idle {
		r.Actions, r.Known = nil, true
	}
	s.tests = append(s.tests, lesson.Apply(r))
}

// tryFile tests a bare capture: of the gateway that --gateway names by address,
// or of a run's, whose addresses are known.
func (s *school) tryFile(path string, idle bool) error {
	lesson, err := s.whole.single(path)
	if err != nil {
		return err
	}
	gateway, peers := s.whole.pupils[lesson.Gateway].addresses, s.whole.pupils[lesson.Gateway].peers
	switch {
	case s.flags.gateway != "" && s.flags.gateway != lesson.Gateway:
		if gateway, err = labelled.ParseGateway(s.flags.gateway); err != nil {
			return usageError{fmt.Errorf("--gateway: %w", err)}
		}
	case len(s.whole.captures) > 0 && s.flags.gateway == "":
		return usageError{fmt.Errorf("%s is a capture file: name the device in it with --gateway", path)}
	}
	packets := decode.Packets(capture.Files(path), new(decode.Stats))
	return s.tryCapture(path, analysis.Labelled{Name: filepath.Base(path), Gateway: gateway, Peers: peers, Packets: packets}, idle)
}

// tryRun tests the gateways of a run that were learned, by name; where both have
// only one, that one.
func (s *school) tryRun(folder *runs.Folder, idle bool) error {
	run, err := folder.Run()
	if err != nil {
		return err
	}
	s.simulated = s.simulated || run.Simulated
	tried := 0
	for _, g := range run.Gateways {
		at := slices.Index(s.whole.names, g.Name())
		if at < 0 && len(s.whole.names) == 1 && (len(run.Gateways) == 1 || s.flags.gateway == g.Name()) {
			at = 0
		}
		if at < 0 {
			continue
		}
		r, err := recordedIn(folder, run, g, false)
		if err != nil {
			return err
		}
		c, err := s.class(r.Cut)
		if err != nil {
			return err
		}
		if c.headers && !r.Cut {
			if r, err = recordedIn(folder, run, g, true); err != nil {
				return err
			}
		}
		s.apply(c.lessons[at], r, idle)
		tried++
	}
	if tried == 0 {
		return usageError{fmt.Errorf("run %s has no gateway of the training (%s)", folder.ID(), strings.Join(s.whole.names, ", "))}
	}
	return nil
}

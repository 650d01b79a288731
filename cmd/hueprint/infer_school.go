package main

import (
	"errors"
	"fmt"
	"iter"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/analysis/events"
	"github.com/hueprint/hueprint/analysis/infer"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/labelled"
	"github.com/hueprint/hueprint/runs"
	"github.com/hueprint/hueprint/traffic"
	"github.com/hueprint/hueprint/traffic/decode"
)

// A school learns about gateways from the training, and is examined on the tests.
type school struct {
	program *program
	flags   inferFlags
	// whole is the class of recordings as they are, headers that of the same
	// without content, for tests of which nothing else is recorded.
	whole, headers *class
	tests          []infer.Test
	notes          []string
	simulated      bool
}

// A class is everything learned from the training in one way.
type class struct {
	headers bool
	// cut tells that some of the training has headers alone.
	cut      bool
	names    []string
	pupils   map[string]*pupil
	captures []analysis.Labelled
	lessons  []infer.Lesson
}

// A pupil is one gateway while it is learned.
type pupil struct {
	addresses  traffic.Gateway
	peers      traffic.Peers
	recordings []infer.Recording
	marks      []infer.Mark
}

func (s *school) note(notes ...string) {
	for _, n := range notes {
		if !slices.Contains(s.notes, n) {
			s.notes = append(s.notes, n)
		}
	}
}

// class is what was learned for recordings that hold headers alone, or for
// others. Where the training holds no more, neither counts for tests.
func (s *school) class(cut bool) (*class, error) {
	var err error
	if s.whole == nil {
		if s.whole, err = s.teach(false); err != nil {
			return nil, err
		}
	}
	if !cut && !s.whole.cut {
		return s.whole, nil
	}
	if s.headers == nil {
		s.headers, err = s.teach(true)
	}
	return s.headers, err
}

// teach reads the training and makes a lesson of each gateway.
func (s *school) teach(headers bool) (*class, error) {
	c := &class{headers: headers, pupils: map[string]*pupil{}}
	for _, arg := range s.flags.train {
		if err := s.take(c, arg); err != nil {
			return nil, err
		}
	}
	if err := s.takeCaptures(c); err != nil {
		return nil, err
	}
	for _, name := range c.names {
		p := c.pupils[name]
		c.lessons = append(c.lessons, infer.Teach(name, p.recordings, p.marks))
	}
	return c, nil
}

func (c *class) pupil(name string) *pupil {
	if c.pupils[name] == nil {
		c.pupils[name] = &pupil{}
		c.names = append(c.names, name)
	}
	return c.pupils[name]
}

func (p *pupil) add(c *class, r infer.Recording) {
	c.cut = c.cut || r.Cut
	p.recordings = append(p.recordings, r)
}

// take adds what one argument of --train names.
func (s *school) take(c *class, arg string) error {
	info, err := os.Stat(arg)
	switch {
	case err == nil && !info.IsDir():
		return usageError{fmt.Errorf("--train %s is a file: actions are learned from runs and labelled folders (capture.pcap*, actions.csv, gateway.txt)", arg)}
	case err == nil && labelled.IsFolder(arg):
		l, err := labelled.Open(arg)
		c.captures = append(c.captures, l)
		return err
	}
	folder, err := s.program.openRun(arg)
	if err != nil {
		return err
	}
	return s.takeRun(c, folder)
}

// takeRun learns from a run of our own: its verdict says which marks are.
func (s *school) takeRun(c *class, folder *runs.Folder) error {
	run, err := folder.Run()
	if err != nil {
		return err
	}
	if run.Idle {
		return usageError{fmt.Errorf("nothing was done in run %s: there is nothing to learn (did you mean --idle?)", run.ID)}
	}
	s.simulated = s.simulated || run.Simulated
	found, _, err := analysis.Analyze(run, packetsOf(folder, c.headers), analysis.Options{Alpha: s.flags.alpha, WithoutPower: true})
	if err != nil {
		return fmt.Errorf("analyse run %s: %w", run.ID, err)
	}
	for _, v := range found.Verdicts {
		if s.flags.gateway != "" && s.flags.gateway != v.Gateway && len(found.Verdicts) > 1 {
			continue
		}
		g, _ := run.Gateway(v.Gateway)
		r, err := recordedIn(folder, run, g, c.headers)
		if err != nil {
			return err
		}
		p := c.pupil(v.Gateway)
		p.addresses, p.peers = g.Addresses, g.Peers
		p.add(c, r)
		p.marks = append(p.marks, v.Marks()...)
		if len(v.Marks()) == 0 {
			s.note(fmt.Sprintf("Run %s shows no mark of %s (%s).", folder.ID(), v.Gateway, v.Verdict))
		}
	}
	return nil
}

// packetsOf are a run's packets by gateway.
func packetsOf(folder *runs.Folder, headers bool) func(string) iter.Seq2[traffic.Packet, error] {
	return func(gateway string) iter.Seq2[traffic.Packet, error] {
		return withoutContent(decode.Packets(folder.Frames(gateway), new(decode.Stats)), headers)
	}
}

func withoutContent(packets iter.Seq2[traffic.Packet, error], headers bool) iter.Seq2[traffic.Packet, error] {
	if headers {
		return analysis.WithoutContent(packets)
	}
	return packets
}

func recordedIn(folder *runs.Folder, run experiments.Run, g experiments.Gateway, headers bool) (infer.Recording, error) {
	log, err := events.Extract(packetsOf(folder, headers)(g.Name()), g.Addresses, g.Peers)
	if err != nil && log.Frames == 0 {
		return infer.Recording{}, fmt.Errorf("read the recording of %s in run %s: %w", g.Name(), run.ID, err)
	}
	return analysis.RecordedIn(run, g, log), nil
}

// takeCaptures learns from all labelled folders together.
func (s *school) takeCaptures(c *class) error {
	if len(c.captures) == 0 {
		return nil
	}
	name := c.captures[0].Gateway.Name
	if len(c.names) > 1 {
		return usageError{errors.New("labelled folders are learned together with runs of one gateway: name it with --gateway")}
	}
	if len(c.names) == 1 {
		name = c.names[0]
	}
	p := c.pupil(name)
	var usable []analysis.Labelled
	for _, l := range c.captures {
		l.Packets = withoutContent(l.Packets, c.headers)
		r, notes, err := l.Recorded()
		if err != nil {
			return err
		}
		s.note(notes...)
		if r.Known {
			usable = append(usable, l)
			p.add(c, r)
		}
	}
	if len(usable) == 0 {
		return nil
	}
	if p.addresses.Name == "" {
		p.addresses = usable[0].Gateway
	}
	marks, notes, err := analysis.MarkLabelled(usable, analysis.LabelledOptions{Alpha: s.flags.alpha, Uncertainty: time.Duration(s.flags.uncertainty)})
	s.note(notes...)
	p.marks = append(p.marks, marks...)
	return err
}

// single is the one lesson that fits a recording of somebody else's.
func (c *class) single(arg string) (infer.Lesson, error) {
	if len(c.lessons) != 1 {
		return infer.Lesson{}, usageError{fmt.Errorf("the training is of %d gateways (%s): name with --gateway the one that %s is of", len(c.lessons), strings.Join(c.names, ", "), arg)}
	}
	return c.lessons[0], nil
}

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/analysis/events"
	"github.com/hueprint/hueprint/analysis/infer"
	"github.com/hueprint/hueprint/capture"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/labelled"
	"github.com/hueprint/hueprint/runs"
	"github.com/hueprint/hueprint/traffic"
	"github.com/hueprint/hueprint/traffic/decode"
)

// inferFlags are what infer takes.
type inferFlags struct {
	train, test, idle []string
	gateway           string
	alpha             float64
	uncertainty       seconds
	json              bool
}

func (p *program) inferCommand() *cobra.Command {
	var f inferFlags
	cmd := &cobra.Command{
		Use:   "infer --train RUN... --test RUN|CAPTURE...",
		Short: "Learn which traffic gives an action away, and find actions in other recordings",
		Long: `Learns the signature of each action from recordings in which the actions are
known, and finds actions in recordings that it was not learned from.

RUN is a run's folder or ID, or a labelled folder with capture.pcap*, actions.csv
and gateway.txt. All labelled folders after --train are of one gateway. CAPTURE is
a pcap or pcapng file in which nobody has said what was done; --gateway names the
device in it. A recording after --idle is one in which nothing was done: whatever
is found there is false.

Signatures are learned only from what is significant in the training (--alpha).
Where nothing is, the answer is empty, with exit status 3.

Where the truth is known, detections are matched with actions one to one, nearest
first, within half the smallest gap between actions, at most 30 s: recall,
precision and F1 with 95 % intervals, the confusion matrix, false positives an
hour, and the ceiling, the best accuracy that any rule could have. Beside the
two-sided signatures, those of one direction alone are scored. Elsewhere the
inferred actions are listed with their times and confidence.

Transport, server port and exact lengths must be those of the training; addresses
may differ, and names within one registered domain.`,
		Example: `  hueprint infer --train home1/ home2/ --test home3/
  hueprint infer --train 01KB… --test unknown.pcap --gateway 192.168.1.7 --json
  hueprint infer --train 01KB… 01KC… --test 01KD… --idle week.pcapng`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return p.infer(f) },
	}
	cmd.Flags().StringArrayVar(&f.train, "train", nil, "recordings to learn from: run or labelled folders; one or several")
	cmd.Flags().StringArrayVar(&f.test, "test", nil, "recordings to find actions in: run or labelled folders, or capture files; one or several")
	cmd.Flags().StringArrayVar(&f.idle, "idle", nil, "recordings in which nothing was done; one or several")
	cmd.Flags().StringVar(&f.gateway, "gateway", "", "the device: in capture files by IP or MAC address, in runs of several by name")
	cmd.Flags().Float64Var(&f.alpha, "alpha", 0, "level at which a mark counts as significant (default: the registered one; 0.01 for captures)")
	cmd.Flags().Var(&f.uncertainty, "uncertainty", "how far the times in actions.csv of the training can be off; a plain number is seconds (default 2s)")
	cmd.Flags().BoolVar(&f.json, "json", false, "print one JSON object on standard output")
	return cmd
}

// listFlags are the flags of infer that take several values at once.
var listFlags = []string{"--train", "--test", "--idle"}

// spread repeats such a flag before each of its values, as the flag library
// takes one a flag: --train A B becomes --train A --train B.
func spread(args []string) []string {
	if !slices.Contains(args, "infer") {
		return args
	}
	var out []string
	list, first := "", false
	for _, arg := range args {
		switch {
		case slices.Contains(listFlags, arg):
			list, first = arg, true
		case strings.HasPrefix(arg, "-"):
			list = ""
		case list != "" && !first:
			out = append(out, list)
		default:
			first = false
		}
		out = append(out, arg)
	}
	return out
}

func (p *program) infer(f inferFlags) error {
	if len(f.train) == 0 || len(f.test)+len(f.idle) == 0 {
		return usageError{errors.New("name recordings to learn from with --train, and others with --test or --idle")}
	}
	if f.alpha < 0 || f.alpha >= 1 {
		return usageError{fmt.Errorf("--alpha %v must lie between 0 and 1", f.alpha)}
	}
	school := school{program: p, flags: f, known: map[string]*pupil{}}
	if err := school.learn(); err != nil {
		return err
	}
	if err := school.examine(); err != nil {
		return err
	}
	answer := infer.Conclude(school.lessons, school.tests, slices.Clip(school.notes))
	answer.Simulated = school.simulated
	if err := p.printAnswer(answer, f.json); err != nil {
		return err
	}
	if !slices.ContainsFunc(school.lessons, func(l infer.Lesson) bool { return !l.Empty() }) {
		return errInconclusive
	}
	return nil
}

func (p *program) printAnswer(a infer.Answer, asJSON bool) error {
	if !asJSON {
		return printInference(p.out, a)
	}
	enc := json.NewEncoder(p.out)
	enc.SetIndent("", "  ")
	if err := enc.Encode(a); err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	return nil
}

// A school learns about gateways, and is examined.
type school struct {
	program *program
	flags   inferFlags
	// known are the gateways in the order of names.
	known     map[string]*pupil
	names     []string
	captures  []analysis.Labelled
	lessons   []infer.Lesson
	tests     []infer.Test
	notes     []string
	simulated bool
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

func (s *school) pupil(name string) *pupil {
	if s.known[name] == nil {
		s.known[name] = &pupil{}
		s.names = append(s.names, name)
	}
	return s.known[name]
}

// learn reads the training and makes a lesson of each gateway.
func (s *school) learn() error {
	for _, arg := range s.flags.train {
		if err := s.take(arg); err != nil {
			return err
		}
	}
	if err := s.takeCaptures(); err != nil {
		return err
	}
	for _, name := range s.names {
		pupil := s.known[name]
		s.lessons = append(s.lessons, infer.Teach(name, pupil.recordings, pupil.marks))
	}
	return nil
}

// take adds what one argument of --train names.
func (s *school) take(arg string) error {
	info, err := os.Stat(arg)
	switch {
	case err == nil && !info.IsDir():
		return usageError{fmt.Errorf("--train %s is a file: actions are learned from runs and labelled folders (capture.pcap*, actions.csv, gateway.txt)", arg)}
	case err == nil && labelled.IsFolder(arg):
		l, err := labelled.Open(arg)
		if err != nil {
			return err
		}
		s.captures = append(s.captures, l)
		return nil
	}
	folder, err := s.program.openRun(arg)
	if err != nil {
		return err
	}
	return s.takeRun(folder)
}

// takeRun learns from a run of our own: its verdict says which marks are.
func (s *school) takeRun(folder *runs.Folder) error {
	part, err := analyzeRun(folder, analysis.Options{Alpha: s.flags.alpha, WithoutPower: true})
	if err != nil {
		return err
	}
	s.simulated = s.simulated || part.Run.Simulated
	for _, v := range part.Findings.Verdicts {
		if s.flags.gateway != "" && s.flags.gateway != v.Gateway && len(part.Findings.Verdicts) > 1 {
			continue
		}
		g, _ := part.Run.Gateway(v.Gateway)
		r, err := recordedIn(folder, *part.Run, g)
		if err != nil {
			return err
		}
		pupil := s.pupil(v.Gateway)
		pupil.addresses, pupil.peers = g.Addresses, g.Peers
		pupil.recordings = append(pupil.recordings, r)
		pupil.marks = append(pupil.marks, v.Marks()...)
		if len(v.Marks()) == 0 {
			s.note(fmt.Sprintf("Run %s shows no mark of %s (%s).", folder.ID(), v.Gateway, v.Verdict))
		}
	}
	return nil
}

func recordedIn(folder *runs.Folder, run experiments.Run, g experiments.Gateway) (infer.Recording, error) {
	log, err := events.Extract(decode.Packets(folder.Frames(g.Name()), new(decode.Stats)), g.Addresses, g.Peers)
	if err != nil && log.Frames == 0 {
		return infer.Recording{}, fmt.Errorf("read the recording of %s in run %s: %w", g.Name(), run.ID, err)
	}
	return analysis.RecordedIn(run, g, log), nil
}

// takeCaptures learns from all labelled folders together.
func (s *school) takeCaptures() error {
	if len(s.captures) == 0 {
		return nil
	}
	name := s.captures[0].Gateway.Name
	if len(s.names) > 1 {
		return usageError{errors.New("labelled folders are learned together with runs of one gateway: name it with --gateway")}
	}
	if len(s.names) == 1 {
		name = s.names[0]
	}
	pupil := s.pupil(name)
	var usable []analysis.Labelled
	for _, c := range s.captures {
		r, notes, err := c.Recorded()
		if err != nil {
			return err
		}
		s.note(notes...)
		if !r.Known {
			continue
		}
		usable = append(usable, c)
		pupil.recordings = append(pupil.recordings, r)
	}
	if len(usable) == 0 {
		return nil
	}
	if pupil.addresses.Name == "" {
		pupil.addresses = usable[0].Gateway
	}
	o := analysis.LabelledOptions{Alpha: s.flags.alpha, Uncertainty: time.Duration(s.flags.uncertainty)}
	marks, notes, err := analysis.MarkLabelled(usable, o)
	if err != nil {
		return err
	}
	s.note(notes...)
	pupil.marks = append(pupil.marks, marks...)
	return nil
}

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
		lesson, err := s.single(arg)
		if err != nil {
			return err
		}
		return s.tryCapture(lesson, l, idle)
	}
	folder, err := s.program.openRun(arg)
	if err != nil {
		return err
	}
	return s.tryRun(folder, idle)
}

// single is the one lesson that fits a recording of somebody else's.
func (s *school) single(arg string) (infer.Lesson, error) {
	if len(s.lessons) != 1 {
		return infer.Lesson{}, usageError{fmt.Errorf("the training is of %d gateways (%s): name with --gateway the one that %s is of", len(s.lessons), strings.Join(s.names, ", "), arg)}
	}
	return s.lessons[0], nil
}

func (s *school) tryCapture(lesson infer.Lesson, l analysis.Labelled, idle bool) error {
	r, notes, err := l.Recorded()
	if err != nil {
		return err
	}
	s.note(notes...)
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
	lesson, err := s.single(path)
	if err != nil {
		return err
	}
	gateway, peers := s.known[lesson.Gateway].addresses, s.known[lesson.Gateway].peers
	if s.flags.gateway != "" && s.flags.gateway != lesson.Gateway {
		if gateway, err = labelled.ParseGateway(s.flags.gateway); err != nil {
			return usageError{fmt.Errorf("--gateway: %w", err)}
		}
	} else if len(s.captures) > 0 && s.flags.gateway == "" {
		return usageError{fmt.Errorf("%s is a capture file: name the device in it with --gateway", path)}
	}
	l := analysis.Labelled{Name: filepath.Base(path), Gateway: gateway, Peers: peers, Packets: packetsIn(path)}
	return s.tryCapture(lesson, l, idle)
}

func packetsIn(path string) iter.Seq2[traffic.Packet, error] {
	return decode.Packets(capture.Files(path), new(decode.Stats))
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
		at := slices.Index(s.names, g.Name())
		if at < 0 && len(s.names) == 1 && (len(run.Gateways) == 1 || s.flags.gateway == g.Name()) {
			at = 0
		}
		if at < 0 {
			continue
		}
		r, err := recordedIn(folder, run, g)
		if err != nil {
			return err
		}
		s.apply(s.lessons[at], r, idle)
		tried++
	}
	if tried == 0 {
		return usageError{fmt.Errorf("run %s has no gateway of the training (%s)", folder.ID(), strings.Join(s.names, ", "))}
	}
	return nil
}

package analysis

import (
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/hueprint/hueprint/analysis/align"
	"github.com/hueprint/hueprint/analysis/correlate"
	"github.com/hueprint/hueprint/analysis/events"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/traffic"
)

// Options are what an exploratory analysis changes; the zero value is the
// registered analysis.
type Options struct {
	// Alpha and Window override the registered ones where positive.
	Alpha  float64
	Window time.Duration
	// Seed is that of the redraws; 0 takes the plan's.
	Seed uint64
	// Idle gives the packets of a recording of the gateway in which nothing was
	// done, and false where there is none; nil without any. It changes no verdict.
	Idle func(gateway string) (iter.Seq2[traffic.Packet, error], bool)
	// WithoutPower leaves out what a "not detected" would have detected, and how
	// well on is told from off, which take the most time: for simulations that
	// need the verdict alone.
	WithoutPower bool
}

// Registered is the analysis that a run of this experiment registers before its
// first command.
func Registered(e experiments.Experiment) experiments.Registered {
	return experiments.Registered{
		Alpha: e.Alpha, Window: e.Window, Version: Version, Looks: e.Looks,
		Statistic: fmt.Sprintf("presence, count and bytes per trial, one-sided, by rank over all assignments of the design (at most %d, else %d redraws), adjusted by minP step-down", experiments.EnumerateAtMost, e.Redraws()),
		Candidates: fmt.Sprintf("every channel, direction and kind of event, and each scope's union of channels; length classes are the single-linkage clusters at gaps up to 16 bytes, at most %d bytes wide, and the whole channel; at least %d occurrences in trials",
			correlate.WidestClass, correlate.LeastOccurrences),
	}
}

// settings are the options settled against what was registered.
type settings struct {
	// alpha is what p is compared with: of a run with looks, each look's share.
	alpha float64
	// total is alpha before it is split over the looks.
	total       float64
	window      time.Duration
	seed        uint64
	exploratory bool
	noPower     bool
}

func settle(run experiments.Run, o Options) settings {
	reg := run.Registered
	s := settings{alpha: reg.Alpha, window: reg.Window, seed: run.Plan.Seed, exploratory: reg.Version != Version, noPower: o.WithoutPower}
	if s.alpha <= 0 {
		s.alpha, s.exploratory = run.Plan.Experiment.Alpha, true
	}
	if s.window <= 0 {
		s.window, s.exploratory = run.Plan.Experiment.Window, true
	}
	if o.Alpha > 0 && o.Alpha != s.alpha {
		s.alpha, s.exploratory = o.Alpha, true
	}
	if o.Window > 0 && o.Window != s.window {
		s.window, s.exploratory = o.Window, true
	}
	if o.Seed != 0 && o.Seed != s.seed {
		s.seed, s.exploratory = o.Seed, true
	}
	return s.split(run)
}

// Analyze turns a designed run into findings and, for figures, one trace a
// gateway. The packets of each gateway are asked for once, by its name, in order
// of capture. Only a run without gateways, or packets that cannot be read at
// all, are errors; whatever weakens an answer is part of it.
func Analyze(run experiments.Run, packets func(gateway string) iter.Seq2[traffic.Packet, error], o Options) (Findings, []Trace, error) {
	if len(run.Gateways) == 0 {
		return Findings{}, nil, errors.New("analyze: the run names no gateway (its record is incomplete: run the experiment again)")
	}
	set := settle(run, o)
	studies := make([]*study, 0, len(run.Gateways))
	for _, g := range run.Gateways {
		s, err := newStudy(run, g, packets(g.Name()), set)
		if err != nil {
			return Findings{}, nil, fmt.Errorf("analyze gateway %s: %w", g.Name(), err)
		}
		if err := s.compareIdle(o.Idle); err != nil {
			return Findings{}, nil, fmt.Errorf("analyze gateway %s: %w", g.Name(), err)
		}
		studies = append(studies, s)
	}
	if run.Plan.Experiment.Grouping == experiments.Together {
		adjustForGateways(studies)
	}
	f := findings(run, set, studies)
	f.Design.Sequential = sequential(run, set)
	traces := make([]Trace, 0, len(studies))
	for _, s := range studies {
		v, parts := s.verdict()
		v.Sequential = f.Design.Sequential
		f.Verdicts = append(f.Verdicts, v)
		traces = append(traces, traceOf(v.Gateway, s.log, s.recording.Offset.Middle(), s.trials, parts))
	}
	return f, traces, nil
}

func findings(run experiments.Run, set settings, studies []*study) Findings {
	f := Findings{
		Schema: Schema, Version: Version, Simulated: run.Simulated, Exploratory: set.exploratory,
		Subject: Subject{Run: run.ID, Experiment: run.Plan.Experiment.Name, Started: run.Started, Ended: run.Ended, Ending: string(run.Ending), Via: run.Via},
		Design:  designOf(studies[0].design, set), Warnings: run.Notes,
	}
	if set.exploratory {
		f.Warnings = append(f.Warnings[:len(f.Warnings):len(f.Warnings)], "This analysis is exploratory: it is not the one that was registered before the first command, so it does not give the run's verdict.")
	}
	return f
}

func designOf(d *correlate.Design, set settings) Design {
	redraws := d.Pool
	if !d.Enumerated {
		redraws = d.Pool - 1
	}
	return Design{
		Method: Randomisation, Actions: d.Actions, Controls: d.Trials - d.Actions, Assignments: d.Assignments(),
		Redraws: redraws, Enumerated: d.Enumerated, LeastP: d.LeastP(), Window: set.window, Alpha: set.total, Seed: set.seed,
	}
}

// A study is the analysis of one gateway while it is made.
type study struct {
	set     settings
	run     experiments.Run
	gateway experiments.Gateway
	// recording is what is known of the capture; recorded tells that there was one.
	recording traffic.Recording
	recorded  bool
	// cut says why the packets ended before their end.
	cut        string
	log        events.Log
	window     align.Window
	trials     []align.Trial
	design     *correlate.Design
	candidates []correlate.Candidate
	result     correlate.Result
	idle       *IdleComparison
}

func newStudy(run experiments.Run, g experiments.Gateway, packets iter.Seq2[traffic.Packet, error], set settings) (*study, error) {
	s := &study{set: set, run: run, gateway: g}
	s.recording, s.recorded = run.Recording(g.Name())
	var err error
	s.log, err = events.Extract(packets, g.Addresses, g.Peers)
	if err != nil {
		if s.log.Frames == 0 {
			return nil, fmt.Errorf("read packets: %w", err)
		}
		s.cut = err.Error()
	}
	s.window = align.Around(set.window, s.recording.Offset)
	s.trials = align.Trials(asOfLook(run), s.recording, s.log.Events, s.window)
	s.design = correlate.NewBlocked(arms(s.trials), s.blocks(), run.Plan.Experiment.Redraws(), set.seed)
	if !beforeFirstLook(run) {
		s.candidates = correlate.Candidates(s.trials)
	}
	s.result = s.design.Test(s.candidates)
	return s, nil
}

// compareIdle reads the gateway's idle recording, if there is one.
func (s *study) compareIdle(of func(gateway string) (iter.Seq2[traffic.Packet, error], bool)) error {
	if of == nil {
		return nil
	}
	packets, found := of(s.gateway.Name())
	if !found {
		return nil
	}
	idle, err := events.Extract(packets, s.gateway.Addresses, s.gateway.Peers)
	if err != nil {
		return fmt.Errorf("read the idle recording: %w", err)
	}
	c := CompareIdle(s.log, idle)
	s.idle = &c
	return nil
}

func arms(trials []align.Trial) []bool {
	out := make([]bool, len(trials))
	for i, t := range trials {
		out[i] = !t.Control
	}
	return out
}

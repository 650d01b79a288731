package main

import (
	"fmt"
	"iter"
	"os"
	"slices"
	"strings"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/capture"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/reports"
	"github.com/hueprint/hueprint/runs"
	"github.com/hueprint/hueprint/traffic"
	"github.com/hueprint/hueprint/traffic/decode"
)

// idleRecording is a recording of the gateways in which nothing was done: a run's
// folder, which has one for each gateway by name, or a capture file, in which
// each gateway is found by its addresses.
type idleRecording struct {
	arg    string
	folder *runs.Folder // nil for a capture file
}

// openIdle opens what --idle names; nil without it.
func (p *program) openIdle(arg string) (*idleRecording, error) {
	if arg == "" {
		return nil, nil
	}
	if info, err := os.Stat(arg); err == nil && !info.IsDir() {
		return &idleRecording{arg: arg}, nil
	}
	folder, err := p.openRun(arg)
	if err != nil {
		return nil, fmt.Errorf("--idle: %w", err)
	}
	return &idleRecording{arg, folder}, nil
}

// of is the idle recording for the analysis of one run, which must be another
// one; nil without an idle recording.
func (r *idleRecording) of(run *runs.Folder) (func(gateway string) (iter.Seq2[traffic.Packet, error], bool), error) {
	if r == nil {
		return nil, nil
	}
	if r.folder != nil && r.folder.ID() == run.ID() || r.folder == nil && r.within(run) {
		return nil, usageError{fmt.Errorf("--idle %s is the recording of the run itself: name one in which nothing was done", r.arg)}
	}
	return r.packets, nil
}

// within tells whether the capture file is one of the run's own.
func (r *idleRecording) within(run *runs.Folder) bool {
	info, err := os.Stat(r.arg)
	record, runErr := run.Run()
	if err != nil || runErr != nil {
		return false // reading them says why
	}
	return slices.ContainsFunc(record.Gateways, func(g experiments.Gateway) bool {
		return slices.ContainsFunc(run.Captures(g.Name()), func(path string) bool {
			own, err := os.Stat(path)
			return err == nil && os.SameFile(own, info)
		})
	})
}

func (r *idleRecording) packets(gateway string) (iter.Seq2[traffic.Packet, error], bool) {
	var frames iter.Seq2[traffic.Frame, error]
	switch {
	case r.folder == nil:
		frames = capture.Files(r.arg)
	case len(r.folder.Captures(gateway)) == 0:
		return nil, false
	default:
		frames = r.folder.Frames(gateway)
	}
	return decode.Packets(frames, new(decode.Stats)), true
}

// warn notes in the findings what weakens the comparison.
func (r *idleRecording) warn(part *reports.Part) error {
	if r == nil {
		return nil
	}
	var missing []string
	for _, v := range part.Findings.Verdicts {
		if v.Idle == nil || v.Idle.Both+len(v.Idle.OnlyIdle) == 0 {
			missing = append(missing, v.Gateway)
		}
	}
	note := func(format string, args ...any) {
		part.Findings.Warnings = append(slices.Clip(part.Findings.Warnings), fmt.Sprintf(format, args...))
	}
	if len(missing) > 0 {
		note("the idle recording %s has no traffic of %s: compare with one of the same gateway", r.arg, strings.Join(missing, ", "))
	}
	if r.folder == nil {
		return nil
	}
	run, err := r.folder.Run()
	if sent := slices.DeleteFunc(run.Commands, func(c experiments.Command) bool { return c.Sent.IsZero() }); len(sent) > 0 {
		note("the idle recording %s is of a run that sent %d commands: whatever came with them counts as idle", r.arg, len(sent))
	}
	return err
}

// analyzeBesideIdle is analyzeRun, with the idle recording compared where there
// is one. The run's folder keeps only what follows from the run alone: neither
// these findings nor their report.
func analyzeBesideIdle(folder *runs.Folder, o analysis.Options, idle *idleRecording, repeat string) (reports.Part, error) {
	var err error
	if o.Idle, err = idle.of(folder); err != nil {
		return reports.Part{}, err
	}
	part, err := analyzeRun(folder, o)
	if err != nil {
		return part, err
	}
	if idle != nil {
		err = idle.warn(&part)
		return part, err
	}
	return part, keepReport(folder, part, repeat)
}

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

// idleRecordings are all that --idle names, for one comparison.
type idleRecordings []idleRecording

// openIdle opens what --idle names; nil without it.
func (p *program) openIdle(args []string) (all idleRecordings, err error) {
	for _, arg := range args {
		if info, err := os.Stat(arg); err == nil && !info.IsDir() {
			all = append(all, idleRecording{arg: arg})
			continue
		}
		folder, err := p.openRun(arg)
		if err != nil {
			return nil, fmt.Errorf("--idle: %w", err)
		}
		all = append(all, idleRecording{arg, folder})
	}
	return all, nil
}

// of are the idle recordings for the analysis of one run, each of which must be
// another one; nil without any.
func (all idleRecordings) of(run *runs.Folder) (func(gateway string) (iter.Seq2[traffic.Packet, error], bool), error) {
	for _, r := range all {
		if r.folder != nil && r.folder.ID() == run.ID() || r.folder == nil && r.within(run) {
			return nil, usageError{fmt.Errorf("--idle %s is the recording of the run itself: name one in which nothing was done", r.arg)}
		}
	}
	if len(all) == 0 {
		return nil, nil
	}
	return all.packets, nil
}

// packets are the gateway's in all recordings, the earliest recording first.
func (all idleRecordings) packets(gateway string) (iter.Seq2[traffic.Packet, error], bool) {
	type recording struct {
		frames iter.Seq2[traffic.Frame, error]
		first  time.Time
	}
	var found []recording
	for _, r := range all {
		if frames, ok := r.frames(gateway); ok {
			found = append(found, recording{frames, firstOf(frames)})
		}
	}
	slices.SortStableFunc(found, func(a, b recording) int { return a.first.Compare(b.first) })
	return decode.Packets(func(yield func(traffic.Frame, error) bool) {
		for _, r := range found {
			for f, err := range r.frames {
				if !yield(f, err) {
					return
				}
			}
		}
	}, new(decode.Stats)), len(found) > 0
}

// firstOf is the time of the first frame, zero where that cannot be read; the
// reader of all frames says then why.
func firstOf(frames iter.Seq2[traffic.Frame, error]) (first time.Time) {
	for f, err := range frames {
		if err == nil {
			first = f.Time
		}
		break
	}
	return first
}

// String is the recordings as they were named.
func (all idleRecordings) String() string {
	var names []string
	for _, r := range all {
		names = append(names, r.arg)
	}
	return strings.Join(names, ", ")
}

// within tells whether the capture file is one of the run's own.
func (r idleRecording) within(run *runs.Folder) bool {
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

func (r idleRecording) frames(gateway string) (iter.Seq2[traffic.Frame, error], bool) {
	if r.folder == nil {
		return capture.Files(r.arg), true
	}
	return r.folder.Frames(gateway), len(r.folder.Captures(gateway)) > 0
}

// warn notes in the findings what weakens the comparison.
func (all idleRecordings) warn(part *reports.Part) (err error) {
	note := func(format string, args ...any) {
		part.Findings.Warnings = append(slices.Clip(part.Findings.Warnings), fmt.Sprintf(format, args...))
	}
	var missing []string
	for _, v := range part.Findings.Verdicts {
		if v.Idle == nil || v.Idle.Both+len(v.Idle.OnlyIdle) == 0 {
			missing = append(missing, v.Gateway)
		}
	}
	if len(missing) > 0 {
		note("the idle recording %s has no traffic of %s: compare with one of the same gateway", all, strings.Join(missing, ", "))
	}
	if len(all) > 1 {
		note("the idle recording is %d recordings: its length is from the first packet to the last, pauses between them included", len(all))
	}
	for _, r := range all {
		if r.folder == nil {
			continue
		}
		run, readErr := r.folder.Run()
		err = errors.Join(err, readErr)
		if sent := slices.DeleteFunc(run.Commands, func(c experiments.Command) bool { return c.Sent.IsZero() }); len(sent) > 0 {
			note("the idle recording %s is of a run that sent %d commands: whatever came with them counts as idle", r.arg, len(sent))
		}
	}
	return err
}

// analyzeBesideIdle is analyzeRun, with the idle recordings compared where there
// are any. The run's folder keeps only what follows from the run alone: neither
// these findings nor their report.
func analyzeBesideIdle(folder *runs.Folder, o analysis.Options, idle idleRecordings, repeat string) (reports.Part, error) {
	var err error
	if o.Idle, err = idle.of(folder); err != nil {
		return reports.Part{}, err
	}
	part, err := analyzeRun(folder, o)
	if err != nil {
		return part, err
	}
	if len(idle) > 0 {
		err = idle.warn(&part)
		return part, err
	}
	return part, keepReport(folder, part, repeat)
}

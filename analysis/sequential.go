package analysis

import (
	"fmt"
	"slices"

	"github.com/hueprint/hueprint/analysis/align"
	"github.com/hueprint/hueprint/experiments"
)

// A run with planned looks is analysed at one of them: the one that ended it, or
// the last that it reached. Slots beyond are left out, as no planned look stands
// on them. At each look the test is that of the blocks seen so far, at its share
// of alpha; a false "visible" at the end of the run needs a false one at some
// look, so that all together are at most alpha, whatever makes the run go on or
// stop. That holds, too, when the answer at the look itself, made from the
// recording so far, should differ from the one made from the whole recording:
// only the latter gives the verdict.

// split shares alpha among the registered looks.
func (s settings) split(run experiments.Run) settings {
	looks := run.Plan.Experiment.Looks
	s.exploratory = s.exploratory || !slices.Equal(looks, run.Registered.Looks)
	s.total = s.alpha
	s.alpha /= float64(max(1, len(looks)))
	return s
}

// sequential says where a run with looks stands; nil for a fixed design.
func sequential(run experiments.Run, set settings) *Sequential {
	looks := run.Plan.Experiment.Looks
	if len(looks) == 0 {
		return nil
	}
	return &Sequential{
		Planned: looks, Look: run.LookReached(), Alpha: set.total, Level: set.alpha,
		Decided: slices.ContainsFunc(run.Looks, func(l experiments.Look) bool { return l.Decided }),
	}
}

func beforeFirstLook(run experiments.Run) bool {
	return len(run.Plan.Experiment.Looks) > 0 && run.LookReached() == 0
}

// asOfLook is the run without the slots after the look that it is analysed at;
// before the first look it is as it is, and nothing is tested.
func asOfLook(run experiments.Run) experiments.Run {
	look := run.LookReached()
	if look == 0 {
		return run
	}
	slots := run.Plan.Experiment.Looks[look-1]
	run.Commands = slices.DeleteFunc(slices.Clone(run.Commands), func(c experiments.Command) bool { return c.Slot >= slots })
	return run
}

// blocks are those of the trials, by which the lot was drawn.
func (s *study) blocks() []int {
	out := make([]int, len(s.trials))
	for i, t := range s.trials {
		out[i], _ = slices.BinarySearch(s.run.Plan.Experiment.Looks, t.Slot+1)
	}
	return out
}

// level says what p is compared with.
func (s *study) level() string {
	looks := s.run.Plan.Experiment.Looks
	if len(looks) == 0 {
		return fmt.Sprintf("α = %g", s.set.alpha)
	}
	return fmt.Sprintf("%.3g (look %d of %d; α = %g is split equally over the looks)", s.set.alpha, s.run.LookReached(), len(looks), s.set.total)
}

// endedEarly says so of a run that a look has ended.
func (s *study) endedEarly(v Verdict) []string {
	q := sequential(s.run, s.set)
	if q == nil || !q.Decided {
		return nil
	}
	out := fmt.Sprintf("The run ended early, as planned: look %d of %d, after %d of %d slots, found a mark.", q.Look, len(q.Planned), q.Planned[q.Look-1], len(s.run.Plan.Slots))
	if !v.Significant() {
		out += " The whole recording, which alone gives the verdict, does not show it."
	}
	return []string{out}
}

// betweenLooks says of an incomplete run what it is shown as of.
func (s *study) betweenLooks() string {
	looks := s.run.Plan.Experiment.Looks
	if len(looks) == 0 {
		return ""
	}
	look := s.run.LookReached()
	if look == 0 {
		return fmt.Sprintf(" The first look was planned after %d, so nothing was tested.", looks[0])
	}
	return fmt.Sprintf(" What follows is as of look %d of %d, after %d slots.", look, len(looks), looks[look-1])
}

// reached are the trials of all slots that the run reached, whatever look it is
// analysed at.
func (s *study) reached() []align.Trial {
	return align.Trials(s.run, s.recording, nil, s.window)
}

// plannedLooks counts the looks of the verdict's run; 0 for a fixed design.
func (v Verdict) plannedLooks() int {
	if v.Sequential == nil {
		return 0
	}
	return len(v.Sequential.Planned)
}

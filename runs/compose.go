package runs

import (
	"fmt"
	"slices"
	"time"

	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/traffic"
)

// Run composes run.json and the journal into the facts of the run. It may be
// called while the run goes on; a journal without an end makes the run
// interrupted, and what is missing of its recordings' counts is then taken from
// the captured files.
func (f *Folder) Run() (experiments.Run, error) {
	r, err := f.facts()
	if err != nil {
		return r, err
	}
	entries, torn, err := f.entries()
	if err != nil {
		return r, err
	}
	r = compose(r, entries)
	r.Notes = append(r.Notes, torn...)
	if r.Ending == experiments.Interrupted {
		f.closeRecordings(&r)
	}
	return r, nil
}

// compose adds to the facts of run.json what the entries tell.
func compose(r experiments.Run, entries []entry) experiments.Run {
	c := composition{run: r, slots: map[int]*slotEntries{}}
	for _, e := range entries {
		c.add(e)
	}
	for _, slot := range c.order {
		c.run.Commands = append(c.run.Commands, c.slots[slot].command())
	}
	if c.run.Ending == "" {
		c.run.Ending = experiments.Interrupted
		c.run.Cause = "the process ended before the run did"
		c.run.Ended = c.last
	}
	return c.run
}

// composition is a run on its way from entries to facts.
type composition struct {
	run   experiments.Run
	slots map[int]*slotEntries
	order []int
	last  time.Time // of the last entry before the end
}

func (c *composition) add(e entry) {
	switch e.Kind {
	case recordingEntry:
		c.recording(e.Recording)
	case startedEntry:
		c.run.Started = e.Instant
	case intentEntry, resultEntry, confirmationEntry:
		c.slot(e)
	case disturbanceEntry:
		if e.Change != nil {
			c.run.Disturbances = append(c.run.Disturbances, *e.Change)
		}
	case lookEntry:
		if e.Look != nil {
			c.run.Looks = append(c.run.Looks, *e.Look)
		}
	case noteEntry:
		c.run.Notes = append(c.run.Notes, e.Text)
	case restoredEntry:
		c.run.Restored = e.Restored != nil && *e.Restored
		c.run.RestoreNote = e.Text
		return // may come long after the process died
	case restoringEntry:
		return
	case endedEntry:
		c.run.Ended, c.run.Ending, c.run.Cause = e.Instant, e.Ending, e.Text
	}
	c.last = e.At
}

func (c *composition) recording(r *traffic.Recording) {
	if r == nil {
		return
	}
	same := func(old traffic.Recording) bool { return old.Gateway == r.Gateway }
	if i := slices.IndexFunc(c.run.Recordings, same); i >= 0 {
		c.run.Recordings[i] = *r
		return
	}
	c.run.Recordings = append(c.run.Recordings, *r)
}

// slotEntries are the entries of one slot.
type slotEntries struct {
	intent, result *experiments.Command
	confirmation   *confirmation
}

func (c *composition) slot(e entry) {
	slot := 0
	switch {
	case e.Confirmation != nil:
		slot = e.Confirmation.Slot
	case e.Command != nil:
		slot = e.Command.Slot
	default:
		return
	}
	s := c.slots[slot]
	if s == nil {
		s = &slotEntries{}
		c.slots[slot] = s
		c.order = append(c.order, slot)
	}
	switch e.Kind {
	case intentEntry:
		s.intent = e.Command
	case resultEntry:
		s.result = e.Command
	case confirmationEntry:
		s.confirmation = e.Confirmation
	}
}

// command is the slot's fact. An intent without a result may have been carried
// out at its planned time; nobody knows.
func (s *slotEntries) command() experiments.Command {
	var c experiments.Command
	switch {
	case s.result != nil:
		c = *s.result
	case s.intent != nil:
		c = *s.intent
		c.Begun = c.Planned
		c.Outcome, c.Failure = experiments.Unknown, "the process ended before the answer was written"
		if c.Action == "" {
			c.Outcome, c.Failure = experiments.Skipped, "the process ended during this control slot"
		}
	}
	if s.confirmation != nil {
		c.Slot, c.Confirmed, c.ConfirmedBy = s.confirmation.Slot, s.confirmation.At, s.confirmation.By
	}
	return c
}

// closeRecordings ends the recordings of a process that died with what the
// captured files hold.
func (f *Folder) closeRecordings(r *experiments.Run) {
	for i := range r.Recordings {
		rec := &r.Recordings[i]
		if !rec.End.IsZero() {
			continue
		}
		held, notes := f.held(rec.Gateway)
		rec.Frames, rec.Bytes, rec.End = held.Frames, held.Bytes, held.End
		if rec.End.IsZero() {
			rec.End = rec.Start
		}
		rec.Failure = "the process ended while recording; frames lost before it are unknown"
		r.Notes = append(r.Notes, notes...)
		if end := r.Started.Add(r.Plan.Duration); !r.Started.IsZero() && rec.End.Before(end) {
			rec.Gaps = append(rec.Gaps, traffic.Gap{From: rec.End, To: end, Reason: "the process ended"})
		}
	}
}

// held counts what the captured files of a gateway hold.
func (f *Folder) held(gateway string) (held traffic.Recording, notes []string) {
	frames, torn := f.frames(gateway)
	for frame, err := range frames {
		if err != nil {
			notes = append(notes, fmt.Sprintf("recording of %s: %v", gateway, err))
			break
		}
		held.Frames++
		held.Bytes += uint64(frame.Wire)
		held.End = frame.Time
	}
	return held, append(notes, *torn...)
}

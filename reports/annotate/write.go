package annotate

import (
	"fmt"
	"io"
	"iter"
	"slices"
	"time"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/pcapng"
	"github.com/hueprint/hueprint/traffic"
)

// ActionsInterface is the name of the interface of the synthetic records.
const ActionsInterface = "actions"

// A Source is what a copy is made of: one gateway of one run.
type Source struct {
	// Application names the program and its version in the file.
	Application string
	Run         experiments.Run
	// Settings are the changes of the light outside the slots, as far as known.
	Settings []experiments.Setting
	Verdict  analysis.Verdict
	// Trace holds the gateway's events with the steps they belong to.
	Trace analysis.Trace
	// Frames is the recording; each frame is numbered within its file.
	Frames iter.Seq2[traffic.Frame, error]
}

// Of is the source of a gateway's copy, as far as the findings tell it;
// Application, Settings and Frames are left to the caller. The run must have a
// verdict on the gateway.
func Of(run experiments.Run, found analysis.Findings, traces []analysis.Trace, gateway string) (Source, error) {
	s := Source{Run: run}
	v := slices.IndexFunc(found.Verdicts, func(v analysis.Verdict) bool { return v.Gateway == gateway })
	if v < 0 {
		return s, fmt.Errorf("the findings of run %s have no gateway %.64q", run.ID, gateway)
	}
	s.Verdict = found.Verdicts[v]
	if t := slices.IndexFunc(traces, func(t analysis.Trace) bool { return t.Gateway == gateway }); t >= 0 {
		s.Trace = traces[t]
	}
	return s, nil
}

// A Summary says what a copy holds.
type Summary struct {
	// Frames were copied; Records are the synthetic ones.
	Frames  int `json:"frames"`
	Records int `json:"records"`
	// Matched frames carry comments, Comments in all: a frame can complete
	// several events.
	Matched  int `json:"matched"`
	Comments int `json:"comments"`
	// Warnings say what of the recording could not be copied or marked.
	Warnings []string `json:"warnings,omitempty"`
}

// Write writes the copy. Equal sources give equal bytes. A recording that
// cannot be read to its end is copied as far as it can, with a warning; an error
// means that the copy could not be written.
func Write(w io.Writer, s Source) (Summary, error) {
	c := copier{source: s, marks: marks(s), notes: notes(s), links: map[traffic.LinkType]int{}}
	if err := c.copy(w); err != nil {
		return c.sum, fmt.Errorf("annotate %q: %w", s.Verdict.Gateway, err)
	}
	if left := len(c.notes); left > 0 {
		c.warn(fmt.Sprintf("%d matched packets are not in the recording any more (its files changed while they were read: try again)", left))
	}
	if c.sum.Frames == 0 {
		c.warn("the recording holds no frames")
	}
	return c.sum, nil
}

// copier is one copy while it is written.
type copier struct {
	source Source
	out    *pcapng.Writer
	links  map[traffic.LinkType]int
	// marks are still to be written, in order of time; notes are still without
	// their frame.
	marks   []mark
	notes   map[place][]string
	actions int // the interface of the marks
	sum     Summary
}

// place tells a frame of a recording from all others: its number alone does
// not, as each file begins again with 1.
type place struct {
	at     int64 // nanoseconds since 1970
	number int
}

func (c *copier) copy(w io.Writer) (err error) {
	c.out, err = pcapng.NewWriter(w, pcapng.Section{Application: c.source.Application, Comments: about(c.source)})
	if err != nil {
		return err
	}
	for f, err := range c.source.Frames {
		if err != nil {
			c.warn(err.Error())
			continue
		}
		if err := c.frame(f); err != nil {
			return fmt.Errorf("frame %d of %v: %w", f.Number, f.Time.UTC(), err)
		}
	}
	if err := c.begin(traffic.LinkEthernet); err != nil {
		return err
	}
	if err := c.pass(time.Time{}); err != nil {
		return err
	}
	return c.out.Flush()
}

// begin declares the tapped interface and that of the marks, unless that was
// done: the first frame says of which link type the tapped one is.
func (c *copier) begin(link traffic.LinkType) (err error) {
	if len(c.links) > 0 {
		return nil
	}
	if err := c.declare(link); err != nil {
		return err
	}
	c.actions, err = c.out.AddInterface(pcapng.Interface{
		Name: ActionsInterface, Link: traffic.LinkUpperPDU,
		Description: "what the experiment did; written by hueprint, not captured",
	})
	return err
}

// declare adds the tapped interface for a link type.
func (c *copier) declare(link traffic.LinkType) error {
	rec, _ := c.source.Run.Recording(c.source.Verdict.Gateway)
	name := rec.Interface
	if name == "" {
		name = "recording"
	}
	if name == ActionsInterface { // or the filter would select both
		name = "tapped " + name
	}
	id, err := c.out.AddInterface(pcapng.Interface{Name: plain(name), Filter: plain(rec.Filter), Link: link})
	c.links[link] = id
	return err
}

// frame copies one frame after the marks that are older.
func (c *copier) frame(f traffic.Frame) error {
	if err := c.begin(f.Link); err != nil {
		return err
	}
	if err := c.pass(f.Time); err != nil {
		return err
	}
	if _, known := c.links[f.Link]; !known {
		if err := c.declare(f.Link); err != nil {
			return err
		}
	}
	at := place{f.Time.UnixNano(), f.Number}
	notes := c.notes[at]
	delete(c.notes, at)
	c.sum.Frames++
	c.sum.Comments += len(notes)
	if len(notes) > 0 {
		c.sum.Matched++
	}
	return c.out.Frame(c.links[f.Link], f, notes...)
}

// pass writes the marks that are not younger than t; all of them for the zero
// time.
func (c *copier) pass(t time.Time) error {
	for len(c.marks) > 0 && (t.IsZero() || !c.marks[0].at.After(t)) {
		data := syslog(c.marks[0].text)
		f := traffic.Frame{Time: c.marks[0].at, Link: traffic.LinkUpperPDU, Data: data, Wire: len(data)}
		if err := c.out.Frame(c.actions, f); err != nil {
			return err
		}
		c.marks = c.marks[1:]
		c.sum.Records++
	}
	return nil
}

func (c *copier) warn(text string) { c.sum.Warnings = append(c.sum.Warnings, text) }

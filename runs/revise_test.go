package runs

import (
	"errors"
	"iter"
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/traffic"
)

// unchanged revises nothing.
func unchanged() Revision {
	return Revision{
		Time: func(t time.Time) time.Time { return t }, Addr: func(a netip.Addr) netip.Addr { return a },
		Prefix: func(p netip.Prefix) netip.Prefix { return p }, MAC: func(m traffic.MAC) traffic.MAC { return m },
		Text:   func(_, s string) string { return s },
		Frames: func(_ string, f iter.Seq2[traffic.Frame, error]) iter.Seq2[traffic.Frame, error] { return f },
	}
}

func TestReviseCopiesARunAndShiftsItsTimes(t *testing.T) {
	f := newFolder(t)
	err := errors.Join(
		f.Recording(traffic.Recording{Gateway: "echo", Interface: "eth0", Start: noon, Proved: noon, End: noon.Add(time.Minute), Gaps: []traffic.Gap{{From: noon, To: noon}}}),
		f.Started(noon), f.Intend(experiments.Command{Slot: 0, Action: experiments.On, Planned: noon}),
		f.Result(experiments.Command{Slot: 0, Action: experiments.On, Planned: noon, Receipt: experiments.Receipt{Sent: noon, Outcome: experiments.Done}}),
		f.Confirm(0, noon, experiments.ByEventStream), f.Note("a note"), f.Restored(true, ""), f.End(noon.Add(time.Minute), experiments.Complete, ""))
	for range 2 { // two files
		sink, failure := f.Sink("echo", Tap{Interface: "eth0"})
		if failure != nil {
			t.Fatal(failure)
		}
		err = errors.Join(err, sink.Frame(traffic.Frame{Time: noon, Link: traffic.LinkEthernet, Data: make([]byte, 20), Wire: 60}), sink.Close())
	}
	if err = errors.Join(err, f.Seal()); err != nil {
		t.Fatal(err)
	}
	want, err := f.Run()
	if err != nil {
		t.Fatal(err)
	}
	same, err := f.Revise(filepath.Join(t.TempDir(), "copy"), unchanged())
	if err != nil {
		t.Fatal(err)
	}
	got, err := same.Run()
	if d := cmp.Diff(want, got, cmpopts.EquateComparable(netip.Addr{}, netip.Prefix{})); d != "" || err != nil {
		t.Errorf("%v, the copy (+) differs: %s", err, d)
	}
	if err := same.Verify(); err != nil {
		t.Error(err)
	}
	n := 0
	for frame, err := range same.Frames("echo") {
		if n++; err != nil || len(frame.Data) != 20 || frame.Wire != 60 || !frame.Time.Equal(noon) {
			t.Errorf("frame %+v, %v", frame, err)
		}
	}
	if n != 2 {
		t.Errorf("%d frames, want 2", n)
	}
	later := unchanged()
	later.Time = func(t time.Time) time.Time { return t.Add(time.Hour) }
	shifted, err := f.Revise(filepath.Join(t.TempDir(), "later"), later)
	if err != nil {
		t.Fatal(err)
	}
	got, err = shifted.Run()
	c := got.Commands[0]
	for name, at := range map[string]time.Time{"prepared": got.Prepared, "started": got.Started, "sent": c.Sent, "planned": c.Planned, "confirmed": c.Confirmed,
		"proved": got.Recordings[0].Proved, "gap": got.Recordings[0].Gaps[0].From} {
		if !at.Equal(noon.Add(time.Hour)) || err != nil {
			t.Errorf("%s at %v, %v; want an hour after noon", name, at, err)
		}
	}
	if !c.Answered.IsZero() {
		t.Errorf("a zero time became %v", c.Answered)
	}
}

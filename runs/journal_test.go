package runs

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
	"pgregory.net/rapid"

	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/traffic"
)

// fullFile has room for a number of bytes only.
type fullFile struct {
	bytes.Buffer
	room    int
	syncErr error
}

func (f *fullFile) Write(b []byte) (int, error) {
	if n := f.room - f.Len(); n < len(b) {
		f.Buffer.Write(b[:n])
		return n, syscall.ENOSPC
	}
	return f.Buffer.Write(b)
}
func (f *fullFile) Sync() error { return f.syncErr }
func (f *fullFile) Truncate(size int64) error {
	f.Buffer.Truncate(int(size))
	return nil
}
func (f *fullFile) Close() error { return nil }

func TestAFullDiskTearsNothing(t *testing.T) {
	f := newFolder(t)
	file := &fullFile{room: 200}
	f.journal = &journal{file: file}
	var err error
	written := 0
	for ; err == nil; written++ {
		err = f.Note("note")
	}
	if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "free space") {
		t.Errorf("the error does not help: %v", err)
	}
	file.room = 1 << 20
	must(t, f.Note("after"))
	entries, torn := parse(file.Bytes())
	if len(torn) != 0 || len(entries) != written || entries[written-1].Text != "after" {
		t.Errorf("%d entries, torn %q", len(entries), torn)
	}
	file.syncErr = syscall.EIO
	if err := f.Note("lost"); !errors.Is(err, syscall.EIO) {
		t.Errorf("an entry that is not durable was accepted: %v", err)
	}
}

// small mounts a file system of the given size.
func small(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		lack(t, "needs root to mount a small disk: "+err.Error())
	}
	t.Cleanup(func() { must(t, unix.Unmount(dir, 0)) })
	return dir
}

// lack skips a test that lacks something, but not in continuous integration.
func lack(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("HUEPRINT_CI") == "1" {
		t.Fatal(what)
	}
	t.Skip(what)
}

// A disk that frames have filled still takes the whole journal.
func TestAFullDiskLosesNoCommand(t *testing.T) {
	root := small(t, "1m")
	f, err := Create(root, registered(t))
	must(t, err)
	s, err := f.Sink("echo", Tap{})
	must(t, err)
	frames := 0
	for err == nil {
		frames++
		if err = s.Frame(frame(frames)); err == nil && frames%100 == 0 {
			s.Flush()
		}
	}
	if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "free space") {
		t.Errorf("the error does not help: %v", err)
	}
	if err := s.Close(); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("the close does not tell: %v", err)
	}
	for i := range 20 {
		c := experiments.Command{Slot: i, Planned: noon, Begun: noon, Receipt: experiments.Receipt{Outcome: experiments.Withheld}}
		must(t, f.Intend(c), f.Result(c))
	}
	must(t, f.End(noon, experiments.Aborted, "disk full"))
	r := facts(t, f)
	if len(r.Commands) != 20 || r.Ending != experiments.Aborted {
		t.Errorf("%d commands, ending %s", len(r.Commands), r.Ending)
	}
	held := 0
	for _, err := range f.Frames("echo") {
		must(t, err)
		held++
	}
	if held < frames*3/4 {
		t.Errorf("%d of %d frames are left", held, frames)
	}
	must(t, f.Seal(), f.Verify()) // closing the journal has freed what was reserved
}

func TestAFullDiskRefusesANewRun(t *testing.T) {
	root := small(t, "16k")
	if _, err := Create(root, registered(t)); !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "free space") {
		t.Errorf("error is %v", err)
	}
	left, err := os.ReadDir(root)
	must(t, err)
	if len(left) != 0 {
		t.Errorf("%d entries are left", len(left))
	}
}

// Whatever prefix of a journal is there, the run can be read, and no later entry
// changes the outcome of a slot that had its result.
func TestEveryPrefixOfAJournalIsARun(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 12).Draw(t, "slots")
		var entries []entry
		for i := range n {
			c := experiments.Command{Slot: i, Planned: noon}
			if rapid.Bool().Draw(t, "action") {
				c.Action = rapid.SampledFrom([]experiments.Action{experiments.On, experiments.Off}).Draw(t, "direction")
			}
			intent := c
			entries = append(entries, entry{Kind: intentEntry, Command: &intent})
			c.Outcome = rapid.SampledFrom([]experiments.Outcome{experiments.Done, experiments.Failed, experiments.Unknown}).Draw(t, "outcome")
			entries = append(entries, entry{Kind: resultEntry, Command: &c})
		}
		cut := rapid.IntRange(0, len(entries)).Draw(t, "cut")
		r := compose(experiments.Run{}, entries[:cut])
		if len(r.Commands) != (cut+1)/2 {
			t.Fatalf("%d commands of %d entries", len(r.Commands), cut)
		}
		for i, c := range r.Commands[:cut/2] {
			if c.Outcome != entries[2*i+1].Command.Outcome {
				t.Fatalf("slot %d is %s", i, c.Outcome)
			}
		}
		k := claim(experiments.LightState{}, entries[:cut])
		if !k.On && !k.Off {
			t.Fatal("the light is in no state")
		}
	})
}

func FuzzJournal(f *testing.F) {
	f.Add([]byte(`{"at":"2026-11-22T12:00:00Z","kind":"intent","command":{"slot":1,"action":"on"}}` + "\n"))
	f.Add([]byte(`{"kind":"recording","recording":{"gateway":"echo"}}` + "\n" + `{"kind":"conf`))
	f.Add([]byte(`{"kind":"intent"}` + "\n" + `{"kind":"confirmation"}` + "\n" + `{"kind":"ended","ending":"complete"}` + "\nnull\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		entries, _ := parse(text)
		compose(experiments.Run{Recordings: []traffic.Recording{{}}}, entries)
		claim(experiments.LightState{}, entries)
	})
}

func TestTheClaimFollowsTheCommands(t *testing.T) {
	on, off := experiments.On, experiments.Off
	back := true
	set := func(a experiments.Action, o experiments.Outcome) []entry {
		return []entry{{Kind: intentEntry, Command: &experiments.Command{Action: a}},
			{Kind: resultEntry, Command: &experiments.Command{Action: a, Receipt: experiments.Receipt{Outcome: o}}}}
	}
	tests := map[string]struct {
		entries          []entry
		on, off, pending bool
	}{
		"untouched":             {nil, true, false, false},
		"control slots only":    {[]entry{{Kind: intentEntry, Command: &experiments.Command{}}}, true, false, false},
		"setting begun":         {[]entry{{Kind: settingEntry, Action: off}}, true, true, true},
		"set":                   {[]entry{{Kind: settingEntry, Action: off}, {Kind: setEntry, Action: off, Receipt: &experiments.Receipt{Outcome: experiments.Done}}}, false, true, true},
		"command done":          {set(off, experiments.Done), false, true, true},
		"command failed":        {set(off, experiments.Failed), true, false, true},
		"command unknown":       {set(off, experiments.Unknown), true, true, true},
		"unknown, then done":    {append(set(off, experiments.Unknown), set(on, experiments.Done)...), true, false, true},
		"restoring":             {append(set(off, experiments.Done), entry{Kind: restoringEntry}), true, true, true},
		"restored":              {append(set(off, experiments.Done), entry{Kind: restoredEntry, Restored: &back}), false, true, false},
		"restoration failed":    {append(set(off, experiments.Done), entry{Kind: restoredEntry}), false, true, true},
		"failed after unknown":  {append(set(off, experiments.Unknown), set(off, experiments.Failed)...), true, true, true},
		"skipped is no command": {set(off, experiments.Skipped), true, false, true},
	}
	for name, test := range tests {
		c := claim(experiments.LightState{On: true}, test.entries)
		if c.On != test.on || c.Off != test.off || c.Pending() != test.pending {
			t.Errorf("%s: %+v", name, c)
		}
	}
}

func TestTheReservedRoomIsGivenBack(t *testing.T) {
	f := newFolder(t)
	must(t, f.Note("x"))
	var st unix.Stat_t
	must(t, unix.Stat(filepath.Join(f.Dir(), journalFile), &st))
	reserved := st.Blocks
	must(t, f.Close(), unix.Stat(filepath.Join(f.Dir(), journalFile), &st))
	if st.Blocks*512 > 64<<10 {
		t.Errorf("%d blocks of %d are still reserved", st.Blocks, reserved)
	}
	if !slices.Contains(facts(t, f).Notes, "x") {
		t.Error("the note is gone")
	}
}

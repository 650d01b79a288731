package runs

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/traffic"
)

func TestMain(m *testing.M) {
	if state := os.Getenv("HUEPRINT_TEST_HOLD"); state != "" {
		hold(state)
		return
	}
	goleak.VerifyTestMain(m)
}

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// registered is a run as it is known before its first command.
func registered(t *testing.T) experiments.Run {
	t.Helper()
	e, _ := experiments.Preset("demo")
	e.Light = "1"
	id, err := NewID(noon, strings.NewReader("0123456789"))
	if err != nil {
		t.Fatal(err)
	}
	return experiments.Run{ID: id, Version: "test", Via: "bridge", Prepared: noon,
		Bridge: experiments.BridgeIdentity{ID: "001788fffe000001"}, Plan: experiments.NewPlan(e, 7),
		Gateways: []experiments.Gateway{{Addresses: traffic.Gateway{Name: "echo"}, Interface: "eth0"}},
		Found:    experiments.LightState{On: true, Brightness: 200}}
}

func newFolder(t *testing.T) *Folder {
	t.Helper()
	f, err := Create(t.TempDir(), registered(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// must fails the test at the first of several steps that failed.
func must(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

func facts(t *testing.T, f *Folder) experiments.Run {
	t.Helper()
	r, err := f.Run()
	must(t, err)
	return r
}

func TestARunIsWhatWasAppended(t *testing.T) {
	f := newFolder(t)
	at := noon.Add(time.Second)
	rec := traffic.Recording{Gateway: "echo", Interface: "eth0", Start: noon}
	ended := rec
	ended.End, ended.Frames, ended.Dropped = at, 3, 1
	withheld := experiments.Command{Slot: 0, Planned: at, Begun: at, Receipt: experiments.Receipt{Outcome: experiments.Withheld}}
	intent := experiments.Command{Slot: 1, Light: "1", Action: experiments.On, Planned: at}
	sent := intent
	sent.Begun, sent.Receipt = at, experiments.Receipt{Sent: at, Answered: at, Outcome: experiments.Done}
	disturbance := experiments.Change{At: at, Light: "1", Source: experiments.ByEventStream}
	look := experiments.Look{Number: 1, Slots: 2, At: at, Decided: true}
	must(t, f.Recording(rec), f.Setting(experiments.Off), f.Set(experiments.Off, experiments.Receipt{Outcome: experiments.Done}),
		f.Started(at), f.Intend(withheld), f.Result(withheld), f.Intend(intent), f.Confirm(1, at, experiments.ByEventStream),
		f.Result(sent), f.Disturb(disturbance), f.Note("careful"), f.Look(look), f.Recording(ended), f.Restoring(), f.Restored(true, ""),
		f.End(at, experiments.Complete, ""))

	want := registered(t)
	sent.Confirmed, sent.ConfirmedBy = at, experiments.ByEventStream
	want.Started, want.Ended, want.Ending, want.Restored = at, at, experiments.Complete, true
	want.Commands = []experiments.Command{withheld, sent}
	want.Disturbances, want.Looks = []experiments.Change{disturbance}, []experiments.Look{look}
	want.Recordings, want.Notes = []traffic.Recording{ended}, []string{"careful"}
	if diff := cmp.Diff(want, facts(t, f)); diff != "" {
		t.Errorf("run differs (-want +got):\n%s", diff)
	}
	again, err := Open(f.Dir())
	must(t, err)
	if diff := cmp.Diff(want, facts(t, again)); diff != "" {
		t.Errorf("reopened run differs:\n%s", diff)
	}
}

func TestARecordWithoutEndIsInterrupted(t *testing.T) {
	f := newFolder(t)
	action := experiments.Command{Slot: 4, Light: "1", Action: experiments.On, Planned: noon}
	must(t, f.Intend(action), f.Intend(experiments.Command{Slot: 5, Planned: noon}))
	r := facts(t, f)
	if r.Ending != experiments.Interrupted || r.Cause == "" {
		t.Errorf("ending %q because %q, want interrupted with a cause", r.Ending, r.Cause)
	}
	if got := r.Commands[0].Outcome; got != experiments.Unknown {
		t.Errorf("an intent without result is %q, want unknown", got)
	}
	if got := r.Commands[1].Outcome; got != experiments.Skipped {
		t.Errorf("a control's intent without result is %q, want skipped", got)
	}
}

func TestATornLastLineIsToleratedAndNoted(t *testing.T) {
	f := newFolder(t)
	must(t, f.Note("first"), f.Note("second"), f.Close())
	path := filepath.Join(f.Dir(), journalFile)
	whole, err := os.ReadFile(path)
	must(t, err)
	second := strings.Index(string(whole), "\n") + 1
	for cut := second; cut <= len(whole); cut++ {
		must(t, os.WriteFile(path, whole[:cut], 0o644))
		torn := cut > second && cut < len(whole)-1 // without its newline, the last line is still an entry
		notes := facts(t, f).Notes
		if notes[0] != "first" || torn != strings.Contains(strings.Join(notes, " "), "torn") {
			t.Fatalf("cut at %d: notes %q", cut, notes)
		}
		must(t, f.Note("after"), f.Close())
		notes = facts(t, f).Notes
		if !strings.Contains(strings.Join(notes, " "), "after") {
			t.Fatalf("cut at %d: what was appended after the tear is lost: %q", cut, notes)
		}
	}
}

func TestNamesInTheFolderAreSafe(t *testing.T) {
	r := registered(t)
	r.Plan.Experiment.Name = "../my lab/ten toggles\x00é"
	f, err := Create(t.TempDir(), r)
	must(t, err)
	base := filepath.Base(f.Dir())
	if base != "2026-11-22-_.._my_lab_ten_toggles__-"+r.ID {
		t.Errorf("folder is called %q", base)
	}
	if f.ID() != r.ID {
		t.Errorf("ID by name is %q", f.ID())
	}
	if gatewayName("a/b") == gatewayName("a_b") || gatewayName("a b") == gatewayName("a/b") {
		t.Error("two gateways share a file name")
	}
	info, err := os.Stat(filepath.Join(f.Dir(), captureDir))
	must(t, err)
	if info.Mode().Perm() != 0o700 {
		t.Errorf("captures have mode %v", info.Mode())
	}
}

func TestCreateRefuses(t *testing.T) {
	root := t.TempDir()
	if _, err := Create(root, experiments.Run{}); err == nil {
		t.Error("a run without ID was created")
	}
	if _, err := Create(root, registered(t)); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(root, registered(t)); !errors.Is(err, os.ErrExist) {
		t.Errorf("the same run was created twice: %v", err)
	}
	entries, err := os.ReadDir(root)
	must(t, err)
	if len(entries) != 1 {
		t.Errorf("%d entries are left, want 1", len(entries))
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	if _, err := Open(dir); !errors.Is(err, ErrNotARun) {
		t.Errorf("an empty folder: %v", err)
	}
	must(t, os.WriteFile(filepath.Join(dir, runFile), []byte(`{"schema":"hueprint/run/99"}`), 0o644))
	if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), "hueprint/run/99") {
		t.Errorf("a later schema: %v", err)
	}
	must(t, os.WriteFile(filepath.Join(dir, runFile), []byte(`{`), 0o644))
	if _, err := Open(dir); err == nil {
		t.Error("a torn run.json was opened")
	}
}

func TestListIsSortedAndSkipsStrangers(t *testing.T) {
	root := t.TempDir()
	if fs, err := List(filepath.Join(root, "missing")); err != nil || len(fs) != 0 {
		t.Errorf("a missing root: %v, %v", fs, err)
	}
	var ids []string
	for i := range 3 {
		r := registered(t)
		r.Prepared = noon.Add(-time.Duration(i) * time.Hour)
		id, err := NewID(r.Prepared, strings.NewReader("0123456789"))
		must(t, err)
		r.ID = id
		ids = append([]string{id}, ids...)
		_, err = Create(root, r)
		must(t, err)
	}
	must(t, os.Mkdir(filepath.Join(root, ".new-1"), 0o755), os.Mkdir(filepath.Join(root, "notes"), 0o755))
	fs, err := List(root)
	must(t, err)
	var got []string
	for _, f := range fs {
		got = append(got, f.ID())
	}
	if diff := cmp.Diff(ids, got); diff != "" {
		t.Error(diff)
	}
	for _, name := range []string{fs[1].ID(), strings.ToLower(fs[1].ID()), fs[1].Dir(), filepath.Base(fs[1].Dir()), fs[1].ID()[:9]} {
		if f, err := Find(root, name); err != nil || f.ID() != fs[1].ID() {
			t.Errorf("%q finds %v: %v", name, f, err)
		}
	}
	for _, name := range []string{"", "2026", "01", "nothing"} {
		if f, err := Find(root, name); err == nil {
			t.Errorf("%q finds %s", name, f.ID())
		}
	}
}

func TestDerivedFilesAreWrittenWholeOrNotAtAll(t *testing.T) {
	f := newFolder(t)
	if _, err := f.Findings(); !errors.Is(err, ErrNotAnalysed) {
		t.Errorf("findings before analysis: %v", err)
	}
	found := analysis.Findings{Schema: analysis.Schema, Warnings: []string{"<few> slots"}}
	must(t, f.WriteFindings(found))
	got, err := f.Findings()
	must(t, err)
	if diff := cmp.Diff(found, got); diff != "" {
		t.Error(diff)
	}
	broken := errors.New("broken off")
	err = f.WriteFile(findingsFile, func(w io.Writer) error {
		io.WriteString(w, "half")
		return broken
	})
	if !errors.Is(err, broken) {
		t.Errorf("error is %v", err)
	}
	if got, err := f.Findings(); err != nil || got.Schema != analysis.Schema {
		t.Errorf("the old findings are gone: %v, %v", got, err)
	}
	for _, name := range []string{runFile, journalFile, manifestFile, "capture/x", "../x", ""} {
		if err := f.WriteFile(name, func(io.Writer) error { return nil }); err == nil {
			t.Errorf("%q was overwritten", name)
		}
	}
}

func TestVerifyFindsEveryChange(t *testing.T) {
	f := newFolder(t)
	if err := f.Verify(); !errors.Is(err, ErrUnsealed) {
		t.Errorf("before the seal: %v", err)
	}
	s, err := f.Sink("echo", Tap{})
	must(t, err, s.Frame(frame(1)), s.Close(), f.NotRestored("bridge away"), f.End(noon, experiments.Complete, ""), f.Seal(), f.Verify())
	must(t, f.WriteReport(func(w io.Writer) error { _, err := io.WriteString(w, "<p>"); return err }), f.Verify())
	must(t, f.Restored(true, ""), f.Seal(), f.Verify())
	m, err := f.Manifest()
	must(t, err)
	if len(m.Files) != 4 || m.Seed != 7 || m.Version != "test" {
		t.Errorf("manifest is %+v", m)
	}

	capture := f.Captures("echo")[0]
	old, err := os.ReadFile(capture)
	must(t, err, os.WriteFile(capture, append(old, 0), 0o600))
	if err := f.Verify(); !errors.Is(err, errAltered) || !strings.Contains(err.Error(), "echo-0001.pcapng") {
		t.Errorf("an altered capture: %v", err)
	}
	must(t, os.WriteFile(capture, old, 0o600), os.WriteFile(f.path("extra"), nil, 0o644))
	if err := f.Verify(); err == nil || !strings.Contains(err.Error(), "extra") {
		t.Errorf("an added file: %v", err)
	}
	must(t, os.Remove(f.path("extra")), os.Truncate(f.path(journalFile), 10))
	if err := f.Seal(); !errors.Is(err, errAltered) {
		t.Errorf("a shortened journal was sealed: %v", err)
	}
}

// TestFindingsBesideTheManifest: a process may die between the findings and their
// entry in the manifest.
func TestFindingsBesideTheManifest(t *testing.T) {
	f := newFolder(t)
	if _, err := f.Unlisted(); !errors.Is(err, ErrUnsealed) {
		t.Errorf("a folder without a manifest: %v", err)
	}
	must(t, f.End(noon, experiments.Complete, ""), f.Seal(), os.WriteFile(f.path(findingsFile), []byte("{}"), 0o600))
	if unlisted, err := f.Unlisted(); err != nil || !unlisted {
		t.Errorf("findings that the manifest does not know: %v, %v", unlisted, err)
	}
	must(t, f.Seal(), f.Verify())
	if unlisted, err := f.Unlisted(); err != nil || unlisted {
		t.Errorf("after sealing again: %v, %v", unlisted, err)
	}
}

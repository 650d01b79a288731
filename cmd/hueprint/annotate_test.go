package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hueprint/hueprint/reports/exporttest"
	"github.com/hueprint/hueprint/runs"
)

// sampleFolder lays a sample into a run folder, several small files a recording.
func sampleFolder(t *testing.T, s exporttest.Sample) *runs.Folder {
	t.Helper()
	known := s.Run // before the first command
	known.Commands, known.Recordings, known.Ending, known.Restored = nil, nil, "", false
	folder, err := runs.Create(t.TempDir(), known)
	if err != nil {
		t.Fatal(err)
	}
	errs := []error{folder.Setting(s.Run.Plan.Initial), folder.Set(s.Run.Plan.Initial, s.Run.Commands[0].Receipt), folder.Started(s.Run.Started)}
	for _, rec := range s.Run.Recordings {
		sink, err := folder.Sink(rec.Gateway, runs.Tap{Interface: rec.Interface, MaxBytes: 3000})
		if err != nil {
			t.Fatal(err)
		}
		for f := range s.Frames(rec.Gateway) {
			errs = append(errs, sink.Frame(f))
		}
		errs = append(errs, sink.Close(), folder.Recording(rec))
	}
	for _, c := range s.Run.Commands {
		errs = append(errs, folder.Intend(c), folder.Result(c), folder.Confirm(c.Slot, c.Confirmed, c.ConfirmedBy))
	}
	errs = append(errs, folder.Restored(true, ""), folder.End(s.Run.Ended, s.Run.Ending, ""), folder.Close())
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	return folder
}

// invoke runs the program in-process.
func invoke(args ...string) (code int, stdout, stderr string) {
	var out, err bytes.Buffer
	code = run(context.Background(), args, strings.NewReader(""), &out, &err)
	return code, out.String(), err.String()
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// One file a gateway, several files of a recording in one, and the recording
// stays as it was.
func TestAnnotateWritesOneFileAGateway(t *testing.T) {
	names := []string{"hub", strings.ToValidUTF8(exporttest.Hostile, "")}
	folder := sampleFolder(t, exporttest.New(exporttest.Options{Gateways: names}))
	before := map[string][]byte{}
	for _, name := range names {
		captures := folder.Captures(name)
		if len(captures) < 2 {
			t.Fatalf("the recording has %d files; the test wants several", len(captures))
		}
		for _, path := range captures {
			before[path] = read(t, path)
		}
	}
	out := filepath.Join(t.TempDir(), "copy.pcapng")
	code, stdout, stderr := invoke("annotate", folder.Dir(), "--out", out)
	if code != exitDone || stderr != "" || strings.Count(stdout, "14 records of what the experiment did (simulated)") != 2 {
		t.Fatalf("exit %d, stdout %q, stderr %q", code, stdout, stderr)
	}
	written, _ := filepath.Glob(filepath.Join(filepath.Dir(out), "*"))
	if len(written) != 2 {
		t.Fatalf("wrote %q, want one file a gateway", written)
	}
	for _, path := range written {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s can be read by others: %v", path, err)
		}
	}
	for path, want := range before {
		if !bytes.Equal(read(t, path), want) {
			t.Errorf("%s was changed", path)
		}
	}
	again := filepath.Join(t.TempDir(), "again.pcapng")
	if code, _, stderr := invoke("annotate", folder.Dir(), "hub", "--out", again); code != exitDone {
		t.Fatal(stderr)
	}
	if !bytes.Equal(read(t, again), read(t, strings.TrimSuffix(out, ".pcapng")+"-hub.pcapng")) {
		t.Error("the same run gave different bytes")
	}
}

// A recorder that was killed leaves a file that is cut off: what is whole is
// copied.
func TestAnnotateCopiesWhatIsWholeOfACutRecording(t *testing.T) {
	folder := sampleFolder(t, exporttest.New(exporttest.Options{}))
	captures := folder.Captures("hub")
	last := captures[len(captures)-1]
	info, err := os.Stat(last)
	if err == nil {
		err = os.Truncate(last, info.Size()-7)
	}
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "copy.pcapng")
	if code, _, stderr := invoke("annotate", folder.Dir(), "--out", out); code != exitDone {
		t.Fatal(stderr)
	}
	needs(t, has("tshark"), "tshark")
	cmd := exec.Command("tshark", "-n", "-r", out, "-Y", `frame.comment contains "P1 step"`)
	if lines, err := cmd.Output(); err != nil || bytes.Count(lines, []byte("\n")) != 12 {
		t.Errorf("tshark: %v, %d matched packets, want 12", err, bytes.Count(lines, []byte("\n")))
	}
}

func TestAnnotateRefuses(t *testing.T) {
	folder := sampleFolder(t, exporttest.New(exporttest.Options{}))
	for name, c := range map[string]struct {
		args []string
		code int
		says string
	}{
		"another gateway":        {[]string{"nobody"}, exitFailed, `no gateway "nobody": it has hub`},
		"the recordings' folder": {[]string{"--out", filepath.Join(folder.Dir(), "capture", "x.pcapng")}, exitUsage, "choose another folder"},
		"a folder that is not":   {[]string{"--out", filepath.Join(t.TempDir(), "none", "x.pcapng")}, exitFailed, "make its folder"},
	} {
		t.Run(name, func(t *testing.T) {
			code, _, stderr := invoke(append([]string{"annotate", folder.Dir()}, c.args...)...)
			if code != c.code || !strings.Contains(stderr, c.says) {
				t.Errorf("exit %d, %q; want %d and %q", code, stderr, c.code, c.says)
			}
		})
	}
}

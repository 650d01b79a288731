package runs

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/traffic"
)

// frame is the n-th of a series of frames.
func frame(n int) traffic.Frame {
	data := make([]byte, 100)
	binary.BigEndian.PutUint32(data[14:], uint32(n))
	return traffic.Frame{Time: noon.Add(time.Duration(n) * time.Millisecond), Link: traffic.LinkEthernet, Data: data, Wire: 1500}
}

// numbers reads back which frames are held.
func numbers(t *testing.T, f *Folder, gateway string) (ns []int) {
	t.Helper()
	for frame, err := range f.Frames(gateway) {
		must(t, err)
		ns = append(ns, int(binary.BigEndian.Uint32(frame.Data[14:])))
	}
	return ns
}

func wantUpTo(t *testing.T, ns []int, n int) {
	t.Helper()
	if len(ns) != n {
		t.Fatalf("%d frames are held, want %d", len(ns), n)
	}
	for i, got := range ns {
		if got != i+1 {
			t.Fatalf("frame %d is number %d", i+1, got)
		}
	}
}

func TestSegmentsRotateBySizeAndKeepTheOrder(t *testing.T) {
	f := newFolder(t)
	s, err := f.Sink("echo", Tap{Interface: "eth0", Filter: "ether host …", MaxBytes: 10 * 132})
	must(t, err)
	for i := range 95 {
		must(t, s.Frame(frame(i+1)))
	}
	must(t, s.Close(), s.Close())
	if got := len(f.Captures("echo")); got != 10 {
		t.Errorf("%d files, want 10", got)
	}
	if got := s.Counts(); got != (Counts{95, 95 * 1500}) {
		t.Errorf("counts are %+v", got)
	}
	wantUpTo(t, numbers(t, f, "echo"), 95)
	if err := s.Frame(frame(96)); err == nil {
		t.Error("a closed sink takes frames")
	}
	other, err := f.Sink("echo-0001", Tap{})
	must(t, err, other.Close())
	if got := len(f.Captures("echo")); got != 10 {
		t.Errorf("another gateway's files are taken for this one's: %d", got)
	}
}

func TestSegmentsRotateByAgeAndFlushEachSecond(t *testing.T) {
	f := newFolder(t)
	synctest.Test(t, func(t *testing.T) {
		s, err := f.Sink("echo", Tap{MaxAge: time.Minute})
		must(t, err, s.Frame(frame(1)))
		time.Sleep(1001 * time.Millisecond)
		wantUpTo(t, numbers(t, f, "echo"), 1)
		time.Sleep(time.Minute)
		must(t, s.Frame(frame(2)), s.Close())
	})
	if got := len(f.Captures("echo")); got != 2 {
		t.Errorf("%d files, want 2", got)
	}
	wantUpTo(t, numbers(t, f, "echo"), 2)
}

func TestARecordingCutAnywhereYieldsWhatIsWhole(t *testing.T) {
	f := newFolder(t)
	s, err := f.Sink("echo", Tap{})
	must(t, err)
	for i := range 5 {
		must(t, s.Frame(frame(i+1)))
	}
	must(t, s.Close(), f.Recording(traffic.Recording{Gateway: "echo", Start: noon}))
	path := f.Captures("echo")[0]
	whole, err := os.ReadFile(path)
	must(t, err)
	last := 6
	for cut := len(whole); cut >= 0; cut -= 3 {
		must(t, os.Truncate(path, int64(cut)))
		ns := numbers(t, f, "echo")
		wantUpTo(t, ns, len(ns))
		if len(ns) > last || last-len(ns) > 1 {
			t.Fatalf("cut at %d: %d frames", cut, len(ns))
		}
		last = len(ns)
		r := facts(t, f)
		if got := r.Recordings[0]; got.Frames != uint64(len(ns)) || got.Failure == "" {
			t.Fatalf("cut at %d: recording %+v", cut, got)
		}
	}
	if len(facts(t, f).Notes) == 0 {
		t.Error("no note tells of the cut")
	}
}

func TestADamagedFileIsToldAndTheNextIsRead(t *testing.T) {
	f := newFolder(t)
	s, err := f.Sink("echo", Tap{MaxBytes: 1})
	must(t, err, s.Frame(frame(1)), s.Frame(frame(2)), s.Close())
	must(t, os.WriteFile(f.Captures("echo")[0], []byte("this is no capture at all, but long enough"), 0o600))
	var errs, frames int
	for _, err := range f.Frames("echo") {
		if err != nil {
			errs++
		} else {
			frames++
		}
	}
	if errs != 1 || frames != 1 {
		t.Errorf("%d errors, %d frames", errs, frames)
	}
}

func TestAnEarlyBreakEndsTheReading(t *testing.T) {
	f := newFolder(t)
	s, err := f.Sink("echo", Tap{MaxBytes: 1})
	must(t, err, s.Frame(frame(1)), s.Frame(frame(2)), s.Close())
	n := 0
	for range f.Frames("echo") {
		n++
		break
	}
	if n != 1 {
		t.Errorf("%d frames", n)
	}
}

func TestASinkThatCannotBeginSaysWhy(t *testing.T) {
	f := newFolder(t)
	must(t, os.RemoveAll(filepath.Join(f.Dir(), captureDir)))
	if _, err := f.Sink("echo", Tap{}); err == nil {
		t.Error("a sink without a folder was begun")
	}
	if r := facts(t, f); r.Ending != experiments.Interrupted {
		t.Errorf("ending is %s", r.Ending)
	}
}

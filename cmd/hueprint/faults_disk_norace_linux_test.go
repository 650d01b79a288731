//go:build !race

package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/capture"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/simulator/bridge"
)

// A disk is a small file system in memory.
type disk struct{ dir string }

func newDisk(t *testing.T, dir, size string) disk {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("hueprint-test", dir, "tmpfs", 0, "mode=0755,size="+size); err != nil {
		t.Fatalf("mount a small disk: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return disk{dir}
}

// fill leaves at most so many bytes free.
func (d disk) fill(t *testing.T, free int64) {
	t.Helper()
	hog, err := os.OpenFile(d.hog(), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil && !errors.Is(err, unix.ENOSPC) {
		t.Error(err)
		return
	}
	defer hog.Close()
	for chunk := make([]byte, 64<<10); len(chunk) > 0; {
		if n, err := hog.Write(chunk); err != nil {
			chunk = chunk[:len(chunk)/2]
		} else {
			chunk = chunk[:n]
		}
	}
	info, err := hog.Stat()
	if err != nil || hog.Truncate(max(0, info.Size()-free)) != nil {
		t.Error("cannot leave room: ", err)
	}
}

func (d disk) hog() string { return filepath.Join(d.dir, "hog") }

func (d disk) free(t *testing.T) {
	t.Helper()
	if err := os.Remove(d.hog()); err != nil {
		t.Error(err)
	}
}

// TestFullDiskNoRace fills the disk at each stage of a run.
func TestFullDiskNoRace(t *testing.T) {
	needs(t, os.Geteuid() == 0 && capture.Check("lo") == nil, "root, to capture on lo and to mount a small disk")
	chatter(t, local(benchGateway), sparse)
	t.Run("at the locks", func(t *testing.T) {
		t.Parallel()
		k := newShortBench(t, benchOptions{seed: 2})
		newDisk(t, filepath.Join(k.dir, "state"), "64k").fill(t, 0)
		k.demandRefusal(t)
	})
	t.Run("at the creation of the run", func(t *testing.T) {
		t.Parallel()
		k := newShortBench(t, benchOptions{seed: 2})
		newDisk(t, filepath.Join(k.dir, "lab"), "4m").fill(t, 0)
		k.demandRefusal(t)
	})
	t.Run("with no room for the journal", func(t *testing.T) {
		t.Parallel()
		k := newShortBench(t, benchOptions{seed: 2})
		newDisk(t, filepath.Join(k.dir, "lab"), "4m").fill(t, 64<<10)
		k.demandRefusal(t)
	})
	t.Run("in the recording, by the recording", fullByRecording)
	t.Run("in the recording, by others", fullByOthers)
	t.Run("at findings and report", fullAtFindings)
}

// demandRefusal runs the program, which must refuse before it touches the bulb.
func (k shortBench) demandRefusal(t *testing.T) {
	t.Helper()
	before := k.bridge.State("1")
	status, said := k.conduct(t, "run", "short")
	if status != exitFailed || !strings.Contains(said, "no space left on device") || !strings.Contains(said, "free space there") {
		t.Errorf("exit status %d, want 1 and what to do:\n%s", status, said)
	}
	if n := len(k.puts()); n > 0 {
		t.Errorf("%d commands were sent", n)
	}
	k.demandAsFound(t, before)
}

func fullByRecording(t *testing.T) {
	t.Parallel()
	conn := chatterConn(t, local(floodedGateway), loopbackPacket(t))
	k := newShortBench(t, benchOptions{seed: 2, gateway: lo(floodedGateway)})
	newDisk(t, filepath.Join(k.dir, "lab"), "1500k")
	k.findAgainstPlan(t, 2)
	before := k.bridge.State("1")
	s := k.begin(t, "run", "short", "--seed", "2")
	for running := true; running; {
		for range 100 {
			_, _ = conn.Write(make([]byte, 100))
		}
		select {
		case <-s.ended:
			running = false
		case <-time.After(20 * time.Millisecond):
		}
	}
	k.demandKept(t, s, before)
}

func fullByOthers(t *testing.T) {
	t.Parallel()
	conn := chatterConn(t, local(otherGateway), loopbackPacket(t))
	k := newShortBench(t, benchOptions{seed: 3, gateway: lo(otherGateway)})
	d := newDisk(t, filepath.Join(k.dir, "lab"), "8m")
	k.findAgainstPlan(t, 3)
	before := k.bridge.State("1")
	s := k.begin(t, "run", "short", "--seed", "3")
	filled := false
	for running := true; running; {
		_, _ = conn.Write(make([]byte, 3_000))
		if !filled && len(k.puts()) == 3 {
			d.fill(t, 0)
			filled = true
		}
		select {
		case <-s.ended:
			running = false
		case <-time.After(20 * time.Millisecond):
		}
	}
	k.demandKept(t, s, before)
}

// demandKept checks a run whose disk filled up while it recorded: it failed with
// a clear word, the bulb is as it was, the journal is whole, and what had been
// recorded can be read.
func (k shortBench) demandKept(t *testing.T, s *session, before bridge.LightState) {
	t.Helper()
	status, said := s.status(t), s.said.String()
	if status != exitFailed || !strings.Contains(said, "no space left on device") || !strings.Contains(said, "free space there") {
		t.Errorf("exit status %d, want 1 and what to do:\n%s", status, said)
	}
	k.demandAsFound(t, before)
	folder := k.folder(t)
	run, err := folder.Run()
	if err != nil {
		t.Fatal(err)
	}
	commands := 1
	for _, c := range run.Commands {
		if !c.Sent.IsZero() {
			commands++
		}
	}
	if puts := len(k.puts()); commands < puts-1 || commands > puts || !run.Restored { // one put restores
		t.Errorf("the bridge received %d commands, the journal has %d; restored %t", puts, commands, run.Restored)
	}
	if run.Ending != experiments.Aborted || !strings.Contains(run.Cause, "no space left") {
		t.Errorf("ending %s: %s", run.Ending, run.Cause)
	}
	frames := 0
	for _, err := range folder.Frames("gw") {
		if err != nil {
			t.Logf("the recording ends with: %v", err)
			break
		}
		frames++
	}
	if rec := run.Recordings[0]; frames == 0 || rec.Failure == "" {
		t.Errorf("%d frames can be read of a recording %+v", frames, rec)
	}
	t.Logf("%d frames kept: %s", frames, run.Cause)
}

// fullAtFindings fills the disk after a good run, so that neither findings nor
// reports have room; the facts and the findings that are there stay as they are.
func fullAtFindings(t *testing.T) {
	t.Parallel()
	k := newShortBench(t, benchOptions{seed: 4})
	d := newDisk(t, filepath.Join(k.dir, "lab"), "8m")
	if status, said := k.conduct(t, "run", "short", "--seed", "4"); status != exitDone {
		t.Fatalf("exit status %d:\n%s", status, said)
	}
	dir := k.folder(t).Dir()
	findings := filepath.Join(dir, "findings.json")
	first, err := os.ReadFile(findings)
	if err != nil {
		t.Fatal(err)
	}
	stages := []struct {
		name   string
		remove []string
		free   int64
	}{
		{"findings, with old ones there", nil, 0},
		{"findings", []string{"findings.json", "report.html"}, 0},
		{"report", []string{"report.html"}, int64(len(first)) + 16<<10},
	}
	for _, stage := range stages {
		for _, name := range stage.remove {
			if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, os.ErrNotExist) {
				t.Error(err)
			}
		}
		d.fill(t, stage.free)
		status, said := k.conduct(t, "analyze", dir)
		if status != exitFailed || !strings.Contains(said, "no space left on device") || !strings.Contains(said, "free space there") {
			t.Errorf("%s: exit status %d, want 1 and what to do:\n%s", stage.name, status, said)
		}
		if ending := k.ending(t); ending != experiments.Complete {
			t.Errorf("%s: the run is now %s", stage.name, ending)
		}
		if now, err := os.ReadFile(findings); err == nil && !bytes.Equal(now, first) {
			t.Errorf("%s: the findings have changed", stage.name)
		}
		d.free(t)
	}
	if status, said := k.conduct(t, "analyze", dir); status != exitDone {
		t.Errorf("with room again: exit status %d:\n%s", status, said)
	}
	if now, err := os.ReadFile(findings); err != nil || !bytes.Equal(now, first) {
		t.Errorf("with room again the findings differ: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) > 0 {
		t.Errorf("temporary files were left: %v", left)
	}
	if part, err := analyzeRun(k.folder(t), analysis.Options{}); err != nil || len(part.Findings.Verdicts) != 1 {
		t.Errorf("the run does not analyse: %v", err)
	}
}

// ending reads how the run ended.
func (k shortBench) ending(t *testing.T) experiments.Ending {
	t.Helper()
	run, err := k.folder(t).Run()
	if err != nil {
		t.Fatal(err)
	}
	return run.Ending
}

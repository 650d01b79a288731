package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hueprint/hueprint/reports"
	"github.com/hueprint/hueprint/reports/exporttest"
)

// An idle recording, of whatever kind, is compared and reported, and leaves
// what the folder keeps as it was.
func TestAnalyzeBesideIdle(t *testing.T) {
	folder := sampleFolder(t, exporttest.New(exporttest.Options{Gateways: []string{"hub"}}))
	silent := exporttest.New(exporttest.Options{Gateways: []string{"hub"}, Silent: true})
	silent.Run.ID = "01KB2M7Q0000000000000000ZZ"
	idle := sampleFolder(t, silent)
	findings, report := filepath.Join(folder.Dir(), "findings.json"), folder.ReportPath()
	for _, arg := range []string{idle.Dir(), idle.Captures("hub")[0]} {
		page := filepath.Join(t.TempDir(), "idle.html")
		code, stdout, stderr := invoke("analyze", folder.Dir(), "--idle", arg, "--json", "--report", page)
		if code != exitDone {
			t.Fatalf("exit %d: %s", code, stderr)
		}
		var out reports.Output
		if err := json.Unmarshal([]byte(stdout), &out); err != nil {
			t.Fatal(err)
		}
		c := out.Verdicts[0].Idle
		if c == nil || len(c.OnlyRun) != 1 || !strings.HasSuffix(c.OnlyRun[0].Name, ":5000/udp") || len(c.OnlyIdle) != 0 || c.Both == 0 {
			t.Errorf("%s: %+v", arg, c)
		}
		if warned := strings.Contains(stdout, "commands: whatever came with them counts as idle"); warned != (arg == idle.Dir()) {
			t.Errorf("%s: warned of its commands: %v", arg, warned)
		}
		if !strings.Contains(string(read(t, page)), "<h3>Idle recording</h3>") {
			t.Errorf("%s: the report has no idle recording", arg)
		}
		for _, path := range []string{findings, report} {
			if _, err := os.Stat(path); err == nil {
				t.Errorf("%s was written", path)
			}
		}
	}
	if code, _, stderr := invoke("analyze", folder.Dir()); code != exitDone || strings.Contains(string(read(t, findings)), `"idle"`) {
		t.Errorf("exit %d, or an idle recording is kept: %s", code, stderr)
	}
}

// Several recordings are one, in whatever order they are named.
func TestAnalyzeBesideSeveralIdle(t *testing.T) {
	folder := sampleFolder(t, exporttest.New(exporttest.Options{Gateways: []string{"hub"}}))
	silent := exporttest.New(exporttest.Options{Gateways: []string{"hub"}, Silent: true})
	silent.Run.ID = "01KB2M7Q0000000000000000ZZ"
	loud := exporttest.New(exporttest.Options{Gateways: []string{"hub"}})
	loud.Run.ID = "01KB2M7Q0000000000000000YY"
	without, with := sampleFolder(t, silent), sampleFolder(t, loud)
	for _, args := range [][]string{{without.Dir(), with.Captures("hub")[0]}, {with.Captures("hub")[0], without.Dir()}, {with.Captures("hub")[0], without.Captures("hub")[0]}} {
		code, stdout, stderr := invoke("analyze", folder.Dir(), "--idle", args[0], "--idle", args[1], "--json")
		var out reports.Output
		if err := json.Unmarshal([]byte(stdout), &out); err != nil || code != exitDone {
			t.Fatalf("exit %d: %v: %s", code, err, stderr)
		}
		if c := out.Verdicts[0].Idle; c == nil || len(c.OnlyRun)+len(c.OnlyIdle) != 0 || c.Both == 0 || c.IdleDuration <= 0 {
			t.Errorf("%q: %+v", args, c)
		}
		if !strings.Contains(stdout, "is 2 recordings") {
			t.Errorf("%q: does not tell of two recordings", args)
		}
	}
	if code, _, stderr := invoke("analyze", folder.Dir(), "--idle", without.Dir(), "--idle", folder.Dir()); code != exitUsage || !strings.Contains(stderr, "the run itself") {
		t.Errorf("exit %d: %s", code, stderr)
	}
}

func TestIdleRefusals(t *testing.T) {
	sample := exporttest.New(exporttest.Options{Gateways: []string{"hub"}})
	folder := sampleFolder(t, sample)
	text := filepath.Join(t.TempDir(), "text.pcap")
	actions := filepath.Join(t.TempDir(), "taps.csv")
	for path, content := range map[string]string{text: "This is not a capture.", actions: "time,action\n1687621921.095,on\n"} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		idle, says string
		code       int
	}{
		{folder.Dir(), "the recording of the run itself", exitUsage},
		{folder.Captures("hub")[0], "the recording of the run itself", exitUsage},
		{filepath.Join(t.TempDir(), "none"), "there is no file", exitFailed},
		{text, "not a capture", exitFailed},
	} {
		if code, _, stderr := invoke("analyze", folder.Dir(), "--idle", c.idle); code != c.code || !strings.Contains(stderr, c.says) {
			t.Errorf("--idle %s: exit %d: %s", c.idle, code, stderr)
		}
	}
	if code, _, stderr := invoke("analyze", text, "--actions", actions, "--gateway", "192.0.2.1", "--idle", text); code != exitUsage || !strings.Contains(stderr, "goes with runs") {
		t.Errorf("labelled: exit %d: %s", code, stderr)
	}
}

// A recording of something else is no idle one, and says so.
func TestIdleOfAnotherGateway(t *testing.T) {
	folder := sampleFolder(t, exporttest.New(exporttest.Options{Gateways: []string{"hub"}}))
	other := exporttest.New(exporttest.Options{Gateways: []string{"speaker"}})
	other.Run.ID = "01KB2M7Q0000000000000000ZZ"
	_, stdout, _ := invoke("analyze", folder.Dir(), "--idle", sampleFolder(t, other).Dir())
	if !strings.Contains(strings.Join(strings.Fields(stdout), " "), "has no traffic of hub") {
		t.Error(stdout)
	}
}

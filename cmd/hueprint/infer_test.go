package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hueprint/hueprint/analysis/infer"
	"github.com/hueprint/hueprint/reports/exporttest"
)

// plugFolders are the development captures of one device in three homes.
func plugFolders(t *testing.T) []string {
	t.Helper()
	root := os.Getenv("HUEPRINT_DATA")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared", "data")
	}
	var out []string
	for _, name := range []string{"no-firewall", "base-firewall", "my-firewall"} {
		dir := filepath.Join(root, "tplink-plug", name)
		_, err := os.Stat(dir)
		needs(t, err == nil, "the development captures (set HUEPRINT_DATA)")
		out = append(out, dir)
	}
	return out
}

func inferred(t *testing.T, want int, args ...string) infer.Answer {
	t.Helper()
	code, stdout, stderr := invoke(append([]string{"infer", "--json"}, args...)...)
	if code != want {
		t.Fatalf("exit %d, want %d: %s", code, want, stderr)
	}
	var a infer.Answer
	if err := json.Unmarshal([]byte(stdout), &a); err != nil {
		t.Fatal(err)
	}
	return a
}

func TestInferFromLabelledFolders(t *testing.T) {
	f := plugFolders(t)
	a := inferred(t, exitDone, "--train", f[0], f[1], "--test", f[2], "--idle", f[2])
	if a.Schema != infer.AnswerSchema || len(a.Tests) != 2 || a.Tests[0].Correct != 14 || a.Tests[0].FalsePositives != 0 || a.Tests[0].Truth != infer.TruthKnown {
		t.Errorf("%+v", a.Tests[0].Score)
	}
	if idle := a.Tests[1]; idle.Truth != infer.TruthIdle || idle.FalsePositives != 14 || *idle.PerHour < 30 {
		t.Errorf("called idle: %+v", idle.Score)
	}
	if a.Total.Correct != 14 || a.FalsePositives != 14 {
		t.Errorf("in total %+v", a.Total)
	}
	bare := inferred(t, exitDone, "--train", f[0], f[1], "--test", filepath.Join(f[2], "capture.pcap"), "--gateway", "192.168.1.135")
	if got := bare.Tests[0]; got.Truth != infer.TruthUnknown || len(got.Inferred) != 14 || got.Inferred[0].Label != "on" || got.Inferred[0].Confidence < 0.5 {
		t.Errorf("%+v", got)
	}
	code, stdout, _ := invoke("infer", "--train", f[0], f[1], "--test", f[2])
	for _, words := range []string{"14 of 14 actions found, 14 of them right", "518 B", "recall 100.0 % (78.5–100.0)", "off → off 7, on → on 7", "one side alone, out"} {
		if code != exitDone || !strings.Contains(stdout, words) {
			t.Errorf("exit %d, %q is not in\n%s", code, words, stdout)
		}
	}
	if _, again, _ := invoke("infer", "--train", f[0], f[1], "--test", f[2]); again != stdout {
		t.Error("the same call says something else")
	}
}

// Runs teach, too; one that shows nothing teaches nothing, which is an answer of
// its own; and nothing is found then.
func TestInferFromRuns(t *testing.T) {
	run := sampleFolder(t, exporttest.New(exporttest.Options{Gateways: []string{"hub", "other"}}))
	again := sampleFolder(t, exporttest.New(exporttest.Options{Gateways: []string{"hub", "other"}, Offset: 1}))
	idle := idleFolder(t, exporttest.New(exporttest.Options{Gateways: []string{"hub", "other"}, Silent: true}))
	a := inferred(t, exitDone, "--alpha", "0.05", "--train", run.Dir(), "--test", again.Dir(), "--idle", idle.Dir())
	if !a.Simulated || len(a.Tests) != 4 || len(a.Lessons) != 2 {
		t.Fatalf("simulated %t, %d tests, %d lessons", a.Simulated, len(a.Tests), len(a.Lessons))
	}
	for _, test := range a.Tests {
		if test.Truth == infer.TruthKnown && (test.Detected != test.Actions || test.Actions == 0) || test.FalsePositives > 0 {
			t.Errorf("%s in %s (%s): %d of %d found, %d false", test.Gateway, test.Recording, test.Truth, test.Detected, test.Actions, test.FalsePositives)
		}
	}
	silent := sampleFolder(t, exporttest.New(exporttest.Options{Silent: true}))
	if a := inferred(t, exitInconclusive, "--train", silent.Dir(), "--test", run.Dir()); a.Detected+a.FalsePositives != 0 || len(a.Warnings) == 0 {
		t.Errorf("a silent gateway taught something: %+v", a.Score)
	}
	if code, stdout, _ := invoke("infer", "--train", silent.Dir(), "--test", run.Dir()); code != exitInconclusive || !strings.Contains(stdout, "Nothing can be learned about hub") {
		t.Errorf("exit %d: %s", code, stdout)
	}
}

func TestInferRefuses(t *testing.T) {
	run := sampleFolder(t, exporttest.New(exporttest.Options{Gateways: []string{"hub", "other"}}))
	idle := idleFolder(t, exporttest.New(exporttest.Options{Gateways: []string{"hub"}, Silent: true}))
	file := filepath.Join(t.TempDir(), "x.pcap")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		args []string
		want string
	}{
		{nil, "with --train"},
		{[]string{"--train", run.Dir()}, "with --test or --idle"},
		{[]string{"--train", file, "--test", run.Dir()}, "is a file"},
		{[]string{"--train", idle.Dir(), "--test", run.Dir()}, "nothing was done"},
		{[]string{"--train", run.Dir(), "--test", file}, "name with --gateway"},
		{[]string{"--train", run.Dir(), "--test", run.Dir(), "--alpha", "1"}, "between 0 and 1"},
	} {
		code, _, stderr := invoke(append([]string{"infer"}, tt.args...)...)
		if code != exitUsage || !strings.Contains(stderr, tt.want) {
			t.Errorf("%v: exit %d: %s", tt.args, code, stderr)
		}
	}
}

func TestListsOfRecordingsAreSpread(t *testing.T) {
	for _, tt := range []struct{ args, want string }{
		{"infer --train a b --test c", "infer --train a --train b --test c"},
		{"-c x.yaml infer --json --idle a b c", "-c x.yaml infer --json --idle a --idle b --idle c"},
		{"infer --train=a --test b --gateway g", "infer --train=a --test b --gateway g"},
		{"infer --test a b --alpha 0.5 --train", "infer --test a --test b --alpha 0.5 --train"},
		{"analyze --idle a b", "analyze --idle a b"},
	} {
		if got := spread(strings.Fields(tt.args)); !slices.Equal(got, strings.Fields(tt.want)) {
			t.Errorf("%s: %v, want %s", tt.args, got, tt.want)
		}
	}
}

//go:build !race

package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/reports"
	"github.com/hueprint/hueprint/runs"
)

// TestLooksNoRace runs an experiment that may end early on the simulated lab: a
// gateway that answers every action ends it at the first look, and whoever
// analyses the run again gets the same bytes.
func TestLooksNoRace(t *testing.T) {
	dir := t.TempDir()
	cmd := process(t, "demo", "--json", "--dir", dir, "--seed", "1", "--gateways", "aeotec", "--actions", "16", "--controls", "16", "--looks", "16,32")
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, errs.String())
	}
	if !strings.Contains(errs.String(), "aeotec: look 1 of 2: decided, the run ends here\n") {
		t.Errorf("the progress does not tell the look:\n%s", errs.String())
	}
	var got reports.Output
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	v := got.Verdicts[0]
	if v.Verdict != analysis.CloudVisible || v.Alpha != 0.005 || v.Sequential == nil || v.Sequential.Look != 1 || !v.Sequential.Decided || len(v.Trials) != 16 {
		t.Errorf("%s at alpha %v, %+v, %d trials", v.Verdict, v.Alpha, v.Sequential, len(v.Trials))
	}
	folder, err := runs.Open(got.Runs[0].Folder)
	if err != nil {
		t.Fatal(err)
	}
	run, err := folder.Run()
	if err != nil || run.Ending != experiments.Complete || len(run.Commands) != 16 || len(run.Looks) != 1 || !run.Restored {
		t.Errorf("%s after %d slots, looks %+v, restored %t: %v", run.Ending, len(run.Commands), run.Looks, run.Restored, err)
	}
	analysedAgain(t, folder.Dir())
}

// analysedAgain demands the same findings of a second analysis.
func analysedAgain(t *testing.T, dir string) {
	t.Helper()
	path := filepath.Join(dir, "findings.json")
	first, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if out, err := process(t, "analyze", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if second, err := os.ReadFile(path); err != nil || !bytes.Equal(first, second) {
		t.Errorf("the second analysis gave other findings: %v", err)
	}
}

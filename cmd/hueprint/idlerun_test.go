package main

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/reports/exporttest"
	"github.com/hueprint/hueprint/runs"
)

// idleFolder lays a sample's recordings into the folder of an idle recording.
func idleFolder(t *testing.T, s exporttest.Sample) *runs.Folder {
	t.Helper()
	r := s.Run
	folder, err := runs.Create(t.TempDir(), experiments.Run{ID: "01KB2M7Q0000000000000000ZZ", Idle: true, Prepared: r.Prepared, Gateways: r.Gateways,
		Plan: experiments.Plan{Experiment: experiments.Experiment{Name: "idle"}, Duration: r.Plan.Duration}})
	if err != nil {
		t.Fatal(err)
	}
	errs := []error{folder.Started(r.Started)}
	for _, rec := range r.Recordings {
		sink, err := folder.Sink(rec.Gateway, runs.Tap{Interface: rec.Interface})
		if err != nil {
			t.Fatal(err)
		}
		for f := range s.Frames(rec.Gateway) {
			errs = append(errs, sink.Frame(f))
		}
		errs = append(errs, sink.Close(), folder.Recording(rec))
	}
	if err := errors.Join(append(errs, folder.End(r.Ended, experiments.Complete, ""), folder.Seal(), folder.Close())...); err != nil {
		t.Fatal(err)
	}
	return folder
}

// Every command that needs a verdict says what an idle recording is for, and
// the comparison takes one.
func TestAnIdleRecordingHasNoVerdict(t *testing.T) {
	idle := idleFolder(t, exporttest.New(exporttest.Options{Gateways: []string{"hub"}, Silent: true}))
	for _, args := range [][]string{
		{"analyze"}, {"report"}, {"explain"}, {"annotate", "--out", filepath.Join(t.TempDir(), "x.pcapng")}, {"export", "--to", t.TempDir()},
	} {
		code, _, stderr := invoke(append([]string{args[0], idle.Dir()}, args[1:]...)...)
		if code != exitFailed || !strings.Contains(stderr, "it is an idle recording") || !strings.Contains(stderr, "hueprint analyze RUN --idle "+idle.ID()) {
			t.Errorf("%s: exit %d: %s", args[0], code, stderr)
		}
	}
	folder := sampleFolder(t, exporttest.New(exporttest.Options{Gateways: []string{"hub"}}))
	code, stdout, stderr := invoke("analyze", folder.Dir(), "--idle", idle.Dir(), "--json")
	if code != exitDone || !strings.Contains(stdout, `"only_run"`) || strings.Contains(stdout, "counts as idle") {
		t.Errorf("exit %d: %s", code, stderr)
	}
	if code, _, stderr := invoke("bundle", idle.Dir(), "--out", filepath.Join(t.TempDir(), "idle.zip")); code != exitDone {
		t.Errorf("bundle: exit %d: %s", code, stderr)
	}
}

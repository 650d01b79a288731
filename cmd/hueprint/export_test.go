package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hueprint/hueprint/reports/exporttest"
)

// exported is what a folder holds, by file name.
func exported(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, e := range entries {
		files[e.Name()] = read(t, filepath.Join(dir, e.Name()))
	}
	return files
}

// The tables, their documentation and the notebook, the same bytes each time.
func TestExportWritesTablesAndNotebook(t *testing.T) {
	folder := sampleFolder(t, exporttest.New(exporttest.Options{Gateways: []string{"hub", "other"}, Name: "=cmd()"}))
	first, second := filepath.Join(t.TempDir(), "made", "tables"), t.TempDir()
	code, stdout, stderr := invoke("export", folder.Dir(), "--to", first)
	if code != exitDone || stderr != "" || !strings.Contains(stdout, "(simulated)") {
		t.Fatalf("exit %d, stdout %q, stderr %q", code, stdout, stderr)
	}
	if code, _, stderr := invoke("export", folder.Dir(), "--to", second); code != exitDone {
		t.Fatal(stderr)
	}
	files, again := exported(t, first), exported(t, second)
	if len(files) != 14 {
		t.Errorf("wrote %d files, want six tables in two formats, columns.md and analysis.ipynb", len(files))
	}
	for name, text := range files {
		if len(text) == 0 || !bytes.Equal(text, again[name]) {
			t.Errorf("%s is empty, or not the same again", name)
		}
	}
	if rows := bytes.Count(files["trials.csv"], []byte("\r\n")); rows != 1+2*12 {
		t.Errorf("trials.csv has %d lines", rows)
	}
}

// Only the asked format is left, so that the notebook reads nothing old.
func TestExportLeavesOnlyTheAskedFormat(t *testing.T) {
	folder, to := sampleFolder(t, exporttest.New(exporttest.Options{})), t.TempDir()
	for _, format := range []string{"all", "csv", "parquet"} {
		if code, _, stderr := invoke("export", folder.Dir(), "--to", to, "--format", format); code != exitDone {
			t.Fatal(stderr)
		}
		files := exported(t, to)
		for ending, want := range map[string]bool{"csv": format != "parquet", "parquet": format != "csv"} {
			if got := files["events."+ending] != nil; got != want {
				t.Errorf("--format %s: events.%s exists: %v", format, ending, got)
			}
		}
	}
}

func TestExportRefusesTheRunsOwnFolder(t *testing.T) {
	folder := sampleFolder(t, exporttest.New(exporttest.Options{}))
	code, _, stderr := invoke("export", folder.Dir(), "--to", folder.Dir())
	if code != exitUsage || !strings.Contains(stderr, "choose another") {
		t.Errorf("exit %d, %q", code, stderr)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	code, _, stderr = invoke("export", folder.Dir(), "--to", file)
	if code != exitFailed || !strings.Contains(stderr, "choose a folder") {
		t.Errorf("exit %d, %q", code, stderr)
	}
}

//go:build !race

package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/runs"
	"github.com/hueprint/hueprint/simulator"
	"github.com/hueprint/hueprint/simulator/gateways"
	"github.com/hueprint/hueprint/traffic"
	"github.com/hueprint/hueprint/traffic/decode"
	"github.com/hueprint/hueprint/traffic/redact"
)

// secretKinds are the gateways of the test: echo has its key in the paths of
// plain HTTP, homeassistant talks to a phone in clear.
var secretKinds = []string{"echo", "aeotec", "homeassistant", "nest"}

const secretSeed = 41

// TestSecretsNoRace looks for the simulated bridges' keys in everything that a
// demo and the commands after it write and print.
func TestSecretsNoRace(t *testing.T) {
	keys := labKeys(t)
	kept, full := t.TempDir(), t.TempDir()
	var printed [2]string
	var group errgroup.Group
	for i, args := range [][]string{{"--dir", kept}, {"--dir", full, "--keep", "full"}} {
		group.Go(func() (err error) {
			printed[i], err = ran(t, append([]string{"demo", "--seed", fmt.Sprint(secretSeed), "--gateways", strings.Join(secretKinds, ","),
				"--actions", "2", "--controls", "2"}, args...)...)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	if !holdsAny(files(t, full, isCapture), keys) {
		t.Fatal("the full recordings hold no key: this test could not fail")
	}
	if !strings.Contains(files(t, full, isCapture), `"type":"event"`) || strings.Contains(files(t, kept, isCapture), `"type":"event"`) {
		t.Error("want the phone's content in the full recordings, and not in the others")
	}
	demandNoKey(t, "the demo's files", files(t, kept, anyFile), keys)
	demandNoKey(t, "the full demo's files but the captures", files(t, full, not(isCapture)), keys)
	demandNoKey(t, "the demos' output", printed[0]+printed[1], keys)
	for _, dir := range []string{kept, full} {
		demandCleanCommands(t, dir, keys)
		demandCleanBundle(t, dir, keys)
	}
	demandKept(t, kept)
	demandEqualFindings(t, full)
}

// labKeys are the keys of the demo's bridges: its own, and the gateways'.
func labKeys(t *testing.T) (keys []string) {
	t.Helper()
	for i, kind := range secretKinds {
		seed, subnet := secretSeed+uint64(i), uint8(11+i)
		lab, err := simulator.New(simulator.LabOptions{Gateway: gateways.Defaults(gateways.Kind(kind)), Wire: userspace, Subnet: subnet, Seed: seed})
		if err != nil {
			t.Fatal(err)
		}
		secret := func(whose string) string { // as the lab draws them
			sum := sha256.Sum256(fmt.Appendf(nil, "simulated key\x00%d\x00%d\x00%s", seed, subnet, whose))
			return hex.EncodeToString(sum[:20])
		}
		if lab.Key() != secret("controller") {
			t.Fatalf("the lab's key is %s, want %s: it draws its keys in another way than this test", lab.Key(), secret("controller"))
		}
		keys = append(keys, lab.Key(), secret("gateway"))
		if err := lab.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return keys
}

// ran runs the program and returns all that it prints; inconclusive is
// fine, as four slots show nothing.
func ran(t *testing.T, args ...string) (string, error) {
	out, err := process(t, args...).CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == exitInconclusive {
		err = nil
	}
	if err != nil {
		err = fmt.Errorf("%v: %w\n%s", args, err, out)
	}
	return string(out), err
}

func isCapture(path string) bool { return strings.HasSuffix(path, ".pcapng") }
func anyFile(string) bool        { return true }

func not(is func(string) bool) func(string) bool { return func(path string) bool { return !is(path) } }

// files is the content of all files below dir that are wanted.
func files(t *testing.T, dir string, wanted func(path string) bool) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || !wanted(path) {
			return err
		}
		data, err := os.ReadFile(path)
		all.WriteString(path + "\n")
		all.Write(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}

func holdsAny(text string, keys []string) bool {
	return slices.ContainsFunc(keys, func(key string) bool { return strings.Contains(text, key) })
}

func demandNoKey(t *testing.T, what, text string, keys []string) {
	t.Helper()
	for _, key := range keys {
		if i := strings.Index(text, key); i >= 0 {
			t.Errorf("%s: a key stands after %q", what, text[max(0, i-60):i])
		}
	}
}

func folders(t *testing.T, dir string) []string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(dir, "runs", "*"))
	if err != nil || len(all) != len(secretKinds) {
		t.Fatalf("%v, %v: want %d runs", all, err, len(secretKinds))
	}
	return all
}

// demandCleanCommands runs what prints or exports a run.
func demandCleanCommands(t *testing.T, dir string, keys []string) {
	t.Helper()
	for i, folder := range folders(t, dir) {
		export := filepath.Join(t.TempDir(), fmt.Sprint(i))
		for _, args := range [][]string{
			{"analyze", folder}, {"explain", folder}, {"export", folder, "--to", export},
			{"report", folder, "--format", "markdown"}, {"report", folder, "--format", "json"}, {"report", folder, "--format", "text"},
		} {
			out, err := ran(t, args...)
			if err != nil {
				t.Error(err)
			}
			demandNoKey(t, args[0], out, keys)
		}
		demandNoKey(t, "export", files(t, export, anyFile), keys)
	}
}

// demandCleanBundle bundles and checks the runs of a demo.
func demandCleanBundle(t *testing.T, dir string, keys []string) {
	t.Helper()
	for _, names := range []string{"keep", "hash"} {
		to := filepath.Join(t.TempDir(), "dataset")
		out, err := ran(t, append(append([]string{"bundle"}, folders(t, dir)...), "--out", to, "--names", names, "--seed", "5")...)
		if err != nil {
			t.Error(err)
		}
		demandNoKey(t, "bundle", out+files(t, to, anyFile), keys)
		if out, err := ran(t, "bundle", "--check", to); err != nil {
			t.Errorf("check: %v, %s", err, out)
		}
	}
	if out, err := ran(t, "bundle", "--check", dir); err == nil {
		t.Errorf("the runs themselves pass the check: %s", out)
	} else {
		demandNoKey(t, "check", err.Error(), keys)
	}
}

// demandKept demands that the runs say what was kept.
func demandKept(t *testing.T, dir string) {
	t.Helper()
	for _, folder := range folders(t, dir) {
		f, err := runs.Open(folder)
		if err != nil {
			t.Fatal(err)
		}
		run, err := f.Run()
		if err != nil || run.Recordings[0].Keep != traffic.KeepRecords {
			t.Errorf("%s: kept %q, %v", folder, run.Recordings[0].Keep, err)
		}
	}
}

// demandEqualFindings analyses recordings whole and as records keeps them.
func demandEqualFindings(t *testing.T, dir string) {
	t.Helper()
	for _, folder := range folders(t, dir) {
		f, err := runs.Open(folder)
		if err != nil {
			t.Fatal(err)
		}
		run, err := f.Run()
		if err != nil {
			t.Fatal(err)
		}
		var found [2][]byte
		for i, level := range []traffic.Keep{traffic.KeepFull, traffic.KeepRecords} {
			findings, _, err := analysis.Analyze(run, func(gateway string) iter.Seq2[traffic.Packet, error] {
				return decode.Packets(keptFrames(f.Frames(gateway), level), nil)
			}, analysis.Options{})
			if err != nil {
				t.Fatal(err)
			}
			found[i], _ = json.MarshalIndent(findings, "", " ")
		}
		if !bytes.Equal(found[0], found[1]) {
			t.Errorf("%s: full (−) and records (+):\n%s", folder, cmp.Diff(string(found[0]), string(found[1])))
		}
	}
}

func keptFrames(frames iter.Seq2[traffic.Frame, error], level traffic.Keep) iter.Seq2[traffic.Frame, error] {
	keeper := redact.NewKeeper(level)
	return func(yield func(traffic.Frame, error) bool) {
		for f, err := range frames {
			if !yield(keeper.Frame(f), err) {
				return
			}
		}
	}
}

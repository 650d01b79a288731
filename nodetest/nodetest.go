// Package nodetest runs programs that are not ours in tests: scripts for
// node, with packages of the npm registry that a lock file beside them pins.
//
// The packages of each lock file are installed once per machine, into the
// user's cache; nothing of them becomes part of hueprint. It is for tests
// only: where node or npm is missing or the packages cannot be fetched, the
// test skips and says so, or fails where HUEPRINT_CI=1 (see [Lacking]). [Run]
// is the usual entry point.
package nodetest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// Scripts are given so long to do what they are asked.
const patience = 30 * time.Second

// Run runs a script of folder, a path below the module's root such as
// "simulator/bridge/testdata/clients", with the packages that the folder's
// package-lock.json pins, and returns what it printed. It fails the test if
// the script fails.
func Run(t testing.TB, folder, script string, args ...string) []byte {
	t.Helper()
	modules := Modules(t, folder)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", append([]string{filepath.Join(Root(t), folder, script)}, args...)...)
	cmd.Env = append(os.Environ(), "NODE_PATH="+modules)
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("node %s: %v\n%s", script, err, complaints.Bytes())
	}
	return out
}

// Modules returns the node_modules folder with the packages that the
// package-lock.json of folder, a path below the module's root, pins. It
// fetches them if this machine has not got them yet.
func Modules(t testing.TB, folder string) string {
	t.Helper()
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			Lacking(t, "needs %s: %v", program, err)
		}
	}
	source := filepath.Join(Root(t), folder)
	lock, err := os.ReadFile(filepath.Join(source, "package-lock.json"))
	if err != nil {
		t.Fatal(err)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	name := filepath.Base(source) + fmt.Sprintf("-%x", sha256.Sum256(lock))[:17]
	home := filepath.Join(cache, "hueprint-tests", name)
	modules := filepath.Join(home, "node_modules")
	if _, err := os.Stat(modules); err == nil {
		return modules
	}
	if err := fetch(context.Background(), source, home); err != nil {
		Lacking(t, "needs the npm packages of %s: %v", folder, err)
	}
	return modules
}

// fetch installs beside the final place and renames, so that tests of other
// packages never see half an installation.
func fetch(ctx context.Context, source, home string) error {
	if err := os.MkdirAll(filepath.Dir(home), 0o755); err != nil {
		return err
	}
	building, err := os.MkdirTemp(filepath.Dir(home), "installing-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(building)
	for _, name := range []string{"package.json", "package-lock.json"} {
		text, err := os.ReadFile(filepath.Join(source, name))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(building, name), text, 0o644); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	cmd.Dir = building
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("npm ci: %w\n%s", err, out)
	}
	if err := os.Rename(building, home); err != nil && !errors.Is(err, os.ErrExist) {
		if _, there := os.Stat(home); there != nil {
			return err
		}
	}
	return nil
}

// Root finds the module's root from the test's folder.
func Root(t testing.TB) string {
	t.Helper()
	root, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
			return root
		}
		parent := filepath.Dir(root)
		if parent == root {
			t.Fatal("no go.mod above the test's folder: run the test inside the module")
		}
		root = parent
	}
}

// Lacking skips the test and says why; where everything must be there,
// HUEPRINT_CI=1, it fails the test.
func Lacking(t testing.TB, format string, args ...any) {
	t.Helper()
	if os.Getenv("HUEPRINT_CI") == "1" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

// Package bridgetest looks at a Hue bridge through clients that are not ours.
//
// The clients are node-hue-api and huejay from the npm registry, pinned by the
// lock file in simulator/bridge/testdata/clients and installed once into the
// user's cache. It is for tests only: it starts node, and makes the test skip,
// or fail where HUEPRINT_CI=1, if node or npm is missing or the packages
// cannot be fetched. [ReadLight] is the usual entry point.
package bridgetest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/hueprint/hueprint/simulator/bridge"
)

// Clients are given so long to do what a script asks.
const patience = 30 * time.Second

// ReadLight returns the state of a light as node-hue-api reads it over plain
// HTTP from the bridge at addr ("host:port"). It fails the test if it cannot.
func ReadLight(t testing.TB, addr, key, light string) bridge.LightState {
	t.Helper()
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatalf("read light %s: %v", light, err)
	}
	var state bridge.LightState
	if err := json.Unmarshal(Run(t, "light.js", host, port, key, light), &state); err != nil {
		t.Fatalf("read light %s: %v", light, err)
	}
	return state
}

// Run runs one of the scripts of simulator/bridge/testdata/clients and returns
// what it printed. It fails the test if the script fails.
func Run(t testing.TB, script string, args ...string) []byte {
	t.Helper()
	folder := scripts(t)
	modules := install(t, folder)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", append([]string{filepath.Join(folder, script)}, args...)...)
	cmd.Env = append(os.Environ(), "NODE_PATH="+modules)
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("node %s: %v\n%s", script, err, complaints.Bytes())
	}
	return out
}

// scripts finds the folder of the scripts from any package of the module.
func scripts(t testing.TB) string {
	t.Helper()
	root, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
			return filepath.Join(root, "simulator", "bridge", "testdata", "clients")
		}
		parent := filepath.Dir(root)
		if parent == root {
			t.Fatal("no go.mod above the test's folder: run the test inside the module")
		}
		root = parent
	}
}

// install returns the folder of the installed packages. Each version of the
// lock file is installed once per machine.
func install(t testing.TB, folder string) string {
	t.Helper()
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			lacking(t, "needs %s: %v", program, err)
		}
	}
	lock, err := os.ReadFile(filepath.Join(folder, "package-lock.json"))
	if err != nil {
		t.Fatal(err)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	home := filepath.Join(cache, "hueprint-tests", fmt.Sprintf("clients-%x", sha256.Sum256(lock))[:24])
	modules := filepath.Join(home, "node_modules")
	if _, err := os.Stat(modules); err == nil {
		return modules
	}
	if err := fetch(context.Background(), folder, home); err != nil {
		lacking(t, "needs the npm packages of %s: %v", folder, err)
	}
	return modules
}

// fetch installs beside the final place and renames, so that tests of other
// packages never see half an installation.
func fetch(ctx context.Context, folder, home string) error {
	if err := os.MkdirAll(filepath.Dir(home), 0o755); err != nil {
		return err
	}
	building, err := os.MkdirTemp(filepath.Dir(home), "installing-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(building)
	for _, name := range []string{"package.json", "package-lock.json"} {
		text, err := os.ReadFile(filepath.Join(folder, name))
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

// lacking skips the test and says why; where everything must be there, it fails it.
func lacking(t testing.TB, format string, args ...any) {
	t.Helper()
	if os.Getenv("HUEPRINT_CI") == "1" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

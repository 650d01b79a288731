package main

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// asProgram makes the test binary be hueprint, for tests that need it as a
// process of its own.
const asProgram = "HUEPRINT_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) == "1" {
		main() // exits
	}
	testscript.Main(m, map[string]func(){"hueprint": main})
}

// process is the program as a process of its own.
func process(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, args...)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	return cmd
}

// needs skips a test, visibly, where the machine lacks something; in CI nothing
// may be lacking.
func needs(t *testing.T, ok bool, what string) {
	t.Helper()
	switch {
	case ok:
	case os.Getenv("HUEPRINT_CI") == "1":
		t.Fatalf("needs %s", what)
	default:
		t.Skipf("needs %s", what)
	}
}

func has(program string) bool {
	_, err := exec.LookPath(program)
	return err == nil
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "script"),
		Setup: func(env *testscript.Env) error {
			env.Setenv("NO_COLOR", "1")
			env.Setenv("HUEPRINT_STATE", filepath.Join(env.WorkDir, "state"))
			port, err := freePort()
			env.Setenv("PORT", port)
			return err
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "waitport": waitPort, "waitserver": waitServer, "port": port},
	})
}

// exits runs a command and demands its exit status: exits 2 hueprint plan.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits STATUS COMMAND [ARGUMENT...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

// waitPort waits until a port of loopback answers.
func waitPort(ts *testscript.TestScript, _ bool, args []string) {
	for range 200 {
		conn, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", args[0]))
		if err == nil {
			ts.Check(conn.Close())
			return
		}
		if ts.Exec("sleep", "0.05") != nil {
			break
		}
	}
	ts.Fatalf("nothing listens on port %s", args[0])
}

// waitServer waits until a server on a port of loopback answers requests.
func waitServer(ts *testscript.TestScript, _ bool, args []string) {
	for range 200 {
		answer, err := new(http.Client).Get("http://" + net.JoinHostPort("127.0.0.1", args[0]) + "/healthz")
		if err == nil {
			ts.Check(answer.Body.Close())
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	ts.Fatalf("nothing answers on port %s", args[0])
}

// port copies a file with PORT replaced by the script's free port.
func port(ts *testscript.TestScript, _ bool, args []string) {
	text := strings.ReplaceAll(ts.ReadFile(args[0]), "PORT", ts.Getenv("PORT"))
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(text), 0o600))
}

// freePort finds a port of loopback that nobody uses now.
func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, errors.Join(err, l.Close())
}

// Command hueprint tells, for each smart-home gateway on a bench, whether
// operating a Philips Hue bulb leaves a mark in the gateway's network traffic.
//
// One file a subcommand; wire.go makes the real things (bridge, recorders,
// folders) and hands them to those who use them. Nothing else in the module
// knows both a bridge and an experiment.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/hueprint/hueprint/reports"
	"github.com/hueprint/hueprint/traffic/redact"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// The exit statuses, as the manual lists them.
const (
	exitDone         = 0
	exitFailed       = 1
	exitUsage        = 2
	exitInconclusive = 3
)

// errInconclusive ends a command that did its work, but whose answer the
// evidence does not carry. It prints nothing: the answer says why.
var errInconclusive = errors.New("inconclusive")

// usageError is a mistake in the command line.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// run is the program as a function: tests call it in-process.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	p := &program{in: stdin, out: stdout, err: stderr}
	root := p.rootCommand()
	root.SetArgs(spread(args))
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errInconclusive):
		return exitInconclusive
	}
	var usage usageError
	if !p.started || errors.As(err, &usage) {
		fmt.Fprintf(stderr, "hueprint: %s\nTry '%s --help'.\n", complaint(err), p.commandPath(root, args))
		return exitUsage
	}
	fmt.Fprintf(stderr, "hueprint: %s\n", complaint(err))
	return exitFailed
}

// complaint is an error's text, made safe for a terminal: file names, and what
// devices say, may hold anything, keys in paths included.
func complaint(err error) string {
	var lines []string
	for line := range strings.Lines(redact.Secrets(err.Error())) {
		lines = append(lines, reports.Prose(strings.TrimSuffix(line, "\n")))
	}
	return strings.Join(lines, "\n")
}

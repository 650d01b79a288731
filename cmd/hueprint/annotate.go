package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/reports"
	"github.com/hueprint/hueprint/reports/annotate"
	"github.com/hueprint/hueprint/runs"
)

func (p *program) annotateCommand() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "annotate RUN [GATEWAY]",
		Short: "Write a copy of a run's capture with commands and matched packets marked",
		Long: `Writes a copy of a gateway's recording, all its files in one, for Wireshark and
tshark. Every command, control slot and change of the light outside the slots is
a record of its own on an interface named "actions"; every packet of the pattern
carries a comment such as

  P1 step 2 of 4: out tls-record 424 B, slot 7 on +137 ms

Display filters:
  frame.interface_name == "actions"     what the experiment did
  syslog.msg contains "ACTION"          the commands alone
  frame.comment contains "P1 step"      the packets of the pattern
  frame.comment contains "slot 7 "      those of slot 7

The recording itself is not touched. The copy holds everything that it does, the
bridge's application keys included: give it to nobody who may not have them.`,
		Example: `  hueprint annotate lab/runs/2026-11-22-toggles-01KB… --out toggles.pcapng
  hueprint annotate 01KB… aeotec
  tshark -r aeotec.pcapng -Y 'frame.comment contains "P1 step"'`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(_ *cobra.Command, args []string) error { return p.annotate(args[0], args[1:], out) },
	}
	cmd.Flags().StringVarP(&out, "out", "o", "", "file to write (default: RUN-GATEWAY.annotated.pcapng here); with several gateways, one file each, named after it")
	return cmd
}

func (p *program) annotate(arg string, gateways []string, out string) error {
	folder, err := p.openRun(arg)
	if err != nil {
		return err
	}
	part, err := analyzeRun(folder, analysis.Options{})
	if err != nil {
		return err
	}
	verdicts, err := chosen(part, gateways)
	if err != nil {
		return err
	}
	paths, err := annotatedPaths(folder, verdicts, out)
	if err != nil {
		return err
	}
	for i, v := range verdicts {
		if err := p.annotateGateway(folder, part, v, paths[i]); err != nil {
			return err
		}
	}
	return nil
}

// chosen are the verdicts of the named gateways; all without names.
func chosen(part reports.Part, gateways []string) ([]analysis.Verdict, error) {
	var all []analysis.Verdict
	var names []string
	for _, v := range part.Findings.Verdicts {
		names = append(names, reports.Printable(v.Gateway))
		if len(gateways) == 0 || slices.Contains(gateways, v.Gateway) {
			all = append(all, v)
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("run %s has no gateway %q: it has %s", part.Findings.Subject.Run, gateways[0], strings.Join(names, ", "))
	}
	return all, nil
}

// annotatedPaths are the files to write. None may lie among the raw recordings.
func annotatedPaths(folder *runs.Folder, verdicts []analysis.Verdict, out string) ([]string, error) {
	var paths []string
	for _, v := range verdicts {
		path := out
		switch {
		case out == "":
			path = folder.ID() + "-" + fileWord(v.Gateway) + ".annotated.pcapng"
		case len(verdicts) > 1:
			ext := filepath.Ext(out)
			path = strings.TrimSuffix(out, ext) + "-" + fileWord(v.Gateway) + ext
		}
		for slices.Contains(paths, path) { // two names can read the same without their special characters
			path = strings.TrimSuffix(path, filepath.Ext(path)) + "_" + filepath.Ext(path)
		}
		for _, raw := range folder.Captures(v.Gateway) {
			if sameFolder(filepath.Dir(path), filepath.Dir(raw)) {
				return nil, usageError{fmt.Errorf("--out %s lies among the run's recordings, which stay as they are: choose another folder", path)}
			}
		}
		paths = append(paths, path)
	}
	return paths, nil
}

func sameFolder(a, b string) bool {
	ia, errA := os.Stat(a)
	ib, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(ia, ib)
}

// fileWord makes a name part of a file's name.
func fileWord(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return '_'
	}, name[:min(len(name), 64)])
}

func (p *program) annotateGateway(folder *runs.Folder, part reports.Part, v analysis.Verdict, path string) error {
	settings, err := folder.Settings()
	if err != nil {
		return err
	}
	source, err := annotate.Of(*part.Run, part.Findings, part.Traces, v.Gateway)
	if err != nil {
		return err
	}
	source.Application, source.Settings, source.Frames = "hueprint "+programVersion(), settings, folder.Frames(v.Gateway)
	var sum annotate.Summary
	err = stream(path, 0o600, func(w io.Writer) (err error) {
		sum, err = annotate.Write(w, source)
		return err
	})
	if err != nil {
		return err
	}
	for _, w := range sum.Warnings {
		fmt.Fprintf(p.err, "Warning: %s: %s\n", reports.Printable(v.Gateway), reports.Prose(w))
	}
	fmt.Fprintf(p.out, "wrote %s: %d frames, %d with comments, %d records of what the experiment did%s\n",
		path, sum.Frames, sum.Matched, sum.Records, simulatedNote(part))
	return nil
}

func simulatedNote(part reports.Part) string {
	if part.Findings.Simulated {
		return " (simulated)"
	}
	return ""
}

// stream makes the file hold what write writes, or leaves what was there.
func stream(path string, mode os.FileMode, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".hueprint-*")
	if err != nil {
		return fmt.Errorf("write %s: %w (make its folder, or choose one that this user may write to)", path, err)
	}
	err = write(f)
	err = errors.Join(err, f.Chmod(mode), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", path, err), os.Remove(f.Name()))
	}
	return nil
}

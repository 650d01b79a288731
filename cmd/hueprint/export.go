package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/reports/tables"
	"github.com/hueprint/hueprint/runs"
)

// exportFormats are what --format takes.
func exportFormats() []string { return []string{"csv", "parquet", "all"} }

func (p *program) exportCommand() *cobra.Command {
	var to, format string
	cmd := &cobra.Command{
		Use:   "export RUN --to DIR",
		Short: "Write a run as tables (CSV, Parquet) with a notebook that reads them",
		Long: `Writes a run and its findings as tables for pandas, R or a spreadsheet:

  trials       a row a slot and gateway: what was done, how much traffic followed
  seen         a row a trial and step of the pattern
  steps        a row a step of the pattern
  events       a row an event on the wire: time, channel, direction, lengths, slot
  candidates   a row a test
  verdicts     a row a gateway

Beside them it writes columns.md, which says what each column means, and
analysis.ipynb, a notebook to start from. Files of an earlier export are replaced.

The tables are computed from the recordings each time. They hold names and
addresses from the gateway's traffic: look through them before you publish them.`,
		Example: `  hueprint export lab/runs/2026-11-22-toggles-01KB… --to toggles
  hueprint export 01KB… --to toggles --format csv`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return p.export(args[0], to, format) },
	}
	cmd.Flags().StringVar(&to, "to", "", "folder to write to; made if it does not exist (required)")
	cmd.Flags().StringVar(&format, "format", "all", "csv, parquet or all")
	_ = cmd.MarkFlagDirname("to")
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(exportFormats(), cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func (p *program) export(arg, to, format string) error {
	if !slices.Contains(exportFormats(), format) {
		return usageError{fmt.Errorf("--format %q: csv, parquet and all exist", format)}
	}
	if to == "" {
		return usageError{errors.New("name the folder to write to with --to")}
	}
	folder, err := p.openRun(arg)
	if err != nil {
		return err
	}
	if err := exportFolder(folder, to); err != nil {
		return err
	}
	part, err := analyzeRun(folder, analysis.Options{})
	if err != nil {
		return err
	}
	all := tables.New(*part.Run, part.Findings, part.Traces)
	for _, t := range all {
		if err := exportTable(t, to, format); err != nil {
			return err
		}
	}
	err = stream(filepath.Join(to, "columns.md"), 0o644, func(w io.Writer) error { return tables.Columns(w, *part.Run, all) })
	if err != nil {
		return err
	}
	err = stream(filepath.Join(to, "analysis.ipynb"), 0o644, func(w io.Writer) error { return tables.Notebook(w, *part.Run) })
	if err != nil {
		return err
	}
	for _, t := range all {
		fmt.Fprintf(p.out, "%-12s %d rows\n", t.Name, t.Rows)
	}
	fmt.Fprintf(p.out, "wrote %s, with columns.md and analysis.ipynb%s\n", to, simulatedNote(part))
	return nil
}

// exportFolder makes the folder of the tables. It cannot be the run's own, whose
// manifest lists every file.
func exportFolder(folder *runs.Folder, to string) error {
	if err := os.MkdirAll(to, 0o755); err != nil {
		return fmt.Errorf("export to %s: %w (choose a folder that this user may make)", to, err)
	}
	for _, own := range []string{folder.Dir(), filepath.Join(folder.Dir(), "capture")} {
		if sameFolder(to, own) {
			return usageError{fmt.Errorf("--to %s is the run's own folder, which stays as its manifest says: choose another", to)}
		}
	}
	return nil
}

// exportTable writes a table in the format, and takes away what an earlier export
// wrote in the other: the notebook would read it.
func exportTable(t tables.Table, to, format string) error {
	for _, f := range []struct {
		format string
		write  func(io.Writer) error
	}{{"csv", t.CSV}, {"parquet", t.Parquet}} {
		path := filepath.Join(to, t.Name+"."+f.format)
		if format != "all" && format != f.format {
			if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
				return fmt.Errorf("take away the %s of an earlier export: %w (choose another folder)", f.format, err)
			}
			continue
		}
		if err := stream(path, 0o644, f.write); err != nil {
			return err
		}
	}
	return nil
}

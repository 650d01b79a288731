package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/reports"
)

// outputFlags say where answers go.
type outputFlags struct {
	json   bool
	report string
}

func (f *outputFlags) add(cmd *cobra.Command, report string) {
	cmd.Flags().BoolVar(&f.json, "json", false, "print one JSON object on standard output")
	cmd.Flags().StringVar(&f.report, "report", report, "write the HTML report to this file")
}

// present writes the report and prints the answer; its error is errInconclusive
// when a verdict is.
func (p *program) present(d reports.Document, f outputFlags) error {
	if f.report != "" {
		if err := writeReport(f.report, d); err != nil {
			return err
		}
	}
	if f.json {
		if err := reports.JSON(p.out, d, f.report); err != nil {
			return err
		}
	} else if err := p.printText(d, f.report); err != nil {
		return err
	}
	if slices.ContainsFunc(d.Verdicts(), func(v analysis.Verdict) bool { return v.Verdict == analysis.Inconclusive }) {
		return errInconclusive
	}
	return nil
}

func (p *program) printText(d reports.Document, report string) error {
	width, tty := terminal(p.out)
	t := reports.Terminal{Width: width, Color: tty && os.Getenv("NO_COLOR") == ""}
	if err := t.Text(p.out, d.Findings()); err != nil {
		return err
	}
	if report != "" {
		fmt.Fprintf(p.out, "\nReport: %s\n", report)
	}
	return nil
}

// writeReport writes the HTML file whole or not at all.
func writeReport(path string, d reports.Document) error {
	var b bytes.Buffer
	if err := reports.HTML(&b, d); err != nil {
		return err
	}
	return writeFile(path, b.Bytes())
}

func writeFile(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".hueprint-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Chmod(0o644), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", path, err), os.Remove(f.Name()))
	}
	return nil
}

package main

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/reports"
)

func (p *program) reportCommand() *cobra.Command {
	var out, format string
	cmd := &cobra.Command{
		Use:   "report RUN...",
		Short: "Write the report of analysed runs: HTML, Markdown, JSON or text",
		Long: `Writes the report of one or several runs. The findings are computed from the
recordings each time, so that the report never disagrees with them.

HTML is one file that opens without a network.`,
		Example: `  hueprint report lab/runs/2026-11-22-toggles-01KB… --out report.html
  hueprint report 01KB… --format text`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return p.report(args, out, format) },
	}
	cmd.Flags().StringVarP(&out, "out", "o", "", "file to write (default: report.html in the folder of a single run; standard output for the other formats)")
	cmd.Flags().StringVar(&format, "format", "html", "html, markdown, json or text")
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions([]string{"html", "markdown", "json", "text"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func (p *program) report(args []string, out, format string) error {
	s, err := p.sort(args, analyzeFlags{})
	if err != nil {
		return err
	}
	d := reports.Document{Command: command("report", args, analyzeFlags{})}
	for _, folder := range s.folders {
		part, err := analyzeRun(folder, analysis.Options{})
		if err != nil {
			return err
		}
		d.Parts = append(d.Parts, part)
	}
	if len(s.captures) > 0 {
		part, err := analyzeCaptures(s.captures, analyzeFlags{})
		if err != nil {
			return err
		}
		d.Parts = append(d.Parts, part)
	}
	if out == "" && format == "html" {
		out = "report.html"
		if len(s.folders) == 1 && len(s.captures) == 0 {
			out = filepath.Join(s.folders[0].Dir(), "report.html")
		}
	}
	return p.writeAs(d, out, format)
}

// writeAs writes the document in the format to the file, or to standard output
// when there is none.
func (p *program) writeAs(d reports.Document, out, format string) error {
	var b strings.Builder
	var err error
	switch format {
	case "html":
		err = reports.HTML(&b, d)
	case "markdown":
		err = reports.Markdown(&b, d.Findings(), d.Command)
	case "json":
		err = reports.JSON(&b, d, "")
	case "text":
		err = reports.Terminal{}.Text(&b, d.Findings())
	default:
		return usageError{fmt.Errorf("--format %q: html, markdown, json and text exist", format)}
	}
	if err != nil {
		return err
	}
	if out == "" {
		_, err = fmt.Fprint(p.out, b.String())
		return err
	}
	if err := writeFile(out, []byte(b.String())); err != nil {
		return err
	}
	fmt.Fprintf(p.out, "wrote %s\n", out)
	return nil
}

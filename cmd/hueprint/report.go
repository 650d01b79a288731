package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hueprint/hueprint/reports"
	"github.com/hueprint/hueprint/runs"
)

// reportFlags are what report takes beside its arguments.
type reportFlags struct {
	out, format string
	open        bool
}

var reportFormats = []string{"html", "pdf", "markdown", "json", "text"}

func (p *program) reportCommand() *cobra.Command {
	var f reportFlags
	cmd := &cobra.Command{
		Use:   "report RUN...",
		Short: "Write the report of runs: HTML, PDF, Markdown, JSON or text",
		Long: `Writes the report of one or several runs. The findings are computed from the
recordings each time, so that the report never disagrees with them.

HTML is one file that opens without a network. PDF is its print form, made by
Chromium where that is installed.`,
		Example: `  hueprint report lab/runs/2026-11-22-toggles-01KB… --open
  hueprint report 01KB… --format pdf --out appendix.pdf`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return p.report(cmd.Context(), args, f) },
	}
	cmd.Flags().StringVarP(&f.out, "out", "o", "", "file to write (default: report.html or report.pdf in the folder of a single run; standard output for the other formats)")
	cmd.Flags().StringVar(&f.format, "format", "html", strings.Join(reportFormats, ", "))
	cmd.Flags().BoolVar(&f.open, "open", false, "open the written file with the desktop's program for it")
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(reportFormats, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func (p *program) report(ctx context.Context, args []string, f reportFlags) error {
	if !slices.Contains(reportFormats, f.format) {
		return usageError{fmt.Errorf("--format %q: there are %s", f.format, strings.Join(reportFormats, ", "))}
	}
	d, err := p.document(args, "report")
	if err != nil {
		return err
	}
	if f.out == "" && (f.format == "html" || f.format == "pdf") {
		f.out = "report." + f.format
		if len(d.Parts) == 1 && d.Parts[0].Folder != "" {
			f.out = filepath.Join(d.Parts[0].Folder, f.out)
		}
	}
	if f.open && f.out == "" {
		return usageError{errors.New("--open needs a file: name it with --out")}
	}
	if err := p.writeAs(ctx, d, f); err != nil {
		return err
	}
	if f.open {
		return open(ctx, f.out)
	}
	return nil
}

// writeAs writes the document in the format to the file, or to standard output
// when there is none. The report of a run's own folder goes through the folder,
// whose manifest knows it.
func (p *program) writeAs(ctx context.Context, d reports.Document, f reportFlags) error {
	if folder, ok := ownFolder(d, f.out); ok {
		if err := keepReport(folder, d.Parts[0], d.Command); err != nil {
			return err
		}
		fmt.Fprintf(p.out, "wrote %s\n", f.out)
		return nil
	}
	text, err := render(ctx, d, f.format)
	if err != nil {
		return err
	}
	if f.out == "" {
		_, err = p.out.Write(text)
		return err
	}
	if err := writeFile(f.out, text); err != nil {
		return err
	}
	fmt.Fprintf(p.out, "wrote %s\n", f.out)
	return nil
}

// ownFolder is the folder of the single run whose own report out is.
func ownFolder(d reports.Document, out string) (*runs.Folder, bool) {
	if len(d.Parts) != 1 || d.Parts[0].Folder == "" {
		return nil, false
	}
	folder, err := runs.Open(d.Parts[0].Folder)
	return folder, err == nil && filepath.Clean(out) == filepath.Clean(folder.ReportPath())
}

func render(ctx context.Context, d reports.Document, format string) ([]byte, error) {
	var b strings.Builder
	var err error
	switch format {
	case "html", "pdf":
		err = reports.HTML(&b, d)
	case "markdown":
		err = reports.Markdown(&b, d)
	case "json":
		err = reports.JSON(&b, d, "")
	case "text":
		err = reports.Terminal{}.Text(&b, d.Findings())
	}
	if err != nil || format != "pdf" {
		return []byte(b.String()), err
	}
	return printed(ctx, b.String())
}

// browsers are the names under which Chromium is installed.
var browsers = []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"}

// printed prints a page to PDF by a headless Chromium that touches no network.
func printed(ctx context.Context, page string) (pdf []byte, err error) {
	i := slices.IndexFunc(browsers, func(name string) bool { _, err := exec.LookPath(name); return err == nil })
	if i < 0 {
		return nil, fmt.Errorf("a PDF needs Chromium, and none of %s is installed (on Debian: apt install chromium); the HTML report can be printed from any browser", strings.Join(browsers, ", "))
	}
	dir, err := os.MkdirTemp("", "hueprint-pdf-")
	if err != nil {
		return nil, fmt.Errorf("print the report: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	from, to := filepath.Join(dir, "report.html"), filepath.Join(dir, "report.pdf")
	if err := os.WriteFile(from, []byte(page), 0o600); err != nil {
		return nil, fmt.Errorf("print the report: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	args := []string{"--headless", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
		"--user-data-dir=" + filepath.Join(dir, "profile"), "--no-pdf-header-footer", "--print-to-pdf=" + to}
	if os.Geteuid() == 0 {
		args = append(args, "--no-sandbox") // Chromium refuses root otherwise; the page is our own
	}
	said, err := exec.CommandContext(ctx, browsers[i], append(args, (&url.URL{Scheme: "file", Path: from}).String())...).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("print the report by %s: %w\n%s", browsers[i], err, said)
	}
	return os.ReadFile(to)
}

// open hands a file to the desktop.
func open(ctx context.Context, path string) error {
	if err := exec.CommandContext(ctx, "xdg-open", path).Run(); err != nil {
		return fmt.Errorf("open %s: %w (open it in a browser yourself)", path, err)
	}
	return nil
}

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/config"
	"github.com/hueprint/hueprint/labelled"
	"github.com/hueprint/hueprint/orchestrator"
	"github.com/hueprint/hueprint/reports"
	"github.com/hueprint/hueprint/runs"
)

// analyzeFlags are what analyze takes beside its arguments.
type analyzeFlags struct {
	out         outputFlags
	actions     string
	gateway     string
	uncertainty seconds
	exact       bool // --uncertainty 0: the times are exact
	window      seconds
	alpha       float64
	seed        uint64
	markdown    string
	idle        []string
}

func (p *program) analyzeCommand() *cobra.Command {
	var f analyzeFlags
	cmd := &cobra.Command{
		Use:   "analyze RUN|CAPTURE...",
		Short: "Analyse recorded runs, or other people's labelled captures",
		Long: `Analyses recorded runs again, or captures that others made together with a list
of their actions.

RUN is a run's folder or ID. Its registered analysis gives the verdict; with
another --alpha, --window or --seed the result is exploratory and says so.

CAPTURE is a pcap or pcapng file (gzip and zstd are read as well). It needs
--actions, a CSV table with the columns time (Unix seconds or RFC 3339) and
action, and --gateway, the IP or MAC address of the device under test. Several
files are read as one recording.

A folder with capture.pcap*, actions.csv and gateway.txt serves as a RUN, too;
several of them are analysed together.

--idle compares the gateways' channels with those of a recording in which nothing
was done; given several times, with all of them together. It changes no verdict, and is printed and reported (--report, --json),
but not kept in the run's folder, whose findings follow from the run alone.`,
		Example: `  hueprint analyze lab/runs/2026-11-22-toggles-01KB…
  hueprint analyze 01KB… --idle week.pcapng --report idle.html
  hueprint analyze plug.pcap --actions taps.csv --gateway 192.168.1.135 --report plug.html
  hueprint analyze home1/ home2/ home3/ --alpha 0.05 --json`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			f.exact = cmd.Flags().Changed("uncertainty") && f.uncertainty == 0
			return p.analyze(args, f)
		},
	}
	f.out.add(cmd, "")
	cmd.Flags().StringVar(&f.actions, "actions", "", "CSV table of the actions in a CAPTURE")
	cmd.Flags().StringVar(&f.gateway, "gateway", "", "IP or MAC address of the device under test in a CAPTURE")
	cmd.Flags().Var(&f.uncertainty, "uncertainty", "how far the actions' times can be off, for captures; a plain number is seconds (default 2s)")
	cmd.Flags().Var(&f.window, "window", "time after an action in which a reaction counts; a plain number is seconds")
	cmd.Flags().Float64Var(&f.alpha, "alpha", 0, "level at which a mark counts as shown (default: the registered one; 0.01 for captures)")
	cmd.Flags().Uint64Var(&f.seed, "seed", 0, "seed of the redraws")
	cmd.Flags().StringArrayVar(&f.idle, "idle", nil, "recording of the same gateway in which nothing was done: a run or a capture file; may be given several times")
	cmd.Flags().StringVar(&f.markdown, "markdown", "", "write the report as Markdown to this file")
	return cmd
}

func (p *program) analyze(args []string, f analyzeFlags) error {
	if f.alpha < 0 || f.alpha >= 1 {
		return usageError{fmt.Errorf("--alpha %v must lie between 0 and 1", f.alpha)}
	}
	if f.window < 0 || f.uncertainty < 0 {
		return usageError{errors.New("--window and --uncertainty must not be negative")}
	}
	subjects, err := p.sort(args, f)
	if err != nil {
		return err
	}
	if len(f.idle) > 0 && len(subjects.folders) == 0 {
		return usageError{errors.New("--idle goes with runs; labelled captures are not compared with an idle recording")}
	}
	idle, err := p.openIdle(f.idle)
	if err != nil {
		return err
	}
	d := reports.Document{Command: command("analyze", args, f)}
	for _, folder := range subjects.folders {
		part, err := analyzeBesideIdle(folder, analysis.Options{Alpha: f.alpha, Window: time.Duration(f.window), Seed: f.seed}, idle, d.Command)
		if err != nil {
			return err
		}
		d.Parts = append(d.Parts, part)
	}
	if len(subjects.captures) > 0 {
		part, err := analyzeCaptures(subjects.captures, f)
		if err != nil {
			return err
		}
		d.Parts = append(d.Parts, part)
	}
	relate(d.Parts)
	if f.markdown != "" {
		if err := writeMarkdown(f.markdown, d); err != nil {
			return err
		}
	}
	return p.present(d, f.out)
}

func writeMarkdown(path string, d reports.Document) error {
	var b strings.Builder
	if err := reports.Markdown(&b, d); err != nil {
		return err
	}
	return writeFile(path, []byte(b.String()))
}

// relate notes which of the runs repeat each other: repetition has its price.
func relate(parts []reports.Part) {
	all := make([]*analysis.Findings, len(parts))
	for i := range parts {
		all[i] = &parts[i].Findings
	}
	analysis.Relate(all)
}

// subjects are what the arguments of analyze and report name.
type subjects struct {
	folders  []*runs.Folder
	captures []analysis.Labelled
}

// sort tells run folders, labelled folders and capture files apart.
func (p *program) sort(args []string, f analyzeFlags) (subjects, error) {
	var s subjects
	var files []string
	for _, arg := range args {
		info, err := os.Stat(arg)
		switch {
		case err == nil && !info.IsDir():
			files = append(files, arg)
		case err == nil && labelled.IsFolder(arg):
			l, err := labelled.Open(arg)
			if err != nil {
				return s, err
			}
			s.captures = append(s.captures, l)
		default:
			folder, err := p.openRun(arg)
			if err != nil {
				return s, err
			}
			s.folders = append(s.folders, folder)
		}
	}
	if len(files) == 0 {
		return s, nil
	}
	if f.actions == "" || f.gateway == "" {
		return s, usageError{fmt.Errorf("%s is a capture file: name the table of its actions with --actions and the device under test with --gateway", files[0])}
	}
	gateway, err := labelled.ParseGateway(f.gateway)
	if err != nil {
		return s, usageError{fmt.Errorf("--gateway: %w", err)}
	}
	l, err := labelled.Capture(filepath.Base(files[0]), files, f.actions, gateway)
	if err != nil {
		return s, err
	}
	s.captures = append(s.captures, l)
	return s, nil
}

// openRun finds a run by its folder, or by its ID below the configured runs.
func (p *program) openRun(arg string) (*runs.Folder, error) {
	if _, err := os.Stat(arg); err == nil {
		folder, err := runs.Open(arg)
		if errors.Is(err, runs.ErrNotARun) {
			return nil, fmt.Errorf("%w; a labelled folder holds capture.pcap*, actions.csv and gateway.txt", err)
		}
		return folder, err
	}
	root := config.DefaultRuns
	if c, err := p.load(); err == nil {
		root = c.Runs
	}
	folder, err := runs.Find(root, arg)
	if errors.Is(err, runs.ErrNotARun) {
		return nil, fmt.Errorf("there is no file, folder or run %s (looked for runs in %s)", arg, root)
	}
	return folder, err
}

// analyzeRun derives a run's findings from its folder. Registered ones are kept
// there; exploratory ones are not.
func analyzeRun(folder *runs.Folder, o analysis.Options) (reports.Part, error) {
	run, err := folder.Run()
	if err != nil {
		return reports.Part{}, err
	}
	findings, traces, err := orchestrator.Analyze(folder, o)
	return reports.Part{Findings: findings, Traces: traces, Run: &run, Folder: folder.Dir()}, err
}

// keepReport writes the report of registered findings into the run's folder.
func keepReport(folder *runs.Folder, part reports.Part, repeat string) error {
	if part.Findings.Exploratory {
		return nil
	}
	return folder.WriteReport(func(w io.Writer) error {
		return reports.HTML(w, reports.Document{Command: repeat, Parts: []reports.Part{part}})
	})
}

func analyzeCaptures(captures []analysis.Labelled, f analyzeFlags) (reports.Part, error) {
	o := analysis.LabelledOptions{Alpha: f.alpha, Window: time.Duration(f.window), Uncertainty: time.Duration(f.uncertainty), Seed: f.seed}
	if f.exact {
		o.Uncertainty = -1 // 0 would mean the default
	}
	findings, traces, err := analysis.AnalyzeLabelled(captures, o)
	if err != nil {
		return reports.Part{}, err
	}
	return reports.Part{Findings: findings, Traces: traces}, nil
}

// command is the line that repeats an analysis.
func command(name string, args []string, f analyzeFlags) string {
	words := append([]string{"hueprint", name}, args...)
	add := func(flag, value string) {
		if value != "" {
			words = append(words, flag, value)
		}
	}
	add("--actions", f.actions)
	add("--gateway", f.gateway)
	add("--uncertainty", f.uncertainty.String())
	if f.exact {
		add("--uncertainty", "0")
	}
	add("--window", f.window.String())
	for _, idle := range f.idle {
		add("--idle", idle)
	}
	if f.alpha != 0 {
		add("--alpha", fmt.Sprint(f.alpha))
	}
	if f.seed != 0 {
		add("--seed", fmt.Sprint(f.seed))
	}
	for i, w := range words {
		words[i] = shellQuote(w)
	}
	return strings.Join(words, " ")
}

// shellQuote makes a word safe to paste into a shell.
func shellQuote(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:=,@+", r)
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

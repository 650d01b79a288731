package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hueprint/hueprint/analysis/infer"
)

// inferFlags are what infer takes.
type inferFlags struct {
	train, test, idle []string
	gateway           string
	alpha             float64
	uncertainty       seconds
	json              bool
}

func (p *program) inferCommand() *cobra.Command {
	var f inferFlags
	cmd := &cobra.Command{
		Use:   "infer --train RUN... --test RUN|CAPTURE...",
		Short: "Learn which traffic gives an action away, and find actions in other recordings",
		Long: `Learns the signature of each action from recordings in which the actions are
known, and finds actions in recordings that it was not learned from.

RUN is a run's folder or ID, or a labelled folder with capture.pcap*, actions.csv
and gateway.txt. All labelled folders after --train are of one gateway. CAPTURE is
a pcap or pcapng file in which nobody has said what was done; --gateway names the
device in it. A recording after --idle is one in which nothing was done: whatever
is found there is false.

Signatures are learned only from what is significant in the training (--alpha).
Where nothing is, the answer is empty, with exit status 3.

Where the truth is known, detections are matched with actions one to one, nearest
first, within half the smallest gap between actions, at most 30 s: recall,
precision and F1 with 95 % intervals, the confusion matrix, false positives an
hour, and the ceiling, the best accuracy that any rule could have. Beside the
two-sided signatures, those of one direction alone are scored. Elsewhere the
inferred actions are listed with their times and confidence.

Transport, server port and exact lengths must be those of the training; addresses
may differ, and names within one registered domain.`,
		Example: `  hueprint infer --train home1/ home2/ --test home3/
  hueprint infer --train 01KB… --test unknown.pcap --gateway 192.168.1.7 --json
  hueprint infer --train 01KB… 01KC… --test 01KD… --idle week.pcapng`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return p.infer(f) },
	}
	cmd.Flags().StringArrayVar(&f.train, "train", nil, "recordings to learn from: run or labelled folders; one or several")
	cmd.Flags().StringArrayVar(&f.test, "test", nil, "recordings to find actions in: run or labelled folders, or capture files; one or several")
	cmd.Flags().StringArrayVar(&f.idle, "idle", nil, "recordings in which nothing was done; one or several")
	cmd.Flags().StringVar(&f.gateway, "gateway", "", "the device: in capture files by IP or MAC address, in runs of several by name")
	cmd.Flags().Float64Var(&f.alpha, "alpha", 0, "level at which a mark counts as significant (default: the registered one; 0.01 for captures)")
	cmd.Flags().Var(&f.uncertainty, "uncertainty", "how far the times in actions.csv of the training can be off; a plain number is seconds (default 2s)")
	cmd.Flags().BoolVar(&f.json, "json", false, "print one JSON object on standard output")
	return cmd
}

// listFlags are the flags of infer that take several values at once.
var listFlags = []string{"--train", "--test", "--idle"}

// spread repeats such a flag before each of its values, as the flag library
// takes one a flag: --train A B becomes --train A --train B.
func spread(args []string) []string {
	if !slices.Contains(args, "infer") {
		return args
	}
	var out []string
	list, first := "", false
	for _, arg := range args {
		switch {
		case slices.Contains(listFlags, arg):
			list, first = arg, true
		case strings.HasPrefix(arg, "-"):
			list = ""
		case list != "" && !first:
			out = append(out, list)
		default:
			first = false
		}
		out = append(out, arg)
	}
	return out
}

func (p *program) infer(f inferFlags) error {
	if len(f.train) == 0 || len(f.test)+len(f.idle) == 0 {
		return usageError{errors.New("name recordings to learn from with --train, and others with --test or --idle")}
	}
	if f.alpha < 0 || f.alpha >= 1 {
		return usageError{fmt.Errorf("--alpha %v must lie between 0 and 1", f.alpha)}
	}
	school := school{program: p, flags: f}
	first, err := school.class(false)
	if err != nil {
		return err
	}
	if err := school.examine(); err != nil {
		return err
	}
	answer := infer.Conclude(first.lessons, school.tests, slices.Clip(school.notes))
	answer.Simulated = school.simulated
	if err := p.printAnswer(answer, f.json); err != nil {
		return err
	}
	if !slices.ContainsFunc(first.lessons, func(l infer.Lesson) bool { return !l.Empty() }) {
		return errInconclusive
	}
	return nil
}

func (p *program) printAnswer(a infer.Answer, asJSON bool) error {
	if !asJSON {
		return printInference(p.out, a)
	}
	enc := json.NewEncoder(p.out)
	enc.SetIndent("", "  ")
	if err := enc.Encode(a); err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	return nil
}

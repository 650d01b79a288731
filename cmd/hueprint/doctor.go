package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"github.com/hueprint/hueprint/panel/lab"
)

// A check is one line of the doctor's report, on the terminal and in the panel.
type check = lab.Check

func (p *program) doctorCommand() *cobra.Command {
	var asJSON bool
	var wait time.Duration
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check the whole bench, line by line, and say what to do",
		Long: `Checks what a run needs: the configuration, room on the disk, the clock, each
capture interface and the right to use it, whether the bridge answers, the light
can be reached, and each gateway is seen on its interface. It also puts back
lights that an interrupted run left changed. The exit status is 1 when a check
fails.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return p.doctor(cmd.Context(), wait, asJSON) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().DurationVar(&wait, "wait", 20*time.Second, "how long to wait for each gateway's packets")
	return cmd
}

func (p *program) doctor(ctx context.Context, wait time.Duration, asJSON bool) error {
	var checks []check
	e := examination{
		path: p.configPath, load: p.load, site: realSite{}, open: p.openBench,
		mend: func(ctx context.Context, b bench, dir string) error { return b.restore(ctx, p, dir) },
		tell: func(c check) {
			checks = append(checks, c)
			if !asJSON {
				p.printCheck(c)
			}
		},
	}
	e.examine(ctx, wait)
	if asJSON {
		if err := json.NewEncoder(p.out).Encode(checks); err != nil {
			return err
		}
	}
	failed := 0
	for _, c := range checks {
		if !c.OK {
			failed++
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d checks failed", failed, len(checks))
	}
	return nil
}

func (p *program) printCheck(c check) {
	_, tty := terminal(p.out)
	mark, color := "ok  ", text.FgGreen
	if !c.OK {
		mark, color = "FAIL", text.FgRed
	}
	if tty && os.Getenv("NO_COLOR") == "" {
		mark = color.Sprint(mark)
	}
	fmt.Fprintf(p.out, "%s  %-22s %s\n", mark, c.Name, c.Found)
	if !c.OK && c.Do != "" {
		fmt.Fprintf(p.out, "      %-22s → %s\n", "", c.Do)
	}
}

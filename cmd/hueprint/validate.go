package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/hueprint/hueprint/analysis/validation"
)

func (p *program) validateCommand() *cobra.Command {
	var out string
	var reduced bool
	cmd := &cobra.Command{
		Use:   "validate",
		Short: "Hold the analysis to its claims, on synthetic traffic",
		Long: `Simulates thousands of runs whose truth is known, from fixed seeds, sends them
through the analysis, and writes how often it was right: level, power, the
attribution of secondary tests, and the level and power of runs that may end
early. docs/validation.md is its output. It takes about a quarter of an hour of
two processors, with --reduced a minute. It fails when a claim does not hold.`,
		Example: `  hueprint validate --out docs/validation.md
  hueprint validate --reduced`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return p.validate(out, reduced) },
	}
	cmd.Flags().StringVar(&out, "out", "", "write the document to this file (default: standard output)")
	cmd.Flags().BoolVar(&reduced, "reduced", false, "simulate few runs: quick and rough")
	return cmd
}

func (p *program) validate(out string, reduced bool) error {
	sizes := validation.Full()
	if reduced {
		sizes = validation.Reduced()
	}
	r, err := validation.Run(sizes, func(row string) { fmt.Fprintln(p.err, row) })
	if err != nil {
		return err
	}
	if out == "" {
		_, err = io.WriteString(p.out, r.Markdown())
	} else {
		err = writeFile(out, []byte(r.Markdown()))
	}
	if err == nil && len(r.Failures()) > 0 {
		err = errors.New("validate: a claim does not hold (the document says which)")
	}
	return err
}

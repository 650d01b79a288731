package main

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/reports"
)

func (p *program) explainCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "explain RUN [GATEWAY]",
		Short: "Say in the terminal what the report says of a gateway",
		Long: `Says everything that the report says of one gateway: the verdict and why, the
pattern, who can see it, every trial, the evidence, and what would have been found.
GATEWAY may be left out where a run has one.`,
		Example: "  hueprint explain 01KB… aeotec | less",
		Args:    cobra.RangeArgs(1, 2),
		RunE: func(_ *cobra.Command, args []string) error {
			d, err := p.document(args[:1], "explain")
			if err != nil {
				return err
			}
			gateways := args[1:]
			if len(gateways) == 0 {
				for _, v := range d.Verdicts() {
					gateways = append(gateways, v.Gateway)
				}
			}
			width, tty := terminal(p.out)
			t := reports.Terminal{Width: width, Color: tty && os.Getenv("NO_COLOR") == ""}
			for _, g := range gateways {
				if err := t.Explain(p.out, d, g); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

// document analyses what the arguments name, as registered.
func (p *program) document(args []string, name string) (reports.Document, error) {
	d := reports.Document{Command: command(name, args, analyzeFlags{})}
	s, err := p.sort(args, analyzeFlags{})
	if err != nil {
		return d, err
	}
	for _, folder := range s.folders {
		part, err := analyzeRun(folder, analysis.Options{})
		if err != nil {
			return d, err
		}
		d.Parts = append(d.Parts, part)
	}
	if len(s.captures) > 0 {
		part, err := analyzeCaptures(s.captures, analyzeFlags{})
		if err != nil {
			return d, err
		}
		d.Parts = append(d.Parts, part)
	}
	return d, nil
}

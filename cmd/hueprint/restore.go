package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

func (p *program) restoreCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "restore RUN",
		Short: "Put the light back as an interrupted run found it",
		Long: `Puts the light of an interrupted run (its folder or ID) back as it was found,
unless somebody else has changed the light since; the run then says so. A run
whose light needs nothing is left alone.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			folder, err := p.openRun(args[0])
			if err != nil {
				return err
			}
			b, err := p.openBench(cmd.Context())
			if err != nil {
				return err
			}
			run, err := folder.Run()
			if err != nil {
				return err
			}
			if run.Bridge.ID != b.identity.ID {
				return fmt.Errorf("run %s used bridge %s, the configuration names bridge %s: use the run's configuration (--config)", run.ID, run.Bridge.ID, b.identity.ID)
			}
			return b.restore(cmd.Context(), p, folder.Dir())
		},
	}
}

package main

import (
	"fmt"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/hueprint/hueprint/panel/access"
	"github.com/hueprint/hueprint/reports"
	"github.com/hueprint/hueprint/store"
	"github.com/hueprint/hueprint/store/sqlite"
	"github.com/hueprint/hueprint/timetable"
)

func (p *program) scheduleCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "schedule",
		Short: "What the server carries out, and when",
		Long:  "Lists the server's schedules. They are made and changed in its panel and by its API.",
	}
	cmd.AddCommand(&cobra.Command{
		Use: "list", Short: "List the schedules with their next times", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.withStore(cmd.Context(), func(db *sqlite.DB, _ *access.People) error {
				all, err := db.ListSchedules(cmd.Context())
				if err != nil {
					return err
				}
				t := p.table("name", "what", "when", "next")
				for _, s := range all {
					when, next := timesOf(s)
					t.AppendRow(table.Row{reports.Printable(s.Name), whatOf(s.Task), when, next})
				}
				fmt.Fprintln(p.out, t.Render())
				return nil
			})
		},
	})
	return cmd
}

func whatOf(t store.Task) string {
	if t.Idle > 0 {
		return "idle recording, " + t.Idle.String()
	}
	return "experiment " + reports.Printable(t.Experiment)
}

// timesOf tells a schedule in words, and when it is due next.
func timesOf(s store.Schedule) (when, next string) {
	table, err := timetable.Of(s.Cron, s.At, s.Zone)
	if err != nil {
		return reports.Printable(s.Cron), err.Error()
	}
	at := table.Next(time.Now())
	switch {
	case s.Paused:
		next = "paused"
	case at.IsZero():
		next = "never again"
	default:
		next = at.Format("2006-01-02 15:04 MST")
	}
	return table.Words(), next
}

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
)

func (p *program) tokenCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "token",
		Short: "What lets programs use the server's API",
		Long: `Makes, lists and revokes the tokens with which programs use the server's API
(Authorization: Bearer TOKEN). The server may be running meanwhile. A token is
shown once, when it is made; the store keeps its hash.`,
	}
	cmd.AddCommand(p.createTokenCommand(), p.listTokensCommand(), p.revokeTokenCommand())
	return cmd
}

func (p *program) createTokenCommand() *cobra.Command {
	var scope string
	var within time.Duration
	cmd := &cobra.Command{
		Use:     "create NAME",
		Short:   "Make a token and print it, this once",
		Example: "  hueprint token create prometheus --scope view\n  hueprint token create nightly --scope run --for 8760h",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.withStore(cmd.Context(), func(_ *sqlite.DB, people *access.People) error {
				var until time.Time
				if within > 0 {
					until = time.Now().Add(within)
				}
				secret, t, err := people.Issue(cmd.Context(), "command line", args[0], store.Scope(scope), until)
				if err != nil {
					return err
				}
				fmt.Fprintf(p.err, "token %s, named %s, may %s; it is shown this once:\n", t.ID, t.Name, t.Scope)
				fmt.Fprintln(p.out, secret)
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&scope, "scope", string(store.ViewScope), "view, run or admin")
	cmd.Flags().DurationVar(&within, "for", 0, "how long it is valid, such as 720h (default: until it is revoked)")
	return cmd
}

func (p *program) listTokensCommand() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the tokens, without their secrets", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.withStore(cmd.Context(), func(_ *sqlite.DB, people *access.People) error {
				all, err := people.Tokens(cmd.Context())
				if err != nil {
					return err
				}
				t := p.table("id", "name", "scope", "made", "used", "expires")
				for _, one := range all {
					t.AppendRow(table.Row{one.ID, reports.Printable(one.Name), string(one.Scope), moment(one.Created, "-"), moment(one.Seen, "never"), moment(one.Expires, "never")})
				}
				fmt.Fprintln(p.out, t.Render())
				return nil
			})
		},
	}
}

// moment is a time for people; otherwise stands for none.
func moment(t time.Time, otherwise string) string {
	if t.IsZero() {
		return otherwise
	}
	return t.Local().Format(time.DateTime)
}

func (p *program) revokeTokenCommand() *cobra.Command {
	return &cobra.Command{
		Use: "revoke ID", Short: "Make a token worthless", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.withStore(cmd.Context(), func(db *sqlite.DB, people *access.People) error {
				all, err := people.Tokens(cmd.Context())
				if err != nil {
					return err
				}
				for _, one := range all {
					if one.ID == args[0] {
						return people.Revoke(cmd.Context(), one.ID)
					}
				}
				return notThere(store.ErrNotFound, "token", args[0])
			})
		},
	}
}

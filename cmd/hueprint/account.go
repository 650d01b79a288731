package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/hueprint/hueprint/config"
	"github.com/hueprint/hueprint/panel/access"
	"github.com/hueprint/hueprint/reports"
	"github.com/hueprint/hueprint/store"
	"github.com/hueprint/hueprint/store/sqlite"
)

// withStore opens the configured store, beside a server that may be running.
func (p *program) withStore(ctx context.Context, do func(*sqlite.DB, *access.People) error) (err error) {
	text, err := os.ReadFile(p.configPath)
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("there is no configuration file %s: --config names another ('hueprint serve' writes one)", p.configPath)
	}
	if err != nil {
		return fmt.Errorf("read configuration: %w", err)
	}
	s := settings{path: p.configPath, changed: func() {}}
	if s.dir, err = folderOf(p.configPath); err != nil {
		return err
	}
	s.adopt(text)
	c, _ := s.now()
	if err := makeStoreFolder(c.Serve); err != nil {
		return err
	}
	db, err := sqlite.Open(ctx, c.Serve.Store, sqlite.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return do(db, access.NewPeople(db, time.Now))
}

func makeStoreFolder(c config.Serve) error {
	dir, err := folderOf(c.Store)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the folder of the store: %w", err)
	}
	return nil
}

func (p *program) accountCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "account",
		Short: "Who may log in to the server's panel",
		Long: `Makes, lists and removes the accounts of the server's panel. The server may be
running meanwhile. Scopes: view looks at everything, run also starts and
schedules, admin also sets up.

Passwords are asked for, or read from standard input as one line.`,
	}
	var scope string
	create := &cobra.Command{
		Use:     "create NAME",
		Short:   "Make an account",
		Example: "  hueprint account create ada --scope admin",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.withStore(cmd.Context(), func(_ *sqlite.DB, people *access.People) error {
				password, err := p.askPassword()
				if err != nil {
					return err
				}
				if err := people.Add(cmd.Context(), args[0], password, store.Scope(scope)); err != nil {
					return err
				}
				fmt.Fprintf(p.out, "made account %s, which may %s\n", args[0], scope)
				return nil
			})
		},
	}
	create.Flags().StringVar(&scope, "scope", string(store.AdminScope), "view, run or admin")
	cmd.AddCommand(create, p.listAccountsCommand(), p.removeAccountCommand(), p.passwordCommand())
	return cmd
}

func (p *program) listAccountsCommand() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the accounts", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.withStore(cmd.Context(), func(_ *sqlite.DB, people *access.People) error {
				all, err := people.Accounts(cmd.Context())
				if err != nil {
					return err
				}
				t := p.table("name", "scope", "made")
				for _, a := range all {
					t.AppendRow(table.Row{reports.Printable(a.Name), string(a.Scope), a.Created.Local().Format(time.DateTime)})
				}
				fmt.Fprintln(p.out, t.Render())
				return nil
			})
		},
	}
}

func (p *program) removeAccountCommand() *cobra.Command {
	return &cobra.Command{
		Use: "remove NAME", Short: "Remove an account and end its sessions", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.withStore(cmd.Context(), func(_ *sqlite.DB, people *access.People) error {
				return notThere(people.Remove(cmd.Context(), args[0]), "account", args[0])
			})
		},
	}
}

func (p *program) passwordCommand() *cobra.Command {
	return &cobra.Command{
		Use: "password NAME", Short: "Give an account a new password and end its sessions", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.withStore(cmd.Context(), func(db *sqlite.DB, people *access.People) error {
				if _, err := db.Account(cmd.Context(), args[0]); err != nil {
					return notThere(err, "account", args[0])
				}
				password, err := p.askPassword()
				if err != nil {
					return err
				}
				return people.SetPassword(cmd.Context(), args[0], password)
			})
		},
	}
}

// notThere says what is not there.
func notThere(err error, what, name string) error {
	if errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("there is no %s %s ('hueprint %s list' lists them): %w", what, name, what, err)
	}
	return err
}

// askPassword asks twice on a terminal, and reads a line elsewhere.
func (p *program) askPassword() (string, error) {
	f, ok := p.in.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		line, err := bufio.NewReader(io.LimitReader(p.in, 4096)).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", fmt.Errorf("read the password: %w", err)
		}
		return strings.TrimRight(line, "\r\n"), nil
	}
	first, err := p.readHidden(f, "Password: ")
	if err != nil {
		return "", err
	}
	again, err := p.readHidden(f, "Once more: ")
	if err != nil {
		return "", err
	}
	if first != again {
		return "", errors.New("the two passwords differ: nothing was changed")
	}
	return first, nil
}

func (p *program) readHidden(f *os.File, prompt string) (string, error) {
	fmt.Fprint(p.err, prompt)
	text, err := term.ReadPassword(int(f.Fd()))
	fmt.Fprintln(p.err)
	if err != nil {
		return "", fmt.Errorf("read the password: %w", err)
	}
	return string(text), nil
}

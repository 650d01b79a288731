package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/hueprint/hueprint/store"
)

// scanner is a row.
type scanner interface{ Scan(into ...any) error }

// collect reads all rows of a query.
func collect[T any](ctx context.Context, db *sql.DB, scan func(scanner) (T, error), query string, args ...any) (all []T, err error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	all = []T{}
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

// change runs a statement that must meet an entry; [store.ErrNotFound].
func (db *DB) change(ctx context.Context, statement string, args ...any) error {
	done, err := db.sql.ExecContext(ctx, statement, args...)
	if err != nil {
		return err
	}
	n, err := done.RowsAffected()
	if err == nil && n == 0 {
		err = store.ErrNotFound
	}
	return err
}

// quoted is a name as an error shows it, whatever it holds.
func quoted(name string) string { return fmt.Sprintf("%.80q", name) }

package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"github.com/hueprint/hueprint/store"
)

// PutSchedule enters a schedule, or replaces the entry whose revision it has.
func (db *DB) PutSchedule(ctx context.Context, s store.Schedule) (store.Schedule, error) {
	old := s.Revision
	s.Revision++
	err := db.within(ctx, func(tx *sql.Tx) error { return putSchedule(ctx, tx, s, old) })
	if err != nil {
		s.Revision = old
	}
	return s, explain("keep schedule "+quoted(s.Name), err)
}

func putSchedule(ctx context.Context, tx *sql.Tx, s store.Schedule, old int) error {
	entry, err := json.Marshal(s)
	if err != nil {
		return err
	}
	if old == 0 {
		const insert = "INSERT INTO schedules (id, name, revision, entry) VALUES ($1, $2, $3, $4)"
		if _, err := tx.ExecContext(ctx, insert, s.ID, s.Name, s.Revision, string(entry)); taken(err) {
			return store.ErrExists
		} else {
			return err
		}
	}
	const update = "UPDATE schedules SET name = $1, revision = $2, entry = $3 WHERE id = $4 AND revision = $5"
	done, err := tx.ExecContext(ctx, update, s.Name, s.Revision, string(entry), s.ID, old)
	if err != nil {
		return err
	}
	if n, err := done.RowsAffected(); err != nil {
		return err
	} else if n == 0 {
		return fmt.Errorf("it is not at revision %d: %w", old, store.ErrChanged)
	}
	return nil
}

// Schedule returns an entry.
func (db *DB) Schedule(ctx context.Context, id string) (store.Schedule, error) {
	s, err := scanEntry[store.Schedule](db.sql.QueryRowContext(ctx, "SELECT entry FROM schedules WHERE id = $1", id))
	return s, explain("schedule "+quoted(id), err)
}

// RemoveSchedule takes an entry out.
func (db *DB) RemoveSchedule(ctx context.Context, id string) error {
	_, err := db.sql.ExecContext(ctx, "DELETE FROM schedules WHERE id = $1", id)
	return explain("take out schedule "+quoted(id), err)
}

// ListSchedules returns all in order of name, then ID.
func (db *DB) ListSchedules(ctx context.Context) ([]store.Schedule, error) {
	all, err := collect(ctx, db.sql, scanEntry[store.Schedule], "SELECT entry FROM schedules ORDER BY name, id")
	return all, explain("list schedules", err)
}

// scanEntry reads an entry that is kept whole as JSON.
func scanEntry[T any](row scanner) (one T, err error) {
	var entry string
	if err := row.Scan(&entry); err != nil {
		return one, err
	}
	return one, json.Unmarshal([]byte(entry), &one)
}

package sqlite

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/hueprint/hueprint/store"
)

// PutFiring enters a firing or replaces the one of its ID.
func (db *DB) PutFiring(ctx context.Context, f store.Firing) error {
	entry, err := json.Marshal(f)
	if err != nil {
		return explain("keep firing "+quoted(f.ID), err)
	}
	const upsert = `INSERT INTO firings (id, schedule, due, outcome, entry) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (id) DO UPDATE SET schedule = excluded.schedule, due = excluded.due, outcome = excluded.outcome, entry = excluded.entry`
	_, err = db.sql.ExecContext(ctx, upsert, f.ID, f.Schedule, nanos(f.Due), string(f.Outcome), string(entry))
	if taken(err) {
		err = fmt.Errorf("its schedule has one for that instant: %w", store.ErrExists)
	}
	return explain("keep firing "+quoted(f.ID), err)
}

// Firing returns an entry.
func (db *DB) Firing(ctx context.Context, id string) (store.Firing, error) {
	f, err := scanFiring(db.sql.QueryRowContext(ctx, "SELECT entry FROM firings WHERE id = $1", id))
	return f, explain("firing "+quoted(id), err)
}

func scanFiring(row scanner) (store.Firing, error) {
	f, err := scanEntry[store.Firing](row)
	f.Runs = present(f.Runs)
	return f, err
}

// RunningFirings returns those without a final outcome.
func (db *DB) RunningFirings(ctx context.Context) ([]store.Firing, error) {
	all, err := collect(ctx, db.sql, scanFiring, "SELECT entry FROM firings WHERE outcome = $1 ORDER BY due, id", string(store.Running))
	return all, explain("list running firings", err)
}

// ListFirings returns a page.
func (db *DB) ListFirings(ctx context.Context, q store.FiringQuery) (store.FiringPage, error) {
	page, err := db.listFirings(ctx, q)
	return page, explain("list firings", err)
}

func (db *DB) listFirings(ctx context.Context, q store.FiringQuery) (page store.FiringPage, err error) {
	q, err = q.Checked()
	if err != nil {
		return page, err
	}
	w := &where{}
	if q.Schedule != "" {
		w.and("schedule = ?", q.Schedule)
	}
	if q.Outcome != "" {
		w.and("outcome = ?", string(q.Outcome))
	}
	if err := db.sql.QueryRowContext(ctx, "SELECT count(*) FROM firings"+w.clause(), w.args...).Scan(&page.Total); err != nil {
		return page, err
	}
	const list = "firings"
	if q.After != "" {
		c, err := store.ParseCursor(q.After, list)
		if err != nil {
			return page, err
		}
		w.and("(due, id) < (?, ?)", c.Nanos, c.ID)
	}
	query := fmt.Sprintf("SELECT entry FROM firings%s ORDER BY due DESC, id DESC LIMIT %d", w.clause(), q.Limit+1)
	page.Firings, err = collect(ctx, db.sql, scanFiring, query, w.args...)
	if err == nil && len(page.Firings) > q.Limit {
		page.Firings = page.Firings[:q.Limit]
		last := page.Firings[q.Limit-1]
		page.Next = store.Cursor{List: list, Nanos: nanos(last.Due), ID: last.ID}.String()
	}
	return page, err
}

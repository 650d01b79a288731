package sqlite

import (
	"context"
	"fmt"
	"time"

	"github.com/hueprint/hueprint/store"
)

const tokenColumns = "id, hash, name, scope, made_by, created, seen, expires"

// PutToken enters a token, or replaces its entry.
func (db *DB) PutToken(ctx context.Context, t store.Token) error {
	const upsert = `INSERT INTO tokens (` + tokenColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (id) DO UPDATE SET hash = excluded.hash, name = excluded.name, scope = excluded.scope,
			made_by = excluded.made_by, created = excluded.created, seen = excluded.seen, expires = excluded.expires`
	_, err := db.sql.ExecContext(ctx, upsert, t.ID, t.Hash, t.Name, string(t.Scope), t.By, nanos(t.Created), nanos(t.Seen), nanos(t.Expires))
	if taken(err) {
		err = fmt.Errorf("another token has its hash: %w", store.ErrExists)
	}
	return explain("keep token "+quoted(t.Name), err)
}

// Token returns the entry of a hash.
func (db *DB) Token(ctx context.Context, hash string) (store.Token, error) {
	t, err := scanToken(db.sql.QueryRowContext(ctx, "SELECT "+tokenColumns+" FROM tokens WHERE hash = $1", hash))
	return t, explain("token", err)
}

// RemoveToken takes an entry out.
func (db *DB) RemoveToken(ctx context.Context, id string) error {
	_, err := db.sql.ExecContext(ctx, "DELETE FROM tokens WHERE id = $1", id)
	return explain("take out token "+quoted(id), err)
}

// TouchToken notes that a token was used.
func (db *DB) TouchToken(ctx context.Context, id string, seen time.Time) error {
	const update = "UPDATE tokens SET seen = $1 WHERE id = $2"
	return explain("touch token "+quoted(id), db.change(ctx, update, nanos(seen), id))
}

// ListTokens returns all in order of creation.
func (db *DB) ListTokens(ctx context.Context) ([]store.Token, error) {
	all, err := collect(ctx, db.sql, scanToken, "SELECT "+tokenColumns+" FROM tokens ORDER BY created, id")
	return all, explain("list tokens", err)
}

func scanToken(row scanner) (t store.Token, err error) {
	var created, seen, expires int64
	err = row.Scan(&t.ID, &t.Hash, &t.Name, &t.Scope, &t.By, &created, &seen, &expires)
	t.Created, t.Seen, t.Expires = instant(created), instant(seen), instant(expires)
	return t, err
}

// PutInvitation replaces the invitation.
func (db *DB) PutInvitation(ctx context.Context, hash string, expires time.Time) error {
	const upsert = `INSERT INTO invitations (only, hash, expires) VALUES (1, $1, $2)
		ON CONFLICT (only) DO UPDATE SET hash = excluded.hash, expires = excluded.expires`
	_, err := db.sql.ExecContext(ctx, upsert, hash, nanos(expires))
	return explain("keep the invitation", err)
}

// TakeInvitation uses the invitation up.
func (db *DB) TakeInvitation(ctx context.Context, hash string, now time.Time) error {
	const take = "DELETE FROM invitations WHERE hash = $1 AND expires > $2"
	return explain("take the invitation", db.change(ctx, take, hash, nanos(now)))
}

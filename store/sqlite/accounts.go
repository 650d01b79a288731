package sqlite

import (
	"context"
	"fmt"
	"time"

	"github.com/hueprint/hueprint/store"
)

// PutAccount enters an account, or replaces its entry.
func (db *DB) PutAccount(ctx context.Context, a store.Account) error {
	const upsert = `INSERT INTO accounts (name, scope, password, created) VALUES ($1, $2, $3, $4)
		ON CONFLICT (name) DO UPDATE SET scope = excluded.scope, password = excluded.password, created = excluded.created`
	_, err := db.sql.ExecContext(ctx, upsert, a.Name, string(a.Scope), a.Password, nanos(a.Created))
	return explain("keep account "+quoted(a.Name), err)
}

// Account returns an entry.
func (db *DB) Account(ctx context.Context, name string) (store.Account, error) {
	a, err := scanAccount(db.sql.QueryRowContext(ctx, "SELECT name, scope, password, created FROM accounts WHERE name = $1", name))
	return a, explain("account "+quoted(name), err)
}

// RemoveAccount takes an entry out, with its sessions.
func (db *DB) RemoveAccount(ctx context.Context, name string) error {
	_, err := db.sql.ExecContext(ctx, "DELETE FROM accounts WHERE name = $1", name)
	return explain("take out account "+quoted(name), err)
}

// ListAccounts returns all in order of name.
func (db *DB) ListAccounts(ctx context.Context) ([]store.Account, error) {
	all, err := collect(ctx, db.sql, scanAccount, "SELECT name, scope, password, created FROM accounts ORDER BY name")
	return all, explain("list accounts", err)
}

func scanAccount(row scanner) (a store.Account, err error) {
	var created int64
	err = row.Scan(&a.Name, &a.Scope, &a.Password, &created)
	a.Created = instant(created)
	return a, err
}

// PutSession enters a session, or replaces its entry.
func (db *DB) PutSession(ctx context.Context, s store.Session) error {
	const upsert = `INSERT INTO sessions (hash, account, created, seen, expires) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (hash) DO UPDATE SET account = excluded.account, created = excluded.created, seen = excluded.seen, expires = excluded.expires`
	_, err := db.sql.ExecContext(ctx, upsert, s.Hash, s.Account, nanos(s.Created), nanos(s.Seen), nanos(s.Expires))
	if orphaned(err) {
		err = fmt.Errorf("account %s: %w", quoted(s.Account), store.ErrNotFound)
	}
	return explain("keep a session", err)
}

// Session returns an entry that has not expired by now.
func (db *DB) Session(ctx context.Context, hash string) (s store.Session, err error) {
	var created, seen, expires int64
	const query = "SELECT hash, account, created, seen, expires FROM sessions WHERE hash = $1 AND expires > $2"
	err = db.sql.QueryRowContext(ctx, query, hash, nanos(db.now())).Scan(&s.Hash, &s.Account, &created, &seen, &expires)
	s.Created, s.Seen, s.Expires = instant(created), instant(seen), instant(expires)
	return s, explain("session", err)
}

// RemoveSession takes an entry out.
func (db *DB) RemoveSession(ctx context.Context, hash string) error {
	_, err := db.sql.ExecContext(ctx, "DELETE FROM sessions WHERE hash = $1", hash)
	return explain("take out a session", err)
}

// TouchSession notes that a session was used.
func (db *DB) TouchSession(ctx context.Context, hash string, seen, expires time.Time) error {
	const update = "UPDATE sessions SET seen = $1, expires = $2 WHERE hash = $3"
	return explain("touch a session", db.change(ctx, update, nanos(seen), nanos(expires), hash))
}

// RemoveSessions ends all of an account's.
func (db *DB) RemoveSessions(ctx context.Context, account string) error {
	_, err := db.sql.ExecContext(ctx, "DELETE FROM sessions WHERE account = $1", account)
	return explain("end the sessions of "+quoted(account), err)
}

// RemoveExpired takes out sessions, and the set-up link, that expired before now.
func (db *DB) RemoveExpired(ctx context.Context, now time.Time) error {
	for _, table := range []string{"sessions", "invitations"} {
		if _, err := db.sql.ExecContext(ctx, "DELETE FROM "+table+" WHERE expires <= $1", nanos(now)); err != nil {
			return explain("take out what has expired", err)
		}
	}
	return nil
}

// Package sqlite keeps the server's store in one SQLite file, without cgo.
//
// [Open] makes or upgrades the file: its schema is a list of numbered
// migrations, and a file of a newer program is refused. Readers do not wait for
// writers (write-ahead log); what a call has written survives a kill and a power
// cut once it has returned. Several processes may have the file open, as
// `hueprint token` does beside the server.
//
// The statements keep to the common subset of SQLite and PostgreSQL. The file
// holds hashes of passwords and tokens and is readable by its owner only.
package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/pressly/goose/v3"
	"golang.org/x/sys/unix"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/hueprint/hueprint/store"
)

//go:embed migrations/*.sql
var migrations embed.FS

// A DB is an open file; it implements [store.Store].
type DB struct {
	sql *sql.DB
	now func() time.Time
}

var _ store.Store = (*DB)(nil)

// Options turn a store.
type Options struct {
	// Now is the server's wall clock; nil means the real one.
	Now func() time.Time
}

// connections bounds the pool, and with it the memory: each has a page cache.
const connections = 4

// Open opens the file at path and brings its schema up to date; a file that does
// not exist is made, with mode 0600.
func Open(ctx context.Context, path string, o Options) (*DB, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	db, err := open(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("open the store %s: %w", path, advise(err))
	}
	return &DB{sql: db, now: o.Now}, nil
}

func open(ctx context.Context, path string) (*sql.DB, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if err := prepare(path); err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", dsn(path))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	if err := migrate(ctx, db, path); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// prepare makes the empty file, so that SQLite's own files beside it get its
// mode, and closes an old one to others. An existing file is not opened here:
// closing it would drop the locks of this process on it.
func prepare(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return os.Chmod(path, 0o600)
	}
	if err != nil {
		return err
	}
	return file.Close()
}

// dsn names the file with the pragmas of every connection. Transactions take the
// write lock at their beginning, as one that reads first and writes later can
// fail at once instead of waiting.
func dsn(path string) string {
	q := url.Values{"_txlock": {"immediate"}, "_pragma": {
		"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)",
		"cache_size(-8000)", "journal_size_limit(16777216)", "trusted_schema(0)",
	}}
	return (&url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}).String()
}

// migrate brings the schema up to date, one process at a time.
func migrate(ctx context.Context, db *sql.DB, path string) (err error) {
	lock, err := os.OpenFile(path+".lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX); err != nil {
		return err
	}
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	has, reads, err := p.GetVersions(ctx)
	if err != nil {
		return err
	}
	if has > reads {
		return fmt.Errorf("a newer program made it (its schema is %d, this program reads up to %d): use that program's version, or move the file away and set up schedules and accounts anew", has, reads)
	}
	_, err = p.Up(ctx)
	return err
}

// Close closes the file.
func (db *DB) Close() error { return db.sql.Close() }

// within runs f in one transaction, which takes the write lock.
func (db *DB) within(ctx context.Context, f func(tx *sql.Tx) error) error {
	tx, err := db.sql.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// explain wraps an error with the operation; nil stays nil.
func explain(operation string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sql.ErrNoRows):
		err = store.ErrNotFound
	}
	return fmt.Errorf("%s: %w", operation, advise(err))
}

// advise adds what to do about the errors of a file or disk.
func advise(err error) error {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_FULL:
		return fmt.Errorf("%w (the disk is full: free space there)", err)
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return fmt.Errorf("%w (another process holds the file for long: end it)", err)
	case sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT:
		return fmt.Errorf("%w (restore the file from a copy, or move it away: runs are indexed again, schedules and accounts must be made anew)", err)
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM:
		return fmt.Errorf("%w (let this user write to the file and its folder)", err)
	}
	return err
}

// taken tells of a statement that met an entry of the same name.
func taken(err error) bool {
	return isCode(err, sqlite3.SQLITE_CONSTRAINT_UNIQUE) || isCode(err, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY)
}

// orphaned tells of a statement that names an entry which is not there.
func orphaned(err error) bool { return isCode(err, sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY) }

func isCode(err error, code int) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code() == code
}

package store

import (
	"context"
	"time"
)

// A Scope is what somebody may do; each includes those before it.
type Scope string

// ViewScope: look at everything but secrets. RunScope: start, stop, schedule, annotate.
// AdminScope: set up, configuration, accounts and tokens.
const (
	ViewScope  Scope = "view"
	RunScope   Scope = "run"
	AdminScope Scope = "admin"
)

// Allows tells whether s includes want.
func (s Scope) Allows(want Scope) bool { return s.rank() >= want.rank() && want.rank() > 0 }

func (s Scope) rank() int {
	switch s {
	case ViewScope:
		return 1
	case RunScope:
		return 2
	case AdminScope:
		return 3
	}
	return 0
}

// An Account is somebody who logs in with a password.
type Account struct {
	Name  string `json:"name"`
	Scope Scope  `json:"scope"`
	// Password is its argon2id hash with its parameters; never the password.
	Password string    `json:"-"`
	Created  time.Time `json:"created"`
}

// Accounts keeps them. Here and below, putting replaces the entry of that name,
// and removing one that is not there is no error.
type Accounts interface {
	PutAccount(ctx context.Context, a Account) error
	Account(ctx context.Context, name string) (Account, error) // [ErrNotFound]
	RemoveAccount(ctx context.Context, name string) error      // with its sessions
	// ListAccounts returns all in order of name.
	ListAccounts(ctx context.Context) ([]Account, error)
}

// A Session is a browser that is logged in.
type Session struct {
	// Hash is the SHA-256 of the cookie's 32 random bytes, in hex.
	Hash    string
	Account string
	Created time.Time
	Seen    time.Time
	Expires time.Time
}

// Sessions keeps them.
type Sessions interface {
	// PutSession of an account that does not exist is [ErrNotFound].
	PutSession(ctx context.Context, s Session) error
	Session(ctx context.Context, hash string) (Session, error) // [ErrNotFound], also when expired by now
	RemoveSession(ctx context.Context, hash string) error
	// TouchSession notes that a session was used and until when it goes on. It
	// never brings back one that was removed meanwhile: [ErrNotFound].
	TouchSession(ctx context.Context, hash string, seen, expires time.Time) error
	// RemoveSessions ends all of an account's; none is no error.
	RemoveSessions(ctx context.Context, account string) error
	// RemoveExpired takes out sessions, and set-up links, that expired before now.
	RemoveExpired(ctx context.Context, now time.Time) error
}

// A Token lets a program use the API.
type Token struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// Hash is the SHA-256 of the token, in hex; the token itself is shown once.
	Hash    string    `json:"-"`
	Scope   Scope     `json:"scope"`
	By      string    `json:"by,omitempty"`
	Created time.Time `json:"created"`
	Seen    time.Time `json:"seen,omitzero"`
	Expires time.Time `json:"expires,omitzero"` // zero: never
}

// Tokens keeps them.
type Tokens interface {
	// PutToken with the hash of another token is [ErrExists].
	PutToken(ctx context.Context, t Token) error
	Token(ctx context.Context, hash string) (Token, error) // by hash; [ErrNotFound]
	RemoveToken(ctx context.Context, id string) error
	// TouchToken notes that a token was used. It never brings back one that was
	// removed meanwhile: [ErrNotFound].
	TouchToken(ctx context.Context, id string, seen time.Time) error
	// ListTokens returns all in order of creation.
	ListTokens(ctx context.Context) ([]Token, error)
}

// Invitations keeps the one-time set-up link of the first start.
type Invitations interface {
	// PutInvitation replaces the invitation; hash is the SHA-256 of its secret.
	PutInvitation(ctx context.Context, hash string, expires time.Time) error
	// TakeInvitation uses it up; [ErrNotFound] when it is another, used, or
	// expired by now. It succeeds for one caller only.
	TakeInvitation(ctx context.Context, hash string, now time.Time) error
}

// Store is all of it, as the server opens it.
type Store interface {
	Runs
	Schedules
	Firings
	Accounts
	Sessions
	Tokens
	Invitations
	Close() error
}

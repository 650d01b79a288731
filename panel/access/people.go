package access

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/oklog/ulid/v2"

	"github.com/hueprint/hueprint/store"
)

// Keep is what this package keeps in the store.
type Keep interface {
	store.Accounts
	store.Sessions
	store.Tokens
	store.Invitations
}

// The errors of [People] on which callers act.
var (
	// ErrBadName says that an account or token cannot be called so.
	ErrBadName = errors.New("a name has 1 to 64 letters, digits or . _ - @")
	// ErrBadPassword says that a password is too short or too long.
	ErrBadPassword = fmt.Errorf("a password has %d to %d characters", LeastPassword, longestPassword)
	// ErrBadScope says that there is no such scope.
	ErrBadScope = errors.New("a scope is view, run or admin")
	// ErrWrongPassword says that name or password is wrong, and not which.
	ErrWrongPassword = errors.New("the name or the password is wrong")
	// ErrTooMany says that a password was tried too often; it is an
	// ErrWrongPassword as well.
	ErrTooMany = fmt.Errorf("%w, and was so too often (wait a minute)", ErrWrongPassword)
	// ErrLastAdmin says that nobody would be left to let others in.
	ErrLastAdmin = errors.New("this is the last administrator (make another one first)")
	// ErrPast says that a token would have expired before it is made.
	ErrPast = errors.New("a token's end must lie in the future")
)

// LeastPassword is the least number of characters of a password. There is no
// other rule about them: length is what counts.
const LeastPassword = 10

const longestPassword = 256

// People makes, changes and removes those who may use the panel.
type People struct {
	keep   Keep
	now    func() time.Time
	hasher *hasher
	names  *limit
	// admins is held from counting administrators to making one fewer.
	admins sync.Mutex
}

// NewPeople works on what keep keeps.
func NewPeople(keep Keep, now func() time.Time) *People {
	return &People{keep: keep, now: now, hasher: newHasher(presentCost), names: newLimit()}
}

// Accounts lists all in order of name.
func (p *People) Accounts(ctx context.Context) ([]store.Account, error) {
	return p.keep.ListAccounts(ctx)
}

// Add makes an account: [ErrBadName], [ErrBadPassword], [ErrBadScope],
// [store.ErrExists], [ErrBusy].
func (p *People) Add(ctx context.Context, name, password string, scope store.Scope) error {
	if err := errors.Join(checkName(name), checkPassword(password), checkScope(scope)); err != nil {
		return err
	}
	if _, err := p.keep.Account(ctx, name); !errors.Is(err, store.ErrNotFound) {
		return errors.Join(err, fmt.Errorf("account %s: %w", name, store.ErrExists))
	}
	hash, err := p.hasher.hash(ctx, password)
	if err != nil {
		return err
	}
	return p.keep.PutAccount(ctx, store.Account{Name: name, Scope: scope, Password: hash, Created: p.now()})
}

// SetPassword gives an account a new password and ends all its sessions.
func (p *People) SetPassword(ctx context.Context, name, password string) error {
	if err := checkPassword(password); err != nil {
		return err
	}
	a, err := p.keep.Account(ctx, name)
	if err != nil {
		return err
	}
	if a.Password, err = p.hasher.hash(ctx, password); err != nil {
		return err
	}
	return errors.Join(p.keep.PutAccount(ctx, a), p.keep.RemoveSessions(ctx, name))
}

// ChangePassword is [People.SetPassword] by the account's owner, who must know
// the old one: [ErrWrongPassword], [ErrTooMany]. A new password that is not
// possible is told first.
func (p *People) ChangePassword(ctx context.Context, name, old, password string) error {
	if err := checkPassword(password); err != nil {
		return err
	}
	now := p.now()
	t, wait := begin(now, p.names.of(name, now))
	if wait > 0 {
		return ErrTooMany
	}
	if _, err := p.proves(ctx, name, old); errors.Is(err, ErrWrongPassword) {
		return err
	} else if t.forgive(); err != nil {
		return err
	}
	return p.SetPassword(ctx, name, password)
}

// proves returns the account whose name and password these are.
func (p *People) proves(ctx context.Context, name, password string) (store.Account, error) {
	a, err := p.keep.Account(ctx, name)
	known := err == nil
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return a, err
	}
	hash := a.Password
	if !known {
		hash = p.hasher.nobodys()
	}
	if len(password) > 4*longestPassword {
		return store.Account{}, ErrWrongPassword
	}
	ok, err := p.hasher.matches(ctx, password, hash)
	if err != nil {
		return store.Account{}, err
	}
	if !ok || !known {
		return store.Account{}, ErrWrongPassword
	}
	return a, nil
}

// SetScope changes what an account may do: [ErrLastAdmin].
func (p *People) SetScope(ctx context.Context, name string, scope store.Scope) error {
	if err := checkScope(scope); err != nil {
		return err
	}
	p.admins.Lock()
	defer p.admins.Unlock()
	a, err := p.keep.Account(ctx, name)
	if err != nil {
		return err
	}
	if err := p.spare(ctx, a); err != nil && scope != store.AdminScope {
		return err
	}
	a.Scope = scope
	return p.keep.PutAccount(ctx, a)
}

// Remove takes out an account and ends its sessions: [ErrLastAdmin].
func (p *People) Remove(ctx context.Context, name string) error {
	p.admins.Lock()
	defer p.admins.Unlock()
	a, err := p.keep.Account(ctx, name)
	if err != nil {
		return err
	}
	if err := p.spare(ctx, a); err != nil {
		return err
	}
	return p.keep.RemoveAccount(ctx, name)
}

// spare fails where a is the last administrator.
func (p *People) spare(ctx context.Context, a store.Account) error {
	all, err := p.keep.ListAccounts(ctx)
	if err != nil || a.Scope != store.AdminScope {
		return err
	}
	for _, other := range all {
		if other.Name != a.Name && other.Scope == store.AdminScope {
			return nil
		}
	}
	return ErrLastAdmin
}

// Tokens lists all, without their secrets.
func (p *People) Tokens(ctx context.Context) ([]store.Token, error) {
	return p.keep.ListTokens(ctx)
}

// Issue makes a token that expires at until, or never where that is zero. The
// secret is what the program sends; it is told here only: [ErrBadName],
// [ErrBadScope], [ErrPast].
func (p *People) Issue(ctx context.Context, by, name string, scope store.Scope, until time.Time) (secret string, t store.Token, err error) {
	if err := errors.Join(checkName(name), checkScope(scope)); err != nil {
		return "", t, err
	}
	if !until.IsZero() && !until.After(p.now()) {
		return "", t, ErrPast
	}
	secret = tokenPrefix + newSecret()
	t = store.Token{ID: ulid.Make().String(), Name: name, Hash: hashOf(secret), Scope: scope, By: by, Created: p.now(), Expires: until}
	return secret, t, p.keep.PutToken(ctx, t)
}

// Revoke takes out a token; it is refused from now on.
func (p *People) Revoke(ctx context.Context, id string) error { return p.keep.RemoveToken(ctx, id) }

func checkName(name string) error {
	if len(name) < 1 || len(name) > 64 {
		return ErrBadName
	}
	for _, r := range name {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
		if !letter && r != '.' && r != '_' && r != '-' && r != '@' {
			return ErrBadName
		}
	}
	return nil
}

func checkPassword(password string) error {
	n := utf8.RuneCountInString(password)
	if n < LeastPassword || n > longestPassword || !utf8.ValidString(password) {
		return ErrBadPassword
	}
	return nil
}

func checkScope(s store.Scope) error {
	if !s.Allows(store.ViewScope) {
		return ErrBadScope
	}
	return nil
}

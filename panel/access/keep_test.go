package access

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/hueprint/hueprint/store"
)

// A memory keeps as the store would, and opens in no time.
type memory struct {
	sync.Mutex
	accounts   map[string]store.Account
	sessions   map[string]store.Session
	tokens     map[string]store.Token // by ID
	invitation string
	until      time.Time
	broken     error
}

func newMemory() *memory {
	return &memory{accounts: map[string]store.Account{}, sessions: map[string]store.Session{}, tokens: map[string]store.Token{}}
}

func (m *memory) Close() error {
	m.broken = errors.New("sql: database is closed")
	return nil
}

// do carries out one step at a time.
func (m *memory) do(step func()) error {
	m.Lock()
	defer m.Unlock()
	if m.broken == nil {
		step()
	}
	return m.broken
}

func got[V any](m *memory, of map[string]V, key string, good func(V) bool) (v V, err error) {
	ok := false
	if err = m.do(func() { v, ok = of[key] }); err == nil && (!ok || !good(v)) {
		var none V
		return none, store.ErrNotFound
	}
	return v, err
}

func (m *memory) PutAccount(_ context.Context, a store.Account) error {
	return m.do(func() { m.accounts[a.Name] = a })
}

func (m *memory) Account(_ context.Context, name string) (store.Account, error) {
	return got(m, m.accounts, name, func(store.Account) bool { return true })
}

func (m *memory) RemoveAccount(ctx context.Context, name string) error {
	return errors.Join(m.RemoveSessions(ctx, name), m.do(func() { delete(m.accounts, name) }))
}

func (m *memory) ListAccounts(context.Context) (all []store.Account, err error) {
	err = m.do(func() {
		for _, name := range slices.Sorted(maps.Keys(m.accounts)) {
			all = append(all, m.accounts[name])
		}
	})
	return all, err
}

func (m *memory) PutSession(ctx context.Context, s store.Session) error {
	if _, err := m.Account(ctx, s.Account); err != nil {
		return err
	}
	return m.do(func() { m.sessions[s.Hash] = s })
}

func (m *memory) Session(_ context.Context, hash string) (store.Session, error) {
	return got(m, m.sessions, hash, func(store.Session) bool { return true })
}

func (m *memory) RemoveSession(_ context.Context, hash string) error {
	return m.do(func() { delete(m.sessions, hash) })
}

func (m *memory) TouchSession(ctx context.Context, hash string, seen, expires time.Time) error {
	s, err := m.Session(ctx, hash)
	if err != nil {
		return err
	}
	s.Seen, s.Expires = seen, expires
	return m.do(func() { m.sessions[hash] = s })
}

func (m *memory) RemoveSessions(_ context.Context, account string) error {
	return m.do(func() {
		maps.DeleteFunc(m.sessions, func(_ string, s store.Session) bool { return s.Account == account })
	})
}

func (m *memory) RemoveExpired(context.Context, time.Time) error { return nil }

func (m *memory) PutToken(_ context.Context, t store.Token) error {
	return m.do(func() { m.tokens[t.ID] = t })
}

func (m *memory) Token(_ context.Context, hash string) (found store.Token, err error) {
	ok := false
	err = m.do(func() {
		for _, t := range m.tokens {
			if t.Hash == hash {
				found, ok = t, true
			}
		}
	})
	if err == nil && !ok {
		err = store.ErrNotFound
	}
	return found, err
}

func (m *memory) RemoveToken(_ context.Context, id string) error {
	return m.do(func() { delete(m.tokens, id) })
}

func (m *memory) TouchToken(_ context.Context, id string, seen time.Time) error {
	return m.do(func() {
		if t, ok := m.tokens[id]; ok {
			t.Seen = seen
			m.tokens[id] = t
		}
	})
}

func (m *memory) ListTokens(context.Context) (all []store.Token, err error) {
	err = m.do(func() { all = slices.Collect(maps.Values(m.tokens)) })
	return all, err
}

func (m *memory) PutInvitation(_ context.Context, hash string, expires time.Time) error {
	return m.do(func() { m.invitation, m.until = hash, expires })
}

func (m *memory) TakeInvitation(_ context.Context, hash string, now time.Time) (err error) {
	broken := m.do(func() {
		if m.invitation != hash || !now.Before(m.until) {
			err = store.ErrNotFound
			return
		}
		m.invitation = ""
	})
	return errors.Join(broken, err)
}

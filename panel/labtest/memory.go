package labtest

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hueprint/hueprint/store"
)

func open(testing.TB) store.Store {
	return &memory{runs: map[string]store.Run{}, schedules: map[string]store.Schedule{}, firings: map[string]store.Firing{},
		accounts: map[string]store.Account{}, sessions: map[string]store.Session{}, tokens: map[string]store.Token{}}
}

// memory is a store that forgets.
type memory struct {
	mu         sync.Mutex
	runs       map[string]store.Run
	schedules  map[string]store.Schedule
	firings    map[string]store.Firing
	accounts   map[string]store.Account
	sessions   map[string]store.Session
	tokens     map[string]store.Token
	invitation string
	until      time.Time
}

func get[V any](m *memory, of map[string]V, key string) (V, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	v, ok := of[key]
	if !ok {
		return v, store.ErrNotFound
	}
	return v, nil
}

func put[V any](m *memory, of map[string]V, key string, v V) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	of[key] = v
	return nil
}

func remove[V any](m *memory, of map[string]V, key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := of[key]; !ok {
		return store.ErrNotFound
	}
	delete(of, key)
	return nil
}

func all[V any](m *memory, of map[string]V, order func(a, b V) int) []V {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := make([]V, 0, len(of))
	for _, v := range of {
		list = append(list, v)
	}
	slices.SortFunc(list, order)
	return list
}

func (m *memory) PutRun(_ context.Context, r store.Run) error         { return put(m, m.runs, r.ID, r) }
func (m *memory) Run(_ context.Context, id string) (store.Run, error) { return get(m, m.runs, id) }
func (m *memory) RemoveRun(_ context.Context, id string) error {
	_ = remove(m, m.runs, id)
	return nil
}

func (m *memory) ListRuns(_ context.Context, q store.RunQuery) (store.RunPage, error) {
	list := all(m, m.runs, func(a, b store.Run) int { return cmp.Or(b.Prepared.Compare(a.Prepared), cmp.Compare(a.ID, b.ID)) })
	list = slices.DeleteFunc(list, func(r store.Run) bool {
		has := func(v store.RunVerdict) bool { return string(v.Verdict) == q.Verdict }
		return q.Gateway != "" && !slices.Contains(r.Gateways, q.Gateway) || q.Tag != "" && !slices.Contains(r.Tags, q.Tag) ||
			q.Verdict != "" && !slices.ContainsFunc(r.Verdicts, has) || q.Attention && !r.Attention ||
			q.Text != "" && !strings.Contains(r.ID+r.Experiment, q.Text)
	})
	page := store.RunPage{Total: len(list)}
	page.Runs, page.Next = paged(list, q.Limit, q.After, func(r store.Run) string { return r.ID })
	return page, nil
}

// paged cuts a page out of a list.
func paged[V any](list []V, limit int, after string, id func(V) string) (page []V, next string) {
	limit = cmp.Or(limit, 50)
	from := 1 + slices.IndexFunc(list, func(v V) bool { return id(v) == after })
	page = list[from:min(from+limit, len(list))]
	if from+limit < len(list) {
		next = id(page[len(page)-1])
	}
	return page, next
}

func (m *memory) RunFacets(context.Context) (store.Facets, error) {
	var f store.Facets
	for _, r := range all(m, m.runs, func(a, b store.Run) int { return 0 }) {
		f.Gateways, f.Tags, f.Experiments = append(f.Gateways, r.Gateways...), append(f.Tags, r.Tags...), append(f.Experiments, r.Experiment)
		for _, v := range r.Verdicts {
			f.Verdicts = append(f.Verdicts, string(v.Verdict))
		}
	}
	for _, list := range []*[]string{&f.Gateways, &f.Verdicts, &f.Tags, &f.Experiments} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	return f, nil
}

func (m *memory) PutSchedule(_ context.Context, s store.Schedule) (store.Schedule, error) {
	if old, err := get(m, m.schedules, s.ID); err == nil && old.Revision != s.Revision {
		return s, store.ErrChanged
	}
	s.Revision++
	return s, put(m, m.schedules, s.ID, s)
}

func (m *memory) Schedule(_ context.Context, id string) (store.Schedule, error) {
	return get(m, m.schedules, id)
}
func (m *memory) RemoveSchedule(_ context.Context, id string) error {
	return remove(m, m.schedules, id)
}
func (m *memory) ListSchedules(context.Context) ([]store.Schedule, error) {
	return all(m, m.schedules, func(a, b store.Schedule) int { return cmp.Compare(a.Name+a.ID, b.Name+b.ID) }), nil
}

func (m *memory) PutFiring(_ context.Context, f store.Firing) error {
	return put(m, m.firings, f.ID, f)
}
func (m *memory) Firing(_ context.Context, id string) (store.Firing, error) {
	return get(m, m.firings, id)
}
func (m *memory) ListFirings(_ context.Context, q store.FiringQuery) (store.FiringPage, error) {
	list := all(m, m.firings, func(a, b store.Firing) int { return cmp.Or(b.Due.Compare(a.Due), cmp.Compare(a.ID, b.ID)) })
	list = slices.DeleteFunc(list, func(f store.Firing) bool {
		return q.Schedule != "" && f.Schedule != q.Schedule || q.Outcome != "" && f.Outcome != q.Outcome
	})
	page := store.FiringPage{Total: len(list)}
	page.Firings, page.Next = paged(list, q.Limit, q.After, func(f store.Firing) string { return f.ID })
	return page, nil
}
func (m *memory) RunningFirings(ctx context.Context) ([]store.Firing, error) {
	page, err := m.ListFirings(ctx, store.FiringQuery{Outcome: store.Running})
	return page.Firings, err
}

func (m *memory) PutAccount(_ context.Context, a store.Account) error {
	return put(m, m.accounts, a.Name, a)
}
func (m *memory) Account(_ context.Context, name string) (store.Account, error) {
	return get(m, m.accounts, name)
}
func (m *memory) RemoveAccount(ctx context.Context, name string) error {
	_ = m.RemoveSessions(ctx, name)
	return remove(m, m.accounts, name)
}
func (m *memory) ListAccounts(context.Context) ([]store.Account, error) {
	return all(m, m.accounts, func(a, b store.Account) int { return cmp.Compare(a.Name, b.Name) }), nil
}

func (m *memory) PutSession(_ context.Context, s store.Session) error {
	return put(m, m.sessions, s.Hash, s)
}
func (m *memory) Session(_ context.Context, hash string) (store.Session, error) {
	return get(m, m.sessions, hash)
}
func (m *memory) RemoveSession(_ context.Context, hash string) error {
	return remove(m, m.sessions, hash)
}
func (m *memory) TouchSession(_ context.Context, hash string, seen, expires time.Time) error {
	s, err := get(m, m.sessions, hash)
	if err != nil {
		return err
	}
	s.Seen, s.Expires = seen, expires
	return put(m, m.sessions, hash, s)
}
func (m *memory) RemoveSessions(_ context.Context, account string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	maps.DeleteFunc(m.sessions, func(_ string, s store.Session) bool { return s.Account == account })
	return nil
}
func (m *memory) RemoveExpired(context.Context, time.Time) error { return nil }

func (m *memory) PutToken(_ context.Context, t store.Token) error { return put(m, m.tokens, t.ID, t) }
func (m *memory) Token(_ context.Context, hash string) (store.Token, error) {
	for _, t := range all(m, m.tokens, func(a, b store.Token) int { return 0 }) {
		if t.Hash == hash {
			return t, nil
		}
	}
	return store.Token{}, store.ErrNotFound
}
func (m *memory) RemoveToken(_ context.Context, id string) error { return remove(m, m.tokens, id) }
func (m *memory) TouchToken(_ context.Context, id string, seen time.Time) error {
	t, err := get(m, m.tokens, id)
	if err != nil {
		return err
	}
	t.Seen = seen
	return put(m, m.tokens, id, t)
}
func (m *memory) ListTokens(context.Context) ([]store.Token, error) {
	return all(m, m.tokens, func(a, b store.Token) int { return cmp.Compare(a.Name, b.Name) }), nil
}

func (m *memory) PutInvitation(_ context.Context, hash string, expires time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.invitation, m.until = hash, expires
	return nil
}
func (m *memory) TakeInvitation(_ context.Context, hash string, now time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.invitation == "" || m.invitation != hash || !now.Before(m.until) {
		return store.ErrNotFound
	}
	m.invitation = ""
	return nil
}

func (m *memory) Close() error { return nil }

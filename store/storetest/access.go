package storetest

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hueprint/hueprint/store"
)

// Access is the suite of [store.Accounts], [store.Sessions], [store.Tokens] and
// [store.Invitations].
func Access(t *testing.T, open func(t *testing.T) store.Store) {
	t.Run("Accounts", func(t *testing.T) { accounts(t, open(t)) })
	t.Run("Sessions", func(t *testing.T) { sessions(t, open(t)) })
	t.Run("Tokens", func(t *testing.T) { tokensKept(t, open(t)) })
	t.Run("AnInvitationIsTakenOnce", func(t *testing.T) { invitations(t, open(t)) })
}

func accounts(t *testing.T, s store.Store) {
	ctx := background()
	zoe := store.Account{Name: "zoe", Scope: store.AdminScope, Password: "$argon2id$…", Created: noon}
	ann := store.Account{Name: "ann", Scope: store.ViewScope, Password: "x", Created: noon}
	must(t, s.PutAccount(ctx, zoe), s.PutAccount(ctx, ann))
	zoe.Password = "new"
	must(t, s.PutAccount(ctx, zoe))
	got, err := s.Account(ctx, "zoe")
	must(t, err)
	same(t, "accounts", zoe, got)
	all, err := s.ListAccounts(ctx)
	must(t, err)
	same(t, "lists", []store.Account{ann, zoe}, all)
	must(t, s.RemoveAccount(ctx, "zoe"), s.RemoveAccount(ctx, "zoe"))
	_, err = s.Account(ctx, "zoe")
	want(t, "a removed one", err, store.ErrNotFound)
}

func sessions(t *testing.T, s store.Store) {
	ctx, now := background(), time.Now().UTC()
	live := store.Session{Hash: "aa", Account: "zoe", Created: now, Seen: now, Expires: now.Add(time.Hour)}
	dead := store.Session{Hash: "bb", Account: "zoe", Created: now, Seen: now, Expires: now.Add(-time.Second)}
	want(t, "a session of nobody", s.PutSession(ctx, live), store.ErrNotFound)
	must(t, s.PutAccount(ctx, store.Account{Name: "zoe"}), s.PutSession(ctx, live), s.PutSession(ctx, dead))
	got, err := s.Session(ctx, "aa")
	must(t, err)
	same(t, "sessions", live, got)
	_, err = s.Session(ctx, "bb")
	want(t, "an expired one", err, store.ErrNotFound)
	live.Seen = now.Add(time.Minute)
	must(t, s.PutSession(ctx, live), s.PutAccount(ctx, store.Account{Name: "zoe", Password: "new"}), s.RemoveExpired(ctx, now))
	got, err = s.Session(ctx, "aa")
	must(t, err)
	same(t, "sessions", live, got)
	must(t, s.RemoveExpired(ctx, now.Add(2*time.Hour)))
	_, err = s.Session(ctx, "aa")
	want(t, "one that was cleared away", err, store.ErrNotFound)

	want(t, "a touch of one that is gone", s.TouchSession(ctx, "aa", now, now.Add(time.Hour)), store.ErrNotFound)
	must(t, s.PutSession(ctx, live), s.TouchSession(ctx, "aa", now.Add(time.Minute), now.Add(3*time.Hour)))
	got, err = s.Session(ctx, "aa")
	must(t, err)
	live.Seen, live.Expires = now.Add(time.Minute), now.Add(3*time.Hour)
	same(t, "sessions", live, got)
	must(t, s.RemoveSessions(ctx, "zoe"), s.RemoveSessions(ctx, "nobody"))
	_, err = s.Session(ctx, "aa")
	want(t, "one of an account whose sessions were ended", err, store.ErrNotFound)

	must(t, s.PutSession(ctx, live), s.RemoveSession(ctx, "aa"), s.RemoveSession(ctx, "aa"))
	_, err = s.Session(ctx, "aa")
	want(t, "one that was logged out", err, store.ErrNotFound)
	must(t, s.PutSession(ctx, live), s.RemoveAccount(ctx, "zoe"))
	_, err = s.Session(ctx, "aa")
	want(t, "one of a removed account", err, store.ErrNotFound)
}

func tokensKept(t *testing.T, s store.Store) {
	ctx := background()
	first := store.Token{ID: "1", Name: "ci", Hash: "aa", Scope: store.RunScope, By: "zoe", Created: noon, Seen: noon, Expires: noon.Add(time.Hour)}
	second := store.Token{ID: "0", Name: "ci", Hash: "bb", Scope: store.ViewScope, Created: noon.Add(time.Second)}
	must(t, s.PutToken(ctx, second), s.PutToken(ctx, first))
	got, err := s.Token(ctx, "aa")
	must(t, err)
	same(t, "tokens", first, got)
	want(t, "a token with another's hash", s.PutToken(ctx, store.Token{ID: "2", Hash: "aa"}), store.ErrExists)
	must(t, s.TouchToken(ctx, "1", noon.Add(time.Hour)))
	first.Seen = noon.Add(time.Hour)
	want(t, "a touch of none", s.TouchToken(ctx, "9", noon), store.ErrNotFound)
	all, err := s.ListTokens(ctx)
	must(t, err)
	same(t, "lists", []store.Token{first, second}, all)
	must(t, s.RemoveToken(ctx, "1"), s.RemoveToken(ctx, "1"))
	_, err = s.Token(ctx, "aa")
	want(t, "a removed one", err, store.ErrNotFound)
	_, err = s.Token(ctx, "")
	want(t, "none", err, store.ErrNotFound)
}

func invitations(t *testing.T, s store.Store) {
	ctx := background()
	want(t, "none", s.TakeInvitation(ctx, "aa", noon), store.ErrNotFound)
	must(t, s.PutInvitation(ctx, "aa", noon.Add(time.Hour)), s.PutInvitation(ctx, "bb", noon.Add(time.Hour)))
	want(t, "one that was replaced", s.TakeInvitation(ctx, "aa", noon), store.ErrNotFound)
	want(t, "an expired one", s.TakeInvitation(ctx, "bb", noon.Add(time.Hour)), store.ErrNotFound)
	var taken atomic.Int32
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if s.TakeInvitation(ctx, "bb", noon) == nil {
				taken.Add(1)
			}
		})
	}
	all.Wait()
	if taken.Load() != 1 {
		t.Errorf("the invitation was taken %d times", taken.Load())
	}
	must(t, s.PutInvitation(ctx, "cc", noon.Add(time.Hour)), s.RemoveExpired(ctx, noon.Add(2*time.Hour)))
	want(t, "one that was cleared away", s.TakeInvitation(ctx, "cc", noon), store.ErrNotFound)
}

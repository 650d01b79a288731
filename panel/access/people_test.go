package access

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/hueprint/hueprint/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// cheap is the cost of passwords in tests.
var cheap = cost{memory: 64, passes: 1, threads: 1}

// A clock that tests set.
type clock struct{ at atomic.Int64 }

func (c *clock) Now() time.Time      { return time.Unix(0, c.at.Load()).UTC() }
func (c *clock) Add(d time.Duration) { c.at.Add(int64(d)) }

func newClock() *clock {
	c := new(clock)
	c.at.Store(time.Date(2026, 11, 18, 12, 0, 0, 0, time.UTC).UnixNano())
	return c
}

func newPeople(t *testing.T) (*People, *clock) {
	t.Helper()
	c := newClock()
	p := NewPeople(newMemory(), c.Now)
	p.hasher = newHasher(cheap)
	return p, c
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func want(t testing.TB, err, wanted error) {
	t.Helper()
	if !errors.Is(err, wanted) {
		t.Errorf("got error %v, want %v", err, wanted)
	}
}

const good = "correct horse battery"

func TestAPasswordProvesItsAccountOnly(t *testing.T) {
	p, _ := newPeople(t)
	ctx := t.Context()
	must(t, p.Add(ctx, "ada", good, store.AdminScope))
	must(t, p.Add(ctx, "bob", good+"!", store.ViewScope))
	a, err := p.proves(ctx, "ada", good)
	must(t, err)
	if a.Scope != store.AdminScope || strings.Contains(a.Password, good) || !strings.HasPrefix(a.Password, "$argon2id$v=19$") {
		t.Errorf("account %+v", a)
	}
	b, err := p.keep.Account(ctx, "bob")
	must(t, err)
	if a.Password == b.Password {
		t.Error("two hashes are equal")
	}
	for _, try := range [][2]string{{"ada", good + "!"}, {"bob", good}, {"nobody", good}, {"ada", ""}, {"", ""}, {"ada", strings.Repeat("x", 5000)}} {
		_, err := p.proves(ctx, try[0], try[1])
		want(t, err, ErrWrongPassword)
	}
}

func TestWhatIsNoNameOrPasswordIsRefused(t *testing.T) {
	p, _ := newPeople(t)
	ctx := t.Context()
	for _, name := range []string{"", " ", "a b", "<b>", "ä", "../x", strings.Repeat("a", 65), "a\n"} {
		want(t, p.Add(ctx, name, good, store.ViewScope), ErrBadName)
	}
	for _, password := range []string{"", "short", "123456789", "\xff\xfe\xfd\xfc\xfb\xfa\xff\xff\xff\xff\xff", strings.Repeat("x", 257)} {
		want(t, p.Add(ctx, "ada", password, store.ViewScope), ErrBadPassword)
		want(t, p.SetPassword(ctx, "ada", password), ErrBadPassword)
	}
	for _, scope := range []store.Scope{"", "root", "ADMIN"} {
		want(t, p.Add(ctx, "ada", good, scope), ErrBadScope)
		_, _, err := p.Issue(ctx, "ada", "x", scope, time.Time{})
		want(t, err, ErrBadScope)
	}
	must(t, p.Add(ctx, "ada", good, store.ViewScope))
	want(t, p.Add(ctx, "ada", good, store.AdminScope), store.ErrExists)
}

func TestTheLastAdministratorStays(t *testing.T) {
	p, _ := newPeople(t)
	ctx := t.Context()
	must(t, p.Add(ctx, "ada", good, store.AdminScope))
	must(t, p.Add(ctx, "bob", good, store.RunScope))
	want(t, p.Remove(ctx, "ada"), ErrLastAdmin)
	want(t, p.SetScope(ctx, "ada", store.ViewScope), ErrLastAdmin)
	must(t, p.SetScope(ctx, "ada", store.AdminScope))
	must(t, p.SetScope(ctx, "bob", store.AdminScope))
	var left atomic.Int32
	var both sync.WaitGroup
	for _, name := range []string{"ada", "bob"} {
		both.Go(func() {
			if p.Remove(ctx, name) != nil {
				left.Add(1)
			}
		})
	}
	both.Wait()
	if left.Load() != 1 {
		t.Errorf("%d administrators are left of two who removed each other, want 1", left.Load())
	}
}

func TestTheOldPasswordIsNotGuessedThroughItsChange(t *testing.T) {
	p, c := newPeople(t)
	ctx := t.Context()
	must(t, p.Add(ctx, "ada", good, store.AdminScope))
	for range triesAtFirst {
		err := p.ChangePassword(ctx, "ada", "a wrong password", "another password")
		want(t, err, ErrWrongPassword)
		if errors.Is(err, ErrTooMany) {
			t.Fatal("refused too early")
		}
	}
	want(t, p.ChangePassword(ctx, "ada", good, "another password"), ErrTooMany)
	c.Add(tryEvery)
	must(t, p.ChangePassword(ctx, "ada", good, "another password"))
	_, err := p.proves(ctx, "ada", "another password")
	must(t, err)
}

func TestATokenIsKeptAsItsHash(t *testing.T) {
	p, c := newPeople(t)
	secret, token, err := p.Issue(t.Context(), "ada", "grafana", store.ViewScope, time.Time{})
	must(t, err)
	if token.Hash != hashOf(secret) || strings.Contains(fmt.Sprint(token), secret) || len(secret) != len(tokenPrefix)+43 {
		t.Errorf("token %+v", token)
	}
	_, _, err = p.Issue(t.Context(), "ada", "grafana", store.ViewScope, c.Now())
	want(t, err, ErrPast)
}

func TestADamagedHashIsNoPassword(t *testing.T) {
	h := newHasher(cheap)
	whole, err := h.hash(t.Context(), good)
	must(t, err)
	for _, damaged := range []string{"", "x", "$argon2id$", strings.Replace(whole, "m=64", "m=99999999", 1), strings.Replace(whole, "t=1", "t=0", 1),
		strings.Replace(whole, "p=1", "p=0", 1), strings.Replace(whole, "v=19", "v=16", 1), strings.Replace(whole, "argon2id", "argon2i", 1), whole[:len(whole)-40]} {
		if ok, err := h.matches(t.Context(), good, damaged); ok || !errors.Is(err, errHash) {
			t.Errorf("%q: %v, %v", damaged, ok, err)
		}
	}
	if ok, err := h.matches(t.Context(), good, whole); !ok || err != nil {
		t.Errorf("the whole hash: %v, %v", ok, err)
	}
	if ok, err := h.matches(t.Context(), good, h.nobodys()); ok || err != nil {
		t.Errorf("nobody's hash: %v, %v", ok, err)
	}
}

func FuzzHash(f *testing.F) {
	f.Add("$argon2id$v=19$m=64,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
	f.Add("$argon2id$v=19$m=19456,t=2,p=1$$")
	f.Add("$$$$$")
	f.Fuzz(func(t *testing.T, encoded string) {
		c, salt, key, err := decode(encoded)
		if err == nil && (c.memory > 1<<20 || c.passes > 64 || len(salt) == 0 || len(key) > 64) {
			t.Errorf("%q is read as %+v with %d bytes of salt and %d of key", encoded, c, len(salt), len(key))
		}
	})
}

// One password is hashed at a time, a few wait, all others are sent away.
func TestAFloodOfLoginsIsSentAway(t *testing.T) {
	h := newHasher(cheap)
	done, err := h.admit(t.Context())
	must(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	var busy atomic.Int32
	var flood sync.WaitGroup
	for range 500 {
		flood.Go(func() {
			if again, err := h.admit(ctx); err != nil {
				busy.Add(1)
			} else {
				again()
			}
		})
	}
	for busy.Load() < 500-longestLine+1 {
		time.Sleep(time.Millisecond)
	}
	cancel()
	flood.Wait()
	if n := busy.Load(); n != 500 {
		t.Errorf("%d of 500 were sent away while one was at work, want all", n)
	}
	done()
	if _, err := h.hash(t.Context(), good); err != nil {
		t.Errorf("after the flood: %v", err)
	}
}

func TestTheTableOfAddressesIsBounded(t *testing.T) {
	for _, busy := range []int{0, tableAtMost - 1, tableAtMost, tableAtMost + 9} {
		l, now := newLimit(), newClock().Now()
		for i := range busy {
			begin(now, l.of(fmt.Sprint("busy", i), now))
		}
		if len(l.keys) > tableAtMost {
			t.Errorf("%d keys are remembered", len(l.keys))
		}
		mine := l.of("mine", now)
		if full := busy >= tableAtMost; full != (mine == l.others) {
			t.Errorf("with %d busy ones, a new one is with the others: %v", busy, mine == l.others)
		}
		if l.of("later", now.Add(triesAtFirst*tryEvery)) == l.others {
			t.Error("the table is full of those who are at rest")
		}
	}
	l := newLimit()
	if now := newClock().Now(); l.of(strings.Repeat("x", 1<<20), now) != l.others || len(l.keys) != 0 {
		t.Error("a name of a megabyte is remembered")
	}
}

func TestTriesAreCountedByHousehold(t *testing.T) {
	for remote, key := range map[string]string{
		"192.0.2.7:4711": "192.0.2.7", "[::ffff:192.0.2.7]:1": "192.0.2.7", "[2001:db8:1:2:3:4:5:6]:1": "2001:db8:1:2::/64", "[fe80::1%eth0]:1": "fe80::/64", "@": "@",
	} {
		if got := network(remote); got != key {
			t.Errorf("%s is counted as %s, want %s", remote, got, key)
		}
	}
}

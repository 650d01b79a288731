package access

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/hueprint/hueprint/store"
)

// Options are how the panel is reached and who may come without a name. The zero
// value is the strictest.
type Options struct {
	// Open lets everybody on this computer do everything, without a login; never
	// anybody else. It is for the lab without hardware, and for a loopback
	// address only.
	Open bool
	// Secure says that browsers come by https: TLS ends here or at a proxy.
	Secure bool
	// Hosts are the names by which the panel is reached, beside the names and
	// addresses of this computer itself (localhost, 127.0.0.1, ::1) and, unless
	// Open, any bare address. Requests for other names are refused.
	Hosts []string
	// Idle ends a session that was not used so long; 0 means 12 hours. Longest
	// ends every session; 0 means 14 days.
	Idle, Longest time.Duration
}

const (
	idle       = 12 * time.Hour
	longest    = 14 * 24 * time.Hour
	invitation = 24 * time.Hour
	// touchEvery is how exactly the last use of a session or token is known.
	touchEvery = time.Minute
	// Operator is the name of everybody where the panel is open.
	Operator = "operator"
)

// A Gate stands before every route.
type Gate struct {
	o      Options
	keep   Keep
	people *People
	views  Views
	now    func() time.Time
	log    *slog.Logger
	origin *http.CrossOriginProtection

	addresses *limit
}

// NewGate makes the gate. Its views may be drawn only by what p knows.
func NewGate(o Options, p *People, views Views, log *slog.Logger) *Gate {
	if o.Idle == 0 {
		o.Idle = idle
	}
	if o.Longest == 0 {
		o.Longest = longest
	}
	return &Gate{o: o, keep: p.keep, people: p, views: views, now: p.now, log: log,
		origin: http.NewCrossOriginProtection(), addresses: newLimit()}
}

// Invite makes the one-time link to the first account and returns its path; it
// is empty when there is an account already. An earlier link is dead then.
func (g *Gate) Invite(ctx context.Context) (path string, err error) {
	all, err := g.keep.ListAccounts(ctx)
	if err != nil || len(all) > 0 {
		return "", err
	}
	secret := newSecret()
	return "/first?secret=" + secret, g.keep.PutInvitation(ctx, hashOf(secret), g.now().Add(invitation))
}

// Guard asks who it is, whether that one may use the route, and reads the body,
// before the route's handler runs.
func (g *Gate) Guard(r Route) gin.HandlerFunc {
	return func(c *gin.Context) {
		who, err := g.identify(c)
		c.Set(identityKey, who)
		switch {
		case r.Scope == "": // everybody may, also when the store cannot say who it is
		case err != nil && !errors.Is(err, errNobody):
			g.fail(c, err)
			return
		case !who.Known():
			g.turnAway(c)
			return
		case !who.Scope.Allows(r.Scope):
			g.Refuse(c, http.StatusForbidden, RefusalView{Title: "Not allowed",
				Text: "This needs the scope " + string(r.Scope) + "; " + who.Name + " has " + string(who.Scope) + ".",
				Do:   "Ask an administrator of this panel."})
			return
		}
		c.Set(stillKey, func() bool {
			again, err := g.identify(c)
			return err == nil && again.Scope.Allows(r.Scope)
		})
		if g.readBody(c, r.Limit) {
			c.Next()
		}
	}
}

// errNobody says that a request came without anything to show, or with
// something that is not, or no longer, good.
var errNobody = errors.New("nobody is logged in")

// identify finds out who asks. A token that is sent decides, be it good or not:
// a program must learn that its token is dead also where the panel is open.
func (g *Gate) identify(c *gin.Context) (Identity, error) {
	if header := c.GetHeader("Authorization"); header != "" {
		return g.byToken(c, header)
	}
	if g.o.Open {
		return Identity{Name: Operator, Scope: store.AdminScope}, nil
	}
	return g.bySession(c)
}

func (g *Gate) byToken(c *gin.Context, header string) (Identity, error) {
	scheme, secret, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") || !strings.HasPrefix(secret, tokenPrefix) {
		return Identity{}, errNobody
	}
	ctx, now := c.Request.Context(), g.now()
	t, err := g.keep.Token(ctx, hashOf(secret))
	if errors.Is(err, store.ErrNotFound) || err == nil && !t.Expires.IsZero() && !now.Before(t.Expires) {
		return Identity{}, errNobody
	}
	if err != nil {
		return Identity{}, err
	}
	if now.Sub(t.Seen) >= touchEvery {
		g.note("token", g.keep.TouchToken(ctx, t.ID, now))
	}
	return Identity{Name: t.Name, Scope: t.Scope, Token: true}, nil
}

func (g *Gate) bySession(c *gin.Context) (Identity, error) {
	cookie, err := c.Request.Cookie(g.cookieName())
	if err != nil {
		return Identity{}, errNobody
	}
	ctx, now, hash := c.Request.Context(), g.now(), hashOf(cookie.Value)
	s, err := g.keep.Session(ctx, hash)
	if errors.Is(err, store.ErrNotFound) || err == nil && !now.Before(s.Expires) {
		return Identity{}, errNobody
	}
	if err != nil {
		return Identity{}, err
	}
	a, err := g.keep.Account(ctx, s.Account)
	if errors.Is(err, store.ErrNotFound) {
		return Identity{}, errNobody
	}
	if err == nil && now.Sub(s.Seen) >= touchEvery {
		g.note("session", g.keep.TouchSession(ctx, hash, now, g.until(s.Created, now)))
	}
	return Identity{Name: a.Name, Scope: a.Scope}, err
}

// until is when a session ends that is used now.
func (g *Gate) until(created, now time.Time) time.Time {
	end := created.Add(g.o.Longest)
	if slid := now.Add(g.o.Idle); slid.Before(end) {
		return slid
	}
	return end
}

// note logs what must not keep anybody out: that a use could not be written
// down. One that was removed at this very moment is refused the next time.
func (g *Gate) note(what string, err error) {
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		g.log.Warn("note the use of a "+what, "error", err)
	}
}

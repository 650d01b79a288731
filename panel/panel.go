package panel

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/hueprint/hueprint/panel/access"
	"github.com/hueprint/hueprint/panel/desk"
	"github.com/hueprint/hueprint/panel/lab"
	"github.com/hueprint/hueprint/panel/live"
	"github.com/hueprint/hueprint/store"
)

// Options are what a panel stands on. Bench, Setup, Feed and Store are needed.
type Options struct {
	Bench lab.Bench
	Setup lab.Setup
	Feed  lab.Feed
	Store store.Store
	// Now is the server's wall clock; nil means [time.Now].
	Now func() time.Time
	// Log is told what readers are not; nil discards it. What looks like a secret
	// is masked before it gets there.
	Log     *slog.Logger
	Version string
	Access  access.Options
	// Viewers is told how many watch live whenever that changes; it must return
	// at once. It may be nil.
	Viewers func(n int)
	// Ready are the checks of /readyz beside that of the store.
	Ready []Check
}

// A Check tells whether one part can do its work.
type Check struct {
	// Name is shown to everybody: scheduler, recorder.
	Name string
	// Check returns at once or when ctx ends; its error is shown to those who may
	// look at the panel.
	Check func(ctx context.Context) error
}

// A Panel answers requests. Close ends what it began.
type Panel struct {
	o        Options
	gate     *access.Gate
	people   *access.People
	audience *live.Audience
	meters   *meters
	engine   *gin.Engine
	routes   []access.Route
	stop     context.CancelFunc
	stopped  chan struct{}
}

// New puts a panel together. It begins to count what the feed tells.
func New(o Options) (*Panel, error) { return assemble(o, contents) }

// assemble is New with other pages.
func assemble(o Options, contents func(desk.Desk) (access.Views, []access.Route)) (*Panel, error) {
	if o.Bench == nil || o.Setup == nil || o.Feed == nil || o.Store == nil {
		return nil, errors.New("assemble the panel: bench, setup, feed and store are needed")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.Log = slog.New(masking{o.Log.Handler()})
	p := &Panel{o: o, people: access.NewPeople(o.Store, o.Now), audience: &live.Audience{Feed: o.Feed, Counted: o.Viewers}, stopped: make(chan struct{})}
	views, routes := contents(desk.Desk{Bench: o.Bench, Setup: o.Setup, Feed: p.audience, Store: o.Store,
		People: p.people, Now: o.Now, Version: o.Version, Log: o.Log})
	p.gate = access.NewGate(o.Access, p.people, views, o.Log)
	p.meters = newMeters(o, p.audience)
	p.routes = append(append(p.ownRoutes(), p.gate.Routes()...), routes...)
	p.engine = p.newEngine()
	ctx, stop := context.WithCancel(context.Background())
	p.stop = stop
	events := o.Feed.Events(ctx, "")
	go func() {
		defer close(p.stopped)
		p.meters.follow(ctx, events)
	}()
	return p, nil
}

// newEngine registers every route behind the door. Redirects of gin's own are
// off: they would answer before the door has asked anything.
func (p *Panel) newEngine() *gin.Engine {
	gin.SetMode(gin.ReleaseMode)
	e := gin.New()
	e.RedirectTrailingSlash, e.RedirectFixedPath, e.ForwardedByClientIP = false, false, false
	e.HandleMethodNotAllowed = true
	e.Use(p.measure, p.recover)
	e.Use(p.gate.Door()...)
	for _, r := range p.routes {
		e.Handle(r.Method, r.Path, p.gate.Guard(r), r.Handle)
	}
	e.NoRoute(func(c *gin.Context) {
		p.gate.Refuse(c, http.StatusNotFound, access.RefusalView{Title: "Not found", Text: "There is nothing at this address.", Do: "See whether it was typed right."})
	})
	e.NoMethod(func(c *gin.Context) {
		p.gate.Refuse(c, http.StatusMethodNotAllowed, access.RefusalView{Title: "Not possible", Text: "That method is not for this address.", Do: "The header Allow lists those that are."})
	})
	return e
}

// ServeHTTP answers a request. HEAD is GET whose body the server leaves out.
func (p *Panel) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodHead {
		get := *r
		get.Method = http.MethodGet
		r = &get
	}
	p.engine.ServeHTTP(w, r)
}

// Routes are all that the panel answers to.
func (p *Panel) Routes() []access.Route { return p.routes }

// Invite is the path of the one-time set-up link, to be printed at the start; it
// is empty when there is an account already.
func (p *Panel) Invite(ctx context.Context) (string, error) { return p.gate.Invite(ctx) }

// People are those who may use the panel.
func (p *Panel) People() *access.People { return p.people }

// Server is an HTTP server for the panel with the time limits that it needs. The
// caller sets its address and TLS, and must close the feed when it shuts down, so
// that live streams end.
func (p *Panel) Server() *http.Server {
	return &http.Server{Handler: p, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: 32 << 10, ErrorLog: slog.NewLogLogger(p.o.Log.Handler(), slog.LevelDebug)}
}

// Close ends the counting and returns when it has ended.
func (p *Panel) Close() {
	p.stop()
	<-p.stopped
}

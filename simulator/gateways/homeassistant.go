package gateways

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/websocket"
	"golang.org/x/sync/errgroup"

	"github.com/hueprint/hueprint/simulator/far"
)

// The names that the paper gives.
const (
	nabuCasa        = "cloud.nabucasa.com"
	cognito         = "cognito-idp.us-east-1.amazonaws.com"
	homeAssistantIO = "www.home-assistant.io"
	analytics       = "analytics-api.home-assistant.io"
	gitHub          = "github.com"
	cloudflareTime  = "time.cloudflare.com"
)

// cloudflareCheck is the address that Home Assistant asks by HTTP without
// having asked for its name.
func cloudflareCheck() netip.Addr { return netip.AddrFrom4([4]byte{198, 51, 100, 30}) }

// HomeAssistantPort is where its app connects.
const HomeAssistantPort = 8123

// The lengths on the wire of what app and server exchange idle, with WebSocket
// headers: six bytes from the app, two from the server.
const authOKSize, pongSize, pingSize = 44, 24, 28

// homeAssistant is Home Assistant on a Raspberry Pi (section 4.4 of the paper).
// In its week it asked every hour for the names of all 254 addresses of its
// network, for the time every 34 min 08 s, had 2,889 HTTP conversations with
// addresses without names, opened 112 pairs of streams to github.com and held
// one to its cloud, which does not react. Its app on the phone hears of a
// light's change in 2 to 4 messages; the clouds hear nothing.
func (g *Gateway) homeAssistant() []errand {
	cloud := g.line(nabuCasa, 0, between(g.paced(60*time.Hour), g.paced(110*time.Hour)), g.paced(5*time.Minute))
	app := &app{met: g.ready.need("connection of the phone's app"), up: make(chan struct{})}
	errands := []errand{
		g.subscription(), g.reactions(app), cloud.errand(),
		{"server for the app", func(ctx context.Context) error { return g.serveApp(ctx, app) }},
		g.every("sweep of the network", time.Hour, g.sweep),
		g.every("time", 34*time.Minute+8*time.Second, g.synchronise(cloudflareTime)),
		g.every("HTTP check", 209300*time.Millisecond, g.get("http://"+cloudflareCheck().String()+"/")),
		g.every("github", 90*time.Minute, g.pair("https://"+gitHub+"/releases")),
		g.every("sign-in", 12*time.Hour, g.post("https://"+cognito+"/", 900)),
		g.every("analytics", 24*time.Hour, g.post("https://"+analytics+"/v1", 1100)),
		g.every("alerts", 3*time.Hour, g.get("https://"+homeAssistantIO+"/alerts.json")),
	}
	return append(errands, g.decoys(app)...)
}

// pair fetches a page twice at the same time.
func (g *Gateway) pair(url string) func(context.Context) error {
	return func(ctx context.Context) error {
		group, ctx := errgroup.WithContext(ctx)
		for range 2 {
			group.Go(func() error { return g.get(url)(ctx) })
		}
		return group.Wait()
	}
}

func homeAssistantFarEnds() []far.End {
	return []far.End{
		{Host: "nabucasa", Names: []string{nabuCasa}, Services: far.Stream},
		{Host: "cognito", Names: []string{cognito}, Services: far.Web},
		{Host: "home-assistant-io", Names: []string{homeAssistantIO, analytics}, Services: far.Web},
		{Host: "github", Names: []string{gitHub}, Services: far.Web},
		{Host: "cloudflare-time", Names: []string{cloudflareTime}, Services: far.Time},
		{Host: "cloudflare-check", Addr: cloudflareCheck(), Services: far.Web},
	}
}

// An app is the side of Home Assistant that its phone app is connected to.
type app struct {
	met func()

	mu sync.Mutex
	ws *websocket.Conn
	up chan struct{} // closed while an app is connected
}

// serveApp takes the app's WebSocket connections; the newest is spoken to.
func (g *Gateway) serveApp(ctx context.Context, a *app) error {
	l, err := g.host.Listen("tcp", fmt.Sprintf(":%d", HomeAssistantPort))
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/api/websocket", websocket.Server{
		Handler:   func(ws *websocket.Conn) { a.attend(ctx, ws) },
		Handshake: func(*websocket.Config, *http.Request) error { return nil },
	})
	return far.ServeHTTP(ctx, l, mux, g.log)
}

// attend reads what one app sends until it leaves.
func (a *app) attend(ctx context.Context, ws *websocket.Conn) {
	stop := context.AfterFunc(ctx, func() { ws.Close() })
	defer stop()
	defer a.leave(ws)
	for {
		var message struct {
			ID   int
			Type string
		}
		err := websocket.JSON.Receive(ws, &message)
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			continue
		}
		if err != nil {
			return
		}
		switch message.Type {
		case "auth":
			err = websocket.Message.Send(ws, `{"type":"auth_ok","ha_version":"2022.2.6"}`)
			a.enter(ws)
		case "ping":
			err = websocket.Message.Send(ws, fmt.Sprintf(`{"id":%d,"type":"pong"}`, message.ID))
		}
		if err != nil {
			return
		}
	}
}

func (a *app) enter(ws *websocket.Conn) {
	a.mu.Lock()
	if a.ws == nil {
		close(a.up)
	}
	a.ws = ws
	a.mu.Unlock()
	a.met()
}

func (a *app) leave(ws *websocket.Conn) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ws == ws {
		a.ws, a.up = nil, make(chan struct{})
	}
}

// speak pushes one message of the size to the app.
func (a *app) speak(ctx context.Context, s Step, _ bool, _ [2]uint16) error {
	ctx, cancel := context.WithTimeoutCause(ctx, 5*time.Second, errors.New("none came within 5 s"))
	defer cancel()
	for {
		a.mu.Lock()
		ws, up := a.ws, a.up
		a.mu.Unlock()
		if ws != nil {
			return websocket.Message.Send(ws, pushOf(s.Plain))
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("no app is connected: %w", context.Cause(ctx))
		case <-up:
		}
	}
}

// pushOf makes a JSON message that is size bytes long with its WebSocket header
// of two bytes (RFC 6455: up to 125 bytes of payload, not masked).
func pushOf(size int) string {
	for _, text := range []string{`{"type":"event","entity":"light.bench","state":"changed"}`, `{"type":"event"}`, `{"id":0}`} {
		if len(text) <= size-2 {
			return text + strings.Repeat(" ", size-2-len(text))
		}
	}
	return strings.Repeat(" ", max(size-3, 0)) + "0"
}

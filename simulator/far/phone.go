package far

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"time"

	"golang.org/x/net/websocket"

	"github.com/hueprint/hueprint/simulator/wire"
)

// A Phone runs a smart-home app that holds a WebSocket connection to the
// home's Home Assistant and listens. It presses nothing.
type Phone struct {
	Host wire.Host
	// Server is the Home Assistant's address and port.
	Server netip.AddrPort
	// Ping is how often the app asks whether the server is alive.
	Ping time.Duration
	// Log hears of failures; nil hears nothing.
	Log *slog.Logger
}

// Run keeps the app connected until ctx ends.
func (p Phone) Run(ctx context.Context) error {
	const least, most = 100 * time.Millisecond, 30 * time.Second
	for pause := least; ; pause = min(2*pause, most) {
		began := time.Now()
		err := p.session(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if time.Since(began) > time.Minute {
			pause = least
		}
		if p.Log != nil {
			p.Log.Debug("phone lost its server", "error", err, "again_in", pause)
		}
		if Sleep(ctx, pause) != nil {
			return nil
		}
	}
}

// session is one connection of the app.
func (p Phone) session(ctx context.Context) error {
	conn, err := p.Host.Dial(ctx, "tcp", p.Server.String())
	if err != nil {
		return fmt.Errorf("phone: %w", err)
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	url := "ws://" + p.Server.String() + "/api/websocket"
	config, err := websocket.NewConfig(url, "http://"+p.Server.String())
	if err != nil {
		return fmt.Errorf("phone: %w", err)
	}
	ws, err := websocket.NewClient(config, conn)
	if err != nil {
		return fmt.Errorf("phone: open WebSocket: %w", err)
	}
	if err := websocket.JSON.Send(ws, map[string]any{"type": "auth", "access_token": "simulated"}); err != nil {
		return fmt.Errorf("phone: %w", err)
	}
	return p.listen(ctx, ws, conn)
}

// listen reads what comes, and pings in between.
func (p Phone) listen(ctx context.Context, ws *websocket.Conn, conn net.Conn) error {
	ended := make(chan error, 1)
	go func() {
		for {
			var message json.RawMessage
			if err := websocket.JSON.Receive(ws, &message); err != nil {
				ended <- err
				return
			}
		}
	}()
	ticker := time.NewTicker(p.Ping)
	defer ticker.Stop()
	for id := 1; ; id++ {
		select {
		case err := <-ended:
			return err
		case <-ticker.C:
			if err := websocket.JSON.Send(ws, map[string]any{"id": id % 10, "type": "ping"}); err != nil {
				conn.Close()
				return errors.Join(err, <-ended)
			}
		}
	}
}

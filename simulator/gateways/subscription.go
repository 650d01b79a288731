package gateways

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// subscription follows the bridge's event stream (API v2) and passes on the
// changes of lights. It must be up before the gateway is ready.
func (g *Gateway) subscription() errand {
	met := g.ready.need("subscription to the bridge's event stream")
	return errand{"subscription to the bridge", func(ctx context.Context) error { return g.follow(ctx, met) }}
}

func (g *Gateway) follow(ctx context.Context, met func()) error {
	url := "https://" + g.home.Bridge.Addr.String() + "/eventstream/clip/v2"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	request.Header.Set("Accept", "text/event-stream")
	request.Header.Set("hue-application-key", g.home.Bridge.Key)
	response, err := g.local.Do(request)
	if err != nil {
		return fmt.Errorf("subscribe to the bridge: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("subscribe to the bridge: it answered %s", response.Status)
	}
	return g.hear(ctx, response.Body, met)
}

// hear reads events until the stream ends. The stream's first line shows that
// the bridge has subscribed us.
func (g *Gateway) hear(ctx context.Context, stream io.Reader, met func()) error {
	lines := bufio.NewScanner(stream)
	lines.Buffer(make([]byte, 4096), 1<<20)
	for lines.Scan() {
		met()
		data, found := bytes.CutPrefix(lines.Bytes(), []byte("data:"))
		if !found {
			continue
		}
		at := time.Now()
		changes, err := parseEvents(data)
		if err != nil {
			g.log.Warn("gateway does not understand an event", "error", err)
			continue
		}
		for _, on := range changes {
			select {
			case g.changes <- change{on, at}:
			case <-ctx.Done():
				return nil
			}
		}
	}
	return errors.Join(errors.New("the bridge's event stream ended"), lines.Err())
}

// parseEvents reads the containers of one data line and returns the new state
// of each light that went on or off.
func parseEvents(data []byte) (on []bool, err error) {
	var containers []struct {
		Type string
		Data []struct {
			Type string
			On   *struct{ On bool }
		}
	}
	if err := json.Unmarshal(data, &containers); err != nil {
		return nil, fmt.Errorf("read an event: %w", err)
	}
	for _, c := range containers {
		for _, d := range c.Data {
			if c.Type == "update" && d.Type == "light" && d.On != nil {
				on = append(on, d.On.On)
			}
		}
	}
	return on, nil
}
